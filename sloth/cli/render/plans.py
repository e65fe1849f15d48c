"""A plan on paper: hosts with their tasks in order, each with what it waits for."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Sequence
from functools import cache
from pathlib import Path

from msgspec import Struct, field

from sloth.cli.render.format import Format
from sloth.cli.render.hostnames import folded
from sloth.cli.render.notes import standard_output
from sloth.cli.render.screen import Part, one_line
from sloth.core.model import HostPlan, Plan, Task
from sloth.engine.planning import in_order

_BATCHES = 10  # of a plan that are shown
_AWAITED = 8  # tasks of one that waits for them


def show(plans: Sequence[Plan], form: Format, kept: Path | None = None) -> None:
    """Every workflow's plan; hosts that do the same are shown once. kept: the file that holds it now."""
    screen = standard_output()
    if form is Format.JSON:
        screen.json({"workflows": [_plain(plan) for plan in plans]})
        return
    for plan in plans:
        screen.line((plan.workflow.name, "bold"), f" ({plan.workflow.where})")
        if not plan.hosts:
            screen.line("  nothing to do")
        for rows, hosts in _alike(plan).items():
            screen.line("  ", (folded(hosts), "cyan"))
            screen.table(_lines(rows), indent="    ")
        if len(plan.batches) > 1:
            shown = [*map(folded, plan.batches[:_BATCHES]), *(["…"] if len(plan.batches) > _BATCHES else [])]
            screen.line("  ", (f"in {len(plan.batches)} batches: ", "dim"), " · ".join(shown))
        if turns := _turns(plan):
            told = ", ".join(f"{one_line(task)} ({', '.join(map(str, sizes))})" for task, sizes in turns.items())
            screen.line("  ", ("in turns: ", "dim"), told)
        if plan.workflow.handlers:
            screen.line("  ", ("handlers, when notified: ", "dim"), ", ".join(plan.workflow.handlers))
    if kept is not None:
        screen.line("kept: ", (f"sloth apply {shlex.quote(str(kept))}", "bold"))


def show_lists(plans: Sequence[Plan], form: Format, *, hosts: bool, tasks: bool, tags: bool) -> None:
    """The names alone; of tasks, in the order in which they run, also the tags."""
    screen = standard_output()
    if form is Format.JSON:
        screen.json({"workflows": [_lists(plan, hosts=hosts, tasks=tasks, tags=tags) for plan in plans]})
        return
    for plan in plans:
        screen.line((plan.workflow.name, "bold"), f" ({plan.workflow.where})")
        for kind, names in _lists(plan, hosts=hosts, tasks=tasks, tags=tags).items():
            if kind != "name":
                screen.line("  ", (f"{kind} ({len(names)})", "dim"))
                about = _tags(plan) if kind == "tasks" else {}
                screen.table([[one_line(name), (about.get(name, ""), "dim")] for name in names], indent="    ")


def _tags(plan: Plan) -> dict[str, str]:
    return {task.name: ", ".join(map(one_line, task.tags)) for task in plan.workflow.tasks}


def _lists(plan: Plan, *, hosts: bool, tasks: bool, tags: bool) -> dict[str, list[str] | str]:
    planned = _planned(plan)
    lists: dict[str, list[str] | str] = {"name": plan.workflow.name}
    if hosts:
        lists["hosts"] = list(dict.fromkeys(host.host for host in plan.hosts))
    if tasks:
        lists["tasks"] = [task.name for task in planned]
    if tags:
        lists["tags"] = sorted({tag for task in planned for tag in task.tags})
    return lists


def _planned(plan: Plan) -> list[Task]:
    names = {host.task(name) for host in plan.hosts for name in host.needs}
    return in_order([task for task in plan.workflow.tasks if task.name in names])


def _turns(plan: Plan) -> dict[str, list[str | int]]:
    """The tasks that few hosts run at a time → how many: a number, a percentage, or several of them in turn."""
    return {task.name: list(task.serial) for task in _planned(plan) if task.serial}


