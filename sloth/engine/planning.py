"""Laying a workflow out over hosts: who runs what, in which order. Pure; nothing connects here."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from graphlib import CycleError, TopologicalSorter

from sloth.core.errors import InventoryError, WorkflowError
from sloth.core.model import HostPlan, Plan, Task, Workflow
from sloth.core.near import near
from sloth.engine.batches import amount, batches, ordered

Select = Callable[[str], Sequence[str]]


def lay_out(
    workflow: Workflow, hosts: Sequence[str], select: Select, tags: Sequence[str] = (), skip_tags: Sequence[str] = ()
) -> Plan:
    """Plan a workflow on these hosts.

    select: host pattern → host names, for tasks that narrow. Hosts with nothing to do are left out.
    Raises WorkflowError for a cycle or a dependency on a task of a later batch.
    """
    _check_cycles(workflow.tasks)
    chosen = _in_order([task for task in workflow.tasks if _is_selected(task, tags, skip_tags)])
    taking_part = ordered(hosts, workflow.order, workflow.where)
    places = {task.name: _place(task, taking_part, select) for task in chosen}
    cut = batches(taking_part, workflow.serial, workflow.where)
    if workflow.max_fail is not None:
        amount(workflow.max_fail, len(taking_part), "config.max_fail", workflow.where)  # an odd one is an error now
    _check_batches(chosen, places, cut)
    plans = tuple(plan for plan in (_host_plan(host, chosen, places) for host in taking_part) if plan.needs)
    busy = {plan.host for plan in plans}
    filled = (tuple(host for host in batch if host in busy) for batch in cut)
    return Plan(workflow, plans, tuple(batch for batch in filled if batch))


def _place(task: Task, hosts: Sequence[str], select: Select) -> Mapping[str, None]:
    """The hosts on which a task runs, in order."""
    allowed = _hosts_of(task, select) if task.hosts else set(hosts)
    found = [host for host in hosts if host in allowed]
    return dict.fromkeys(found[:1] if task.run_once else found)


def _check_batches(tasks: Sequence[Task], places: Mapping[str, Collection[str]], cut: Sequence[Sequence[str]]) -> None:
    """Nobody may wait for a host whose batch begins only when one's own is over."""
    number = {host: index for index, batch in enumerate(cut) for host in batch}
    for task in tasks:
        for need in task.depends_on:
            for host in places[task.name]:
                behind = places.get(need, ())
                late = [other for other in behind if host not in behind and number[other] > number[host]]
                if late:
                    raise WorkflowError(
                        f"task {task.name!r} on {host} waits for {need!r} on {late[0]}, which is in a later batch",
                        where=task.where,
                        hint="change config.serial or config.order, or make two workflows that follow each other",
                    )


def check_tags(workflows: Sequence[Workflow], asked: Iterable[str]) -> None:
    """Raises WorkflowError for a tag that no task of these workflows has."""
    known = {tag for workflow in workflows for task in workflow.tasks for tag in task.tags}
    for tag in asked:
        if tag not in known:
            hint = near(tag, known) or f"there are the tags {', '.join(sorted(known)) or '(none)'}"
            raise WorkflowError(f"no task has the tag {tag!r}", hint=hint)


def _in_order(tasks: Sequence[Task]) -> list[Task]:
    """The order in which they run one at a time: always the first of the file that waits for none of the others."""
    left, ordered = list(tasks), []
    waiting = {task.name for task in tasks}
    while left:
        ready = next(task for task in left if waiting.isdisjoint(task.depends_on))
        left.remove(ready)
        waiting.remove(ready.name)
        ordered.append(ready)
    return ordered


def _host_plan(host: str, tasks: Sequence[Task], places: Mapping[str, Collection[str]]) -> HostPlan:
    needs, gates = {}, {}
    for task in tasks:
        if host in places[task.name]:
            needs[task.name] = tuple(need for need in task.depends_on if host in places.get(need, ()))
            others = tuple(need for need in task.depends_on if host not in places.get(need, (host,)) and places[need])
            if others:
                gates[task.name] = others
    return HostPlan(host, needs, gates)


def _hosts_of(task: Task, select: Select) -> set[str]:
    """The hosts of a task's own pattern."""
    try:
        return set(select(task.hosts or "all"))
    except InventoryError as error:
        raise InventoryError(str(error), where=task.where, hint=error.hint) from error


def _is_selected(task: Task, tags: Sequence[str], skip_tags: Sequence[str]) -> bool:
    """By its tags; `always` and `never` mean what they do in Ansible: run unless skipped, run only when asked for."""
    own = set(task.tags)
    if own & set(skip_tags):
        return False
    if "never" in own or (tags and "always" not in own):
        return bool(own & set(tags))
    return True


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
