"""Events, a line each or one in full."""

from __future__ import annotations

import json

from sloth.cli.render.format import Format
from sloth.cli.render.hostnames import folded
from sloth.cli.render.notes import say, standard_output
from sloth.cli.render.screen import Part, one_line
from sloth.cli.render.wording import counted, moment, sized
from sloth.core.events import (
    TYPES,
    BatchesLeftOut,
    BatchStarted,
    Dispatched,
    Event,
    HostUnreachable,
    LogLine,
    Measured,
    Notice,
    RunFinished,
    RunStarted,
    TaskFinished,
    TaskOutput,
    TaskRetrying,
)
from sloth.engine.eventlog import Counts, Kept

_SHORT = 8
_YEAR = len("2026-")  # which the events of a list have in common
_TYPE = max(map(len, TYPES))
_LONGEST = 200


def show_line(kept: Kept, form: Format) -> bool:
    """One event on one line; whether somebody still reads."""
    screen = standard_output()
    if form is Format.JSON:
        screen.json({"run": kept.run, "number": kept.number, "at": kept.at, **kept.event.plain()})
        return screen.is_read
    event = kept.event
    where = " ".join(one_line(str(getattr(event, name, ""))) for name in ("host", "task") if getattr(event, name, ""))
    head = f"{moment(kept.at)[_YEAR:]} {kept.run[:_SHORT]} {kept.number:>4}"
    screen.table([[(head, "dim"), event.type.ljust(_TYPE), f"{where}  {_said(event)[:_LONGEST]}".strip()]])
    return screen.is_read


def show_event(kept: Kept, form: Format) -> None:
    """All of one event."""
    screen = standard_output()
    if form is Format.JSON:
        show_line(kept, form)
        return
    rows: list[list[Part]] = [
        [("run", "dim"), kept.run],
        [("at", "dim"), moment(kept.at)],
    ]
    for name, value in kept.event.plain().items():
        text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=True, default=list)
        if value not in ("", (), [], {}):
            rows.append([(name, "dim"), one_line(text)])
    screen.table(rows)


def show_counts(counts: Counts, form: Format) -> None:
    """How many of what."""
    screen = standard_output()
    if form is Format.JSON:
        found = {"runs": counts.runs, "bytes": counts.size, "types": counts.types, "statuses": counts.statuses}
        screen.json(found)
        return
    screen.line(f"{counted(counts.runs, 'run')}, {counted(sum(counts.types.values()), 'event')}, {sized(counts.size)}")
    rows: list[list[Part]] = [[(name, "bold"), str(number).rjust(8)] for name, number in counts.types.most_common()]
    rows += [[f"  tasks {name}", str(number).rjust(8)] for name, number in counts.statuses.most_common()]
    screen.table(rows)


def show_cleared(runs: int, freed: int, form: Format) -> None:
    """What is no more."""
    if form is Format.JSON:
        standard_output().json({"runs": runs, "bytes": freed})
        return
    say(f"output and logs of {counted(runs, 'run')} removed: {sized(freed)}")


def _said(event: Event) -> str:
    """The gist of an event."""
    match event:
        case TaskFinished():
            return one_line(f"{event.status} {event.message}")
        case TaskOutput() | LogLine() | Notice():
            return one_line(event.text)
        case TaskRetrying() | HostUnreachable():
            return one_line(event.message)
        case Measured():
            labels = " ".join(f"{name}={value}" for name, value in event.labels.items())
            return one_line(f"{event.kind} {event.name} {event.value:g} {labels}")
        case Dispatched():
            return one_line(f"{event.name} {'' if event.data is None else json.dumps(event.data)}")
    return one_line(_said_of_run(event))


def _said_of_run(event: Event) -> str:
    match event:
        case RunStarted():
            return f"{event.workflow} on {counted(len(event.hosts), 'host')}"
        case BatchStarted():
            return f"{event.number} of {event.batches}: {folded(event.hosts)}"
        case BatchesLeftOut():
            return f"from {event.number} of {event.batches}: {folded(event.hosts)}: {event.reason}"
        case RunFinished():
            return f"{event.workflow} ended with {event.exit_code}"
    return ""
