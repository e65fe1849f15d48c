"""The end of a run: who did how, what took long, how it went in all."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

from msgspec import Struct

from sloth.cli.render.hostnames import folded, natural
from sloth.cli.render.results import STATUS_STYLES
from sloth.cli.render.screen import Part, Screen, one_line
from sloth.cli.render.wording import counted, duration
from sloth.core.events import RunFinished

_ALWAYS = ("ok", "changed", "failed")
_ALWAYS_IN_CHECK_MODE = ("ok", "would_change", "would_run", "failed")
_ORDER = (
    "ok", "changed", "would_change", "would_run", "skipped", "ignored", "failed", "timed_out", "cancelled",
    "unreachable",
)  # fmt: skip
_SLOWEST = 3
_LONG_RUN = 1.0
_NOTEWORTHY = 0.1
_WIDTH = 120  # where there is no terminal to ask
_LEAST_ROOM = 12


class Longest(Struct, frozen=True):
    """A task, and the host where it took longest."""

    task: str
    host: str
    seconds: float


def show_recap(screen: Screen, finished: RunFinished, tasks: Iterable[Longest], *, check: bool) -> None:
    """A table of hosts, and the slowest tasks."""
    screen.line()
    screen.table(_rows(finished.counts, _ALWAYS_IN_CHECK_MODE if check else _ALWAYS, screen.width or _WIDTH))
    slowest = _slowest(tasks)
    if finished.duration > _LONG_RUN and slowest:
        screen.table([[("slowest:", "dim"), " · ".join(slowest)]])


def show_totals(screen: Screen, finished: RunFinished) -> None:
    """How it went in all, and what to do about the rest."""
    totals = Counter[str]()
    for counts in finished.counts.values():
        totals.update(counts)
    lost = sum(bool(counts.get("unreachable")) for counts in finished.counts.values())
    numbers = {**{status: str(totals[status]) for status in _ORDER}, "unreachable": counted(lost, "host")}
    said = ", ".join(f"{numbers[status]} {status}" for status in _ORDER if totals[status]) or "nothing to do"
    style = "bold red" if finished.exit_code else "green"
    hosts = counted(len(finished.counts), "host")
    screen.line((finished.workflow, "bold"), f": {hosts} in {duration(finished.duration)}: ", (said, style))
    if finished.resume:
        screen.line(("to do what is left: ", "dim"), finished.resume)


def _rows(counts: Mapping[str, Mapping[str, int]], always: Sequence[str], width: int) -> list[list[Part]]:
    statuses = [one for one in _ORDER if one in always or any(row.get(one) for row in counts.values())]
    alike: dict[tuple[int, ...], list[str]] = {}
    for host in sorted(counts, key=natural):
        alike.setdefault(tuple(counts[host].get(status, 0) for status in statuses), []).append(host)
    room = max(width - sum(len(status) + 2 for status in statuses), _LEAST_ROOM)
    rows: list[list[Part]] = [[("host", "dim"), *((status, "dim") for status in statuses)]]
    for numbers, hosts in alike.items():
        cells: list[Part] = [
            (str(number).rjust(len(status)), STATUS_STYLES[status] if number else "dim")
            for status, number in zip(statuses, numbers, strict=True)
        ]
        rows.append([folded(hosts, room), *cells])
    return rows


def _slowest(tasks: Iterable[Longest]) -> list[str]:
    ordered = sorted(tasks, key=lambda one: -one.seconds)[:_SLOWEST]
    return [
        f"{one_line(one.task)} {duration(one.seconds)} ({one.host})" for one in ordered if one.seconds >= _NOTEWORTHY
    ]
