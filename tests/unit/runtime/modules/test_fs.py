"""Laws of plain work with files."""

from __future__ import annotations

import os

import pytest

from sloth.runtime.catalog import collect
from sloth.runtime.failure import ActionFailed
from sloth.runtime.modules import fs
from tests.doubles import real_host


def test_write_and_read_agree_and_the_second_write_changes_nothing(tmp_path):
    path = f"{tmp_path}/x"
    for changes in (1, 0):
        host = real_host()
        fs.write(host, path=path, content="é\udcff\n", mode="0600")
        assert len(host.changes) == changes
    assert fs.read(real_host(), path=path) == "é\udcff\n"
    assert (tmp_path / "x").stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize(
    ("make", "text"),
    [
        pytest.param(lambda path: None, "No such file", id="missing"),
        pytest.param(lambda path: path.mkdir(), "it is a directory", id="directory"),
        pytest.param(os.mkfifo, "it is a named pipe", id="pipe: does not wait for ever"),
        pytest.param(lambda path: path.open("wb").truncate(9 << 20), "more than Lua may hold", id="large"),
    ],
)
def test_what_cannot_be_read_says_why(tmp_path, make, text):
    make(tmp_path / "x")
    with pytest.raises(ActionFailed, match=text):
        fs.read(real_host(), path=f"{tmp_path}/x")


def test_files_of_the_kernel_are_read_though_they_have_no_size():
    assert "Linux" in fs.read(real_host(), path="/proc/version")


@pytest.mark.parametrize("check", [False, True])
def test_append_adds_each_time(tmp_path, check):
    host = real_host(check=check)
    fs.append(host, path=f"{tmp_path}/x", content="a\n")
    fs.append(host, path=f"{tmp_path}/x", content="b\n")
    assert len(host.changes) == 2
    assert not (tmp_path / "x").exists() if check else (tmp_path / "x").read_text() == "a\nb\n"


@pytest.mark.parametrize("check", [False, True])
def test_append_shows_what_it_adds(tmp_path, check):
    (tmp_path / "x").write_text("a\n")
    host = real_host(check=check, diff=True)
    fs.append(host, path=f"{tmp_path}/x", content="b\n")
    assert [line for line in host.diffs[0]["text"].splitlines() if line[0] in " +"][1:] == [" a", "+b"]


def test_rm_takes_files_links_and_empty_directories_only(tmp_path):
    (tmp_path / "file").write_text("")
    (tmp_path / "link").symlink_to("full")
    (tmp_path / "empty").mkdir()
    (tmp_path / "full/x").mkdir(parents=True)
    for name in ("file", "link", "empty", "never-there"):
        host = real_host()
        fs.rm(host, path=f"{tmp_path}/{name}")
        assert bool(host.changes) is (name != "never-there")
    with pytest.raises(ActionFailed, match="not empty"):
        fs.rm(real_host(), path=f"{tmp_path}/full")
    fs.rmr(real_host(), path=f"{tmp_path}/full")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("check", [False, True])
def test_move_moves_once(tmp_path, check):
    (tmp_path / "a").write_text("x")
    host = real_host(check=check)
    fs.move(host, src=f"{tmp_path}/a", dest=f"{tmp_path}/b")
    assert host.changes
    assert (tmp_path / "b").exists() is not check
    if not check:
        again = real_host()
        fs.move(again, src=f"{tmp_path}/a", dest=f"{tmp_path}/b")
        assert not again.changes


def test_move_of_nothing_fails(tmp_path):
    with pytest.raises(ActionFailed, match="does not exist"):
        fs.move(real_host(), src=f"{tmp_path}/a", dest=f"{tmp_path}/b")


def test_copy_keeps_the_mode_and_is_made_once(tmp_path):
    (tmp_path / "a").write_text("x")
    (tmp_path / "a").chmod(0o750)
    (tmp_path / "dir").mkdir()
    for changes in (1, 0):
        host = real_host()
        fs.copy(host, src=f"{tmp_path}/a", dest=f"{tmp_path}/dir")
        assert len(host.changes) == changes
    assert (tmp_path / "dir/a").stat().st_mode & 0o777 == 0o750


def test_mkdir_makes_parents_once(tmp_path):
    for changes in (2, 0):
        host = real_host()
        fs.mkdir(host, path=f"{tmp_path}/a/b")
        assert len(host.changes) == changes


def test_questions_have_their_answers(tmp_path):
    host = real_host(workdir=str(tmp_path))
    (tmp_path / "b.log").write_text("abc")
    (tmp_path / "a.log").write_text("")
    (tmp_path / "dir/deep").mkdir(parents=True)
    (tmp_path / "dir/deep/c.log").write_text("")
    (tmp_path / "dangling").symlink_to("nowhere")
    assert fs.ls(host) == ["a.log", "b.log", "dangling", "dir"]
    assert fs.glob(host, pattern="*.log") == [f"{tmp_path}/a.log", f"{tmp_path}/b.log"]
    assert fs.glob(host, pattern="**/c.log") == [f"{tmp_path}/dir/deep/c.log"]
    assert fs.size(host, path="b.log") == 3
    assert fs.exists(host, path="dir")
    assert not fs.exists(host, path="dangling")
    assert (fs.is_file(host, path="b.log"), fs.is_file(host, path="dir")) == (True, False)
    assert (fs.is_dir(host, path="b.log"), fs.is_dir(host, path="dir")) == (False, True)
    assert fs.checksum(host, path="b.log", algorithm="md5") == "900150983cd24fb0d6963f7d28e17f72"
    assert not host.changes


@pytest.mark.parametrize(
    ("path", "base", "folder"),
    [("/a/b.c", "b.c", "/a"), ("/a/b/", "b", "/a"), ("b", "b", "."), ("/", "/", "/"), ("/b", "b", "/")],
)
def test_parts_of_a_path(path, base, folder):
    host = real_host()
    assert (fs.basename(host, path=path), fs.dirname(host, path=path)) == (base, folder)


def test_old_names_are_known():
    actions = collect(fs, "fs")
    assert {"read_file", "write_file", "remove"} <= set(actions)
    assert actions["remove"].function is actions["rm"].function


def test_a_temporary_name_is_one_that_nothing_has(tmp_path):
    first, second = (fs.tmpname(real_host(workdir=str(tmp_path)), suffix=".gz", folder="x") for _ in range(2))
    assert first != second
    assert first.startswith(f"{tmp_path}/x/sloth-")
    assert first.endswith(".gz")
    assert list(tmp_path.iterdir()) == []
