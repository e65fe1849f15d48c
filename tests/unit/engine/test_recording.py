"""Writing a run down: soon, in order, and whatever the disk says the run goes on."""

from __future__ import annotations

import errno
import json

import pytest

from sloth.core.errors import StoreError
from sloth.core.events import Event, Notice, RunFinished, RunStarted, TaskFinished
from sloth.engine.asked import Asked, Owner
from sloth.engine.history import History, described
from sloth.engine.masking import Mask
from sloth.engine.recording import Recorder
from sloth.engine.request import Request
from sloth.store import SqliteDatabase
from sloth.store.journal import Journal
from sloth.store.runs import Runs


class FullDisk(Journal):
    """A journal on a disk that takes nothing more once it is `full`."""

    full = False

    def settle(self, *, force: bool = False) -> None:
        if self.full:
            raise OSError(errno.ENOSPC, "No space left on device")
        super().settle(force=force)


@pytest.fixture
def begun(tmp_path):
    (tmp_path / "runs").mkdir()
    runs = Runs(tmp_path / "runs", SqliteDatabase(tmp_path / "store.db"), described)
    run = runs.new()
    asked = Asked(run, "w", Request("/w.sloth"), {}, Owner("ada", "desk", 7))
    said: list[Event] = []
    journal = FullDisk.begin(runs.journal(run), asked.plain())
    return Recorder(journal, runs, History(asked, asked.owner), said.append, Mask()), journal, runs, run, said


def test_what_is_kept_is_on_the_disk(begun):
    recorder, _, runs, run, _ = begun
    with recorder:
        recorder.publish(TaskFinished("h1", "a", "ok"))
        assert recorder.kept()
        last = runs.journal(run).read_text().splitlines()[-1]
        assert json.loads(last)["task"] == "a"
    recorder.check()


def test_the_index_knows_the_beginning_and_the_end(begun):
    recorder, _, runs, run, _ = begun
    with recorder:
        recorder.publish(RunStarted(run, "w", "/w.sloth", False, {"h1": ["a"]}, 5.0))
        recorder.kept()
        assert (runs.entry(run).started, runs.entry(run).exit_code) == (5.0, None)
        recorder.publish(RunFinished(run, "w", {}, 2, 1.0))
    assert runs.entry(run).exit_code == 2


def test_a_life_that_never_began_leaves_the_journal_as_it_was(begun):
    recorder, _, runs, run, said = begun
    with recorder:
        recorder.publish(RunStarted(run, "w", "/w.sloth", False, {"h1": ["a"]}, 5.0))
    path = runs.journal(run)
    before = path.read_bytes()
    asked = Asked(run, "w", Request("/w.sloth"), {}, Owner("ada", "desk", 8))
    again = Journal.begin(path, asked.resumed(False, None))
    assert path.read_bytes() != before
    with Recorder(again, runs, History(asked, asked.owner), said.append, Mask()) as second:
        pass
    second.check()
    assert path.read_bytes() == before


def test_an_index_that_takes_nothing_costs_the_run_nothing(begun):
    recorder, _, runs, run, said = begun
    with recorder:
        recorder.publish(RunStarted(run, "w", "/w.sloth", False, {"h1": ["a"]}, 5.0))
        recorder.kept()
        runs.note = refuse
        recorder.publish(RunFinished(run, "w", {}, 2, 1.0))
    recorder.check()
    assert [type(event) for event in said] == [Notice]
    assert "the index of runs cannot be written, the run itself is: disk full" in said[0].text
    del runs.note
    assert runs.entry(run).exit_code == 2  # from its journal


def refuse(*_):
    raise StoreError("disk full")


def test_a_full_disk_is_said_at_once_and_is_an_error_at_the_end_and_stops_nothing(begun):
    recorder, journal, _, _, said = begun
    with recorder:
        journal.full = True
        recorder.publish(TaskFinished("h1", "a", "ok"))
        assert not recorder.kept()
        recorder.publish(TaskFinished("h1", "b", "ok"))
        assert not recorder.kept()
    assert [type(event) for event in said] == [Notice]
    assert "No space left" in said[0].text
    with pytest.raises(StoreError, match="not written down completely"):
        recorder.check()
