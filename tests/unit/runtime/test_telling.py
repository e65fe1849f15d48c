"""Laws of what a play tells its controller, and when."""

from __future__ import annotations

from typing import Any

import pytest

from sloth.runtime.frames import WireError
from sloth.runtime.telling import Telling
from sloth.runtime.wire import WireClosed


class Line:
    """A peer whose messages can be read, with a line (`|`) wherever they left."""

    is_closed = False

    def __init__(self, fails=None):
        self.said = []
        self._fails = list(fails or [])

    def tell_soon(self, verb, event):
        assert verb == "event"
        if self._fails:
            raise self._fails.pop()
        self.said.append(event)

    def tell(self, verb, event):
        self.tell_soon(verb, event)
        self.said.append("|")

    def flush(self):
        self.said.append("|")

    def call(self, verb, args):
        self.said.append({"type": verb, "task": args["name"]})
        return "answer"

    def call_stream(self, verb, args):
        return self.call(verb, args), iter([b"bytes"])

    def words(self):
        return [one if one == "|" else one["type"].removeprefix("task_") + " " + one["task"] for one in self.said]


def started(task, **more):
    return {"type": "task_started", "task": task, "handler": False, **more}


def finished(task, **more):
    return {"type": "task_finished", "task": task, "handler": False, "status": "ok", **more}


def test_a_task_that_ends_at_once_is_told_of_once():
    line: Any = Line()
    telling = Telling(line)
    for event in (started("a"), finished("a"), started("b"), finished("b")):
        telling.tell(event)
    assert line.words() == ["finished a", "finished b"]
    assert [event["began"] for event in line.said] == [True, True]


@pytest.mark.parametrize(
    ("events", "words"),
    [
        pytest.param([finished("a")], ["finished a"], id="one that never began"),
        pytest.param([started("a"), started("b"), finished("b")], ["started a", "finished b"], id="side by side"),
        pytest.param(
            [started("a"), {"type": "log", "task": "a", "text": "x"}, finished("a")],
            ["started a", "log a", "finished a"],
            id="a line before its end",
        ),
        pytest.param([started("a"), finished("a", handler=True)], ["started a", "finished a"], id="a handler's name"),
        pytest.param(
            [started("a"), finished("a", awaited=True), started("b")], ["finished a", "|"], id="what others wait for"
        ),
        pytest.param(
            [started("a"), {"type": "task_phase", "task": "a", "awaited": True}],
            ["started a", "phase a", "|"],
            id="a time limit",
        ),
    ],
)
def test_what_is_told_keeps_its_order(events, words):
    line: Any = Line()
    telling = Telling(line)
    for event in events:
        telling.tell(event)
    assert line.words() == words


def test_what_has_begun_is_told_when_the_moment_is_over():
    line: Any = Line()
    telling = Telling(line)
    telling.tell(started("a"))
    assert line.words() == []
    telling.flush()
    telling.tell(finished("a"))
    assert line.words() == ["started a", "|", "finished a"]
    assert "began" not in line.said[-1]


@pytest.mark.parametrize("way", ["ask", "receive"])
def test_the_controller_is_asked_behind_what_was_told_before(way):
    line: Any = Line()
    telling = Telling(line)
    telling.tell(started("a"))
    assert getattr(telling, way)("announce", {"name": "ready"})
    telling.tell(finished("a"))
    assert line.words() == ["started a", "announce ready", "finished a"]


def test_fields_that_say_nothing_are_not_sent():
    line: Any = Line()
    Telling(line).tell(finished("a", outputs={}, changes=[], message="", duration=0.5))
    assert line.said == [{"type": "task_finished", "task": "a", "status": "ok", "duration": 0.5}]


def test_an_end_that_is_too_large_is_told_without_what_it_brought():
    line: Any = Line(fails=[WireError("17 MB")])
    telling = Telling(line)
    telling.tell(started("a"))
    telling.tell(finished("a", outputs={"x": "much"}))
    assert line.said[0]["began"] is True
    assert "outputs" not in line.said[0]
    assert "17 MB" in line.said[0]["message"]


def test_a_controller_that_is_gone_is_nothing_to_a_play():
    line: Any = Line(fails=[WireClosed("gone"), WireError("17 MB")])
    Telling(line).tell(finished("a"))
    assert line.said == []
