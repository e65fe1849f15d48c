"""Laws of artifacts on the host: which files are sent, and what the controller is told of each."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import pytest

from sloth.runtime.failure import ActionFailed
from sloth.runtime.modules import artifact
from tests.doubles import real_host


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    (tmp_path / "out" / "deep").mkdir(parents=True)
    for name in ("a.tar", "b.tar", "out/log", "out/deep/x"):
        (tmp_path / name).write_text(name)
    return tmp_path


def keep(tree: Path, paths: list[str], **options: Any) -> tuple[list[dict[str, Any]], Any, Any]:
    sent: list[dict[str, Any]] = []

    def ask(verb: str, said: dict[str, Any]) -> object:
        assert verb == "artifact"
        content = b"".join(said.pop("stream"))
        sent.append({**said, "content": content})
        return {}

    host = real_host(workdir=str(tree), ask=ask, **options)
    return sent, artifact.keep(host, paths=paths, task="make"), host


@pytest.mark.parametrize(("paths", "names"), [
    (["a.tar"], ["a.tar"]),
    (["*.tar"], ["a.tar", "b.tar"]),
    (["out"], ["out/deep/x", "out/log"]),
    (["b.tar", "*.tar"], ["b.tar", "a.tar"]),
    (["**/x"], ["out/deep/x"]),
])
def test_files_directories_and_patterns_are_sent_by_their_names(tree, paths, names):
    sent, said, host = keep(tree, paths)
    assert [one["name"] for one in sent] == said["artifacts"] == names
    assert not host.changes


def test_what_is_said_of_a_file_is_what_is_sent(tree):
    (tree / "a.tar").chmod(0o640)
    (sent,), _, _ = keep(tree, ["a.tar"])
    assert sent == {
        "name": "a.tar", "path": str(tree / "a.tar"), "task": "make", "size": 5, "mode": 0o640,
        "sha256": hashlib.sha256(b"a.tar").hexdigest(), "content": b"a.tar",
    }  # fmt: skip


def test_a_file_elsewhere_is_named_by_its_path(tree):
    sent, _, _ = keep(tree / "out", [f"{tree}/a.tar"])
    assert [one["name"] for one in sent] == [f"{tree}/a.tar".lstrip("/")]


def test_a_pattern_that_matches_nothing_is_a_warning(tree):
    sent, said, host = keep(tree, ["*.zip", "a.tar"])
    assert [one["name"] for one in sent] == said["artifacts"] == ["a.tar"]
    assert host.warnings == [f"artifact.keep: *.zip matches no file in {tree}"]


def test_check_mode_sends_nothing_and_waits_for_what_is_to_come(tree):
    sent, said, host = keep(tree, ["a.tar", "*.zip"], check=True)
    assert (sent, said["artifacts"], host.unknown) == ([], ["a.tar"], True)


def test_the_controller_says_what_there_is():
    asked = []

    def ask(verb: str, said: dict[str, object]) -> object:
        asked.append((verb, said))
        return {"artifacts": [{"name": "a"}]}

    assert artifact.find(real_host(ask=ask), names=["*"]) == [{"name": "a"}]
    assert asked == [("artifacts", {"names": ["*"]})]


def test_an_answer_that_is_none_is_a_failure():
    with pytest.raises(ActionFailed, match="not understood"):
        artifact.find(real_host(ask=lambda *_: None))
