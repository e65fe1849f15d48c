"""What is left of a run, from its journal's lines."""

from __future__ import annotations

import pytest

from sloth.core.errors import StoreError, UsageError
from sloth.core.events import RunFinished, RunStarted, TaskFinished, TaskStarted
from sloth.core.model import HostPlan, Plan, Workflow
from sloth.engine import history as histories
from sloth.engine.asked import Asked, Owner, read
from sloth.engine.request import Request, Targets
from sloth.engine.resuming import Scope, rest_of

INPUTS = {"source site.sloth": {"": "1"}}
ASKED = Asked("1f", "w", Request("/site.sloth", Targets(password="hunter2", become_password="hunter3")), INPUTS, Owner("ada", "desk", 7))  # fmt: skip
PLAN = Plan(
    Workflow("w", "w:1"),
    (
        HostPlan("h1", {"a": (), "b": ("a",), "c": ("b",)}),
        HostPlan("h2", {"a": (), "b": ("a",), "d": ("b",)}, {"d": ("c",)}, batch=1),
    ),
    (("h1",), ("h2",)),
    {"c": (("h1", "c"),)},
)


def end(host, task, status="ok", **more):
    return TaskFinished(host, task, status, **more)


def history(*events):
    lines = [ASKED.plain(), *(event.plain() if not isinstance(event, dict) else event for event in events)]
    return histories.from_lines(lines, "1f")


def rest(choice, *events):
    found = rest_of(PLAN, history(*events), choice)
    left = {
        host.host: [task for task in host.tasks if (host.host, task) not in found.done] for host in found.plan.hosts
    }
    return {host: tasks for host, tasks in left.items() if tasks}


FAILED = [
    end("h1", "a", "changed"),
    end("h1", "b", "failed", blocks=True),
    end("h1", "c", "skipped", blocks=True),
    end("h2", "a"),
    end("h2", "b"),
    end("h2", "d", "skipped", blocks=True),
]


def test_the_history_of_one_host_is_that_of_this_host_alone():
    begun = RunStarted("1f", "w", "/site.sloth", False, {"h1": ["a", "b", "c"], "h2": ["a", "b", "d"]}, 1.0)
    finished = RunFinished("1f", "w", {"h1": {"ok": 3}, "h2": {"failed": 1}}, 2, 1.0)
    whole = history(begun, *FAILED, finished)
    one = whole.of("h2")
    assert (list(one.hosts), {host for host, _ in one.ends}) == (["h2"], {"h2"})
    assert one.finished is not None and one.finished.counts == {"h2": {"failed": 1}}
    assert whole.of(task="a") is whole


@pytest.mark.parametrize(
    ("names", "hint"),
    [({"host": "hh1"}, "did you mean 'h1'?"), ({"task": "aa"}, "did you mean 'a'?"), ({"task": "zzz"}, "tasks: a, b, c, d")],
    ids=["host", "task", "nothing near"],
)
def test_a_name_that_the_run_does_not_have_is_refused(names, hint):
    begun = RunStarted("1f", "w", "/site.sloth", False, {"h1": ["a", "b", "c"], "h2": ["a", "b", "d"]}, 1.0)
    with pytest.raises(UsageError, match="the run has no") as caught:
        history(begun).of(**names)
    assert caught.value.hint == hint


def test_what_ended_well_is_not_left():
    assert rest(Scope(), end("h1", "a"), end("h1", "b", "changed"), end("h2", "a", "skipped")) == {
        "h1": ["c"],
        "h2": ["b", "d"],
    }


@pytest.mark.parametrize("status", ["failed", "timed_out", "unreachable", "cancelled"])
def test_what_did_not_end_well_is_left(status):
    assert rest(Scope(), end("h1", "a", status, blocks=True))["h1"] == ["a", "b", "c"]


def test_a_failure_that_does_not_matter_is_done():
    assert rest(Scope(), end("h1", "a", "failed", ignored=True))["h1"] == ["b", "c"]


def test_the_last_life_counts():
    later = {"type": "resumed", "owner": {"name": "bob", "machine": "lap", "pid": 8}, "inputs": ASKED.plain()["inputs"]}
    found = history(*FAILED, RunFinished("1f", "w", {}, 2, 1.0), later, end("h1", "b"))
    assert found.lives == 2 and found.finished is None and str(found.owner) == "bob@lap"
    assert ("h1", "b") in found.done


