"""One host's run: every planned task ends exactly once, whatever the host does."""

from __future__ import annotations

import threading
from contextlib import contextmanager

import pytest
from msgspec.structs import replace

from sloth.core.errors import ConnectionLost, ConnectionRefused, LockBusy
from sloth.core.events import Event, HostUnreachable, Notice, TaskFinished, TaskRetrying, TaskStarted
from sloth.core.model import HostPlan, Plan, Workflow
from sloth.engine.gates import Gates
from sloth.engine.hostrun import HostRun
from sloth.engine.ledger import LATE
from sloth.engine.pending import Due, Pending
from sloth.runtime.failure import ActionFailed
from tests.unit.engine.hosts import FakeSession, Passing, finished, started, statuses, terms, until


def run(events, ending=None, limits=None, connect=None, timer=None, **most):
    seen: list[Event] = []
    session = FakeSession(events, ending)

    def begin(hear):
        session.hear = hear
        return session, {}

    host_run = HostRun(
        HostPlan("h1", {"a": (), "b": ("a",)}), connect or begin, terms(seen, limits, timer=timer, **most)
    )
    host_run.go()
    return host_run, seen


def freeze():
    """Run on a host that begins a task, and is not heard of again."""
    timer = Passing()

    def events():
        yield started("a")
        timer.let_pass(60 + LATE)

    return run(events(), "hangs", limits={"a": 60}, timer=timer)


def test_events_of_the_host_are_passed_on():
    _, seen = run([started("a"), finished("a"), started("b"), finished("b", "changed")])
    assert statuses(seen) == [("a", "ok"), ("b", "changed")]


def test_a_host_that_cannot_be_reached_has_all_its_tasks_unreachable():
    def refuse(hear):
        raise ConnectionRefused("nothing listens", hint="is sshd running?")

    _, seen = run([], connect=refuse)
    assert isinstance(seen[0], HostUnreachable) and seen[0].kind == "refused"
    assert statuses(seen) == [("a", "unreachable"), ("b", "unreachable")]


def test_a_host_that_is_lost_midway_keeps_what_it_finished():
    _, seen = run([started("a"), finished("a"), started("b")], ConnectionLost("gone"))
    assert statuses(seen) == [("a", "ok"), ("b", "unreachable")]


@pytest.mark.parametrize("ending", [ConnectionLost("gone"), ActionFailed("it does not load")], ids=["lost", "refused"])
def test_a_host_that_ends_while_its_handlers_run_owes_them(ending):
    _, seen = run([finished("a", "changed", notified=["restart"]), finished("b")], ending)
    assert all(event.handler and event.blocks for event in seen if getattr(event, "task", "") == "restart")
    status = "unreachable" if isinstance(ending, ConnectionLost) else "failed"
    assert statuses(seen) == [("a", "changed"), ("b", "ok"), ("restart", status)]


def test_a_host_that_is_lost_when_its_handlers_have_run_owes_nothing():
    events = [finished("a", "changed", notified=["restart"]), finished("b"), finished("restart", handler=True)]
    assert statuses(run(events, ConnectionLost("gone"))[1])[2:] == [("restart", "ok")]


def test_a_host_without_lua_counts_as_unreachable():
    _, seen = run([], ActionFailed("there is no Lua extension for cp36-s390x", kind="no_lua"))
    assert isinstance(seen[0], HostUnreachable)
    assert seen[0].kind == "no_lua"
    assert statuses(seen) == [("a", "unreachable"), ("b", "unreachable")]


def test_a_busy_host_is_told_apart_from_a_failed_one():
    host_run, seen = run([], ActionFailed("ann works on this host", kind="lock_busy"))
    assert host_run.busy
    assert statuses(seen) == [("a", "failed"), ("b", "failed")]


@pytest.mark.parametrize(
    "odd",
    [
        pytest.param({"type": "nonsense"}, id="unknown type"),
        pytest.param(finished("a", "splendid"), id="unknown status"),
        pytest.param({}, id="nothing in it"),
        pytest.param(finished("a", ["ok"]), id="a status that is no word"),
    ],
)
def test_what_is_no_event_is_left_out_with_a_notice(odd):
    _, seen = run([odd, finished("a"), finished("b")])
    assert isinstance(seen[0], Notice)
    assert statuses(seen) == [("a", "ok"), ("b", "ok")]


