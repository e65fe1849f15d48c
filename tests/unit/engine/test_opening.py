"""Opening what takes its time, and giving up."""

from __future__ import annotations

import threading

import pytest

from sloth.engine.opening import Opening


def test_what_is_opened_in_time_is_the_result():
    assert Opening(lambda: 5, lambda opened: None).result() == 5


def test_whoever_gives_up_goes_at_once_and_what_is_opened_then_is_closed():
    go_on, closed = threading.Event(), threading.Event()

    def slowly() -> str:
        opening.give_up()
        go_on.wait(10)
        return "opened"

    opening = Opening(slowly, lambda opened: closed.set())
    assert opening.result() is None
    assert not closed.is_set()
    go_on.set()
    assert closed.wait(10)


def test_after_giving_up_nothing_is_opened():
    opened: list[int] = []
    opening = Opening(lambda: opened.append(1), lambda _: None)
    opening.give_up()
    assert opening.result() is None
    assert opened == []


def test_giving_up_what_is_open_means_nothing():
    closed: list[int] = []
    opening = Opening(lambda: 5, closed.append)
    assert opening.result() == 5
    opening.give_up()
    assert closed == []


def test_a_failure_is_raised_where_the_result_is_waited_for():
    def fail() -> int:
        raise ValueError("why")

    with pytest.raises(ValueError, match="why"):
        Opening(fail, lambda opened: None).result()
