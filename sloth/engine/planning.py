"""Laying a workflow out over hosts: who runs what, in which order. Pure; nothing connects here."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from graphlib import CycleError, TopologicalSorter

from sloth.core.errors import InventoryError, WorkflowError
from sloth.core.model import HostPlan, Plan, Task, Workflow
from sloth.core.near import near

Select = Callable[[str], Sequence[str]]


def lay_out(
    workflow: Workflow, hosts: Sequence[str], select: Select, tags: Sequence[str] = (), skip_tags: Sequence[str] = ()
) -> Plan:
    """Plan a workflow on these hosts.

    select: host pattern → host names, for tasks that narrow. Hosts with nothing to do are left out.
    Raises WorkflowError for a cycle or a dependency on a task of other hosts only.
    """
    _check_cycles(workflow.tasks)
    chosen = [task for task in workflow.tasks if _is_selected(task, tags, skip_tags)]
    everywhere = frozenset(hosts)
    places = {task.name: everywhere & _hosts_of(task, select) if task.hosts else everywhere for task in chosen}
    plans = (_host_plan(host, chosen, places) for host in hosts)
    return Plan(workflow, tuple(plan for plan in plans if plan.needs))


def check_tags(workflows: Sequence[Workflow], asked: Iterable[str]) -> None:
    """Raises WorkflowError for a tag that no task of these workflows has."""
    known = {tag for workflow in workflows for task in workflow.tasks for tag in task.tags}
    for tag in asked:
        if tag not in known:
            hint = near(tag, known) or f"there are the tags {', '.join(sorted(known)) or '(none)'}"
            raise WorkflowError(f"no task has the tag {tag!r}", hint=hint)


def _host_plan(host: str, tasks: Sequence[Task], places: Mapping[str, Collection[str]]) -> HostPlan:
    needs = {}
    for task in tasks:
        if host not in places[task.name]:
            continue
        for need in task.depends_on:
            if need in places and host not in places[need] and places[need]:
                others = ", ".join(sorted(places[need]))
                raise WorkflowError(
                    f"task {task.name!r} on {host} depends on {need!r}, which runs only on {others}",
                    where=task.where,
                    hint="a task can wait for tasks of its own host: put the two into workflows that follow each other",
                )
        needs[task.name] = tuple(need for need in task.depends_on if host in places.get(need, ()))
    return HostPlan(host, needs)


def _hosts_of(task: Task, select: Select) -> set[str]:
    """The hosts of a task's own pattern."""
    try:
        return set(select(task.hosts or "all"))
    except InventoryError as error:
        raise InventoryError(str(error), where=task.where, hint=error.hint) from error


def _is_selected(task: Task, tags: Sequence[str], skip_tags: Sequence[str]) -> bool:
    own = set(task.tags)
    return (not tags or bool(own & set(tags))) and not own & set(skip_tags)


def _check_cycles(tasks: Sequence[Task]) -> None:
    by_name = {task.name: task for task in tasks}
    try:
        TopologicalSorter({task.name: task.depends_on for task in tasks}).prepare()
    except CycleError as error:
        cycle: list[str] = error.args[1][::-1]
        raise WorkflowError(
            "tasks depend on each other in a circle: " + " → ".join(cycle),
            where=by_name[cycle[0]].where,
            hint="each task waits for the one behind its arrow; take one of these dependencies out",
        ) from error
