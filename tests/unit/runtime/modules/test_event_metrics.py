"""event and metrics: what a workflow announces reaches the stream of the run; what the host measures is plain."""

from __future__ import annotations

from typing import Any

import pytest

from sloth.core.events import Dispatched, Event, Measured
from sloth.engine.announcing import Announcements
from sloth.runtime.catalog import Catalog
from sloth.runtime.failure import ActionFailed
from tests.doubles import real_host
from tests.unit.runtime.lua.script import Request, Script


class Run:
    """A controller that keeps what it hears."""

    def __init__(self, most: int = 10) -> None:
        self.heard: list[Event] = []
        self.announcements = Announcements("h1", self.heard.append, most)

    def ask(self, verb: str, args: dict[str, Any]) -> object:
        assert verb == "announce"
        return self.announcements.answer(args)

    def call(self, name: str, *args: object, check: bool = False) -> Any:
        action = Catalog().find(*name.split("."))
        return action.function(real_host(ask=self.ask, check=check), **action.bind(args, {}))


def test_what_is_announced_is_an_event_of_the_run():
    run = Run()
    run.call("event.dispatch", "deploy.finished", {"version": "1.4"})
    run.call("metrics.gauge", "queue", 17, {"queue": "mail"})
    run.call("metrics.counter", "deploys")
    run.call("metrics.histogram", "bytes", 1.5)
    run.call("metrics.timer", "dump", 0.25)
    assert run.heard == [
        Dispatched("h1", "deploy.finished", {"version": "1.4"}),
        Measured("h1", "queue", "gauge", 17.0, {"queue": "mail"}),
        Measured("h1", "deploys", "counter", 1.0),
        Measured("h1", "bytes", "histogram", 1.5),
        Measured("h1", "dump", "timer", 0.25),
    ]


def test_check_mode_announces_nothing():
    run = Run()
    run.call("event.dispatch", "x", check=True)
    run.call("metrics.gauge", "x", 1, check=True)
    assert run.heard == []


@pytest.mark.parametrize(
    ("said", "why"),
    [
        ({"name": "two words"}, "is no name"),
        ({"name": "x\x1b[2J"}, "is no name"),
        ({"name": "x" * 200}, "is no name"),
        ({"name": "x", "data": "y" * 70_000}, "larger than 64 KiB"),
        ({"name": "x", "metric": "speed", "value": 1}, "no metric of the kind"),
        ({"name": "x", "metric": "gauge", "value": "1"}, "is a number"),
        ({"name": "x", "metric": "gauge", "value": float("nan")}, "is a number"),
        ({"name": "x", "metric": "gauge", "value": 1, "labels": {"a": "y" * 70_000}}, "labels are larger"),
    ],
)
def test_a_host_that_lies_is_refused(said, why):
    run = Run()
    with pytest.raises(ActionFailed, match=why):
        run.announcements.answer(said)
    assert run.heard == []


def test_a_host_that_floods_is_cut_off():
    run = Run(most=2)
    for _ in range(2):
        run.announcements.answer({"name": "x"})
    with pytest.raises(ActionFailed, match="more than it may"):
        run.announcements.answer({"name": "x"})
    assert len(run.heard) == 2


def test_a_function_is_timed_and_its_values_come_back():
    timed = "metrics.timer('dump', function() return 'a', 'b' end, { of = 'db' })"
    text = f"task('t'):command(function() return {timed} end):build()"
    clock = iter([100.0, 100.5])

    def answer(request: Request) -> list[object]:
        return [next(clock)] if request["module"] == "time" else []

    flow = Script({"a.sloth": text})
    assert flow.call("t", answer) == ["a", "b"]
    (told,) = [one for one in flow.requests if one["module"] == "metrics"]
    assert (told["action"], told["args"], told["named"]) == ("timer", ["dump", 0.5], {"of": "db"})


def test_the_host_measures_itself():
    run = Run()
    assert 0 <= run.call("metrics.system_cpu", 0.01) <= 100
    assert 0 < run.call("metrics.system_memory")["percent"] < 100
    assert run.call("metrics.system_disk", "/")["total"] > 0
    assert run.call("metrics.runtime_info")["threads"] >= 1
    assert run.call("metrics.health_status")["status"] in {"healthy", "degraded", "unhealthy"}


@pytest.mark.parametrize(
    ("name", "unit", "size"), [("system_memory", "mb", 1 << 20), ("system_disk", "gb", 1 << 30)], ids=["memory", "disk"]
)
def test_sizes_are_told_in_bytes_and_in_larger_units(name, unit, size):
    found = Run().call(f"metrics.{name}")
    assert found[f"total_{unit}"] == round(found["total"] / size, 1)
    assert found[f"used_{unit}"] == round(found["used"] / size, 1)
