"""A process that dies before any one of its steps on the disk: what was there is there, or what was to come, whole.

The kill loops beside this die at random moments; here each step has its turn. SQLite's own steps are not among them.
"""

from __future__ import annotations

import hashlib
import os
import signal
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from sloth.core.errors import WrongPassphrase
from sloth.core.events import TaskFinished
from sloth.engine.allowance import FILES, Allowance
from sloth.engine.artifacts import Artifacts
from sloth.engine.pending import Pending
from sloth.secrets.passphrase import Passphrase
from sloth.secrets.vault import Vault
from sloth.store import SqliteDatabase, State, journal, upkeep
from sloth.store.journal import Journal
from tests.unit.secrets.worlds import passphrases, vault

STEPS = ("open", "write", "fsync", "fdatasync", "ftruncate", "replace", "rename", "link", "unlink", "mkdir", "chmod")


def dies(number: int, do: Callable[[], object]) -> bool:
    """Whether a process that does this dies, when it is killed before that step of its."""
    child = os.fork()
    if child == 0:
        left = [number]
        for name in STEPS:
            setattr(os, name, counted(getattr(os, name), left))
        code = 1
        try:
            do()
            code = 0
        finally:
            os._exit(code)
    _, status = os.waitpid(child, 0)
    assert os.WIFSIGNALED(status) or os.WEXITSTATUS(status) == 0
    return os.WIFSIGNALED(status)


def live(do: Callable[[], object]) -> None:
    """The same in a process that does not die, whose files are closed at its end."""
    assert not dies(1 << 30, do)


def counted(step: Callable[..., object], left: list[int]) -> Callable[..., object]:
    def taken(*args: object, **named: object) -> object:
        left[0] -= 1
        if left[0] == 0:
            os.kill(os.getpid(), signal.SIGKILL)
        return step(*args, **named)

    return taken


@dataclass(frozen=True)
class Case:
    """before(folder): makes what is there. change(folder): changes it. seen(folder): what a person sees of it."""

    before: Callable[[Path], object]
    change: Callable[[Path], object]
    seen: Callable[[Path], object]


def opened(folder: Path) -> tuple[str, Vault]:
    """The secrets, and which of the two passphrases opens them."""
    for word in ("right", "new"):
        found = vault(folder, passphrases(word))
        try:
            found.key()
        except WrongPassphrase:
            continue
        return word, found
    raise AssertionError("no passphrase opens it")


def rotate(folder: Path) -> None:
    opened(folder)[1].rotate(Passphrase("", b"new"))


def rotated(folder: Path) -> object:
    word, found = opened(folder)
    return word, found.get("a"), found.get("b")


def life(folder: Path, *tasks: str) -> None:
    written = Journal.begin(folder / "journal.jsonl", {"type": "run"})
    for task in tasks:
        written(TaskFinished("h1", task, "ok", outputs={"text": "x" * 5000}))
        written.settle()
    written.close()


def ends(folder: Path) -> list[str]:
    return [line["task"] for _, line in journal.entries(folder / "journal.jsonl") if line["type"] == "task_finished"]


def keep(folder: Path, content: bytes) -> None:
    said = {"name": "x", "task": "t", "sha256": hashlib.sha256(content).hexdigest(), "stream": iter([content])}
    Artifacts(folder / "run").keep("h1", said, Allowance(1 << 30, FILES))


def artifact(folder: Path) -> object:
    """What is kept."""
    artifacts = Artifacts(folder / "run")
    (kept,) = artifacts.find(None)
    return artifacts.path(kept.id).read_bytes()


def state(folder: Path) -> State:
    return State(SqliteDatabase(folder / "store.db"), "me")


def back_up(folder: Path) -> None:
    if not (folder / "copy.db").exists():  # the first one was whole
        upkeep.backup(folder / "store.db", folder / "copy.db")


def restorable(folder: Path) -> None:
    state(folder).set("n", "key", "old")
    upkeep.backup(folder / "store.db", folder / "copy.db")
    state(folder).set("n", "key", "new")


def value(folder: Path) -> object:
    assert upkeep.verify(folder / "store.db") == []
    found = state(folder).get("n", "key")
    return found and found.value


CASES = {
    "a secret": Case(lambda at: vault(at).put({"a": "1"}), lambda at: vault(at).put({"a": "2"}), lambda at: vault(at).get("a")),
    "a rotation": Case(lambda at: vault(at, passphrases("right", "right")).put({"a": "1", "b": "2"}), rotate, rotated),
    "due handlers": Case(lambda at: Pending(at, "w").keep("h", ["a"]), lambda at: Pending(at, "w").keep("h", ["b", "c"]),
                         lambda at: Pending(at, "w").of("h")),
    "an artifact": Case(lambda at: keep(at, b"old" * 9999), lambda at: keep(at, b"new" * 9999), artifact),
    "a backup": Case(lambda at: state(at).set("n", "key", 1), back_up,
                     lambda at: upkeep.verify(at / "copy.db") if (at / "copy.db").exists() else "none"),
    "a restore": Case(restorable, lambda at: upkeep.restore(at / "store.db", at / "copy.db", at / f"kept{os.getpid()}.db"), value),
}  # fmt: skip


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_a_change_has_happened_or_not_whichever_step_was_the_last(case: Case, tmp_path: Path):
    done = tmp_path / "done"
    done.mkdir()
    live(lambda: case.before(done))
    before = case.seen(done)
    live(lambda: case.change(done))
    after = case.seen(done)
    assert before != after
    number, seen = 0, set()
    while True:
        number += 1
        folder = tmp_path / f"{number}"
        folder.mkdir()
        live(lambda at=folder: case.before(at))  # type: ignore[misc]  # of this turn
        died = dies(number, lambda at=folder: case.change(at))  # type: ignore[misc]  # of this turn
        found = case.seen(folder)
        assert found in (before, after), number
        seen.add(str(found))
        if not died:
            break
        live(lambda at=folder: case.change(at))  # type: ignore[misc]  # what was left behind is no obstacle
        assert case.seen(folder) == after, number
    assert number > 2 and seen == {str(before), str(after)}


def test_a_journal_has_all_that_was_brought_to_the_disk_whichever_step_was_the_last(tmp_path: Path):
    number, counts = 0, set()
    while True:
        number += 1
        folder = tmp_path / f"{number}"
        folder.mkdir()
        died = dies(number, lambda at=folder: life(at, "a", "b", "c"))  # type: ignore[misc]  # of this turn
        if (folder / "journal.jsonl").exists():
            found = ends(folder)
            assert found == ["a", "b", "c"][: len(found)]
            counts.add(len(found))
            life(folder, "d")
            assert ends(folder) == [*found, "d"]
        if not died:
            break
    assert counts == {0, 1, 2, 3}