class _Row(Struct, frozen=True):
    """A task of a host: what it waits for there, and what for elsewhere."""

    name: str
    description: str
    needs: tuple[str, ...]
    elsewhere: tuple[str, ...]


class _Alike(Struct):
    """What a host does alike for several others. waits: task → the gates behind which it runs elsewhere."""

    task: str
    needs: tuple[str, ...]
    on_behalf: list[str] = field(default_factory=list)
    waits: dict[str, list[str]] = field(default_factory=dict)

    def row(self, description: str, behind: Callable[[tuple[str, ...]], str]) -> _Row:
        name = f"{self.task} for {folded(self.on_behalf)}" if self.on_behalf else self.task
        elsewhere = tuple(f"{task} on {behind(tuple(gates))}" for task, gates in self.waits.items())
        return _Row(name, description, self.needs, elsewhere)


def _alike(plan: Plan) -> dict[tuple[_Row, ...], list[str]]:
    """What hosts do in all of their batches → those that do it."""
    descriptions = {task.name: task.description for task in plan.workflow.tasks}
    by_host: dict[str, dict[tuple[str, ...], _Alike]] = {}
    for host in plan.hosts:
        _add(host, by_host.setdefault(host.host, {}))

    @cache
    def behind(gates: tuple[str, ...]) -> str:
        """The hosts behind these gates: for many who wait it is the same."""
        return folded(where for gate in gates for where, _ in plan.gates[gate])

    groups: dict[tuple[_Row, ...], list[str]] = {}
    for name, found in by_host.items():
        groups.setdefault(tuple(one.row(descriptions[one.task], behind) for one in found.values()), []).append(name)
    return groups


def _add(host: HostPlan, found: dict[tuple[str, ...], _Alike]) -> None:
    """Take the tasks of one batch in. What is done for one host is the same as what is done for the next."""
    for name in host.needs:
        gates = set(host.gates.get(name, ()))
        waits = {task: gate for task, gate in host.deps.get(name, {}).items() if gate in gates}
        needs = tuple(host.task(need) for need in host.needs[name])
        one = found.setdefault((host.task(name), *needs, "", *waits), _Alike(host.task(name), needs))
        if name in host.delegated and (owner := host.delegated[name].on_behalf) is not None:
            one.on_behalf.append(owner)
        for task, gate in waits.items():
            one.waits.setdefault(task, []).append(gate)


def _lines(rows: Sequence[_Row]) -> list[list[Part]]:
    return [
        [
            (str(number).rjust(len(str(len(rows)))), "dim"),
            one_line(row.name),
            (_after(*row.needs, *row.elsewhere), "dim"),
            (one_line(row.description), "dim"),
        ]
        for number, row in enumerate(rows, 1)
    ]  # fmt: skip


def _after(*awaited: str) -> str:
    """What a task waits for; of many, the first ones and how many there are."""
    shown = awaited if len(awaited) <= _AWAITED else awaited[: _AWAITED - 2]
    more = f", … ({len(awaited)} tasks)" if len(shown) < len(awaited) else ""
    return f"after {', '.join(map(one_line, shown))}{more}" if awaited else ""


def _plain(plan: Plan) -> dict[str, object]:
    hosts = [
        {"host": host.host, "batch": host.batch, "tasks": [_plain_task(plan, host, name) for name in host.needs]}
        for host in plan.hosts
    ]
    batches = [list(batch) for batch in plan.batches]
    return {
        "name": plan.workflow.name,
        "hosts": hosts,
        "batches": batches,
        "turns": _turns(plan),
        "handlers": list(plan.workflow.handlers),
    }


def _plain_task(plan: Plan, host: HostPlan, name: str) -> dict[str, object]:
    waits = [place for gate in host.gates.get(name, ()) for place in plan.gates[gate]]
    return {
        "name": name,
        "task": host.task(name),
        "on_behalf_of": host.delegated[name].on_behalf if name in host.delegated else None,
        "depends_on": list(host.needs[name]),
        "waits_for": [{"host": other, "name": task} for other, task in waits],
    }
