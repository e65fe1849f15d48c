"""Laws of lineinfile and blockinfile on real files; numbers are those of the list of behaviours."""

from __future__ import annotations

from pathlib import Path

import pytest

from sloth.runtime.failure import ActionFailed, BadArguments
from tests.actions import actions_of
from tests.doubles import real_host

file_ops = actions_of("file_ops")


@pytest.fixture
def conf(tmp_path):
    path = tmp_path / "app.conf"
    path.write_bytes(b"# conf\nport=1\nname=x")
    path.chmod(0o640)
    return path


def test_a_line_is_replaced_once_and_the_mode_kept(conf):
    for changes in (1, 0):
        host = real_host()
        file_ops.lineinfile(host, path=str(conf), regexp="^port=", line="port=2")
        assert len(host.changes) == changes
    assert conf.read_bytes() == b"# conf\nport=2\nname=x"
    assert conf.stat().st_mode & 0o777 == 0o640


def test_45_check_mode_shows_the_line_and_writes_nothing(conf):
    host = real_host(check=True, diff=True)
    file_ops.lineinfile(host, path=str(conf), regexp="^port=", line="port=2")
    assert "-port=1\n+port=2" in host.diffs[0]["text"]
    assert b"port=1" in conf.read_bytes()


def test_7_absent_counts_what_went_and_is_content_with_nothing(conf, tmp_path):
    assert file_ops.lineinfile(real_host(), path=str(conf), regexp="=", state="absent")["found"] == 2
    host = real_host()
    assert file_ops.lineinfile(host, path=str(conf), regexp="=", state="absent")["found"] == 0
    assert not host.changes
    assert file_ops.lineinfile(host, path=f"{tmp_path}/none", line="x", state="absent")["found"] == 0


def test_8_a_missing_file_fails_unless_create_is_given(tmp_path):
    path = tmp_path / "a/b/conf"
    with pytest.raises(ActionFailed, match="create = true") as caught:
        file_ops.lineinfile(real_host(), path=str(path), line="x")
    assert caught.value.result["exit_code"] == 257
    check = real_host(check=True)
    file_ops.lineinfile(check, path=str(path), line="x", create=True)
    assert check.changes
    assert not list(tmp_path.iterdir())
    file_ops.lineinfile(real_host(), path=str(path), line="x", create=True, mode="0600")
    assert path.read_text() == "x\n"
    assert path.stat().st_mode & 0o777 == 0o600


def test_9_a_refused_line_leaves_the_file(conf):
    before = conf.read_bytes()
    with pytest.raises(ActionFailed, match="no thanks") as caught:
        file_ops.lineinfile(real_host(), path=str(conf), line="x", validate="sh -c 'echo no thanks; false' %s")
    assert conf.read_bytes() == before
    assert list(conf.parent.iterdir()) == [conf]
    assert caught.value.result["stdout"] == "no thanks\n"


@pytest.mark.parametrize(
    ("act", "arguments"),
    [
        pytest.param(file_ops.lineinfile, {"line": "x"}, id="lineinfile"),
        pytest.param(file_ops.blockinfile, {"block": "x"}, id="blockinfile"),
        pytest.param(file_ops.replace, {"pattern": "1", "replacement": "2"}, id="replace"),
        pytest.param(file_ops.ini, {"option": "x", "value": "1"}, id="ini"),
    ],
)
def test_9_validate_has_to_name_the_place_of_the_file(conf, act, arguments):
    before = conf.read_bytes()
    with pytest.raises(BadArguments, match="%s"):
        act(real_host(), path=str(conf), validate="true", **arguments)
    assert conf.read_bytes() == before


def test_10_through_a_link_the_real_file_is_edited(conf, tmp_path):
    (tmp_path / "other").mkdir()
    link = tmp_path / "other/link"
    link.symlink_to("../app.conf")
    result = file_ops.lineinfile(real_host(), path=str(link), line="z=1", backup=True)
    assert link.is_symlink()
    assert b"z=1" in conf.read_bytes()
    assert Path(result["backup"]).resolve().parent == tmp_path.resolve()


@pytest.mark.parametrize("way", ["regexp", "search_string"])
def test_11_an_empty_pattern_warns(conf, way):
    host = real_host()
    file_ops.lineinfile(host, path=str(conf), line="x", **{way: ""})
    assert host.warnings == ["an empty pattern matches every line"]


def test_search_string_is_no_pattern(conf):
    conf.write_bytes(b"a.b\naxb\n")
    file_ops.lineinfile(real_host(), path=str(conf), search_string="a.b", line="c")
    assert conf.read_bytes() == b"c\naxb\n"


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        pytest.param({"regexp": "a", "search_string": "a", "line": "x"}, "exclude", id="11 two ways to search"),
        pytest.param({"regexp": "(", "line": "x"}, "regular expression", id="a broken pattern"),
        pytest.param({"line": "a\nb"}, "blockinfile", id="two lines"),
        pytest.param({"line": "a", "backrefs": True}, "backrefs needs", id="backrefs without a pattern"),
        pytest.param({"regexp": "a"}, "give line", id="nothing to write"),
        pytest.param({"state": "absent"}, "line or regexp", id="nothing to remove"),
        pytest.param({"line": "a", "insertafter": "a", "insertbefore": "b"}, "exclude", id="two places"),
    ],
)
def test_43_a_call_that_makes_no_sense_is_refused(conf, arguments, text):
    before = conf.read_bytes()
    with pytest.raises(BadArguments, match=text):
        file_ops.lineinfile(real_host(), path=str(conf), **arguments)
    assert conf.read_bytes() == before


def test_the_lines_own_newline_is_no_second_line(conf):
    file_ops.lineinfile(real_host(), path=str(conf), line="x\n")
    assert conf.read_bytes().endswith(b"\nx\n")


def test_12_blocks_of_different_markers_live_in_one_file(conf):
    for changes in (2, 0):
        host = real_host()
        file_ops.blockinfile(host, path=str(conf), block="a\nb\n", marker="# {mark} one")
        file_ops.blockinfile(host, path=str(conf), block="c", marker="# {mark} two")
        assert len(host.changes) == changes
    text = "# conf\nport=1\nname=x\n# BEGIN one\na\nb\n# END one\n# BEGIN two\nc\n# END two\n"
    assert conf.read_text() == text
    file_ops.blockinfile(real_host(), path=str(conf), marker="# {mark} one", state="absent")
    assert "one" not in conf.read_text()


def test_12_an_empty_block_of_a_missing_file_is_fine(tmp_path):
    host = real_host()
    file_ops.blockinfile(host, path=f"{tmp_path}/none")
    assert not host.changes


@pytest.mark.parametrize("marker", ["# no place", "# {mark}\n#"], ids=["without mark", "two lines"])
def test_12_a_marker_must_be_one_line_with_a_mark(conf, marker):
    with pytest.raises(BadArguments, match="marker"):
        file_ops.blockinfile(real_host(), path=str(conf), block="a", marker=marker)


def test_a_directory_is_no_file_to_edit(tmp_path):
    with pytest.raises(ActionFailed, match="it is a directory"):
        file_ops.lineinfile(real_host(), path=str(tmp_path), line="x")
