"""Where the time went: a row for each of the slowest hosts, and the sum of all."""

from __future__ import annotations

from collections.abc import Sequence

from sloth.cli.render.screen import Part, Screen
from sloth.core.events import Event, HostTimes, RunFinished, RunStarted

_KINDS = ("connect", "upload", "lua", "modules", "waiting", "total")
_MOST = 10


class Profile:
    """A subscriber that tells it at the end of each workflow, in seconds."""

    def __init__(self, screen: Screen) -> None:
        self._screen = screen
        self._hosts: dict[str, list[float]] = {}

    def __call__(self, event: Event) -> None:
        """Add up what a host took; it may take part in several batches."""
        if isinstance(event, RunStarted):
            self._hosts = {}
        elif isinstance(event, HostTimes):
            row = self._hosts.setdefault(event.host, [0.0] * len(_KINDS))
            row[:] = [sum(pair) for pair in zip(row, _figures(event), strict=True)]
        elif isinstance(event, RunFinished) and self._hosts:
            self._show()

    def _show(self) -> None:
        ordered = sorted(self._hosts.items(), key=lambda item: -item[1][-1])
        rows = [_row(host, figures) for host, figures in ordered[:_MOST]]
        if len(ordered) > _MOST:
            rows.append(_row(f"… {len(ordered) - _MOST} more", _sum([figures for _, figures in ordered[_MOST:]])))
        if len(ordered) > 1:
            rows.append(_row("sum", _sum([figures for _, figures in ordered])))
        self._screen.line()
        self._screen.table([[("seconds", "dim"), *((kind.rjust(7), "dim") for kind in _KINDS)], *rows])


def _figures(event: HostTimes) -> Sequence[float]:
    return (event.connect, event.upload, event.lua, event.modules, event.waiting, event.total)


def _sum(rows: Sequence[Sequence[float]]) -> list[float]:
    return [sum(column) for column in zip(*rows, strict=True)]


def _row(name: str, figures: Sequence[float]) -> list[Part]:
    return [name, *(f"{figure:7.2f}" for figure in figures)]
