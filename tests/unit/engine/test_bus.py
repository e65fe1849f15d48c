"""The event bus: order, and that nobody who listens can harm the run."""

from __future__ import annotations

import threading

import pytest

from sloth.core.errors import OutputLost
from sloth.core.events import Event, LogLine, Notice, TaskFinished
from sloth.engine.bus import Bus
from sloth.engine.masking import Mask


def line(number: int) -> LogLine:
    return LogLine("h1", "a", "info", str(number))


def test_every_event_is_delivered_in_order_before_the_bus_ends():
    seen: list[Event] = []
    events = [line(number) for number in range(1000)]
    with Bus([seen.append]) as bus:
        for event in events:
            bus.publish(event)
    assert seen == events


def test_a_broken_subscriber_is_left_out_and_the_others_go_on():
    seen: list[Event] = []

    def broken(event: Event) -> None:
        raise BrokenPipeError

    with Bus([broken, seen.append]) as bus:
        bus.publish(line(1))
        bus.publish(line(2))
    assert seen == [line(1), line(2)]
    bus.check()  # a closed pipe is no fault


def test_results_that_could_not_be_written_are_an_error_at_the_end():
    def full(event: Event) -> None:
        raise OSError(28, "No space left on device")

    with Bus([full]) as bus:
        bus.publish(line(1))
    with pytest.raises(OutputLost, match="cannot be written: No space left"):
        bus.check()


def test_a_fault_of_a_subscriber_is_not_swallowed():
    def faulty(event: Event) -> None:
        raise KeyError("x")

    with Bus([faulty]) as bus:
        bus.publish(line(1))
    with pytest.raises(KeyError):
        bus.check()


def test_a_slow_subscriber_costs_lines_but_no_results():
    seen: list[Event] = []
    go_on = threading.Event()

    def slow(event: Event) -> None:
        go_on.wait(5)
        seen.append(event)

    with Bus([slow], backlog=10) as bus:
        for number in range(100):
            bus.publish(line(number))
        bus.publish(TaskFinished("h1", "a", "ok"))
        go_on.set()
    assert TaskFinished("h1", "a", "ok") in seen
    assert len(seen) < 20
    assert isinstance(seen[-1], Notice)
    assert "left out" in seen[-1].text


def test_long_lines_that_wait_take_no_more_than_their_room():
    seen: list[Event] = []
    go_on = threading.Event()

    def slow(event: Event) -> None:
        go_on.wait(5)
        seen.append(event)

    with Bus([slow], room=1000) as bus:
        for _ in range(100):
            bus.publish(LogLine("h1", "a", "info", "x" * 100))
        go_on.set()
    lines = [event for event in seen if isinstance(event, LogLine)]
    assert 10 <= len(lines) <= 11
    with Bus([seen.append], room=100) as bus:
        bus.publish(LogLine("h1", "a", "info", "y" * 100))
    assert seen[-1] == LogLine("h1", "a", "info", "y" * 100)


def test_flushing_waits_until_all_is_delivered_and_settled():
    heard: list[object] = []
    with Bus([heard.append], settle=lambda: heard.append("settled")) as bus:
        for number in range(100):
            bus.publish(Notice(str(number)))
        bus.flush()
        assert [event.text for event in heard if isinstance(event, Notice)] == [str(number) for number in range(100)]
        assert heard[-1] == "settled"


def test_what_nobody_waits_for_is_settled_soon_and_not_each_by_itself():
    heard: list[Event] = []
    settled: list[int] = []
    delivered, all_is_settled = threading.Semaphore(0), threading.Event()

    def hear(event: Event) -> None:
        heard.append(event)
        delivered.release()

    def settle() -> None:
        settled.append(len(heard))
        if len(heard) == 300:
            all_is_settled.set()

    with Bus([hear], settle=settle) as bus:
        for number in range(300):
            bus.publish(line(number))
            assert delivered.acquire(timeout=20)  # so that nothing more waits after each
        assert all_is_settled.wait(20)
    assert len(settled) < 150


def test_what_was_published_last_is_settled_when_the_bus_ends():
    heard: list[object] = []
    with Bus([heard.append], settle=lambda: heard.append("settled")) as bus:
        bus.flush()
        bus.publish(line(1))
    assert heard[-2:] == [line(1), "settled"]


def test_what_cannot_be_masked_is_not_shown_and_the_run_goes_on():
    class Broken(Mask):
        def text(self, text: str) -> str:
            if "1" in text:
                raise ValueError("what a secret")
            return text

    seen: list[Event] = []
    mask = Broken()
    mask.add("a secret value")
    with Bus([seen.append], mask=mask) as bus:
        bus.publish(line(1))
        bus.publish(line(2))
        bus.flush()
    assert seen == [line(2)]
    with pytest.raises(ValueError, match="what a secret"):
        bus.check()


def test_who_waits_for_all_to_be_settled_does_not_wait_for_a_fault():
    def faulty() -> None:
        raise KeyError("x")

    with Bus([], settle=faulty) as bus:
        bus.publish(line(1))
        bus.flush()
    with pytest.raises(KeyError):
        bus.check()
