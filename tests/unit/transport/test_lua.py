"""Lua extensions: nothing but what the table names, whoever gives it."""

from __future__ import annotations

import hashlib
import io
import platform
import re
import sys
import zipfile

import pytest

from sloth.core.errors import NoLua
from sloth.runtime import luapart
from sloth.runtime.failure import ActionFailed
from sloth.runtime.lua_parts import PARTS
from sloth.transport.lua import LuaParts, pip_command

OURS = f"cp{sys.version_info[0]}{sys.version_info[1]}-manylinux_{platform.machine()}"
FOREIGN = "cp38-manylinux_aarch64"


def test_the_table_covers_what_design_promises():
    pythons = {f"cp3{minor}-manylinux_{machine}" for minor in range(6, 15) for machine in ("x86_64", "aarch64")}
    assert pythons | {"abi3-musllinux_x86_64", "abi3-musllinux_aarch64", "abi3-manylinux_ppc64le"} <= set(PARTS)
    assert all(re.fullmatch("[0-9a-f]{64}", sha) for row in PARTS.values() for sha in row[1:])


@pytest.mark.skipif(OURS not in PARTS, reason="this machine has no wheel of lupa")
def test_our_own_extension_serves_hosts_like_us(tmp_path):
    answer = LuaParts(tmp_path).answer({"tag": OURS})
    data = b"".join(answer.chunks)
    assert hashlib.sha256(data).hexdigest() == PARTS[OURS][2]
    assert not list(tmp_path.iterdir())


def test_an_unknown_tag_is_refused(tmp_path):
    with pytest.raises(NoLua, match="no Lua extension for pypy-plan9"):
        LuaParts(tmp_path).extension("pypy-plan9")


def test_a_wheel_with_another_hash_is_refused(tmp_path):
    house = tmp_path / "house"
    house.mkdir()
    wheel = io.BytesIO()
    with zipfile.ZipFile(wheel, "w") as archive:
        archive.writestr("lupa/lua54.cpython-38-aarch64-linux-gnu.so", b"evil")
    (house / PARTS[FOREIGN][0]).write_bytes(wheel.getvalue())
    with pytest.raises(NoLua, match="another sha256"):
        LuaParts(tmp_path, house).extension(FOREIGN)


def test_an_extension_that_cannot_be_kept_is_served_all_the_same(tmp_path, monkeypatch):
    wheel = io.BytesIO()
    with zipfile.ZipFile(wheel, "w") as archive:
        archive.writestr("lupa/lua54.cpython-38-aarch64-linux-gnu.so", b"part")
    name, sums = PARTS[FOREIGN][0], [hashlib.sha256(data).hexdigest() for data in (wheel.getvalue(), b"part")]
    monkeypatch.setitem(PARTS, FOREIGN, (name, *sums))
    (tmp_path / name).write_bytes(wheel.getvalue())
    parts = LuaParts(tmp_path / "no such folder", tmp_path)
    assert (parts.extension(FOREIGN), parts.ready()) == (b"part", [OURS] if OURS in PARTS else [])


def test_a_kept_extension_is_checked_before_it_is_served(tmp_path):
    (tmp_path / f"{PARTS[FOREIGN][2]}.so").write_bytes(b"damaged")
    assert FOREIGN not in LuaParts(tmp_path).ready()


def test_pip_is_asked_for_exactly_one_wheel(tmp_path):
    command = pip_command(PARTS["cp36-manylinux_x86_64"][0], "there", tmp_path)
    assert command[1:6] == ["-P", "-m", "pip", "download", "--quiet"]
    assert {"--python-version=3.6", "--abi=cp36m", "--platform=manylinux2014_x86_64", "--no-index"} <= set(command)
    assert command[-1] == "lupa==2.4"


@pytest.mark.skipif(OURS not in PARTS, reason="this machine has no wheel of lupa")
@pytest.mark.parametrize(
    ("chunks", "text"), [([b"evil"], "arrived damaged"), (None, "not to be had")], ids=["damaged", "refused"]
)
def test_a_host_loads_nothing_that_does_not_fit(chunks, text, tmp_path, monkeypatch):
    def receive(verb, args):
        assert (verb, args) == ("lua", {"tag": OURS})
        if chunks is None:
            raise ActionFailed("not to be had")
        return {}, iter(chunks)

    monkeypatch.delitem(sys.modules, "lupa.lua54", raising=False)
    with pytest.raises(luapart.LuaUnavailable, match=text):
        luapart.load(str(tmp_path), receive)
