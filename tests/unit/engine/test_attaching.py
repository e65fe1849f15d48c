"""Collecting what a host did by itself: whatever it answers, nothing is told twice, and no end is made up."""

from __future__ import annotations

import threading

import pytest

from sloth.core.errors import ConnectionRefused
from sloth.core.events import Event, HostCollected, HostUnreachable, Notice, TaskFinished
from sloth.engine.allowance import JOURNAL
from sloth.engine.attaching import Collector, HostPart
from sloth.engine.incoming import Incoming
from sloth.engine.pending import Due, Pending
from sloth.runtime.failure import ActionFailed
from tests.unit.engine.hosts import allowances


class FakeSession:
    """A host that tells these events when it is asked, and then answers."""

    def __init__(self, events, answer):
        self.warnings = []
        self.uploading = 0.0
        self.asked = []
        self.told = []
        self.hear = {}
        self._events = events
        self._answer = answer

    def call(self, verb, args):
        self.asked.append((verb, args))
        for event in self._events:
            self.hear["event"](event)
        if isinstance(self._answer, Exception):
            raise self._answer
        return self._answer

    def tell(self, verb, args):
        self.told.append(verb)

    def close(self):
        pass


def finished(task, status="changed", **more):
    return {"type": "task_finished", "task": task, "status": status, **more}


def collect(events, answer, tasks=("a", "b"), heard=0, pending=None, cancel=False, kept=True, **most):
    seen: list[Event] = []
    session = FakeSession(events, answer)

    def open_session(hear):
        session.hear = hear
        return session

    known = HostPart("1f", "h1", frozenset(tasks), heard)
    due = Due("h1", pending, ["restart"])
    incoming = Incoming("h1", ["a", "b"], ["restart"], allowances(**most).of("h1", JOURNAL), seen.append)
    collector = Collector(known, open_session, incoming, due, seen.append, lambda: kept, cancel=cancel)
    collector.go()
    return collector, session, seen


def ends(seen):
    return [(event.task, event.status) for event in seen if isinstance(event, TaskFinished)]


def test_what_a_host_did_is_told_and_the_host_forgets_it():
    collector, session, seen = collect([finished("a"), finished("b")], {"counts": {}, "exports": {"n": 1}})
    assert ends(seen) == [("a", "changed"), ("b", "changed")]
    assert seen[-1] == HostCollected("h1", {"n": 1})
    assert collector.is_over and session.told == ["forget"]


def test_a_host_does_not_forget_what_is_not_written_down_here():
    _, session, _ = collect([finished("a"), finished("b")], {"counts": {}}, kept=False)
    assert session.told == []


@pytest.mark.parametrize(
    ("answer", "why"),
    [({"lost": True}, "turned off"), ({"missing": True}, "knows nothing"), ({"error": "no Lua"}, "no Lua")],
    ids=["lost", "missing", "error"],
)
def test_a_host_that_stopped_in_the_middle_says_how_far_it_came(answer, why):
    collector, _, seen = collect([finished("a")], answer)
    assert ends(seen) == [("a", "changed"), ("b", "cancelled")]
    assert why in next(event.message for event in seen if isinstance(event, TaskFinished) and event.task == "b")
    assert collector.is_over


def test_a_host_that_cannot_be_reached_goes_on_and_none_of_its_tasks_has_ended():
    seen: list[Event] = []

    def refuse(hear):
        raise ConnectionRefused("nothing listens")

    known = HostPart("1f", "h1", frozenset({"a"}), 0)
    incoming = Incoming("h1", ["a"], [], allowances().of("h1", JOURNAL), seen.append)
    collector = Collector(known, refuse, incoming, Due("h1", None, ()), seen.append, lambda: True, cancel=False)
    collector.go()
    assert [type(event) for event in seen] == [HostUnreachable]
    assert not collector.is_over


def test_what_is_known_is_not_asked_for_again_and_not_told_again():
    _, session, seen = collect([finished("a"), finished("b")], {"counts": {}}, tasks=("b",), heard=7)
    assert session.asked[0][1]["skip"] == 7
    assert ends(seen) == [("b", "changed")]


def test_cancelling_asks_the_host_to_stop():
    _, session, _ = collect([], {"counts": {}}, cancel=True)
    assert session.asked[0] == ("attach", {"run": "1f", "host": "h1", "skip": 0, "cancel": True})


def test_what_makes_no_sense_is_left_out():
    _, _, seen = collect([{"type": "nonsense"}, {"type": "more"}, finished("zzz"), finished("a")], {"counts": {}}, tasks=("a",))
    assert ends(seen) == [("a", "changed")]
    assert sum(isinstance(event, Notice) for event in seen) == 1


@pytest.mark.parametrize("kind", ["task_started", "task_retrying", "task_output"])
def test_a_host_tells_of_no_task_that_it_was_not_given(kind):
    _, _, seen = collect([{"type": kind, "task": "zzz"}, {"type": kind, "task": "a"}, finished("a")], {"counts": {}})
    assert [(event.type, getattr(event, "task", "")) for event in seen[:2]] == [("notice", ""), (kind, "a")]


def test_nothing_begins_twice():
    begun = {"type": "task_started", "task": "a"}
    _, _, seen = collect([begun, begun, finished("a"), begun], {"counts": {}}, tasks=("a",))
    assert [event.type for event in seen] == ["task_started", "task_finished", "host_collected"]


@pytest.mark.parametrize(
    ("events", "answer"),
    [([finished("b", outputs={"x": "x" * 5000})], {"counts": {}}), ([], {"counts": {}, "exports": {"x": "x" * 5000}})],
    ids=["results", "exports"],
)
def test_a_host_that_did_more_than_may_be_told_can_be_asked_again(events, answer):
    collector, session, seen = collect([finished("a"), *events, finished("b")], answer, journal="2K")
    notices = [event.text for event in seen if isinstance(event, Notice)]
    assert len(notices) == 1 and "limits.journal is 2K" in notices[0]
    assert not collector.is_over and session.told == []


def test_handlers_that_it_left_over_are_owed(tmp_path):
    pending = Pending(tmp_path, "w")
    collect([finished("a", notified=["restart"])], {"lost": True}, pending=pending)
    assert pending.of("h1") == ["restart"]


def test_a_runtime_that_refuses_is_a_notice():
    collector, _, seen = collect([], ActionFailed("no such call: attach"))
    assert isinstance(seen[0], Notice) and not collector.is_over


def test_who_is_still_connecting_is_left_at_once():
    connecting, late = threading.Event(), threading.Event()
    session = FakeSession([finished("a")], {"counts": {}})

    def open_session(hear):
        connecting.set()
        late.wait(10)
        return session

    known = HostPart("1f", "h1", frozenset({"a"}), 0)
    seen: list[Event] = []
    incoming = Incoming("h1", ["a"], [], allowances().of("h1", JOURNAL), seen.append)
    collector = Collector(known, open_session, incoming, Due("h1", None, ()), seen.append, lambda: True, cancel=False)
    going = threading.Thread(target=collector.go)
    going.start()
    assert connecting.wait(10)
    collector.cancel("stopped by Ctrl-C")
    going.join(5)
    assert not going.is_alive()
    late.set()
    assert (seen, session.asked, collector.is_over) == ([], [], False)
