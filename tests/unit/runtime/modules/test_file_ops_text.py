"""file_ops.replace and file_ops.ini on real files; numbers are those of the list of behaviours."""

from __future__ import annotations

from pathlib import Path

import pytest

from sloth.runtime.failure import ActionFailed, BadArguments
from tests.actions import actions_of
from tests.doubles import real_host

file_ops = actions_of("file_ops")


HOSTS = b"127.0.0.1 old.example\r\n# [begin]\r\n10.0.0.1 old.example old\r\n# [end]\r\n10.0.0.2 old.example"
INI = b"; top\nglobal = 1\n\n[a]\nx = 1\n# x = 0\ny=2\n\n[b] # last\nx: 3\n"


def settle(act, path: Path, wanted: bytes, **arguments: object) -> None:
    """Check mode foretells it and writes nothing, then it is so, then there is nothing to do."""
    before = path.read_bytes()
    for check, changes, content in ((True, 1, before), (False, 1, wanted), (False, 0, wanted)):
        host = real_host(check=check, diff=True)
        act(host, path=str(path), **arguments)
        assert (len(host.changes), path.read_bytes()) == (changes, content)


@pytest.mark.parametrize(
    ("arguments", "after"),
    [
        pytest.param({"pattern": r"old\.example"}, HOSTS.replace(b"old.example", b"new.example"), id="all"),
        pytest.param({"pattern": r"old\.example", "after": r"\[begin\]", "before": r"\[end\]"},
                     HOSTS.replace(b"10.0.0.1 old.example", b"10.0.0.1 new.example"), id="between"),
        pytest.param({"pattern": r"^(10\S+) old\.example", "replacement": r"\1 new.example"},
                     HOSTS.replace(b".1 old.example old", b".1 new.example old").replace(b".2 old", b".2 new"), id="groups"),
    ],
)  # fmt: skip
def test_what_matches_is_replaced_and_all_else_kept(tmp_path, arguments, after):
    path = tmp_path / "hosts"
    path.write_bytes(HOSTS)
    settle(file_ops.replace, path, after, **{"replacement": "new.example", **arguments})


def test_6_bytes_stay_exact_and_a_missing_bound_replaces_nothing(tmp_path):
    path = tmp_path / "x"
    path.write_bytes(b"\xff$a 'q' \\1\n")
    settle(file_ops.replace, path, b"\xff$b 'q' \\1\n", pattern=r"\$a", replacement="$b")
    host = real_host()
    assert file_ops.replace(host, path=str(path), pattern="b", replacement="c", after="nowhere")["count"] == 0
    assert host.changes == []


def test_9_a_refused_content_leaves_the_file(tmp_path):
    path = tmp_path / "x"
    path.write_text("a\n")
    with pytest.raises(ActionFailed, match="validate refused"):
        file_ops.replace(real_host(), path=str(path), pattern="a", replacement="b", validate="false %s")
    assert path.read_text() == "a\n"
    assert [one.name for one in tmp_path.iterdir()] == ["x"]


@pytest.mark.parametrize(
    ("arguments", "error", "text"),
    [
        pytest.param({"pattern": "("}, BadArguments, "no regular expression", id="pattern"),
        pytest.param({"pattern": "a", "replacement": r"\7"}, BadArguments, "does not fit", id="group"),
        pytest.param({"pattern": "a", "path": "/nowhere"}, ActionFailed, "does not exist", id="missing"),
    ],
)
def test_what_cannot_be_replaced_is_told(tmp_path, arguments, error, text):
    (tmp_path / "x").write_text("a\n")
    with pytest.raises(error, match=text):
        file_ops.replace(real_host(), **{"path": str(tmp_path / "x"), **arguments})


@pytest.mark.parametrize(
    ("arguments", "after"),
    [
        pytest.param({"section": "a", "option": "x", "value": 5}, INI.replace(b"x = 1", b"x = 5"), id="in its place"),
        pytest.param({"section": "b", "option": "x", "value": "5"}, INI.replace(b"x: 3", b"x = 5"), id="with a colon"),
        pytest.param({"section": "a", "option": "z", "value": "a = b"}, INI.replace(b"y=2\n", b"y=2\nz = a = b\n"),
                     id="at the end of its section"),
        pytest.param({"section": "c", "option": "x", "value": 1, "no_extra_spaces": True}, INI + b"\n[c]\nx=1\n",
                     id="a new section"),
        pytest.param({"option": "global", "value": 2}, INI.replace(b"global = 1", b"global = 2"), id="before all sections"),
        pytest.param({"section": "a", "option": "x", "state": "absent"}, INI.replace(b"x = 1\n", b"", 1), id="gone"),
        pytest.param({"section": "a", "state": "absent"}, INI[: INI.index(b"[a]")] + INI[INI.index(b"[b]") :],
                     id="a whole section gone"),
    ],
)  # fmt: skip
def test_an_option_has_its_value_and_all_else_stays(tmp_path, arguments, after):
    path = tmp_path / "x.ini"
    path.write_bytes(INI)
    settle(file_ops.ini, path, after, **arguments)


def test_ini_is_content_with_what_is_so(tmp_path):
    path = tmp_path / "x.ini"
    path.write_bytes(INI)
    for arguments in ({"section": "a", "option": "y", "value": 2}, {"section": "z", "option": "y", "state": "absent"}):
        host = real_host()
        file_ops.ini(host, path=str(path), **arguments)
        assert host.changes == []


def test_ini_makes_a_missing_file_and_leaves_a_missing_newline_safe(tmp_path):
    path = tmp_path / "new/x.ini"
    file_ops.ini(real_host(), path=str(path), section="a", option="x", value="1", mode="0600")
    assert (path.read_text(), path.stat().st_mode & 0o777) == ("[a]\nx = 1\n", 0o600)
    path.write_text("[a]\nx = 1")
    file_ops.ini(real_host(), path=str(path), section="a", option="y", value="2")
    assert path.read_text() == "[a]\nx = 1\ny = 2\n"


@pytest.mark.parametrize(
    "arguments",
    [{"option": "x"}, {"value": "1"}, {"state": "absent"}, {"section": "a]", "option": "x", "value": "1"},
     {"section": "a", "option": "x", "value": "1\n2"}],
    ids=["no value", "no option", "nothing to take away", "a bracket", "two lines"],
)  # fmt: skip
def test_what_is_no_option_is_refused(tmp_path, arguments):
    with pytest.raises(BadArguments):
        file_ops.ini(real_host(), path=str(tmp_path / "x"), **arguments)
