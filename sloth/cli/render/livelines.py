"""Lines that hosts send while they work: equal ones of several hosts, at about the same time, are told once.

What one host says keeps its order. With a single host nothing waits.
"""

from __future__ import annotations

from collections import deque

from msgspec import Struct, field

PATIENCE = 0.3
_MOST = 1000
"""So many lines wait for other hosts; of more the oldest are told."""


class Line(Struct):
    """One line of a task, and who has said it."""

    task: str
    text: str
    style: str
    number: int
    since: float
    hosts: dict[str, None] = field(default_factory=dict)


class LiveLines:
    """The lines that are not told yet. hosts: how many there are to wait for."""

    def __init__(self, hosts: int = 0) -> None:
        self._hosts = hosts
        self._waiting: deque[Line] = deque()
        self._last: dict[str, int] = {}
        self._number = 0

    def add(self, host: str, task: str, text: str, style: str, now: float) -> list[Line]:
        """Take a line; give back what can be told now."""
        line = self._joined(host, task, text, style) or self._new(task, text, style, now)
        line.hosts[host] = None
        self._last[host] = line.number
        return self.overdue(now)

    def overdue(self, now: float) -> list[Line]:
        """What has waited for long enough, or for nobody any more."""
        told = []
        while self._waiting and (
            now - self._waiting[0].since >= PATIENCE
            or len(self._waiting[0].hosts) >= self._hosts
            or len(self._waiting) > _MOST
        ):
            told.append(self._waiting.popleft())
        return told

    def before(self, task: str) -> list[Line]:
        """What has to be told before how a task has ended."""
        told = []
        while any(line.task == task for line in self._waiting):
            told.append(self._waiting.popleft())
        return told

    def rest(self) -> list[Line]:
        """All that is left."""
        told = list(self._waiting)
        self._waiting.clear()
        return told

    def _joined(self, host: str, task: str, text: str, style: str) -> Line | None:
        """The line that others have said and this host can have said next."""
        last = self._last.get(host, -1)
        same = (task, text, style)
        found = (one for one in self._waiting if one.number > last and (one.task, one.text, one.style) == same)
        return next(found, None)

    def _new(self, task: str, text: str, style: str, now: float) -> Line:
        self._number += 1
        self._waiting.append(Line(task, text, style, self._number, now))
        return self._waiting[-1]