def test_a_host_cannot_finish_a_task_twice_nor_one_it_was_not_given():
    _, seen = run([finished("a"), finished("a", "failed"), finished("other"), finished("b")])
    assert statuses(seen) == [("a", "ok"), ("b", "ok")]


TOLD = {"unknown task": "other", "handler as a task": "restart"}


@pytest.mark.parametrize("task", TOLD.values(), ids=TOLD)
@pytest.mark.parametrize("kind", ["task_started", "task_finished"])
def test_a_host_tells_of_no_task_that_it_was_not_given(kind, task):
    _, seen = run([{"type": kind, "task": task, "status": "ok"}, finished("a"), finished("b")])
    assert [type(event) for event in seen[:3]] == [Notice, TaskFinished, TaskFinished]


@pytest.mark.parametrize("kind", ["task_retrying", "task_output", "log"])
def test_a_host_says_nothing_of_tasks_that_nobody_knows(kind):
    lines = [{"type": kind, "task": task, "text": task} for task in ("other", "a", "restart", "more")]
    _, seen = run([*lines, finished("a"), finished("b")])
    assert [getattr(event, "task", "") for event in seen[:3]] == ["", "a", "restart"]


def test_nothing_begins_twice():
    _, seen = run([started("a"), started("a"), finished("a"), started("a"), finished("b"), started("b")])
    assert [event.task for event in seen if isinstance(event, TaskStarted)] == ["a"]


def test_a_task_that_was_told_of_once_began_before_it_ended():
    short = [finished("a", began=True), finished("b", began=True), finished("restart", handler=True, began=True)]
    _, seen = run([started("b"), *short])
    told = [(type(event), event.task) for event in seen if isinstance(event, (TaskStarted, TaskFinished))]
    both = [(kind, task) for task in ("a", "b", "restart") for kind in (TaskStarted, TaskFinished)]
    assert sorted(told, key=str) == sorted(both, key=str)
    assert [told.index((TaskStarted, task)) < told.index((TaskFinished, task)) for task in ("a", "b")] == [True, True]


def test_a_host_that_sends_more_results_than_it_may_fails_and_keeps_what_it_did():
    much = finished("b", outputs={"x": "x" * 5000})
    host_run, seen = run([finished("a", outputs={"n": 1}), much, finished("b")], "hangs", journal="2K")
    assert statuses(seen) == [("a", "ok"), ("b", "failed")]
    assert "more than it may in one run (limits.journal is 2K)" in seen[1].message
    assert not any(isinstance(event, HostUnreachable) for event in seen)
    assert host_run.session.is_closed()


def test_a_handler_that_ends_again_and_again_is_too_much():
    again = finished("restart", handler=True)
    _, seen = run([finished("a"), *[again] * 100], "hangs", journal="2K")
    assert len(seen) < 20
    assert statuses(seen)[-1] == ("b", "failed")


def test_differences_beyond_what_is_kept_of_them_count_as_little():
    diff = [{"path": "/x", "text": "x" * (1 << 20)}] * 5
    _, seen = run([finished("a", diff=diff), finished("b")], journal="2M")
    assert statuses(seen) == [("a", "ok"), ("b", "ok")]


def test_handlers_count_as_well_but_only_those_of_the_workflow():
    _, seen = run(
        [finished("a"), finished("b"), finished("restart", "changed", handler=True), finished("x", handler=True)]
    )
    assert statuses(seen) == [("a", "ok"), ("b", "ok"), ("restart", "changed")]


def test_a_frozen_host_does_not_stretch_the_time_limit():
    _, seen = freeze()
    assert statuses(seen) == [("a", "timed_out"), ("b", "unreachable")]


def test_a_frozen_host_is_called_unreachable_once():
    _, seen = freeze()
    assert [str(event.message) for event in seen if isinstance(event, HostUnreachable)] == [
        "h1 does not answer any more"
    ]


