"""Artifacts on the controller: none collide, none leave their folder, none are kept that arrived damaged."""

from __future__ import annotations

import errno
import hashlib
import json
import os
import shutil
from typing import Any, BinaryIO

import pytest

from sloth.core.errors import AnswerError, LimitReached, StoreError, UsageError
from sloth.engine.allowance import FILES, Allowance
from sloth.engine.artifacts import Artifact, Artifacts, names_of_copies, runs_with
from sloth.engine.receiving import BLOCK

PLACES = [("h1", "build", "a/x"), ("h1", "build", "a.x"), ("h1", "build", "a%2Fx"), ("h1", "a", "build/x"), ("h2", "a", "x"),
          ("h1", "web : build", "x"), ("h1", ".", "x"), ("h1", "a/b", "c"), ("h1", "a", "b/c"), ("h1", "é", "ü")]  # fmt: skip

MUCH = Allowance(1 << 40, FILES)


def keep(
    artifacts: Artifacts, host: str, task: str, name: str, content: bytes = b"content",
    allowance: Allowance = MUCH, **said: Any,
) -> Artifact:  # fmt: skip
    told = {"name": name, "task": task, "path": "/srv/" + name, "mode": 0o755,
            "sha256": hashlib.sha256(content).hexdigest(), "stream": iter([content[:3], content[3:]])}  # fmt: skip
    return artifacts.keep(host, {**told, **said}, allowance)


def test_what_is_kept_is_found_again(tmp_path):
    artifacts = Artifacts(tmp_path / "run")
    kept = keep(artifacts, "h1", "build", "out/app.tar")
    path = artifacts.path(kept.id)
    assert (path.read_bytes(), path.stat().st_mode & 0o777) == (b"content", 0o755)
    assert (kept.size, kept.host, kept.name, kept.path) == (7, "h1", "out/app.tar", "/srv/out/app.tar")


def test_no_two_artifacts_share_a_place(tmp_path):
    artifacts = Artifacts(tmp_path / "run")
    kept = [keep(artifacts, *place, content="/".join(place).encode()) for place in PLACES]
    assert [artifacts.path(one.id).read_text() for one in kept] == ["/".join(place) for place in PLACES]
    assert all((tmp_path / "run").resolve() in artifacts.path(one.id).resolve().parents for one in kept)


def test_the_same_file_again_replaces_the_first(tmp_path):
    artifacts = Artifacts(tmp_path / "run")
    keep(artifacts, "h1", "t", "x", b"old")
    keep(artifacts, "h1", "t", "x", b"newer")
    (one,) = artifacts.find(None)
    assert artifacts.path(one.id).read_bytes() == b"newer"


def test_what_a_run_that_died_has_left_half_written_is_in_nobodys_way(tmp_path):
    artifacts = Artifacts(tmp_path / "run")

    def died_here():
        (half,) = (path for path in (tmp_path / "run").rglob("*.part"))
        yield b"con"
        shutil.copy(half, tmp_path / half.name)
        yield b"tent"

    first = keep(artifacts, "h1", "t", "first", stream=died_here())
    (left,) = tmp_path.glob(".*.part")
    left.rename(artifacts.path(first.id).parent / left.name)
    keep(artifacts, "h1", "t", "next")
    assert [one.name for one in artifacts.find(None)] == ["first", "next"]


@pytest.mark.parametrize("name", ["../x", "/etc/passwd", "a/../../x", "", ".", "a\0b", "x" * 2000])
def test_a_name_that_leads_elsewhere_is_refused(tmp_path, name):
    with pytest.raises(AnswerError, match="no relative path"):
        keep(Artifacts(tmp_path / "run"), "h1", "t", name)
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize("host", ["..", ".", "../..", "a/b"])
def test_a_host_cannot_name_itself_out_of_its_folder(tmp_path, host):
    artifacts = Artifacts(tmp_path / "run")
    path = artifacts.path(keep(artifacts, host, "..", "x").id)
    assert ".." not in path.parts
    assert len(path.relative_to(tmp_path / "run").parts) == 3


def test_what_arrives_damaged_is_not_kept(tmp_path):
    artifacts = Artifacts(tmp_path / "run")
    with pytest.raises(AnswerError, match="damaged"):
        keep(artifacts, "h1", "t", "x", sha256="0" * 64)
    assert artifacts.find(None) == []
    assert not [path for path in (tmp_path / "run").rglob("*") if path.is_file()]


@pytest.mark.parametrize(("wanted", "found"), [
    (["build"], ["out/app.tar", "log"]), (["app.tar"], ["out/app.tar"]), (["out/*"], ["out/app.tar"]),
    (["*.tar", "log"], ["out/app.tar", "log"]), (["none"], []), (None, ["out/app.tar", "log"]),
])
def test_artifacts_are_asked_for_by_task_name_or_pattern(tmp_path, wanted, found):
    artifacts = Artifacts(tmp_path / "run")
    for name in ("out/app.tar", "log"):
        keep(artifacts, "h1", "build", name)
    assert [one.name for one in artifacts.find(wanted)] == found


def test_an_id_that_nobody_gave_is_refused(tmp_path):
    with pytest.raises(AnswerError, match="no artifact"):
        Artifacts(tmp_path / "run").path("artifact:../../etc/passwd")


def test_what_an_earlier_life_of_the_run_kept_is_there_for_the_next(tmp_path):
    kept = keep(Artifacts(tmp_path / "run"), "h1", "build", "app.tar")
    again = Artifacts(tmp_path / "run")
    assert again.find(["app.tar"]) == [kept]
    assert again.path(kept.id).read_bytes() == b"content"
    assert runs_with(tmp_path) == ["run"]


