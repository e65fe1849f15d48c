"""file_ops.sync: the host's tree becomes the controller's, whatever it was."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from sloth.core.errors import AnswerError
from sloth.engine.files import Files
from sloth.runtime import transfer
from sloth.runtime.failure import ActionFailed
from sloth.runtime.frames import CHUNK
from sloth.runtime.host import Host, Settings
from sloth.runtime.manifest import Excluded, Item
from sloth.runtime.token import Token
from sloth.runtime.wire import STREAM
from tests.actions import actions_of

file_ops = actions_of("file_ops")


class Controller:
    """Answers what a sync asks, out of a real folder; `asked` has the verbs."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.files = Files()
        self.asked: list[str] = []
        self.paths: list[str] = []
        self.before_contents: Callable[[], object] = list

    def receive(self, verb: str, args: dict[str, Any]) -> tuple[object, Iterator[bytes]]:
        self.asked.append(verb)
        if verb == "tree":
            streamed = self.files.tree(self.folder, args["exclude"], b"".join(args[STREAM]).decode)
        else:
            self.before_contents()
            self.paths = args["paths"]
            streamed = self.files.contents(self.folder, args["paths"])
        return streamed.value, streamed.chunks

    def host(self, *, check: bool = False, diff: bool = False) -> Host:
        return Host(Settings(check=check, diff=diff), Token(), refuse, self.receive, lambda *_: None, lambda *_: None)


def refuse(verb: str, args: object) -> object:
    raise AssertionError(f"{verb} is not asked")


def look(top: Path) -> dict[str, object]:
    """Everything below a folder: path → content, target or mode of a directory."""
    found: dict[str, object] = {}
    for path in sorted(top.rglob("*")):
        name = str(path.relative_to(top))
        if path.is_symlink():
            found[name] = f"-> {path.readlink()}"
        elif path.is_dir():
            found[name] = oct(path.stat().st_mode & 0o777)
        else:
            found[name] = (path.read_bytes(), oct(path.stat().st_mode & 0o777))
    return found


@pytest.fixture
def source(tmp_path: Path) -> Controller:
    top = tmp_path / "source"
    (top / "deep/er").mkdir(parents=True)
    (top / "deep/er").chmod(0o750)
    (top / "empty").mkdir()
    (top / "run").write_text("#!/bin/sh\n")
    (top / "run").chmod(0o755)
    (top / "deep/er/large").write_bytes(os.urandom(600_000))
    (top / "deep/ünï code 'x'").write_text("x")
    (top / "nothing").touch()
    (top / "link").symlink_to("deep/er")
    (top / "dangling").symlink_to("nowhere")
    return Controller(top)


def sync(host: Host, dest: Path, **more: Any) -> Any:
    return file_ops.sync(host, src="source", dest=str(dest), **more)


@pytest.mark.parametrize("there", [False, True])
def test_a_tree_becomes_equal_in_two_questions_and_stays_so_with_one(source, tmp_path, there):
    dest = tmp_path / "dest"
    if there:
        (dest / "deep").mkdir(parents=True)
        (dest / "run").write_text("old")
        (dest / "link").write_text("a file")
    result = sync(source.host(), dest)
    assert look(dest) == look(source.folder)
    assert source.asked == ["tree", "contents"]
    assert result["entries"] == 9
    source.asked.clear()
    again = source.host()
    assert sync(again, dest)["written"] == 0
    assert (again.changes, source.asked) == ([], ["tree"])


def test_only_what_differs_is_sent(source, tmp_path):
    dest = tmp_path / "dest"
    sync(source.host(), dest)
    (source.folder / "run").write_text("#!/bin/bash\n")
    (dest / "deep/er/large").write_bytes(b"damaged")
    (dest / "nothing").chmod(0o600)
    host = source.host()
    sync(host, dest)
    assert source.paths == ["deep/er/large", "run"]
    assert look(dest) == look(source.folder)
    assert len(host.changes) == 3