def test_a_host_that_was_left_out_says_so_for_each_task():
    seen: list[Event] = []
    HostRun(HostPlan("h1", {"a": (), "b": ()}), lambda hear: (FakeSession([]), {}), terms(seen)).leave_out("not begun")
    assert [(event.status, event.blocks) for event in seen if isinstance(event, TaskFinished)] == [
        ("skipped", True)
    ] * 2


def test_a_host_that_only_waits_gives_its_slot_back_and_takes_one_before_it_goes_on():
    plan = HostPlan("h1", {"a": ()}, {"a": ("db",)})
    gates = Gates(Plan(Workflow("w", "w:1"), (HostPlan("h2", {"db": ()}), plan), (), {"db": (("h2", "db"),)}))
    session = FakeSession([{"type": "host_waiting"}], "hangs")

    def begin(hear):
        session.hear = hear
        return session, {}

    seen: list[Event] = []
    shared = terms(seen, gates=gates)
    thread = threading.Thread(target=HostRun(plan, begin, shared).go)
    thread.start()
    assert shared.slots.acquire(timeout=5)  # another host has the place now
    gates.take(TaskFinished("h2", "db", "ok", outputs={"port": 1}))
    assert session.told == []
    shared.slots.release()
    until(lambda: session.told == ["gate"])
    session.close()
    thread.join(5)
    assert shared.slots.acquire(timeout=5)


def test_a_gate_that_is_open_already_comes_with_the_job():
    plan = HostPlan("h1", {"a": ()}, {"a": ("db",)})
    gates = Gates(Plan(Workflow("w", "w:1"), (HostPlan("h2", {"db": ()}), plan), (), {"db": (("h2", "db"),)}))
    gates.take(TaskFinished("h2", "db", "ok", outputs={"port": 1}))
    session = FakeSession([finished("a")])
    HostRun(plan, lambda hear: (session, {}), terms([], gates=gates)).go()
    assert session.jobs[0]["gates"] == [{"name": "db", "ok": True, "outputs": {"port": 1}}]


def test_each_condition_attempt_and_hook_has_the_time_limit_for_itself():
    timer, phase = Passing(), {"type": "task_phase", "task": "a"}

    def slowly():
        yield started("a")
        for _ in range(2):
            timer.let_pass(50)  # each less than the limit, together more than that
            yield phase
        yield finished("a")
        yield finished("b")

    _, seen = run(slowly(), limits={"a": 60}, timer=timer)
    assert statuses(seen) == [("a", "ok"), ("b", "ok")]


def test_a_host_cannot_begin_a_task_twice_nor_one_it_was_not_given():
    retrying = {"type": "task_retrying", "task": "other", "attempt": 1, "delay": 0.1}
    again = {"type": "task_started", "task": "restart", "handler": True}
    _, seen = run([started("a"), started("a"), started("other"), retrying, finished("a"), started("a"), again, again])
    begun = [(event.task, event.handler) for event in seen if isinstance(event, TaskStarted)]
    assert begun == [("a", False), ("restart", True)]
    assert not [event for event in seen if isinstance(event, TaskRetrying)]


def test_a_handler_that_was_flushed_may_begin_once_more():
    again = [{**started("restart"), "handler": True}, finished("restart", handler=True)]
    _, seen = run([*again, *again])
    assert [event.task for event in seen if isinstance(event, TaskStarted)] == ["restart", "restart"]


@pytest.mark.parametrize(
    ("events", "left"),
    [
        pytest.param(
            [finished("a", "changed", notified=["restart"]), finished("b", "failed")], ["restart"], id="not run"
        ),
        pytest.param(
            [finished("a", "changed", notified=["restart"]), finished("restart", "changed", handler=True)], [], id="run"
        ),
        pytest.param([finished("restart", "failed", handler=True)], ["restart"], id="run in vain"),
        pytest.param(
            [finished("restart", "failed", handler=True), finished("restart", "ok", handler=True)], [], id="run twice"
        ),
        pytest.param([finished("a", "changed", notified=["unknown"])], [], id="no handler of the workflow"),
    ],
)
def test_handlers_that_did_not_run_are_kept_for_the_next_run(tmp_path, events, left):
    pending = Pending(tmp_path, "w")
    if not left or events[0]["task"] == "restart":
        pending.keep("h1", ["restart", "gone from the workflow"])
    session = FakeSession(events)

    def begin(hear):
        session.hear = hear
        return session, {}

    HostRun(HostPlan("h1", {"a": (), "b": ()}), begin, terms([], pending=pending)).go()
    assert pending.of("h1") == (left if "unknown" not in str(events) else ["restart"])


