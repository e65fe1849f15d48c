"""Journals and the index of runs."""

from __future__ import annotations

import json

import pytest
from msgspec.structs import replace

from sloth.core.errors import RunBusy, StoreError, UsageError
from sloth.core.events import (
    Dispatched,
    LogLine,
    Measured,
    Notice,
    RunFinished,
    TaskFinished,
    TaskOutput,
    TaskRetrying,
    TaskStarted,
    event_of,
)
from sloth.runtime.linefile import LineFile
from sloth.store import SqliteDatabase, journal
from sloth.store.journal import Journal
from sloth.store.runs import SHORTEST, Entry, Runs, Wanted

ENTRY = Entry("", "site", "/site.sloth", "ada@desk", "apply", 100.0, None, None, 2)
EVENTS = [
    TaskStarted("h1", "a"),
    TaskFinished("h1", "a", "changed", outputs={"n": 0, "list": [1]}, notified=["x"], duration=0.5),
    RunFinished("1f", "site", {"h1": {"changed": 1}}, 0, 1.5),
]


@pytest.fixture
def path(tmp_path):
    return tmp_path / "journal.jsonl"


@pytest.fixture
def runs(tmp_path):
    folder = tmp_path / "runs"
    folder.mkdir()
    return Runs(folder, SqliteDatabase(tmp_path / "store.db"), lambda path: None)


def begun(runs, run, **more):
    """A run that is there and in the index."""
    runs.journal(run).parent.mkdir()
    Journal.begin(runs.journal(run), {"type": "run"}).close()
    runs.note(replace(ENTRY, id=run, **more), ["h1", "h2"])
    return run


def test_events_come_back_as_they_were(path):
    written = Journal.begin(path, {"type": "run"})
    for event in EVENTS:
        written(event)
    written.settle()
    assert [event_of(line) for _, line in journal.entries(path)][1:] == EVENTS


def test_nobody_else_may_read_a_journal(path):
    Journal.begin(path, {"type": "run"})
    assert path.stat().st_mode & 0o777 == 0o600


def test_a_run_that_goes_on_cannot_be_taken_up_elsewhere(path):
    first = Journal.begin(path, {"type": "run"})
    assert journal.is_alive(path)
    with pytest.raises(RunBusy):
        Journal.begin(path, {"type": "resumed"})
    first.close()
    assert not journal.is_alive(path)
    Journal.begin(path, {"type": "resumed"}).close()


def test_who_takes_up_a_run_while_its_journal_is_replaced_holds_the_new_one(path):
    Journal.begin(path, {"type": "run"}).close()
    waiting = LineFile(str(path))
    waiting.open()
    path.with_name("new").write_bytes(path.read_bytes())
    path.with_name("new").replace(path)
    assert waiting.hold()
    waiting.write(b'{"type":"resumed"}\n')
    assert b"resumed" in path.read_bytes()
    assert LineFile(str(path)).is_held()
    waiting.close()


def test_what_a_crash_tore_off_is_cut_away(path):
    Journal.begin(path, {"type": "run"}).close()
    with path.open("a") as file:
        file.write('{"type": "task_fin')
    assert [line["type"] for _, line in journal.entries(path)] == ["run"]
    Journal.begin(path, {"type": "resumed"}).close()
    assert [json.loads(line)["type"] for line in path.read_text().splitlines()] == ["run", "resumed"]


def test_a_place_that_cannot_be_written_is_a_clear_error(tmp_path):
    with pytest.raises(StoreError, match="cannot write"):
        Journal.begin(tmp_path / "missing" / "journal.jsonl", {"type": "run"})


def test_an_event_beyond_the_limit_loses_its_diff_and_keeps_its_outputs(path):
    written = Journal.begin(path, {"type": "run"})
    written(TaskFinished("h", "a", "changed", outputs={"n": 1}, diff=[{"path": "/x", "text": "x" * (2 << 20)}]))
    written.settle()
    kept = [line for _, line in journal.entries(path)][-1]
    assert kept["outputs"] == {"n": 1}
    assert "too large" in kept["diff"][0]["text"]


LINES = [
    pytest.param(lambda host: LogLine(host, "a", "info", "x" * 400), id="logs"),
    pytest.param(lambda host: TaskOutput(host, "a", "stdout", "x" * 400), id="output"),
    pytest.param(lambda host: TaskRetrying(host, "a", 1, 0.0, "x" * 400), id="attempts"),
    pytest.param(lambda host: Dispatched(host, "x", "x" * 400), id="events of its own"),
    pytest.param(lambda host: Measured(host, "x", "gauge", 1.0, {"x": "x" * 400}), id="metrics"),
    pytest.param(lambda host: Notice("x" * 400, host), id="notices about it"),
]


@pytest.mark.parametrize("line", LINES)
def test_what_a_host_says_beyond_its_limit_is_left_out_with_one_notice(path, line):
    written = Journal.begin(path, {"type": "run"}, room=1100)
    for event in (*[line("h")] * 4, TaskFinished("h", "a", "ok", outputs={"n": 1}), line("other")):
        written(event)
    written.settle()
    kept = [line for _, line in journal.entries(path)]
    kind = line("h").type
    assert [one["type"] for one in kept] == ["run", kind, kind, Notice.type, "task_finished", kind]
    assert (kept[3]["text"], kept[3]["host"]) == ("output and logs of this host beyond 1100 are not kept", "h")
    assert (kept[4]["outputs"], kept[5]["host"]) == ({"n": 1}, "other")


def test_the_lines_of_all_hosts_have_a_limit_too(path):
    written = Journal.begin(path, {"type": "run"}, whole=1100)
    for number in range(4):
        written(LogLine(f"h{number}", "a", "info", "x" * 400))
    written(TaskFinished("h", "a", "ok"))
    written.settle()
    types = [line["type"] for _, line in journal.entries(path)]
    assert types == ["run", "log", "log", Notice.type, "task_finished"]


