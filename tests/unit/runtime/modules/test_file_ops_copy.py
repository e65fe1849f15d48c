"""Laws of copy and template; numbers in the ids are those of the list of behaviours."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from sloth.runtime.catalog import Catalog
from sloth.runtime.failure import ActionFailed, BadArguments
from tests.actions import actions_of
from tests.doubles import real_host

file_ops = actions_of("file_ops")


def mode_of(path) -> str:
    return f"{stat.S_IMODE(path.stat().st_mode):04o}"


def leftovers(directory) -> list[str]:
    return [str(path) for path in directory.rglob(".sloth-*")]


@pytest.mark.parametrize(
    ("content", "written"),
    [
        pytest.param("hi\n", b"hi\n", id="text"),
        pytest.param("", b"", id="20 empty"),
        pytest.param({"b": [1], "a": "é"}, '{\n  "a": "é",\n  "b": [\n    1\n  ]\n}\n'.encode(), id="20 table: JSON"),
        pytest.param("\udcff\0", b"\xff\x00", id="bytes that are no UTF-8"),
        pytest.param("""'"$`\\ {{ x }}\r\n""", b"""'"$`\\ {{ x }}\r\n""", id="46 byte-exact"),
    ],
)
def test_content_is_written_once(tmp_path, content, written):
    for changes in (1, 0):
        host = real_host()
        file_ops.copy(host, dest=str(tmp_path / "x"), content=content)
        assert (tmp_path / "x").read_bytes() == written
        assert len(host.changes) == changes
    assert not leftovers(tmp_path)


@pytest.mark.parametrize("name", ["é ü", "'\"$`\\", "a\nb", "-rf", "\udcff", "*"], ids=ascii)
def test_46_any_name_will_do(tmp_path, name):
    file_ops.copy(real_host(), dest=f"{tmp_path}/{name}", content="x")
    assert [path.name for path in tmp_path.iterdir()] == [name]


def test_a_file_of_the_controller_crosses_once_and_only_when_it_differs(tmp_path):
    asked: list[dict[str, object]] = []
    files = {"motd": b"welcome\n"}
    for changes in (1, 0):
        host = real_host(files=files, asked=asked)
        result = file_ops.copy(host, src="motd", dest=f"{tmp_path}/motd")
        assert len(host.changes) == changes
        assert result["checksum"] == asked[-1]["sha256"] or changes
    assert (tmp_path / "motd").read_bytes() == b"welcome\n"
    assert asked[0]["sha256"] == ""


def test_20_check_mode_tells_the_change_and_writes_nothing(tmp_path):
    asked: list[dict[str, object]] = []
    host = real_host(check=True, files={"motd": b"welcome\n"}, asked=asked)
    file_ops.copy(host, src="motd", dest=f"{tmp_path}/motd")
    assert host.changes
    assert not list(tmp_path.iterdir())
    assert asked[0]["content"] is False


def test_45_check_mode_copes_with_a_directory_that_an_earlier_task_would_make(tmp_path):
    host = real_host(check=True)
    file_ops.copy(host, dest=f"{tmp_path}/later/x", content="x")
    assert host.changes


def test_26_a_diff_shows_before_and_after(tmp_path):
    (tmp_path / "x").write_text("old\n")
    host = real_host(diff=True, check=True, files={"x": b"new\n"})
    file_ops.copy(host, src="x", dest=f"{tmp_path}/x")
    path = f"{tmp_path}/x"
    assert host.diffs == [{"path": path, "text": f"--- {path}\n+++ {path} (after)\n@@ -1 +1 @@\n-old\n+new\n"}]