def test_what_the_source_does_not_have_goes_only_when_it_shall(source, tmp_path):
    dest = tmp_path / "dest"
    sync(source.host(), dest)
    (dest / "more/of/it").mkdir(parents=True)
    (dest / "more/of/it/file").touch()
    (dest / "deep/extra").touch()
    host = source.host()
    sync(host, dest)
    assert host.changes == []
    assert sync(host, dest, delete=True)["removed"] == 2
    assert look(dest) == look(source.folder)


def test_what_is_excluded_is_neither_brought_nor_removed(source, tmp_path):
    dest = tmp_path / "dest"
    sync(source.host(), dest, exclude=["deep/er", "*.swp", "empty/"])
    assert not (dest / "deep/er").exists()
    assert not (dest / "empty").exists()
    (dest / "deep/.x.swp").touch()
    (dest / "deep/er").mkdir()
    host = source.host()
    sync(host, dest, delete=True, exclude=["deep/er", "*.swp", "empty/"])
    assert (host.changes, (dest / "deep/.x.swp").exists(), (dest / "deep/er").exists()) == ([], True, True)


@pytest.mark.parametrize("inside", ["old/.x.swp", "old/deep/.x.swp"])
def test_what_is_excluded_stays_in_a_directory_that_the_source_does_not_have(source, tmp_path, inside):
    dest = tmp_path / "dest"
    (dest / inside).parent.mkdir(parents=True)
    for name in (inside, "old/file", "old/other/file", "old/deep2/file"):
        (dest / name).parent.mkdir(exist_ok=True)
        (dest / name).write_text(name)
    host = source.host()
    assert sync(host, dest, delete=True, exclude=["*.swp"])["removed"] == 3
    assert [path for path in look(dest) if path.startswith("old") and (dest / path).is_file()] == [inside]
    assert (dest / inside).read_text() == inside
    again = source.host()
    sync(again, dest, delete=True, exclude=["*.swp"])
    assert again.changes == []


def test_a_directory_that_holds_what_is_excluded_does_not_go_for_a_file(source, tmp_path):
    dest = tmp_path / "dest"
    (dest / "run").mkdir(parents=True)
    (dest / "run/kept.swp").touch()
    with pytest.raises(ActionFailed, match="run is a directory, and a file in source; it stays, as it holds what is excl"):
        sync(source.host(), dest, delete=True, exclude=["*.swp"])
    assert (dest / "run/kept.swp").exists()


def test_a_file_larger_than_a_chunk_between_small_ones_arrives_whole(tmp_path):
    top = tmp_path / "source"
    top.mkdir()
    for number, size in enumerate([0, 1, CHUNK, 3, CHUNK - 1, 2, 3 * CHUNK + 5, 0]):
        (top / f"f{number}").write_bytes(os.urandom(size))
    controller = Controller(top)
    sync(controller.host(), tmp_path / "dest")
    assert look(tmp_path / "dest") == look(top)
    streamed = controller.files.contents(top, [f"f{number}" for number in range(8)])
    assert max(map(len, streamed.chunks)) <= CHUNK


def test_more_files_than_one_question_can_name_are_brought(source, tmp_path, monkeypatch):
    monkeypatch.setattr(transfer, "AT_ONCE", 2)
    sync(source.host(), tmp_path / "dest")
    assert look(tmp_path / "dest") == look(source.folder)
    assert source.asked == ["tree", "contents", "contents"]


def test_owner_and_mode_of_what_is_there_are_set(source, tmp_path):
    dest = tmp_path / "dest"
    sync(source.host(), dest)
    (dest / "deep/er").chmod(0o700)
    (dest / "deep/er/large").chmod(0o600)
    host = source.host()
    sync(host, dest, owner=os.getuid())
    assert look(dest) == look(source.folder)
    assert len(host.changes) == 2


def test_a_directory_in_the_way_of_a_file_goes_only_when_things_may_be_deleted(source, tmp_path):
    dest = tmp_path / "dest"
    (dest / "run/full").mkdir(parents=True)
    (dest / "deep").write_text("a file in the way of a directory")
    with pytest.raises(ActionFailed, match="run is a directory, and a file in source; delete = true removes it"):
        sync(source.host(), dest)
    sync(source.host(), dest, delete=True)
    assert look(dest) == look(source.folder)


