"""The bundle on a host's disk: checked before use, mended when damaged, never trusted when others can touch it."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from sloth.core.connection import Connection
from sloth.transport.switchboard import Switchboard
from tests.integration.transport.conftest import probe_bundle
from tests.prerequisites import skip_or_fail

HERE = Connection("here", "here", connection="local")


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return tmp_path / "cache" / "sloth"


def test_what_is_kept_is_ours_alone(cache, open_session, board):
    session = open_session(HERE)
    session.call("lua", {})
    names = sorted(path.name.split(".", 1)[1] for path in cache.iterdir())
    assert names[-2:] == ["so", "zip"]
    assert len(names) == 4
    assert cache.stat().st_mode & 0o777 == 0o700
    assert all(path.stat().st_mode & 0o777 == 0o600 for path in cache.iterdir())
    assert (cache / f"{board.bundle.sha}.zip").read_bytes() == board.bundle.data


@pytest.mark.parametrize("damage", [b"", b"garbage", None], ids=["emptied", "garbage", "one byte"])
@pytest.mark.parametrize(
    ("ending", "uploads"), [("zip", 0), ("compiled", 0), ("both", 1)], ids=["bundle", "compiled", "both"]
)
def test_damage_is_seen_and_mended(damage, ending, uploads, cache, open_session):
    open_session(HERE)
    for path in cache.iterdir():
        if ending == "both" or (path.suffix == ".zip") == (ending == "zip"):
            data = bytearray(path.read_bytes())
            data[len(data) // 2] ^= 1
            path.write_bytes(bytes(data) if damage is None else damage)
    session = open_session(HERE)
    assert session.uploads == uploads
    assert session.call("echo", {"a": 1}) == {"a": 1}
    assert open_session(HERE).uploads == 0


def test_a_damaged_lua_extension_is_fetched_again(cache, open_session):
    open_session(HERE).call("lua", {})
    (part,) = cache.glob("lua-*.so")
    part.write_bytes(part.read_bytes()[:-1])
    assert open_session(HERE).call("lua", {})["value"] == 42
    assert part.stat().st_size > 100000


@pytest.mark.parametrize("damage", [b"", b"garbage", None], ids=["emptied", "garbage", "one byte"])
def test_a_damaged_prelude_is_compiled_again(damage, cache, open_session):
    whole = open_session(HERE).call("lua", {})["prelude"]
    (prelude,) = cache.glob("*.luac")
    kept = prelude.read_bytes()
    prelude.write_bytes(kept[:-9] + bytes([kept[-9] ^ 1]) + kept[-8:] if damage is None else damage)
    assert open_session(HERE).call("lua", {})["prelude"] == whole
    assert prelude.read_bytes() == kept


@pytest.mark.needs_root
def test_what_is_compiled_by_others_is_made_anew(cache, open_session):
    """Whoever may write in ~/.cache can put another directory in the place of the one that was looked at."""
    open_session(HERE).call("lua", {})
    theirs = [path for path in cache.iterdir() if path.suffix != ".zip"]
    for path in theirs:
        os.chown(path, 1, 1)
    assert open_session(HERE).call("lua", {})["value"] == 42
    assert len(theirs) == 3
    assert {path.stat().st_uid for path in theirs} == {os.geteuid()}


@pytest.mark.parametrize("how", ["symlink", "open to others", "a file", "of another user"])
def test_a_cache_that_is_not_ours_alone_is_left_alone(how, cache, open_session, tmp_path):
    cache.parent.mkdir()
    if how == "symlink":
        (tmp_path / "elsewhere").mkdir(mode=0o700)
        cache.symlink_to(tmp_path / "elsewhere")
    elif how == "a file":
        cache.write_text("no directory")
    else:
        cache.mkdir(mode=0o700)
        if how == "open to others":
            cache.chmod(0o755)
        elif os.geteuid() == 0:
            os.chown(cache, 1, 1)
        else:
            skip_or_fail("needs root")
    session = open_session(HERE)
    assert session.hello["cache"] is None
    assert not cache.is_dir() or not list(cache.iterdir())


def test_the_last_three_bundles_stay(cache, board, tmp_path):
    shas = []
    for number in range(5):
        bundle = probe_bundle(tmp_path, mark=str(number))
        shas.append(bundle.sha)
        if number == 3:
            (cache / "half.1.new").write_text("half-written")
        Switchboard(bundle, board.lua, board.ssh).open(HERE, {}, {}).close()
        os.utime(cache / f"{bundle.sha}.zip", (number, number))
    kept = {path.name.split(".")[0] for path in cache.iterdir()}
    assert kept == set(shas[-3:])


def test_two_controllers_that_upload_at_once_do_not_disturb_each_other(cache, open_session, board):
    with ThreadPoolExecutor(4) as pool:
        sessions = list(pool.map(lambda _: open_session(HERE), range(4)))
    assert all(session.call("echo", {"a": 1}) == {"a": 1} for session in sessions)
    assert (cache / f"{board.bundle.sha}.zip").read_bytes() == board.bundle.data
    assert not list(cache.glob("*.new"))


def test_without_a_home_memory_serves(open_session, monkeypatch):
    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    monkeypatch.setenv("HOME", "/nonexistent/home")
    assert open_session(HERE).hello["cache"] is None