def test_26_the_largest_content_that_is_shown(tmp_path):
    host = real_host(diff=True, files={"x": b"x\n" * (104448 // 2)})
    file_ops.copy(host, src="x", dest=f"{tmp_path}/x")
    assert host.diffs[0]["text"].startswith("--- /dev/null\n+++ ")


def test_26_check_mode_shows_files_whose_directory_is_yet_to_be_made_too(tmp_path):
    for check in (True, False):
        host = real_host(diff=True, check=check, files={"app/sub/x": b"new\n"})
        file_ops.copy(host, src="app", dest=f"{tmp_path}/none/")
        assert [(one["path"], one["text"].splitlines()[-1]) for one in host.diffs] == [
            (f"{tmp_path}/none/app/sub/x", "+new")
        ]


@pytest.mark.parametrize("content", [b"\0" * 10, b"x" * 104449], ids=["binary", "large"])
def test_26_a_diff_of_what_is_no_text_says_so(tmp_path, content):
    host = real_host(diff=True, files={"x": content})
    file_ops.copy(host, src="x", dest=f"{tmp_path}/x")
    assert "not shown" in host.diffs[0]["text"]
    assert (tmp_path / "x").read_bytes() == content


def test_an_old_content_of_any_size_is_no_burden(tmp_path):
    with (tmp_path / "x").open("wb") as huge:
        huge.truncate(1 << 40)
    host = real_host(diff=True)
    file_ops.copy(host, content="small", dest=f"{tmp_path}/x")
    assert (tmp_path / "x").read_text() == "small"
    assert "not shown" in host.diffs[0]["text"]


def test_a_stream_that_breaks_off_leaves_the_old_file(tmp_path):
    (tmp_path / "x").write_text("old")
    host = real_host()
    meta = {"name": "x", "size": 9, "mode": 0o644, "sha256": "0" * 64, "same": False}
    host.receive = lambda _verb, _arguments: (meta, iter([b"half"]))
    with pytest.raises(ActionFailed, match="damaged"):
        file_ops.copy(host, src="x", dest=f"{tmp_path}/x")
    assert (tmp_path / "x").read_text() == "old"
    assert not leftovers(tmp_path)


def test_20_mode_is_kept_up_where_the_content_is_the_same(tmp_path):
    (tmp_path / "x").write_text("x")
    (tmp_path / "x").chmod(0o600)
    host = real_host(files={"x": b"x"})
    file_ops.copy(host, src="x", dest=f"{tmp_path}/x", mode="0644")
    assert mode_of(tmp_path / "x") == "0644"
    assert host.changes == [f"mode {tmp_path}/x 0600 -> 0644"]


@pytest.mark.parametrize(
    ("mode", "before", "after"),
    [
        pytest.param("0644", None, "0644", id="18 octal"),
        pytest.param("u=rw,g=r,o=", None, "0640", id="18 symbolic on a new file"),
        pytest.param("u+x", 0o600, "0700", id="18 symbolic on an old one"),
        pytest.param("4755", 0o600, "4755", id="18 setuid"),
        pytest.param("preserve", 0o600, "0754", id="21 as the source"),
        pytest.param(None, 0o640, "0640", id="22 kept"),
        pytest.param(None, None, "0644", id="23 by the umask"),
    ],
)
def test_a_new_content_has_the_mode_that_is_wanted(tmp_path, mode, before, after):
    if before is not None:
        (tmp_path / "x").write_text("old")
        (tmp_path / "x").chmod(before)
    umask = os.umask(0o022)
    try:
        file_ops.copy(real_host(files={"x": b"new"}), src="x", dest=f"{tmp_path}/x", mode=mode)
    finally:
        os.umask(umask)
    assert mode_of(tmp_path / "x") == after
    again = real_host(files={"x": b"new"})
    file_ops.copy(again, src="x", dest=f"{tmp_path}/x", mode=mode)
    assert not again.changes


def test_20_force_false_leaves_what_exists(tmp_path):
    (tmp_path / "x").write_text("mine")
    host = real_host(files={"x": b"theirs"})
    file_ops.copy(host, src="x", dest=f"{tmp_path}/x", force=False)
    file_ops.copy(host, content="theirs", dest=f"{tmp_path}/x", force=False)
    assert (tmp_path / "x").read_text() == "mine"
    assert not host.changes


def test_20_backup_keeps_the_old_content_and_tells_where(tmp_path):
    (tmp_path / "x").write_text("old")
    (tmp_path / "x").chmod(0o600)
    result = file_ops.copy(real_host(), content="new", dest=f"{tmp_path}/x", backup=True)
    saved = Path(result["backup"])
    assert saved.parent == tmp_path
    assert saved.read_text() == "old"
    assert mode_of(saved) == "0600"
    again = file_ops.copy(real_host(), content="new", dest=f"{tmp_path}/x", backup=True)
    assert again["backup"] == ""


def test_9_validate_refuses_before_anything_is_replaced(tmp_path):
    (tmp_path / "x").write_text("old")
    with pytest.raises(ActionFailed, match="bad syntax") as caught:
        file_ops.copy(
            real_host(), content="new", dest=f"{tmp_path}/x", backup=True, validate="sh -c 'echo bad syntax; exit 3' %s"
        )
    assert [path.name for path in tmp_path.iterdir()] == ["x"]
    assert caught.value.result["exit_code"] == 3
    assert (tmp_path / "x").read_text() == "old"
    assert not leftovers(tmp_path)


def test_9_validate_sees_the_new_content(tmp_path):
    file_ops.copy(real_host(), content="new", dest=f"{tmp_path}/x", validate="grep -q new %s")
    assert (tmp_path / "x").read_text() == "new"


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        pytest.param({"content": "x", "validate": "true"}, "%s", id="9 validate without %s"),
        pytest.param({}, "src or content", id="43 neither"),
        pytest.param({"src": "a", "content": "b"}, "src or content", id="43 both"),
        pytest.param({"content": "x", "mode": "preserve"}, "preserve", id="18 content has no mode"),
    ],
)
def test_arguments_that_make_no_sense_are_refused(tmp_path, arguments, text):
    with pytest.raises(BadArguments, match=text):
        file_ops.copy(real_host(files={"a": b""}), dest=f"{tmp_path}/x", **arguments)
    assert not list(tmp_path.iterdir())


def test_18_a_mode_that_is_a_number_is_an_error_with_advice():
    with pytest.raises(BadArguments, match="quote it"):
        Catalog().find("file_ops", "copy").bind([], {"dest": "/x", "content": "", "mode": 644})


def test_19_an_unknown_owner_fails_before_anything_is_changed(tmp_path):
    with pytest.raises(ActionFailed, match="no user nobody-here"):
        file_ops.copy(real_host(), content="x", dest=f"{tmp_path}/x", owner="nobody-here")
    assert not list(tmp_path.iterdir())


def test_19_an_unknown_owner_is_a_warning_in_check_mode(tmp_path):
    host = real_host(check=True)
    file_ops.copy(host, content="x", dest=f"{tmp_path}/x", owner="nobody-here", group="nothing-here")
    assert len(host.warnings) == 2


def test_21_a_directory_takes_the_file_under_its_own_name(tmp_path):
    file_ops.copy(real_host(files={"a/motd": b"x"}), src="a/motd", dest=str(tmp_path))
    file_ops.copy(real_host(files={"a/motd": b"x"}), src="a/motd", dest=f"{tmp_path}/new/")
    assert (tmp_path / "motd").read_text() == (tmp_path / "new/motd").read_text() == "x"


def test_21_a_missing_directory_is_an_error_that_helps(tmp_path):
    with pytest.raises(ActionFailed, match=r"directory .*/no/such does not exist.*file_ops\.directory"):
        file_ops.copy(real_host(), content="x", dest=f"{tmp_path}/no/such/x")


def test_content_for_a_directory_is_an_error(tmp_path):
    with pytest.raises(ActionFailed, match="it is a directory"):
        file_ops.copy(real_host(), content="x", dest=str(tmp_path))


@pytest.mark.parametrize(("src", "top"), [("app", "dest/app"), ("app/", "dest")], ids=["21 dir", "21 dir/"])
def test_directories_are_copied_whole_and_once(tmp_path, src, top):
    files = {"app/a": b"1", "app/sub/b": b"2", "app/sub/deep/c": b"3"}
    asked: list[dict[str, object]] = []
    host = real_host(files=files, asked=asked)
    file_ops.copy(host, src=src, dest=f"{tmp_path}/dest", mode="preserve")
    assert (tmp_path / top / "sub/deep/c").read_text() == "3"
    assert mode_of(tmp_path / top / "a") == "0754"
    assert mode_of(tmp_path / top / "sub") == "0750"
    assert len(asked) == 2  # what there is, and all of it in one stream
    again = real_host(files=files, asked=asked)
    file_ops.copy(again, src=src, dest=f"{tmp_path}/dest", mode="preserve")
    assert not again.changes
    assert len(asked) == 3


def test_a_directory_that_is_there_gets_what_differs_in_one_stream(tmp_path):
    files = {"tree/a": b"1" * 9, "tree/sub/b": b"2" * 9, "tree/c": b"", "tree/d": b"4" * 9}
    file_ops.copy(real_host(files=files), src="tree/", dest=f"{tmp_path}/dest", mode="0644")
    (tmp_path / "dest/a").write_text("old")
    (tmp_path / "dest/d").write_text("older")
    (tmp_path / "dest/sub/b").chmod(0o600)
    (tmp_path / "dest/c").chmod(0o600)
    asked: list[dict[str, object]] = []
    host = real_host(files=files, asked=asked)
    file_ops.copy(host, src="tree/", dest=f"{tmp_path}/dest", mode="0644")
    assert asked[1:] == [{"src": "tree", "paths": ["a", "d"]}]
    assert {path: (tmp_path / "dest" / path[5:]).read_bytes() for path in files} == files
    assert {mode_of(tmp_path / "dest" / path[5:]) for path in files} == {"0644"}
    assert len(host.changes) == 4
    missing = real_host(files=files, asked=asked)
    (tmp_path / "dest/d").unlink()
    file_ops.copy(missing, src="tree/", dest=f"{tmp_path}/dest", force=False)
    assert (asked[-1], missing.changes) == ({"src": "tree", "paths": ["d"]}, [f"write {tmp_path}/dest/d"])


def test_a_directory_that_claims_a_way_out_is_refused(tmp_path):
    host = real_host()
    evil = {"name": "a", "mode": 0o755, "directory": [{"path": "../../evil", "kind": "file", "mode": 0}]}
    host.receive = lambda _verb, _arguments: (evil, iter([]))
    with pytest.raises(ActionFailed, match="no part of a directory"):
        file_ops.copy(host, src="a", dest=str(tmp_path))


def test_21_trees_of_the_host_keep_links_and_empty_directories(tmp_path):
    source = tmp_path / "source"
    (source / "empty").mkdir(parents=True)
    (source / "dangling").symlink_to("nowhere")
    (source / "circle").symlink_to("..")
    (source / "run").write_text("#!/bin/sh\n")
    (source / "run").chmod(0o755)
    changes = []
    for _ in range(2):
        host = real_host()
        file_ops.copy(host, src=f"{source}/", dest=f"{tmp_path}/copy", remote_src=True, mode="preserve")
        changes.append(host.changes)
    assert changes[0]
    assert not changes[1]
    copy = tmp_path / "copy"
    assert sorted(path.name for path in copy.iterdir()) == ["circle", "dangling", "empty", "run"]
    assert str((copy / "circle").readlink()) == ".."
    assert mode_of(copy / "run") == "0755"


@pytest.mark.parametrize(
    ("follow", "target"), [pytest.param(False, "old", id="24 replaced"), pytest.param(True, "new", id="24 followed")]
)
def test_a_link_at_the_destination(tmp_path, follow, target):
    (tmp_path / "real").write_text("old")
    (tmp_path / "link").symlink_to("real")
    for changes in (1, 0):
        host = real_host()
        file_ops.copy(host, content="new", dest=f"{tmp_path}/link", follow=follow)
        assert len(host.changes) == changes
    assert (tmp_path / "real").read_text() == target
    assert (tmp_path / "link").is_symlink() is follow
    assert (tmp_path / "link").read_text() == "new"


def test_22_another_name_of_the_file_keeps_the_old_content(tmp_path):
    (tmp_path / "x").write_text("old")
    os.link(tmp_path / "x", tmp_path / "other")
    file_ops.copy(real_host(), content="new", dest=f"{tmp_path}/x")
    assert (tmp_path / "other").read_text() == "old"


def test_a_pipe_is_no_place_for_a_content(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(ActionFailed, match="a named pipe"):
        file_ops.copy(real_host(), content="x", dest=f"{tmp_path}/pipe")


def answer(text):
    return lambda verb, arguments: {"text": text} if (verb, Path(arguments["src"]).name) == ("template", "t.j2") else None


@pytest.mark.parametrize(
    ("text", "options", "written"),
    [
        pytest.param("a\nb\n", {}, b"a\nb\n", id="25 trailing newline kept"),
        pytest.param("a\nb", {"newline": "crlf"}, b"a\r\nb", id="25 CRLF"),
        pytest.param("a\r\nb\n", {"newline": "lf"}, b"a\nb\n", id="25 LF"),
        pytest.param("é", {"encoding": "latin-1"}, b"\xe9", id="25 other encoding"),
    ],
)
def test_a_template_is_written_once(tmp_path, text, options, written):
    for changes in (1, 0):
        host = real_host(ask=answer(text))
        file_ops.template(host, src="t.j2", dest=f"{tmp_path}/t", **options)
        assert (tmp_path / "t").read_bytes() == written
        assert len(host.changes) == changes


def test_25_check_mode_foretells_a_template_then_it_is_written_then_it_is_there(tmp_path):
    for check, changes, there in ((True, 1, False), (False, 1, True), (False, 0, True), (True, 0, True)):
        host = real_host(check=check, ask=answer("x"))
        file_ops.template(host, src="t.j2", dest=f"{tmp_path}/t")
        assert (len(host.changes), (tmp_path / "t").exists()) == (changes, there)


@pytest.mark.parametrize("name", ["é ü", "'\"$`\\", "a\nb", "-rf", "\udcff", "*", "{{ x }}"], ids=ascii)
def test_25_any_name_will_do_for_a_template_and_its_file(tmp_path, name):
    host = real_host(ask=lambda _verb, arguments: {"text": arguments["src"]})
    file_ops.template(host, src=f"{name}.j2", dest=f"{tmp_path}/")
    assert [(path.name, path.read_bytes()) for path in tmp_path.iterdir()] == [(name, os.fsencode(f"{name}.j2"))]


def test_25_a_directory_takes_a_template_without_its_suffix(tmp_path):
    for dest in (f"{tmp_path}/", str(tmp_path), f"{tmp_path}/new/"):
        result = file_ops.template(real_host(ask=answer("x")), src="deep/t.j2", dest=dest)
        assert result["dest"] == f"{dest.rstrip('/')}/t"


@pytest.mark.parametrize(("encoding", "kind"), [("ascii", ActionFailed), ("klingon", BadArguments)])
def test_25_an_encoding_that_cannot_hold_the_text_is_an_error(tmp_path, encoding, kind):
    with pytest.raises(kind):
        file_ops.template(real_host(ask=answer("é")), src="t.j2", dest=f"{tmp_path}/t", encoding=encoding)
    assert not list(tmp_path.iterdir())


def test_25_a_backup_is_made_once(tmp_path):
    (tmp_path / "t").write_text("old")
    for _ in range(2):
        file_ops.template(real_host(ask=answer("new")), src="t.j2", dest=f"{tmp_path}/t", backup=True)
    assert len(list(tmp_path.iterdir())) == 2
