"""Tasks that some hosts at a time run: those with a `serial` of their own.

In each batch of hosts their places are cut into turns, in the order of the plan. A turn begins when the one before is
over, however that ended. Turns are made of a plan that runs, since a run that is resumed has places of its own.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

from msgspec.structs import replace

from sloth.core.model import HostPlan, Plan, Task
from sloth.engine.batches import batches

Places = tuple[tuple[str, str], ...]
"""Hosts, and the name of what runs there."""


def in_turns(plan: Plan) -> Plan:
    """The plan with a gate before each turn but the first. Raises WorkflowError for a size that makes no sense."""
    gates: dict[str, Places] = {}
    waits: dict[tuple[int, str, str], str] = {}  # batch, host and task → its gate
    for task in plan.workflow.tasks:
        if not task.serial:
            continue
        for batch in dict.fromkeys(host.batch for host in plan.hosts):
            for number, (before, turn) in enumerate(pairwise(_turns(plan, task, batch))):
                gate = f"turn {number + 2} of batch {batch + 1}: {task.name}"
                gates[gate] = before
                waits.update({(batch, host, name): gate for host, name in turn})
    if not gates:
        return plan
    return replace(plan, hosts=tuple(_waiting(host, waits) for host in plan.hosts), turns=gates)


def _turns(plan: Plan, task: Task, batch: int) -> tuple[Places, ...]:
    return batches(tuple(_places(plan, task, batch)), task.serial, f"task {task.name!r}: serial", task.where)


def _places(plan: Plan, task: Task, batch: int) -> Iterator[tuple[str, str]]:
    for host in plan.hosts:
        if host.batch == batch:
            yield from ((host.host, name) for name in host.tasks if host.task(name) == task.name)


def _waiting(host: HostPlan, waits: dict[tuple[int, str, str], str]) -> HostPlan:
    turns = {name: waits[key] for name in host.tasks if (key := (host.batch, host.host, name)) in waits}
    return replace(host, gates={**host.gates, **{name: (*host.gates.get(name, ()), turns[name]) for name in turns}})
