"""Ending one host's run before its time: from outside, by a task of it, and never by a host that makes it up."""

from __future__ import annotations

import threading

import pytest

from sloth.core.events import Event
from sloth.core.model import HostPlan
from sloth.engine.hostrun import HostRun
from sloth.runtime.failure import ActionFailed
from tests.unit.engine.hosts import FakeSession, finished, started, statuses, terms, until


def test_a_cancelled_run_accounts_for_its_tasks():
    session = FakeSession([started("a")], "hangs")

    def begin(hear):
        session.hear = hear
        return session, {}

    seen: list[Event] = []
    host_run = HostRun(HostPlan("h1", {"a": ()}), begin, terms(seen))
    thread = threading.Thread(target=host_run.go)
    thread.start()
    while not seen:
        pass
    host_run.cancel("stopped by Ctrl-C")
    host_run.hang_up()
    thread.join(5)
    assert session.told == ["cancel"]
    assert statuses(seen) == [("a", "cancelled")]


def test_a_host_that_is_still_connecting_is_left_at_once_when_the_run_is_cancelled():
    session, connecting, seen = FakeSession([]), threading.Event(), list[Event]()

    def begin(hear):
        connecting.wait(10)
        return session, {}

    host_run = HostRun(HostPlan("h1", {"a": ()}), begin, terms(seen))
    thread = threading.Thread(target=host_run.go)
    thread.start()
    host_run.cancel("stopped by Ctrl-C")
    thread.join(5)
    assert not thread.is_alive()
    assert statuses(seen) == [("a", "cancelled")]
    connecting.set()
    until(session.is_closed)
    assert session.jobs == []


@pytest.mark.parametrize(
    ("aborting", "word", "reason"),
    [
        pytest.param(
            {"a"}, "abort_if", "abort_if of task a holds on h1, which stops the workflow", id="a task with an abort_if"
        ),
        pytest.param({"a"}, "fail_fast", "task a failed on h1, and the workflow is fail_fast", id="fail_fast"),
        pytest.param((), "fail_fast", "", id="a host makes it up"),
        pytest.param({"a"}, "{host}", "", id="a host says something odd"),
    ],
)
def test_only_a_task_that_may_abort_ends_the_whole_run(aborting, word, reason):
    session, seen = FakeSession([finished("a", "failed", failure={"aborted": word})]), list[Event]()

    def begin(hear):
        session.hear = hear
        return session, {}

    host_run = HostRun(HostPlan("h1", {"a": ()}), begin, terms(seen, aborting=aborting))
    host_run.go()
    assert host_run.aborted == reason
    assert statuses(seen) == [("a", "failed")]


def test_a_host_that_was_cancelled_while_it_waited_for_its_lock_is_cancelled_and_not_failed():
    seen: list[Event] = []

    def begin(hear):
        host_run.cancel("stopped by Ctrl-C")
        raise ActionFailed("stopped by Ctrl-C", kind="cancelled")

    host_run = HostRun(HostPlan("h1", {"a": ()}), begin, terms(seen))
    host_run.go()
    assert statuses(seen) == [("a", "cancelled")]