@pytest.mark.parametrize(
    ("prefix", "message"),
    [("7f3", "beginning of several runs"), ("9", "no run"), ("", "no run")],
    ids=["ambiguous", "unknown", "empty"],
)
def test_a_prefix_that_means_no_one_run_is_refused(runs, prefix, message):
    begun(runs, "7f3a1111")
    begun(runs, "7f3b2222")
    with pytest.raises(UsageError, match=message):
        runs.find(prefix)


def test_a_prefix_that_means_one_run_finds_it(runs):
    begun(runs, "7f3a1111")
    begun(runs, "7f3b2222")
    assert runs.find("7f3b") == "7f3b2222"
    assert runs.shortened(["7f3a1111"]) == ["7f3a"]


def test_runs_that_begin_alike_are_shown_with_more_of_their_ids(runs):
    begun(runs, "7f3a1111")
    begun(runs, "7f3a1222")
    assert runs.shortened(["7f3a1111", "7f3a1222"]) == ["7f3a11", "7f3a12"]


def test_the_short_id_of_a_run_is_that_of_no_other_and_no_longer_than_it_must_be(runs):
    known = [f"{number:08b}" for number in range(256)] + ["7f3a0000"]
    for run in known:
        runs.journal(run).parent.mkdir()
        runs.journal(run).touch()
    for run, short in zip(known, runs.shortened(known), strict=True):
        assert [other for other in known if other.startswith(short)] == [run]
        assert len(short) == SHORTEST or len([other for other in known if other.startswith(short[:-1])]) > 1


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        (Wanted(), ["c", "b", "a"]),
        (Wanted(workflow="other"), ["b"]),
        (Wanted(host="h1"), ["c", "b", "a"]),
        (Wanted(host="h9"), []),
        (Wanted(since=150), ["c", "b"]),
        (Wanted(limit=1), ["c"]),
    ],
    ids=["all", "workflow", "host", "no host", "since", "limit"],
)
def test_the_index_answers(runs, wanted, found):
    begun(runs, "a")
    begun(runs, "b", workflow="other", started=200.0)
    begun(runs, "c", started=300.0)
    assert [entry.id for entry in runs.select(wanted)] == found


def test_the_end_of_a_run_takes_the_place_of_its_beginning(runs):
    begun(runs, "a")
    runs.note(replace(ENTRY, id="a", ended=200.0, exit_code=2))
    assert runs.entry("a").exit_code == 2


def test_a_run_that_the_index_missed_is_indexed_when_somebody_looks(tmp_path):
    folder = tmp_path / "runs"
    folder.mkdir()
    described = (replace(ENTRY, id="1f"), ["h1"])
    runs = Runs(folder, SqliteDatabase(tmp_path / "store.db"), lambda path: described)
    (folder / "1f").mkdir()
    Journal.begin(runs.journal("1f"), {"type": "run"}).close()
    assert [entry.id for entry in runs.select(Wanted(host="h1"))] == ["1f"]


@pytest.mark.parametrize(
    ("behind", "ended"),
    [([], None), ([TaskFinished("h1", "a", "ok", outputs={"type": "run_finished"})], None), ([EVENTS[2]], 200.0), ([EVENTS[2], Notice("x")], 200.0), ([EVENTS[2], "resumed"], None)],
    ids=["killed", "killed, and a host says otherwise", "ended", "ended with a notice behind", "taken up again and killed"],
)
def test_an_end_that_the_index_missed_is_indexed_when_somebody_looks(tmp_path, behind, ended):
    described = (replace(ENTRY, id="1f", ended=200.0, exit_code=0), ["h1"])
    (tmp_path / "runs" / "1f").mkdir(parents=True)
    runs = Runs(tmp_path / "runs", SqliteDatabase(tmp_path / "store.db"), lambda path: described)
    runs.note(replace(ENTRY, id="1f"), ["h1"])
    written = Journal.begin(runs.journal("1f"), {"type": "run"})
    for event in behind:
        if event == "resumed":
            written.close()
            written = Journal.begin(runs.journal("1f"), {"type": "resumed"})
        else:
            written(event)
            written.settle()
    assert runs.entry("1f").ended is None  # it is being written
    written.close()
    assert runs.entry("1f").ended == ended


def test_a_run_that_cannot_be_removed_is_named(runs):
    runs.journal("a").mkdir(parents=True)
    with pytest.raises(StoreError, match=r"cannot remove .*journal\.jsonl: is a directory"):
        runs.remove("a")


def test_a_removed_run_is_nowhere(runs):
    begun(runs, "a")
    runs.remove("a")
    assert runs.select(Wanted()) == [] and runs.ids() == []


@pytest.mark.parametrize(
    "odd",
    [
        pytest.param({"at": "soon"}, id="a time that is a word"),
        pytest.param({"at": 1e300}, id="a time beyond all calendars"),
        pytest.param({"host": None}, id="a host that is none"),
        pytest.param({"status": ["ok"]}, id="a status that is a list"),
        pytest.param({"outputs": "x"}, id="outputs that are a text"),
        pytest.param({"diff": [1]}, id="a difference that is a number"),
    ],
)
def test_an_event_that_makes_no_sense_is_a_damaged_journal(path, odd):
    Journal.begin(path, {"type": "run"}).close()
    with path.open("a") as file:
        file.write(json.dumps({"type": "task_finished", "host": "h1", "task": "a", "status": "ok", **odd}) + "\n")
    with pytest.raises(StoreError, match="is damaged: "):
        list(journal.events(path))
