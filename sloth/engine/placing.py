"""Who runs which task, in which batch, and after which tasks of which hosts. Pure.

A task runs on each of its hosts. One that is delegated runs once, at its delegates; or, where its author says so,
for each of its hosts: then it is there as several units, `drain for web1` and `drain for web2`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from msgspec import Struct

from sloth.core.errors import WorkflowError
from sloth.core.model import Delegated, HostPlan, Task

Place = tuple[str, str]
"""A host, and the name of what runs there."""


class Unit(Struct, frozen=True):
    """A task and where it runs. on_behalf: the one host for which it does."""

    task: Task
    hosts: tuple[str, ...]
    on_behalf: str | None = None

    @property
    def name(self) -> str:
        """Under which it runs, and is told about."""
        return self.task.name if self.on_behalf is None else f"{self.task.name} for {self.on_behalf}"

    @property
    def places(self) -> tuple[Place, ...]:
        """All that has to end before it is over."""
        return tuple((host, self.name) for host in self.hosts)

    def owner(self, host: str) -> str | None:
        """The host whose task this is where it runs on that one; None for one that serves all alike."""
        return self.on_behalf or (None if self.task.delegate_to else host)


class Wait(Struct, frozen=True):
    """What a unit waits for: the places behind a gate. task: what it depends on, as its author wrote it."""

    task: str
    gate: str
    behind: tuple[Place, ...]


class _Waits:
    """The waits for one task: what a host's own tasks wait for is what it has of that task, else all there is of it."""

    def __init__(self, task: str, units: Sequence[Unit]) -> None:
        self._all = Wait(task, task, tuple(place for unit in units for place in unit.places))
        self._own: dict[str | None, Wait] = {}
        for unit in units:
            if unit.on_behalf is not None:
                self._own[unit.on_behalf] = Wait(task, unit.name, unit.places)
            elif unit.task.delegate_to is None:
                self._own.update({host: Wait(task, f"{task} on {host}", ((host, task),)) for host in unit.hosts})

    def of(self, owner: str | None) -> Wait:
        """What somebody's task waits for."""
        return self._own.get(owner, self._all)


class Placing:
    """The units of a plan.

    units: task → its units, in the order in which tasks run. batches: the workflow's hosts, batch by batch
    """

    def __init__(self, units: Mapping[str, Sequence[Unit]], batches: Sequence[Sequence[str]]) -> None:
        self._hosts = list(dict.fromkeys(host for batch in batches for host in batch))
        self._first = {host: index for index, batch in enumerate(batches) for host in batch}
        self._everything = [(unit, host) for some in units.values() for unit in some for host in unit.hosts]
        self._waits_of = {name: _Waits(name, some) for name, some in units.items()}
        self._batch: dict[Place, int] = {}
        self._last: dict[str, int] = {}
        self.gates: dict[str, tuple[Place, ...]] = {}
        for unit, host in self._everything:
            self._batch[host, unit.name] = self._batch_of(unit, host)
        for unit, host in self._everything:
            self._check(unit, host)

    def host_plans(self) -> tuple[HostPlan, ...]:
        """Everything, by batch and host: the workflow's hosts in their order, then those that only help."""
        parts: dict[tuple[int, str], list[Unit]] = {}
        for unit, host in self._everything:
            parts.setdefault((self._batch[host, unit.name], host), []).append(unit)
        rank = {host: index for index, host in enumerate(self._hosts)}
        order = sorted(parts, key=lambda part: (part[0], rank.get(part[1], len(rank))))
        return tuple(self._host_plan(number, host, parts[number, host]) for number, host in order)

    def _batch_of(self, unit: Unit, host: str) -> int:
        """That of its host; of what serves all hosts alike, the first in which nothing is left to wait for."""
        owner = unit.owner(host)
        if owner is not None:
            return self._first[owner]
        return max(map(self._last_batch, self._waits(unit, host)), default=0)

    def _last_batch(self, wait: Wait) -> int:
        """The batch in which all is over that is waited for. Counted once: many hosts may wait for many others."""
        if wait.gate not in self._last:
            self._last[wait.gate] = max(self._batch[place] for place in wait.behind)
        return self._last[wait.gate]

    def _waits(self, unit: Unit, host: str) -> list[Wait]:
        owner = unit.owner(host)
        waits = (self._waits_of[need].of(owner) for need in unit.task.depends_on if need in self._waits_of)
        return [wait for wait in waits if wait.behind]

    def _check(self, unit: Unit, host: str) -> None:
        """Nobody may wait for a task whose batch begins only when one's own is over."""
        own = self._batch[host, unit.name]
        for wait in self._waits(unit, host):
            if self._last_batch(wait) > own:
                where, what = next(place for place in wait.behind if self._batch[place] > own)
                raise WorkflowError(
                    f"task {unit.name!r} on {host} waits for {what!r} on {where}, which is in a later batch",
                    where=unit.task.where,
                    hint="change config.serial or config.order, or make two workflows that follow each other",
                )

    def _host_plan(self, number: int, host: str, units: Sequence[Unit]) -> HostPlan:
        needs: dict[str, tuple[str, ...]] = {}
        gates: dict[str, tuple[str, ...]] = {}
        deps: dict[str, dict[str, str]] = {}
        for unit in units:
            waits = self._waits(unit, host)
            for name in [unit.name, *(wait.gate for wait in waits)]:
                self._check_name(name, unit)
            own = {wait.task: wait.behind[0][1] for wait in waits if self._is_here(wait, host, number)}
            others = {wait.task: wait.gate for wait in waits if wait.task not in own}
            self.gates.update({wait.gate: wait.behind for wait in waits if wait.task in others})
            needs[unit.name], deps[unit.name] = tuple(own.values()), {**own, **others}
            if others:
                gates[unit.name] = tuple(others.values())
        delegated = {unit.name: Delegated(unit.task.name, unit.on_behalf) for unit in units if unit.task.delegate_to}
        fallback = all(unit.task.delegate_to is not None and unit.task.delegate_to.fallback for unit in units)
        return HostPlan(host, needs, gates, deps, delegated, number, fallback)

    def _check_name(self, name: str, unit: Unit) -> None:
        """A name that is made up here must not be that of another task."""
        if name in self._waits_of and name != unit.task.name and name not in unit.task.depends_on:
            raise WorkflowError(
                f"{name!r} is the name of a task, and what task {unit.task.name!r} is told about by",
                where=unit.task.where,
                hint="give one of them another name",
            )

    def _is_here(self, wait: Wait, host: str, number: int) -> bool:
        """Whether the host itself knows when it is over: one task of its own in the same batch."""
        return len(wait.behind) == 1 and wait.behind[0][0] == host and self._batch[wait.behind[0]] == number
