"""Laws of directories, links, removal, permissions; numbers are those of the list of behaviours."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from sloth.core.errors import AnswerError
from sloth.engine.files import Files
from sloth.runtime import trees
from sloth.runtime.failure import ActionFailed, BadArguments
from sloth.runtime.host import Host
from sloth.runtime.modules import fs
from sloth.runtime.wire import STREAM
from tests.actions import actions_of
from tests.doubles import real_host

file_ops = actions_of("file_ops")


def mode_of(path) -> str:
    return f"{path.lstat().st_mode & 0o7777:04o}"


def run_twice(call) -> list[str]:
    """The changes of the first run; the second, and a check before it, must agree with it."""
    check, first, second = real_host(check=True), real_host(), real_host()
    call(check)
    call(first)
    call(second)
    assert not second.changes
    assert bool(check.changes) == bool(first.changes)
    assert len(check.changes) == len(set(check.changes))
    return first.changes


def test_14_a_directory_is_made_with_its_parents_in_its_mode(tmp_path):
    changes = run_twice(lambda host: file_ops.directory(host, path=f"{tmp_path}/a/b/c", mode="0750"))
    assert [mode_of(tmp_path / part) for part in ("a", "a/b", "a/b/c")] == ["0750"] * 3
    assert changes == [f"make directory {tmp_path}/{part}" for part in ("a", "a/b", "a/b/c")]


def test_14_a_directory_through_a_link_is_there_already(tmp_path):
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to("real")
    assert not run_twice(lambda host: file_ops.directory(host, path=f"{tmp_path}/link"))


@pytest.mark.parametrize("kind", ["file", "dangling"])
def test_14_what_is_no_directory_is_an_error(tmp_path, kind):
    path = tmp_path / "x"
    path.write_text("") if kind == "file" else path.symlink_to("nowhere")
    with pytest.raises(ActionFailed, match=r"is (a file|a dangling symbolic link)"):
        file_ops.directory(real_host(), path=f"{path}/below")


def test_14_recurse_dresses_all_and_follows_no_link(tmp_path):
    outside = tmp_path / "outside"
    outside.write_text("")
    outside.chmod(0o600)
    tree = tmp_path / "tree"
    (tree / "sub").mkdir(parents=True)
    (tree / "sub/file").write_text("")
    (tree / "sub/link").symlink_to(outside)
    (tree / "sub/run").write_text("")
    (tree / "sub/run").chmod(0o700)
    run_twice(lambda host: file_ops.permissions(host, path=str(tree), mode="u=rwX,g=rX,o=", recurse=True))
    assert [mode_of(tree / part) for part in (".", "sub", "sub/file", "sub/run")] == ["0750", "0750", "0640", "0750"]
    assert mode_of(outside) == "0600"


def test_14_recurse_of_directory_says_only_what_differed(tmp_path):
    (tmp_path / "tree/sub").mkdir(parents=True)
    for path, mode in (("tree", 0o700), ("tree/sub", 0o700), ("tree/right", 0o750), ("tree/sub/wrong", 0o600)):
        (tmp_path / path).touch()
        (tmp_path / path).chmod(mode)
    changes = run_twice(lambda host: file_ops.directory(host, path=f"{tmp_path}/tree", mode="0750", recurse=True))
    assert sorted(changes) == [
        f"mode {tmp_path}/tree 0700 -> 0750", f"mode {tmp_path}/tree/sub 0700 -> 0750", f"mode {tmp_path}/tree/sub/wrong 0600 -> 0750"
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("options", "changes"),
    [
        pytest.param({}, True, id="13 both now"),
        pytest.param({"access_time": "preserve"}, True, id="13 one now"),
        pytest.param({"access_time": "preserve", "modification_time": "preserve"}, False, id="13 both kept"),
    ],
)
@pytest.mark.parametrize("check", [False, True])
def test_touch_changes_an_existing_file_unless_both_times_are_kept(tmp_path, options, changes, check):
    path = tmp_path / "x"
    path.write_text("")
    os.utime(path, (1, 2))
    host = real_host(check=check)
    file_ops.touch(host, path=str(path), **options)
    assert bool(host.changes) is changes
    found = path.stat()
    kept = (options.get("access_time") == "preserve", options.get("modification_time") == "preserve")
    assert (found.st_atime == 1, found.st_mtime == 2) == ((True, True) if check else kept)


@pytest.mark.parametrize("check", [False, True])
def test_13_touch_makes_a_missing_file(tmp_path, check):
    host = real_host(check=check)
    file_ops.touch(host, path=f"{tmp_path}/x", mode="0600")
    assert host.changes
    assert (tmp_path / "x").exists() is not check


def test_15_absent_takes_the_link_and_not_what_it_leads_to(tmp_path):
    (tmp_path / "real").mkdir()
    (tmp_path / "real/x").write_text("")
    (tmp_path / "link").symlink_to("real")
    run_twice(lambda host: file_ops.absent(host, path=f"{tmp_path}/link/"))
    assert (tmp_path / "real/x").exists()
    assert not (tmp_path / "link").is_symlink()


def test_15_a_tree_goes_without_what_links_in_it_lead_to(tmp_path):
    (tmp_path / "keep").mkdir()
    (tmp_path / "keep/x").write_text("")
    (tmp_path / "tree/a/b").mkdir(parents=True)
    (tmp_path / "tree/a/link").symlink_to(tmp_path / "keep")
    shown = real_host(check=True, diff=True)
    file_ops.absent(shown, path=f"{tmp_path}/tree")
    assert f"-{tmp_path}/tree/a/link\n" in shown.diffs[0]["text"]
    run_twice(lambda host: file_ops.absent(host, path=f"{tmp_path}/tree"))
    assert (tmp_path / "keep/x").exists()
    assert not (tmp_path / "tree").exists()


@pytest.mark.parametrize("path", ["/", "/usr", "/etc/", "/../var", "//home"])
def test_15_the_system_itself_is_not_removed(path):
    with pytest.raises(BadArguments, match="the system lives there"):
        file_ops.absent(real_host(check=True), path=path)


def test_16_a_link_is_made_and_redirected_and_a_relative_one_stays_relative(tmp_path):
    (tmp_path / "one").write_text("")
    (tmp_path / "two").write_text("")
    run_twice(lambda host: file_ops.link(host, src="one", dest=f"{tmp_path}/link"))
    run_twice(lambda host: file_ops.link(host, src="two", dest=f"{tmp_path}/link"))
    assert str((tmp_path / "link").readlink()) == "two"


def test_16_a_link_is_redirected_in_one_step(tmp_path):
    link, seen, stop = tmp_path / "link", set(), threading.Event()
    link.symlink_to("0")

    def look() -> None:
        while not stop.is_set():
            seen.add(link.is_symlink())

    watch = threading.Thread(target=look)
    watch.start()
    for number in range(300):
        file_ops.link(real_host(), src=str(number), dest=str(link), force=True)
    stop.set()
    watch.join()
    assert seen == {True}


@pytest.mark.parametrize(
    ("prepare", "text"),
    [
        pytest.param(lambda path: None, "does not exist; force", id="16 missing target"),
        pytest.param(lambda path: path.write_text("x"), "it is a file; force", id="16 over a file"),
        pytest.param(lambda path: path.mkdir(), "it is a directory; force", id="16 over an empty directory"),
    ],
)
def test_a_link_wants_force_to_do_harm(tmp_path, prepare, text):
    if prepare(tmp_path / "link") is not None or (tmp_path / "link").exists():
        (tmp_path / "target").write_text("")
    with pytest.raises(ActionFailed, match=text):
        file_ops.link(real_host(), src="target", dest=f"{tmp_path}/link")
    run_twice(lambda host: file_ops.link(host, src="target", dest=f"{tmp_path}/link", force=True))
    assert str((tmp_path / "link").readlink()) == "target"


def test_16_a_full_directory_is_never_replaced(tmp_path):
    (tmp_path / "link/x").mkdir(parents=True)
    with pytest.raises(ActionFailed, match="not empty"):
        file_ops.link(real_host(), src="/etc", dest=f"{tmp_path}/link", force=True)


def test_16_check_mode_does_not_mind_a_target_that_is_yet_to_be_made(tmp_path):
    host = real_host(check=True)
    file_ops.link(host, src="later", dest=f"{tmp_path}/link")
    assert host.changes
    assert host.warnings


def test_17_a_hard_link_is_another_name_of_the_same_file(tmp_path):
    (tmp_path / "one").write_text("x")
    run_twice(lambda host: file_ops.link(host, src=f"{tmp_path}/one", dest=f"{tmp_path}/two", hard=True))
    assert (tmp_path / "one").stat().st_ino == (tmp_path / "two").stat().st_ino


@pytest.mark.parametrize(("hard", "what"), [(True, "hardlinks"), (False, "links")])
def test_17_a_new_link_needs_a_source_and_one_that_is_there_stays(tmp_path, hard, what):
    with pytest.raises(ActionFailed, match=f"^src is required for creating new {what}$"):
        file_ops.link(real_host(), dest=f"{tmp_path}/link", hard=hard)
    (tmp_path / "link").symlink_to("somewhere")
    assert not run_twice(lambda host: file_ops.link(host, dest=f"{tmp_path}/link", hard=hard))
    assert str((tmp_path / "link").readlink()) == "somewhere"


def test_17_a_hard_link_to_nothing_says_so(tmp_path):
    with pytest.raises(ActionFailed, match=r"^src does not exist$"):
        file_ops.link(real_host(), src=f"{tmp_path}/one", dest=f"{tmp_path}/two", hard=True)


def test_22_a_mode_is_changed_for_all_names_of_a_file(tmp_path):
    (tmp_path / "one").write_text("")
    (tmp_path / "one").chmod(0o600)
    os.link(tmp_path / "one", tmp_path / "two")
    run_twice(lambda host: file_ops.permissions(host, path=f"{tmp_path}/one", mode="0640"))
    assert mode_of(tmp_path / "two") == "0640"


def test_permissions_of_nothing_fail_but_in_check_mode_warn(tmp_path):
    with pytest.raises(ActionFailed, match="does not exist"):
        file_ops.permissions(real_host(), path=f"{tmp_path}/x", mode="0600")
    host = real_host(check=True)
    file_ops.permissions(host, path=f"{tmp_path}/x", mode="0600")
    assert host.warnings


def test_19_nothing_is_half_applied_when_the_owner_is_unknown(tmp_path):
    (tmp_path / "x").write_text("")
    (tmp_path / "x").chmod(0o600)
    with pytest.raises(ActionFailed, match="no user"):
        file_ops.permissions(real_host(), path=f"{tmp_path}/x", mode="0644", owner="nobody-here")
    assert mode_of(tmp_path / "x") == "0600"


def test_stat_describes_what_is_there_and_what_is_not(tmp_path):
    (tmp_path / "x").write_text("abc")
    (tmp_path / "x").chmod(0o4750)
    (tmp_path / "link").symlink_to("x")
    found = file_ops.stat(real_host(), path=f"{tmp_path}/x", checksum=True)
    assert (found["mode"], found["size"], found["is_file"]) == ("4750", 3, True)
    assert str(found["checksum"]).startswith("ba7816bf")
    link = file_ops.stat(real_host(), path=f"{tmp_path}/link")
    assert (link["is_link"], link["target"]) == (True, "x")
    assert file_ops.stat(real_host(), path=f"{tmp_path}/link", follow=True)["is_file"]
    assert file_ops.stat(real_host(), path=f"{tmp_path}/x/y") == {"exists": False, "path": f"{tmp_path}/x/y"}


def test_a_relative_path_starts_at_the_workdir_and_a_tilde_at_home(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", f"{tmp_path}/home")
    host = real_host(workdir=str(tmp_path))
    file_ops.directory(host, path="~/a")
    file_ops.copy(host, content="x", dest="home/a/x")
    assert (tmp_path / "home/a/x").exists()


@pytest.mark.parametrize("path", ["", "a\0b"], ids=ascii)
def test_what_is_no_path_is_a_bad_argument(path):
    with pytest.raises(BadArguments, match="is no path"):
        file_ops.directory(real_host(), path=path)


def snapshot(top) -> list[object]:
    """All but the times of access: looking at a file that is a second old changes those."""
    return [
        (str(path), path.lstat()[:7], path.lstat().st_mtime_ns, path.read_bytes() if path.is_file() else b"")
        for path in [top, *sorted(top.rglob("*"))]
    ]


@pytest.mark.parametrize(
    ("action", "arguments"),
    [
        (file_ops.copy, {"dest": "file", "content": "new", "backup": True, "validate": "false %s"}),
        (file_ops.copy, {"dest": "new/", "src": "motd"}),
        (file_ops.copy, {"dest": "tree", "src": "tree/", "mode": "preserve"}),
        (file_ops.copy, {"dest": "copied", "src": "tree", "remote_src": True}),
        (file_ops.template, {"dest": "file", "src": "t.j2", "mode": "0600"}),
        (file_ops.lineinfile, {"path": "none/file", "line": "x", "create": True}),
        (file_ops.lineinfile, {"path": "file", "regexp": ".", "state": "absent", "backup": True}),
        (file_ops.blockinfile, {"path": "file", "block": "x"}),
        (file_ops.directory, {"path": "tree", "mode": "0700", "recurse": True}),
        (file_ops.directory, {"path": "a/b/c"}),
        (file_ops.touch, {"path": "file"}),
        (file_ops.touch, {"path": "none/file"}),
        (file_ops.link, {"src": "file", "dest": "link"}),
        (file_ops.link, {"src": "file", "dest": "none/link", "hard": True}),
        (file_ops.link, {"src": "later", "dest": "file", "force": True}),
        (file_ops.absent, {"path": "tree"}),
        (file_ops.absent, {"path": "link"}),
        (file_ops.permissions, {"path": "tree", "mode": "a-rwx", "recurse": True}),
        (fs.write, {"path": "file", "content": "new"}),
        (fs.append, {"path": "none/file", "content": "new"}),
        (fs.append, {"path": "file", "content": "new"}),
        (fs.mkdir, {"path": "a/b"}),
        (fs.rm, {"path": "file"}),
        (fs.rmr, {"path": "tree"}),
        (fs.copy, {"src": "tree", "dest": "none/tree"}),
        (fs.move, {"src": "file", "dest": "none/file"}),
        (fs.move, {"src": "file", "dest": "tree"}),
    ],
)
@pytest.mark.parametrize("diff", [False, True])
def test_45_check_mode_announces_a_change_and_makes_none(tmp_path, action, arguments, diff):
    (tmp_path / "tree/sub").mkdir(parents=True)
    (tmp_path / "tree/sub/file").write_text("x")
    (tmp_path / "file").write_text("old\n")
    (tmp_path / "link").symlink_to("tree")
    before = snapshot(tmp_path)
    served = {"motd": b"hi", "tree/sub/file": b"y", "tree/new/file": b"z"}
    host = real_host(
        check=True, diff=diff, workdir=str(tmp_path), files=served, ask=lambda *_: {"text": "new"}
    )
    action(host, **arguments)
    assert host.changes
    assert snapshot(tmp_path) == before


@pytest.fixture
def deepest(tmp_path):
    """Whoever may write below a directory can make one that no recursion gets through."""
    top = tmp_path / "top"
    top.mkdir()
    fd = os.open(top, os.O_RDONLY)
    for _ in range(sys.getrecursionlimit() + 100):
        os.mkdir("d", dir_fd=fd)
        inner = os.open("d", os.O_RDONLY, dir_fd=fd)
        os.close(fd)
        fd = inner
    os.close(fd)
    yield str(top)
    subprocess.run(["rm", "-rf", top], check=True)


def synced(host: Host, path: str) -> object:
    def receive(_verb: str, asked: dict[str, Any]) -> tuple[object, Iterator[bytes]]:
        return {}, iter(list(asked[STREAM]))

    host.receive = receive
    return file_ops.sync(host, src="source", dest=path)


@pytest.mark.parametrize(
    "act",
    [
        pytest.param(lambda path: trees.remove(real_host(), path), id="remove"),
        pytest.param(lambda path: trees.remove(real_host(diff=True), path), id="remove with a diff"),
        pytest.param(
            lambda path: file_ops.directory(real_host(), path=path, mode="0700", recurse=True), id="directory"
        ),
        pytest.param(
            lambda path: file_ops.copy(real_host(), src=path, dest=f"{path}-copy", remote_src=True), id="copy on a host"
        ),
        pytest.param(lambda path: synced(real_host(), path), id="sync"),
        pytest.param(
            lambda path: file_ops.permissions(real_host(), path=path, mode="u=rwX", recurse=True), id="permissions"
        ),
    ],
)
def test_a_tree_that_is_nested_too_deep_is_told_as_that(deepest, act):
    with pytest.raises(ActionFailed, match=r"cannot .*(nested too deep|Too many open files)"):
        act(deepest)


def test_so_is_one_of_the_controller(deepest):
    with pytest.raises(AnswerError, match=f"cannot read {deepest}.*nested too deep"):
        Files().tree(Path(deepest), [], str)
