"""Gates: tasks that wait for a task of another host.

A gate has the name of the task behind it. It opens when that task has ended on all hosts where it
runs, and brings its outputs along: those of the one host where it ran, else a table by host. Where it
did not succeed, the gate opens as shut for good, and what waits behind it is skipped.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from sloth.core.events import Event, TaskFinished
from sloth.core.model import Plan

Opened = Mapping[str, Any]
Tell = Callable[[str, Opened], None]


class Gates:
    """All gates of one plan. `take` hears every event, as it happens."""

    def __init__(self, plan: Plan) -> None:
        wanted = {name for host in plan.hosts for names in host.gates.values() for name in names}
        self._missing = {name: {host.host for host in plan.hosts if name in host.needs} for name in wanted}
        self._outputs: dict[str, dict[str, object]] = {name: {} for name in wanted}
        self._bad: set[str] = set()
        self._opened: dict[str, Opened] = {}
        self._waiting: dict[str, list[Tell]] = {name: [] for name in wanted}
        self._lock = threading.Lock()

    def take(self, event: Event) -> None:
        """Open what this event opens, and tell those who wait."""
        if not isinstance(event, TaskFinished) or event.handler or event.task not in self._missing:
            return
        with self._lock:
            name = event.task
            self._missing[name].discard(event.host)
            self._outputs[name][event.host] = event.outputs
            if event.blocks:
                self._bad.add(name)
            if self._missing[name]:
                return
            self._opened[name] = self._open(name)
            waiting = self._waiting.pop(name)
        for tell in waiting:
            tell(name, self._opened[name])

    def follow(self, names: Iterable[str], tell: Tell) -> dict[str, Opened]:
        """Those of the gates that are open already; of the others the caller is told when they open, once."""
        with self._lock:
            found = {}
            for name in names:
                if name in self._opened:
                    found[name] = self._opened[name]
                else:
                    self._waiting[name].append(tell)
            return found

    def _open(self, name: str) -> Opened:
        by_host = self._outputs[name]
        outputs = next(iter(by_host.values())) if len(by_host) == 1 else by_host
        return {"name": name, "ok": name not in self._bad, "outputs": outputs}
