"""Where one host's time goes."""

from __future__ import annotations

import pytest

from sloth.core.events import HostTimes
from sloth.engine.stopwatch import Stopwatch


class Clock:
    now = 100.0

    def __call__(self) -> float:
        return self.now


def test_what_is_not_known_of_the_whole_was_waiting():
    clock = Clock()
    stopwatch = Stopwatch(clock)
    clock.now += 1  # for a place
    with stopwatch.connecting():
        clock.now += 3
    stopwatch.uploaded(2)
    clock.now += 6
    stopwatch.take({"spent": {"lua": 1.5, "modules": 2.5, "upload": 0.5}})
    assert stopwatch.times("h") == HostTimes("h", 1.0, 2.5, 1.5, 2.5, 2.5, 10.0)


@pytest.mark.parametrize("answer", [None, [], {}, {"spent": 1}, {"spent": {"lua": "x", "modules": -1, "upload": 1e99}}], ids=str)
def test_what_a_host_says_of_itself_may_be_anything(answer):
    stopwatch = Stopwatch(Clock())
    stopwatch.take(answer)
    assert stopwatch.times("h") == HostTimes("h", 0, 0, 0, 0, 0, 0)
