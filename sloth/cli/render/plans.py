"""A plan on paper: hosts with their tasks in order, each with what it waits for."""

from __future__ import annotations

from collections.abc import Sequence

from sloth.cli.render.format import Format
from sloth.cli.render.hostnames import folded
from sloth.cli.render.notes import standard_output
from sloth.cli.render.screen import Part, Screen, one_line
from sloth.core.model import HostPlan, Plan, Task


def show(plans: Sequence[Plan], form: Format) -> None:
    """Every workflow's plan; hosts that do the same are shown once."""
    screen = standard_output()
    if form is Format.JSON:
        screen.json({"workflows": [_plain(plan) for plan in plans]})
        return
    for plan in plans:
        screen.line((plan.workflow.name, "bold"), f" ({plan.workflow.where})")
        if not plan.hosts:
            screen.line("  nothing to do")
        for hosts in _alike(plan):
            screen.line("  ", (folded(host.host for host in hosts), "cyan"))
            screen.table(_rows(plan, hosts[0]), indent="    ")
        if len(plan.batches) > 1:
            screen.line("  ", (f"in {len(plan.batches)} batches: ", "dim"), " · ".join(map(folded, plan.batches)))
        if plan.workflow.handlers:
            screen.line("  ", ("handlers, when notified: ", "dim"), ", ".join(plan.workflow.handlers))


def show_lists(plans: Sequence[Plan], form: Format, *, hosts: bool, tasks: bool, tags: bool) -> None:
    """The names alone."""
    screen = standard_output()
    if form is Format.JSON:
        screen.json({"workflows": [_lists(plan, hosts=hosts, tasks=tasks, tags=tags) for plan in plans]})
        return
    for plan in plans:
        screen.line((plan.workflow.name, "bold"), f" ({plan.workflow.where})")
        for kind, names in _lists(plan, hosts=hosts, tasks=tasks, tags=tags).items():
            if kind != "name":
                _show_names(screen, kind, names)


def _show_names(screen: Screen, kind: str, names: Sequence[str]) -> None:
    screen.line("  ", (f"{kind} ({len(names)})", "dim"))
    for name in names:
        screen.line("    ", one_line(name))


def _lists(plan: Plan, *, hosts: bool, tasks: bool, tags: bool) -> dict[str, list[str] | str]:
    planned = _planned(plan)
    lists: dict[str, list[str] | str] = {"name": plan.workflow.name}
    if hosts:
        lists["hosts"] = [host.host for host in plan.hosts]
    if tasks:
        lists["tasks"] = [task.name for task in planned]
    if tags:
        lists["tags"] = sorted({tag for task in planned for tag in task.tags})
    return lists


def _planned(plan: Plan) -> list[Task]:
    names = {task for host in plan.hosts for task in host.tasks}
    return [task for task in plan.workflow.tasks if task.name in names]


def _alike(plan: Plan) -> list[list[HostPlan]]:
    groups: dict[tuple[tuple[str, tuple[str, ...]], ...], list[HostPlan]] = {}
    for host in plan.hosts:
        groups.setdefault(tuple(host.needs.items()), []).append(host)
    return list(groups.values())


def _rows(plan: Plan, host: HostPlan) -> list[list[Part]]:
    return [
        [
            (str(number).rjust(len(str(len(host.needs)))), "dim"),
            one_line(name),
            ("after " + ", ".join(map(one_line, needs)) if needs else "", "dim"),
            (one_line(plan.workflow.task(name).description), "dim"),
        ]
        for number, (name, needs) in enumerate(host.needs.items(), 1)
    ]


def _plain(plan: Plan) -> dict[str, object]:
    hosts = [
        {"host": host.host, "tasks": [{"name": name, "depends_on": list(needs)} for name, needs in host.needs.items()]}
        for host in plan.hosts
    ]
    batches = [list(batch) for batch in plan.batches]
    return {"name": plan.workflow.name, "hosts": hosts, "batches": batches, "handlers": list(plan.workflow.handlers)}