def test_a_copy_is_refused_when_the_file_is_not_what_the_host_sent(tmp_path):
    artifacts = Artifacts(tmp_path / "run")
    kept = keep(artifacts, "h1", "build", "x")
    artifacts.copy({tmp_path / "copy": kept})
    assert (tmp_path / "copy").read_bytes() == b"content"
    artifacts.path(kept.id).write_bytes(b"other")
    with pytest.raises(UsageError, match="checksum"):
        artifacts.copy({tmp_path / "second": kept})
    assert not (tmp_path / "second").exists()


def test_a_copy_takes_the_place_of_no_file(tmp_path):
    artifacts = Artifacts(tmp_path / "run")
    kept = keep(artifacts, "h1", "build", "x")
    (tmp_path / "mine").write_text("mine")
    with pytest.raises(UsageError, match="there already"):
        artifacts.copy({tmp_path / "mine": kept})
    assert (tmp_path / "mine").read_text() == "mine"


def test_a_copy_that_cannot_be_finished_leaves_nothing(tmp_path, monkeypatch):
    def fails(_source: object, copied: BinaryIO) -> None:
        copied.write(b"cont")
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    artifacts = Artifacts(tmp_path / "run")
    kept = keep(artifacts, "h1", "build", "x")
    monkeypatch.setattr(shutil, "copyfileobj", fails)
    with pytest.raises(UsageError, match="no space left"):
        artifacts.copy({tmp_path / "copy": kept})
    assert not (tmp_path / "copy").exists()


def test_a_host_cannot_fill_the_disk_with_files(tmp_path):
    artifacts, ones, others = Artifacts(tmp_path / "run"), Allowance(20_000, FILES), Allowance(20_000, FILES)
    keep(artifacts, "h1", "t", "a", b"x" * 10_000, ones)
    with pytest.raises(LimitReached, match=r"more than it may in one run \(limits\.files is 20000\)"):
        keep(artifacts, "h1", "t", "b", b"x" * 10_000, ones)
    keep(artifacts, "h2", "t", "b", b"x" * 10_000, others)
    assert [one.host for one in artifacts.find(None)] == ["h1", "h2"]
    assert [path.name for path in (tmp_path / "run" / "h1" / "t").iterdir()] == ["a"]


def test_many_empty_files_are_a_lot(tmp_path):
    artifacts, allowance = Artifacts(tmp_path / "run"), Allowance(3 * BLOCK, FILES)
    for number in range(3):
        keep(artifacts, "h1", "t", f"{number}", b"", allowance)
    with pytest.raises(LimitReached):
        keep(artifacts, "h1", "t", "3", b"", allowance)


def test_what_is_removed_is_nowhere(tmp_path):
    artifacts = Artifacts(tmp_path / "run")
    keep(artifacts, "h1", "build", "x")
    assert artifacts.remove() == 7
    assert list(tmp_path.iterdir()) == [] and Artifacts(tmp_path / "run").find(None) == []


def test_a_list_that_cannot_be_read_or_removed_is_named(tmp_path):
    artifacts = Artifacts(tmp_path / "run")
    (tmp_path / "run.jsonl").mkdir()
    with pytest.raises(StoreError, match=r"cannot read .*run\.jsonl"):
        Artifacts(tmp_path / "run")
    with pytest.raises(StoreError, match=r"cannot remove .*run\.jsonl"):
        artifacts.remove()


@pytest.mark.parametrize("line", [
    {"id": "artifact:x"},
    {"id": 7, "name": "x", "task": "t", "host": "h", "path": "/x", "size": 1, "sha256": "0"},
])
def test_a_list_that_is_damaged_is_named(tmp_path, line):
    (tmp_path / "run.jsonl").write_text(json.dumps(line) + "\n")
    with pytest.raises(StoreError, match=r"run\.jsonl is damaged"):
        Artifacts(tmp_path / "run")


def left(*places: tuple[str, str, str]) -> list[Artifact]:
    return [Artifact("artifact:", name, task, host, f"/srv/{name}", 1, "") for host, task, name in places]


@pytest.mark.parametrize(
    ("places", "names"),
    [
        pytest.param([("h1", "t", "a/x"), ("h1", "t", "b/y")], ["x", "y"], id="the last part, where that is enough"),
        pytest.param([("h1", "t", "x"), ("h2", "t", "x")], ["h1-x", "h2-x"], id="with the host"),
        pytest.param([("h1", "t", "a/x"), ("h1", "t", "b/x")], ["h1-t-a_x", "h1-t-b_x"], id="with all there is"),
        pytest.param([("h1", "t", "a/x"), ("h1", "t", "a_x"), ("h1", "t", "b/x")],
                     ["1-h1-t-a_x", "2-h1-t-a_x", "3-h1-t-b_x"], id="else numbered"),
        pytest.param([("h1", "t", "\x1b]0;x\x07\n\u202egpj")], ["_]0;x___gpj"], id="nothing that a terminal obeys"),
        pytest.param([("h1", "t", "b\udcff")], ["b_"], id="no UTF-8"),
        pytest.param([("h1", "t", "-rf")], ["_rf"], id="no option"),
        pytest.param([("h1", "t", "größe.txt")], ["größe.txt"], id="letters of any language"),
    ],
)  # fmt: skip
def test_copies_have_names_that_differ_and_do_no_harm(places, names):
    assert names_of_copies(left(*places)) == names


def test_nothing_is_copied_when_one_of_the_places_is_taken(tmp_path):
    artifacts = Artifacts(tmp_path / "run")
    one, other = keep(artifacts, "h1", "t", "x"), keep(artifacts, "h1", "t", "y")
    (tmp_path / "second").symlink_to("nowhere")
    with pytest.raises(UsageError, match="second is there already"):
        artifacts.copy({tmp_path / "first": one, tmp_path / "second": other})
    assert not (tmp_path / "first").exists()