def test_only_failed_takes_what_failed_and_what_was_skipped_for_it_also_elsewhere():
    assert rest(Scope(failed=True), *FAILED) == {"h1": ["b", "c"], "h2": ["d"]}


def test_only_failed_leaves_out_what_was_never_begun():
    assert rest(Scope(failed=True), *FAILED[:3]) == {"h1": ["b", "c"]}
    assert rest(Scope(), *FAILED[:3]) == {"h1": ["b", "c"], "h2": ["a", "b", "d"]}


def test_only_failed_leaves_out_what_waits_for_something_that_was_never_begun():
    events = [
        end("h1", "a", "failed", blocks=True),
        end("h2", "a"),
        end("h2", "b"),
        end("h2", "d", "skipped", blocks=True),
    ]
    assert rest(Scope(failed=True), *events) == {"h1": ["a"]}


def test_a_handler_that_failed_is_not_done_and_its_host_is_among_those_that_failed():
    events = [end(host, task) for host, task in (("h1", "a"), ("h1", "b"), ("h1", "c"), ("h2", "a"), ("h2", "b"), ("h2", "d"))]
    failed = end("h2", "restart", "failed", handler=True, blocks=True)
    ran = end("h1", "restart", "changed", handler=True)
    found = rest_of(PLAN, history(*events, ran, failed), Scope(failed=True))
    assert [(host.host, host.batch) for host in found.plan.hosts] == [("h2", 0)]
    assert list(found.handlers) == [("h1", "restart")]
    assert found.left == 0


def test_the_batches_hold_only_hosts_that_are_left():
    assert rest_of(PLAN, history(*FAILED[:3]), Scope(failed=True)).plan.batches == (("h1",),)


def test_from_runs_a_task_and_all_behind_it_again_and_nothing_before():
    events = [end("h1", "a", "failed", blocks=True), end("h1", "b"), end("h1", "c"), end("h2", "a")]
    assert rest(Scope(start="b"), *events) == {"h1": ["b", "c"], "h2": ["b", "d"]}


def test_from_an_unknown_task_is_refused_with_a_near_match():
    with pytest.raises(UsageError, match="no task 'bb'") as error:
        rest(Scope(start="bb"))
    assert error.value.hint


def test_a_task_that_began_and_did_not_end_was_running():
    started = RunStarted("1f", "w", "/site.sloth", False, {"h1": ["a"]}, 5.0)
    assert list(history(started, TaskStarted("h1", "a")).running) == [("h1", "a")]


@pytest.mark.parametrize(
    "line",
    [
        {"type": "resumed"},
        {"type": "resumed", "owner": []},
        {"type": "resumed", "owner": {"name": "ada", "machine": "desk", "pid": "one"}, "inputs": {}},
        {"type": "run_started", "hosts": 7},
        {"type": "log", "at": "soon"},
    ],
    ids=["no owner", "an odd owner", "an odd process", "odd hosts", "an odd time"],
)
def test_a_line_that_makes_no_sense_is_a_clear_error(line):
    with pytest.raises(StoreError, match="damaged"):
        history(line)


def test_what_was_asked_comes_back_without_its_passwords():
    plain = ASKED.plain()
    assert "hunter" not in str(plain)
    again = read(plain, "1f")
    assert again.request.file == "/site.sloth" and again.inputs == INPUTS and again.owner == ASKED.owner


@pytest.mark.parametrize(
    "lines",
    [
        pytest.param([], id="empty"),
        pytest.param([{"type": "run", "version": 99}], id="of another version"),
        pytest.param([{"type": "run", "version": 1}], id="damaged"),
        pytest.param([{**ASKED.plain(), "owner": {"name": "ada", "machine": "desk", "pid": "one"}}], id="an odd process"),
        pytest.param([{**ASKED.plain(), "request": {"file": None, "targets": {}}}], id="no file"),
        pytest.param([{**ASKED.plain(), "request": {"file": "x", "tags": 7, "targets": {}}}], id="odd tags"),
        pytest.param([{**ASKED.plain(), "request": {"file": "x", "targets": {"inventory": [7]}}}], id="an odd inventory"),
        pytest.param([{"x": 1}], id="something else"),
    ],
)
def test_what_is_no_journal_is_a_clear_error(lines):
    with pytest.raises(StoreError):
        histories.from_lines(lines, "1f")
