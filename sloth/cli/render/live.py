"""What is going on right now, drawn at the bottom of the terminal while a run lasts.

It appears only when a run takes longer than a moment, so that short runs neither flicker nor wait for
rich to load. Its height does not grow with the number of hosts. Screens that write to the same terminal
write inside `aside`, which takes the picture away first.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, TextIO

from sloth.cli.render.hostnames import folded
from sloth.cli.render.screen import one_line
from sloth.cli.render.wording import duration
from sloth.core.events import (
    BatchStarted,
    Event,
    RunDetached,
    RunFinished,
    RunStarted,
    TaskFinished,
    TaskRetrying,
    TaskStarted,
)

if TYPE_CHECKING:
    from sloth.cli.render.picture import Picture

_MOMENT = 0.5
_INTERVAL = 0.1
_PAUSE = 0.03
_NAMED = 50
"""So many hosts are named while we wait for them; of more, the number is told."""


class Progress:
    """What is known of a run that goes on. Pure; the clock comes in."""

    def __init__(self) -> None:
        self.total = 0  # while no run goes on
        self.done = 0
        self.started = 0.0
        self._began = 0.0  # of the batch
        self._left: dict[str, int] = {}
        self._silent: set[str] = set()
        self._running: dict[tuple[str, str], float] = {}
        self._retrying: set[tuple[str, str]] = set()

    def take(self, event: Event, now: float) -> None:
        """Take one more event into account."""
        if isinstance(event, RunStarted):
            self.total, self.done, self.started = sum(map(len, event.hosts.values())), 0, now
            self._left = {host: len(tasks) for host, tasks in event.hosts.items()}
            self._silent = set(event.hosts)
            self._began = now
            self._running.clear()
        elif isinstance(event, BatchStarted):
            self._silent, self._began = set(event.tasks), now
        elif isinstance(event, TaskStarted):
            self._running[event.task, event.host] = now
            self._silent.discard(event.host)
        elif isinstance(event, TaskRetrying):
            self._retrying.add((event.task, event.host))
        elif isinstance(event, TaskFinished):
            self._running.pop((event.task, event.host), None)
            self._retrying.discard((event.task, event.host))
            self._silent.discard(event.host)
            if not event.handler:
                self.done += 1
                self._left[event.host] = self._left.get(event.host, 1) - 1
        elif isinstance(event, RunFinished | RunDetached):
            self.total = 0

    def summary(self, now: float) -> str:
        """Counts in a few words."""
        hosts = len(self._left)
        text = f"{self.done}/{self.total} tasks"
        if hosts > 1:
            text += f" · {sum(left <= 0 for left in self._left.values())} of {hosts} hosts done"
        return f"{text} · {duration(now - self.started)}"

    def lines(self, now: float, most: int) -> list[str]:
        """Who has not begun, then the tasks that run, each with its time and hosts; never more than so many lines."""
        by_task: dict[str, list[tuple[float, str]]] = {}
        for (task, host), since in self._running.items():
            by_task.setdefault(task, []).append((since, host))
        lines = [self._waiting(now)] if self._silent else []
        for task, places in sorted(by_task.items(), key=lambda item: min(item[1])):
            again = "  retrying" if any((task, host) in self._retrying for _, host in places) else ""
            hosts = folded(host for _, host in places)
            lines.append(f"{_time(now - min(places)[0])}  {one_line(task)}  {hosts}{again}")
        if len(lines) <= most:
            return lines
        shown = max(most - 1, 0)
        return [*lines[:shown], f"{'':>8}  … and {len(lines) - shown} more tasks"]

    def _waiting(self, now: float) -> str:
        many = len(self._silent) > _NAMED
        hosts = f"{len(self._silent)} hosts" if many else folded(self._silent)
        return f"{_time(now - self._began)}  waiting for {hosts}"


def _time(seconds: float) -> str:
    """What a narrow terminal cuts off is the end of a line: the time stands first, in a column."""
    return f"{duration(seconds):>8}"


class Live:
    """A subscriber that keeps the picture true, and takes it away while others print."""

    def __init__(self, stream: TextIO, *, colour: bool) -> None:
        self._stream = stream
        self._colour = colour
        self._progress = Progress()
        self._lock = threading.Lock()
        self._over = threading.Event()
        self._picture: Picture | None = None
        self._drawn = 0.0

    def __call__(self, event: Event) -> None:
        """Take one more event into account."""
        with self._lock:
            self._progress.take(event, time.monotonic())

    @contextmanager
    def aside(self) -> Iterator[None]:
        """The terminal without the picture, for those who print."""
        with self._lock:
            if self._picture is not None:
                self._picture.hide()
            yield
            now = time.monotonic()
            if now - self._drawn > _PAUSE and not self._over.is_set():
                self._draw(now)

    @contextmanager
    def drawing(self, also: Callable[[], object]) -> Iterator[None]:
        """Draw for as long as this context lasts; `also` is called as often as the picture is drawn."""
        thread = threading.Thread(target=self._draw_often, args=(also,), name="progress", daemon=True)
        thread.start()
        try:
            yield
        finally:
            self._over.set()
            thread.join()
            if self._picture is not None:
                self._picture.hide()

    def _draw_often(self, also: Callable[[], object]) -> None:
        if self._over.wait(_MOMENT):
            return
        from sloth.cli.render.picture import Picture

        with self._lock:
            self._picture = Picture(self._stream, colour=self._colour)
        while not self._over.wait(_INTERVAL):
            also()
            with self._lock:
                self._draw(time.monotonic())

    def _draw(self, now: float) -> None:
        self._drawn = now
        if self._picture is not None and self._progress.total:
            share = self._progress.done / self._progress.total
            self._picture.draw(share, self._progress.summary(now), self._progress.lines(now, self._picture.room))
