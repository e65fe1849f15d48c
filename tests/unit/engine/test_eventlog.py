"""Events of all runs, found again in their journals."""

from __future__ import annotations

import pytest

from sloth.core.errors import StoreError, UsageError
from sloth.core.events import LogLine, RunFinished, RunStarted, TaskFinished, TaskOutput, TaskStarted
from sloth.engine import eventlog
from sloth.engine.asked import Asked, Owner
from sloth.engine.eventlog import Filter
from sloth.engine.history import described
from sloth.engine.request import Request
from sloth.store import SqliteDatabase
from sloth.store.journal import Journal
from sloth.store.runs import Runs

EVENTS = [
    RunStarted("", "w", "/w.sloth", False, {"h1": ["a"], "h2": ["a"]}, 1.0),
    TaskStarted("h1", "a"),
    TaskOutput("h1", "a", "stdout", "text"),
    LogLine("h1", "a", "info", "said"),
    TaskFinished("h1", "a", "changed"),
    TaskFinished("h2", "a", "failed"),
    RunFinished("", "w", {}, 2, 1.0),
]


@pytest.fixture
def runs(tmp_path):
    folder = tmp_path / "runs"
    folder.mkdir()
    return Runs(folder, SqliteDatabase(tmp_path / "store.db"), described)


def written(runs: Runs, events=EVENTS) -> tuple[str, Journal]:
    run = runs.new()
    asked = Asked(run, "w", Request("/w.sloth"), {}, Owner("ada", "desk", 7))
    journal = Journal.begin(runs.journal(run), asked.plain())
    for event in events:
        journal(event)
    journal.settle()
    return run, journal


def ended(runs: Runs) -> str:
    run, journal = written(runs)
    journal.close()
    return run


@pytest.mark.parametrize(
    ("wanted", "numbers"),
    [
        (Filter(), [1, 2, 3, 4, 5, 6, 7]),
        (Filter(type="task_finished"), [5, 6]),
        (Filter(host="h2"), [6]),
        (Filter(task="a", type="log"), [4]),
        (Filter(since=1e12), []),
    ],
    ids=["all", "type", "host", "task", "since"],
)
def test_events_are_found_by_what_they_are_of(runs, wanted, numbers):
    run = ended(runs)
    assert [kept.number for kept in eventlog.find(runs, run, wanted, 50)] == numbers


def test_of_many_events_the_last_ones_are_shown(runs):
    ended(runs)
    run = ended(runs)
    found = eventlog.find(runs, None, Filter(), 3)
    assert [kept.number for kept in found] == [5, 6, 7] and found[0].run in runs.ids()
    assert [kept.number for kept in eventlog.find(runs, run, Filter(), 2)] == [6, 7]


def test_an_unknown_type_is_refused_with_a_near_match(runs):
    with pytest.raises(UsageError, match="no event 'task_finish'") as error:
        eventlog.find(runs, None, Filter(type="task_finish"), 5)
    assert "task_finished" in error.value.hint


def test_one_event_is_found_by_its_number(runs):
    run = ended(runs)
    assert eventlog.one(runs, run, 4).event == EVENTS[3]
    with pytest.raises(UsageError, match="no event 99"):
        eventlog.one(runs, run, 99)


def test_watching_a_run_shows_all_of_it_until_it_ends(runs):
    run, journal = written(runs, EVENTS[:2])
    seen = []
    for kept in eventlog.watch(runs, run, Filter(), glance=0.0):
        seen.append(kept.number)
        if kept.number == 2:
            journal(EVENTS[6])
            journal.settle()
            journal.close()
    assert seen == [1, 2, 3]


def test_what_goes_on_in_runs_that_were_there_before_has_its_own_numbers(runs):
    run, journal = written(runs, EVENTS[:2])
    coming = iter([EVENTS[4], EVENTS[6]])

    def over() -> bool:
        event = next(coming, None)
        if event is not None:
            journal(event)
            journal.settle()
        return event is None

    assert [kept.number for kept in eventlog.watch(runs, None, Filter(), over, glance=0.0)] == [3, 4]
    journal.close()
    assert eventlog.one(runs, run, 3).event.type == "task_finished"


def test_clearing_leaves_how_tasks_ended(runs):
    run = ended(runs)
    cleared, freed = eventlog.clear(runs, run, None)
    assert (cleared, freed > 0) == (1, True)
    assert [kept.event.type for kept in eventlog.of_run(runs, run)] == [
        "run_started", "task_started", "task_finished", "task_finished", "run_finished",
    ]  # fmt: skip


def test_a_run_that_goes_on_is_not_cleared(runs):
    run, journal = written(runs)
    assert eventlog.clear(runs, run, None) == (0, 0)
    journal.close()


def test_events_and_ends_of_tasks_are_counted(runs):
    ended(runs)
    ended(runs)
    counts = eventlog.count(runs, None)
    assert (counts.runs, counts.types["task_finished"], counts.statuses["failed"]) == (2, 4, 2)


def test_a_run_whose_journal_says_nothing_is_named(runs):
    run = runs.new()
    runs.journal(run).touch()
    with pytest.raises(StoreError, match=f"the journal of run {run} is empty"):
        eventlog.clear(runs, run, None)
