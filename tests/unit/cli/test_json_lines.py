"""JSON output has three types of objects, one a line, and nothing else."""

from __future__ import annotations

import json

from sloth.cli.render.json_lines import JsonLines
from sloth.core.events import (
    Event,
    HostUnreachable,
    LogLine,
    Notice,
    RunFinished,
    RunStarted,
    TaskFinished,
    TaskStarted,
)
from tests.unit.cli.streams import screen

EVENTS = (
    RunStarted("7f3a", "site", "site.sloth", False, {"h": ["t"]}, 1.5),
    Notice("x"),
    TaskStarted("h", "t"),
    LogLine("h", "t", "info", "x"),
    HostUnreachable("i", "refused", "x"),
    TaskFinished("h", "t", "changed", "bytes \udcff", {"port": 80}, ["x"], [{"path": "/x", "text": "+x"}], 0.25),
    RunFinished("7f3a", "site", {"h": {"changed": 1}}, 0, 0.5),
)


def test_standard_output_has_the_three_types_and_nothing_else():
    shown, stream = screen()
    subscriber = JsonLines(shown)
    for event in EVENTS:
        subscriber(event)
    lines = [json.loads(line) for line in stream.getvalue().splitlines()]
    assert [line["type"] for line in lines] == ["run_started", "task_finished", "run_finished"]
    wanted = {"host", "task", "status", "message", "outputs", "diff", "duration"}
    assert wanted <= lines[1].keys()
    assert lines[2]["counts"] == {"h": {"changed": 1}}


def test_the_rest_goes_to_whoever_wants_it():
    others: list[Event] = []

    def listen(event: Event) -> None:
        others.append(event)

    subscriber = JsonLines(screen()[0], listen)
    for event in EVENTS:
        subscriber(event)
    assert others == list(EVENTS[1:5])