def held_by_another(host, wanted):
    raise LockBusy("ann works on h1")


def test_a_host_that_another_run_has_is_busy_and_is_not_touched():
    seen: list[Event] = []
    host_run = HostRun(HostPlan("h1", {"a": ()}), fail_to_begin, replace(terms(seen), hold=held_by_another))
    host_run.go()
    assert host_run.busy
    assert statuses(seen) == [("a", "failed")]


def test_a_host_is_held_until_its_session_is_closed():
    seen: list[Event] = []
    session, order = FakeSession([started("a"), finished("a")]), []

    @contextmanager
    def hold(host, wanted):
        assert wanted()
        yield lambda: order.append("ended")
        order.append("closed" if session._closed.is_set() else "open")

    def begin(hear):
        session.hear = hear
        return session, {}

    HostRun(HostPlan("h1", {"a": ()}), begin, replace(terms(seen), hold=hold)).go()
    assert order == ["ended", "closed"]


def fail_to_begin(hear):
    raise ConnectionRefused("nothing listens")


def test_pending_handlers_of_a_host_that_is_not_reached_stay_pending(tmp_path):
    pending = Pending(tmp_path, "site.sloth#w")
    pending.keep("h1", ["restart"])
    HostRun(HostPlan("h1", {"a": ()}), fail_to_begin, terms([], pending=pending)).go()
    assert pending.of("h1") == ["restart"]


def test_a_handler_is_owed_from_the_moment_it_is_notified(tmp_path):
    pending = Pending(tmp_path, "w")
    due = Due("h1", pending, ["restart"])
    due.take(TaskFinished("h1", "a", "changed", notified=["restart"]))
    assert pending.of("h1") == ["restart"]
    due.take(TaskFinished("h1", "restart", "ok", handler=True))
    assert pending.of("h1") == []


def test_what_an_earlier_life_did_is_not_waited_for(tmp_path):
    seen: list[Event] = []
    session = FakeSession([finished("b")])

    def begin(hear):
        session.hear = hear
        return session, {}

    plan = HostPlan("h1", {"a": (), "b": ("a",)})
    HostRun(plan, begin, terms(seen), {"a": TaskFinished("h1", "a", "ok", exports={"n": 1})}).go()
    assert statuses(seen) == [("b", "ok")]


def test_a_host_with_nothing_left_is_not_connected_to():
    seen: list[Event] = []
    plan, done = HostPlan("h1", {"a": ()}), {"a": TaskFinished("h1", "a", "ok")}
    HostRun(plan, lambda hear: pytest.fail("it connected"), terms(seen), done).go()
    assert seen == []


@pytest.mark.parametrize(("kept", "told"), [(True, ["forget"]), (False, [])], ids=["kept", "not kept"])
def test_a_host_forgets_only_what_is_written_down_here(kept, told):
    session = FakeSession([])
    HostRun(HostPlan("h1", {"a": ()}), lambda hear: (session, {}), replace(terms([]), kept=lambda: kept)).go()
    assert session.told == told


def test_where_handlers_that_are_due_cannot_be_written_down_the_host_goes_on(tmp_path):
    pending = Pending(tmp_path / "pending", "w")
    (tmp_path / "pending").symlink_to(tmp_path / "nowhere/at all")  # there is nothing, and nothing can be made
    session, seen = FakeSession([finished("a", "changed", notified=["restart"]), finished("b")]), list[Event]()

    def begin(hear):
        session.hear = hear
        return session, {}

    HostRun(HostPlan("h1", {"a": (), "b": ()}), begin, terms(seen, pending=pending)).go()
    assert statuses(seen) == [("a", "changed"), ("b", "ok")]
    assert isinstance(seen[0], Notice) and "cannot be written down" in seen[0].text