@pytest.mark.parametrize("diff", [False, True])
def test_check_mode_says_what_it_would_do_and_does_nothing(source, tmp_path, diff):
    dest = tmp_path / "dest"
    (dest / "old").mkdir(parents=True)
    (dest / "run").write_text("old\n")
    before = look(dest)
    host = source.host(check=True, diff=diff)
    sync(host, dest, delete=True)
    assert look(dest) == before
    real = source.host()
    sync(real, dest, delete=True)
    assert len(host.changes) == len(real.changes)
    assert any("+#!/bin/sh" in one["text"] for one in host.diffs) == diff


def test_modes_and_contents_that_change_meanwhile_are_seen(source, tmp_path):
    dest = tmp_path / "dest"
    sync(source.host(), dest, mode="0640")
    assert (dest / "run").stat().st_mode & 0o777 == 0o640
    (dest / "run").write_text("old")
    source.before_contents = lambda: (source.folder / "run").write_text("#!/bin/zsh\nand more")
    with pytest.raises(ActionFailed, match="source/run arrived damaged, or changed while it was sent"):
        sync(source.host(), dest)
    assert (dest / "run").read_text() == "old"


@pytest.mark.parametrize(
    "plain", [["f", "../x", 420, 1, ""], ["d", "/etc", 493], ["l", "a//b", "x"], ["f", "a", 99999, 1, ""], ["f", "a"], 3]
)
def test_an_entry_that_leads_out_of_its_tree_is_refused(plain):
    with pytest.raises(ValueError, match=r"no (entry|path|mode)|nothing that"):
        Item.from_plain(plain)


@pytest.mark.parametrize(
    ("answer", "manifest", "why"),
    [
        pytest.param({"mode": 493}, b'[["d","..",493]]', r": '\.\.' is no path in a tree", id="a way out"),
        pytest.param({"mode": 493}, b"3", ": no manifest", id="no list"),
        pytest.param({"mode": 493}, b"[" * 100000, ": no manifest", id="too deep"),
        pytest.param({"mode": 493}, b"", ": Expecting value", id="cut off"),
        pytest.param({"mode": 493}, b" " * (65 << 20), ": it has more than 67108864 bytes", id="too long"),
        pytest.param([], b"[]", "$", id="no answer"),
    ],
)
def test_a_controller_that_answers_nonsense_is_told_so(answer, manifest, why, tmp_path):
    host = Host(Settings(), Token(), refuse, lambda *_: (answer, iter([manifest])), lambda *_: None, lambda *_: None)
    with pytest.raises(ActionFailed, match=f"the controller's answer about source is not understood{why}"):
        sync(host, tmp_path / "dest")


@pytest.mark.parametrize("path", ["../secret", "out/secret", "link", "dangling", "deep", "none"])
def test_a_host_gets_files_of_the_folder_alone(source, path):
    (source.folder.parent / "secret").write_text("x")
    (source.folder / "out").symlink_to("..")
    with pytest.raises(AnswerError, match="is no file of"):
        source.files.contents(source.folder, [path])


def test_patterns_are_names_or_paths():
    excluded = Excluded(["*.pyc", "build/", "docs/_*"])
    for path in ("a.pyc", "x/y.pyc", "x/build", "docs/_build"):
        assert path in excluded
    for path in ("a.py", "x/docs/_build", "docs/a"):
        assert path not in excluded


@pytest.mark.parametrize("closed", ["deep/er", "deep", "."])
def test_a_directory_that_its_owner_may_not_write_in_is_filled_before_it_gets_that_mode(closed, source, tmp_path):
    (source.folder / "deep/er/file").write_text("x")
    (source.folder / closed).chmod(0o555)
    dest, host = tmp_path / "dest", source.host()
    meanwhile: list[int] = []
    source.before_contents = lambda: meanwhile.append((dest / closed).stat().st_mode & 0o777)
    file_ops.sync(host, src="source", dest=str(dest))
    assert meanwhile == [0o755]
    assert ((dest / closed).stat().st_mode & 0o777, look(dest)) == (0o555, look(source.folder))
    assert not any("mode" in change for change in host.changes)
    again = source.host()
    file_ops.sync(again, src="source", dest=str(dest))
    assert again.changes == []
