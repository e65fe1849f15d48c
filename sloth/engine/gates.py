"""Gates: tasks that wait for a task of another host.

A gate opens when the task behind it has ended on all hosts that count, and brings its outputs along:
those of the one host where it ran, else a table by host. Where it did not succeed, the gate opens as
shut for good, and what waits behind it is skipped. A turn (see turns.py) comes in any case, and brings nothing along.
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
        gates = {**plan.gates, **plan.turns}
        self._turns = plan.turns.keys()
        self._missing = {name: set(behind) for name, behind in gates.items()}
        self._outputs: dict[str, dict[str, object]] = {name: {} for name in gates}
        self._at: dict[tuple[str, str], list[str]] = {}
        for name, behind in gates.items():
            for place in behind:
                self._at.setdefault(place, []).append(name)
        self._bad: set[str] = set()
        self._unsettled: set[str] = set()
        self._opened: dict[str, Opened] = {}
        self._waiting: dict[str, list[Tell]] = {name: [] for name in gates}
        self._lock = threading.Lock()

    def take(self, event: Event) -> None:
        """Open what this event opens, and tell those who wait."""
        if not isinstance(event, TaskFinished) or event.handler:
            return
        for name in self._at.get((event.host, event.task), ()):
            self._ended(name, event)

    def _ended(self, name: str, event: TaskFinished) -> None:
        with self._lock:
            self._missing[name].discard((event.host, event.task))
            self._outputs[name][event.host] = event.outputs
            if event.blocks:
                self._bad.add(name)
            if event.status in {"would_change", "would_run"}:
                self._unsettled.add(name)
            if self._missing[name]:
                return
            self._opened[name] = self._open(name)
            waiting = self._waiting.pop(name)
        for tell in waiting:
            tell(name, self._opened[name])

    def open(self, opened: Opened) -> None:
        """Open one that no task opens."""
        with self._lock:
            self._opened[opened["name"]] = opened
            waiting = self._waiting.pop(opened["name"], [])
        for tell in waiting:
            tell(opened["name"], opened)

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
        if name in self._turns:
            return {"name": name, "ok": True, "outputs": {}}
        by_host = self._outputs[name]
        outputs = next(iter(by_host.values())) if len(by_host) == 1 else by_host
        unsettled = {"unsettled": True} if name in self._unsettled else {}
        return {"name": name, "ok": name not in self._bad, "outputs": outputs, **unsettled}
