"""`sloth state`, `sloth locks` and `sloth db`, as typed."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from pathlib import Path

import pytest

from sloth.cli.app import main

Typed = Callable[..., tuple[int, str, str]]


@pytest.fixture
def typed(capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Typed:
    """Runs one command line: exit code, what it said, what it complained of."""
    monkeypatch.setenv("SLOTH_HOME", str(tmp_path / "home"))

    def run(*words: str) -> tuple[int, str, str]:
        code = main(words)
        said = capsys.readouterr()
        return code, said.out, said.err

    return run


@pytest.mark.parametrize(
    ("written", "printed"),
    [
        pytest.param(["7"], "7\n", id="number"),
        pytest.param(["seven"], "seven\n", id="word"),
        pytest.param(['{"a": [1, null]}'], '{"a": [1, null]}\n', id="table"),
        pytest.param(["--string", "7"], "7\n", id="text that reads like a number"),
        pytest.param([" spaced "], " spaced \n", id="spaces"),
    ],
)
def test_what_is_set_is_printed(typed: Typed, written: list[str], printed: str):
    assert typed("state", "set", "key", *written)[0] == 0
    assert typed("state", "get", "key") == (0, printed, "")


def test_an_entry_as_json(typed: Typed):
    typed("state", "set", "key", "7", "--ttl", "1h")
    entry = json.loads(typed("state", "get", "key", "--format", "json")[1])
    assert (entry["value"], entry["version"], entry["namespace"]) == (7, 1, "default")
    assert entry["expires"] - entry["updated"] == 3600


@pytest.mark.parametrize(
    ("words", "code", "message"),
    [
        pytest.param(
            ["get", "colur"], 1, "there is no key 'colur' in 'default'\n  hint: did you mean 'colour'?", id="near"
        ),
        pytest.param(["set", "colour", "red", "--version", "5"], 2, "'colour' has version 1, not 5", id="version"),
        pytest.param(["cas", "colour", "green", "red"], 2, "'colour' has another value", id="value"),
        pytest.param(["cas", "other", "green", "red"], 2, "'other' is not there", id="absent"),
        pytest.param(["delete", "colour", "--version", "3"], 2, "'colour' has version 1, not 3", id="delete"),
        pytest.param(["incr", "colour"], 1, "holds a string, which nothing can be added to", id="no number"),
        pytest.param(["incr", "n", "x"], 1, "NUMBER wants a number, got 'x'", id="no sum"),
        pytest.param(["set", "a", "1", "--ttl", "soon"], 1, "--ttl: the string 'soon' is no duration", id="time"),
        pytest.param(["set", "a", "1", "--ttl", "9" * 30], 1, "--ttl: a duration is at most 100 years", id="ever"),
        pytest.param(["unlock", "\udcff", "--token", "3"], 1, "is no text that a store can hold", id="no UTF-8"),
        pytest.param(["set", "a\n", "1"], 1, "a key has 1 to 512 printable characters", id="key"),
        pytest.param(["unlock", "a"], 1, "either --token or --force", id="unlock"),
        pytest.param(["unlock", "a", "--token", "3"], 6, "'a' is not held under token 3", id="not held"),
        pytest.param(["lock", "host/10.0.0.1"], 1, "are those of hosts", id="a host's lock"),
        pytest.param(["import", "/nowhere"], 1, "cannot read /nowhere: No such file", id="no file"),
    ],
)
def test_what_does_not_work_is_one_clear_error(typed: Typed, words: list[str], code: int, message: str):
    typed("state", "set", "colour", "blue")
    found, out, err = typed("state", *words)
    assert (found, out) == (code, "")
    assert message in err and "Traceback" not in err


def test_lists_counters_and_namespaces(typed: Typed):
    typed("state", "set", "a/1", "x", "-n", "one")
    typed("state", "set", "b", "y", "-n", "one")
    assert typed("state", "keys", "-n", "one")[1] == "a/1\nb\n"
    assert typed("state", "keys", "a/", "-n", "one")[1] == "a/1\n"
    assert typed("state", "keys")[1] == ""
    assert '"x"' in typed("state", "list", "-n", "one")[1]
    assert [typed("state", "incr", "n")[1], typed("state", "incr", "n", "--", "-3")[1]] == ["1\n", "-2\n"]
    assert typed("state", "stats")[1] == "default  1 key\none      2 keys\n3 keys, 8 bytes\n"


def test_what_nobody_has_is_said_with_what_is_near(typed: Typed):
    typed("state", "set", "colour", "blue", "-n", "paint")
    assert typed("state", "delete", "color", "-n", "paint")[1] == "color was not there; did you mean 'colour'?\n"
    assert typed("state", "list", "-n", "pant")[1] == "no keys in 'pant'; did you mean 'paint'?\n"
    assert typed("state", "list", "x", "-n", "paint")[1] == "no keys in 'paint'\n"
    assert typed("state", "list", "-n", "pant", "--format", "json")[1] == ""


def test_an_export_can_be_imported(typed: Typed, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    for name in ("one", "two"):
        typed("state", "set", "key", name, "-n", name)
    exported = typed("state", "export")[1]
    (tmp_path / "state.jsonl").write_text(exported)
    monkeypatch.setenv("SLOTH_HOME", str(tmp_path / "elsewhere"))
    assert typed("state", "import", str(tmp_path / "state.jsonl"))[1] == "2 keys taken over\n"
    assert typed("state", "get", "key", "-n", "two")[1] == "two\n"
    monkeypatch.setattr("sys.stdin", io.StringIO(exported + '{"namespace": "n"}\n'))
    code, _, err = typed("state", "import", "-")
    assert (code, "at -:3" in err) == (1, True)


def test_a_lock_by_token(typed: Typed):
    code, token, _ = typed("state", "lock", "deploy", "--owner", "ada", "--ttl", "1h")
    assert code == 0 and token.strip().isdecimal()
    code, _, err = typed("state", "lock", "deploy")
    assert code == 6 and "ada holds 'deploy'" in err
    assert typed("locks")[1].startswith("lock  deploy  1 h 00 min left  ada since ")
    assert typed("locks", "--release", "deplyo")[1] == "deplyo was free; did you mean 'deploy'?\n"
    assert typed("state", "unlock", "deploy", "--token", token.strip())[0] == 0
    assert typed("locks")[1] == "nobody holds anything\n"


def test_a_lock_that_is_taken_away_is_on_record(typed: Typed):
    typed("state", "lock", "deploy", "--owner", "ada")
    assert typed("locks", "--release", "deploy", "--reason", "she left")[1] == "deploy was taken away from ada\n"
    assert "she left" in typed("locks", "--forced")[1]


def test_a_backup_and_its_way_back(typed: Typed, tmp_path: Path):
    copy = str(tmp_path / "copy.db")
    typed("state", "set", "key", "old")
    assert typed("db", "backup", copy)[0] == 0
    typed("state", "set", "key", "new")
    assert typed("db", "verify", copy)[:2] == (0, f"{copy} is sound\n")
    assert typed("db", "restore", copy, "--yes")[0] == 0
    assert typed("state", "get", "key")[1] == "old\n"
    assert typed("db", "info")[0] == typed("db", "vacuum")[0] == typed("db", "migrate")[0] == 0


def test_a_store_that_is_broken_says_what_to_do(typed: Typed, tmp_path: Path):
    typed("state", "set", "key", "1")
    for file in (tmp_path / "home").glob("store.db-*"):
        file.unlink()
    (tmp_path / "home/store.db").write_bytes(b"garbage" * 1000)
    code, _, err = typed("state", "get", "key")
    assert code == 1 and "file is not a database" in err and "`sloth db restore`" in err
    assert typed("db", "verify")[0] == 2
