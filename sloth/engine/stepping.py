"""One task at a time, each after a person was asked: once a task, not once a host.

Each task waits at a gate of its own. Asked is in the order of the plan, and about the next one when the one before has
ended on all hosts of the batch; what was answered holds for later batches. No time limit runs while hosts wait here.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from enum import Enum
from typing import Any

from msgspec.structs import replace

from sloth.core.events import Event, TaskFinished
from sloth.core.model import HostPlan, Plan
from sloth.engine.planning import in_order

_PATIENCE = 0.2


class Answer(Enum):
    """What a person says of a task."""

    YES = "run it"
    NO = "leave it out"
    CONTINUE = "run it, and ask no more"


Ask = Callable[[str, Callable[[], bool]], Answer]
"""(task, whether nobody wants the answer any more) → what the person says."""


def stepped(plan: Plan) -> Plan:
    """The plan with a gate before each task."""
    hosts = tuple(_stepped(host) for host in plan.hosts)
    gates = {_gate(host.task(name)): () for host in plan.hosts for name in host.tasks}
    return replace(plan, hosts=hosts, gates={**plan.gates, **gates})


def _stepped(host: HostPlan) -> HostPlan:
    return replace(host, gates={name: (*host.gates.get(name, ()), _gate(host.task(name))) for name in host.tasks})


def _gate(task: str) -> str:
    return f"step: {task}"


class Steps:
    """The questions of one run. open_gate: as of Gates."""

    def __init__(self, plan: Plan, open_gate: Callable[[Mapping[str, Any]], None], ask: Ask) -> None:
        self._left: dict[str, set[tuple[int, str, str]]] = {}  # task → batch, host and name of each place where it runs
        for host in plan.hosts:
            for name in host.tasks:
                self._left.setdefault(host.task(name), set()).add((host.batch, host.host, name))
        self._tasks = [task.name for task in in_order([one for one in plan.workflow.tasks if one.name in self._left])]
        self._open_gate = open_gate
        self._ask = ask
        self._continues = False
        self._is_over = False
        self._changed = threading.Condition()

    def take(self, event: Event) -> None:
        """Hear of each event, after those who show it: what has happened is seen before the next question."""
        if isinstance(event, TaskFinished) and not event.handler:
            with self._changed:
                for places in self._left.values():
                    places -= {place for place in places if place[1:] == (event.host, event.task)}
                self._changed.notify_all()

    @contextmanager
    def of(self, batch: int) -> Iterator[None]:
        """Ask while the hosts of that batch run."""
        self._is_over = False
        thread = threading.Thread(target=self._go_through, args=(batch,), name="steps", daemon=True)
        thread.start()
        try:
            yield
        finally:
            with self._changed:
                self._is_over = True
                self._changed.notify_all()
            thread.join()

    def _go_through(self, batch: int) -> None:
        """Every task that is still to do in this batch, and that was not asked about in an earlier one."""
        for task in list(self._tasks):
            if not self._is_left(task, batch):
                continue
            answer = Answer.YES if self._continues else self._ask(task, lambda: self._is_over)
            if self._is_over:
                return
            self._tasks.remove(task)
            self._continues |= answer is Answer.CONTINUE
            self._open_gate({"name": _gate(task), "ok": True, "outputs": {}, "left_out": answer is Answer.NO})
            if not self._continues:
                self._wait_for(task, batch)

    def _wait_for(self, task: str, batch: int) -> None:
        with self._changed:
            while self._is_left(task, batch) and not self._is_over:
                self._changed.wait(_PATIENCE)

    def _is_left(self, task: str, batch: int) -> bool:
        with self._changed:
            return any(place[0] == batch for place in self._left[task])
