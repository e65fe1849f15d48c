"""Laying a workflow out over hosts: who runs what, in which order. Pure; nothing connects here."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from graphlib import CycleError, TopologicalSorter
from heapq import heappop, heappush

from msgspec import Struct
from msgspec.structs import replace

from sloth.core.errors import InventoryError, WorkflowError
from sloth.core.model import HostPlan, Plan, Task, Workflow
from sloth.core.near import near
from sloth.engine.batches import amount, batches, ordered
from sloth.engine.placing import Placing, Unit
from sloth.runtime.program import TOP_LEVEL

Select = Callable[[str], Sequence[str]]
Choose = Callable[[Task, str | None, Mapping[str, int]], Sequence[str]]
"""Who runs a delegated task, for one host or for all; the third: how many tasks each host has already."""


class Choice(Struct, frozen=True):
    """Which tasks of a workflow: by their tags, and from which one on. What is left out counts as met."""

    tags: Sequence[str] = ()
    skip_tags: Sequence[str] = ()
    start_at: str | None = None


ALL = Choice()
NOWHERE: Mapping[str, str] = {}


def lay_out(
    workflow: Workflow, hosts: Sequence[str], select: Select, choose: Choose | None = None, choice: Choice = ALL,
    seed: str = "", homes: Mapping[str, str] = NOWHERE,
) -> Plan:  # fmt: skip
    """Plan a workflow on these hosts.

    select: host pattern → host names, for tasks that narrow. choose: None where nothing is to be delegated, since
    there are no hosts. seed: of a shuffled order. homes: task that runs once → its host, if not the first. Hosts with
    nothing to do are left out.
    Raises WorkflowError for a cycle or a dependency on a task of a later batch.
    """
    _check_cycles(workflow.tasks)
    chosen = in_order([task for task in workflow.tasks if _is_selected(task, choice.tags, choice.skip_tags)])
    if choice.start_at is not None:
        chosen = _from(choice.start_at, chosen, workflow)
    taking_part = ordered(hosts, workflow.order, workflow.where, seed)
    places = {task.name: _place(task, taking_part, select) for task in chosen}
    at = {task.name: _once(task, places[task.name], homes) for task in chosen}
    units = _units(chosen, at, choose)
    cut = batches(taking_part, workflow.serial, "config.serial", workflow.where)
    for task in chosen:
        batches(places[task.name], task.serial, f"task {task.name!r}: serial", task.where)  # an odd one is an error now
    if workflow.max_fail is not None:
        amount(workflow.max_fail, len(taking_part), "config.max_fail", workflow.where)  # an odd one is an error now
    placing = Placing(units, cut)
    plans = counted(placing.host_plans())
    rank = {host: index for index, host in enumerate(taking_part)}
    once = {task.name: _beside(places[task.name], cut) for task in chosen if task.run_once and task.delegate_to is None}
    return Plan(workflow, plans, batches_of(plans, rank), placing.gates, once)


def counted(plans: Iterable[HostPlan]) -> tuple[HostPlan, ...]:
    """The same, where a batch in which nobody has anything to do does not count."""
    plans = tuple(plans)
    number = {batch: number for number, batch in enumerate(sorted({plan.batch for plan in plans}))}
    return tuple(replace(plan, batch=number[plan.batch]) for plan in plans)


def batches_of(plans: Iterable[HostPlan], rank: Mapping[str, int]) -> tuple[tuple[str, ...], ...]:
    """Whose tasks each batch runs, by rank."""
    owners: dict[int, dict[str, None]] = {}
    for plan in plans:
        owners.setdefault(plan.batch, {}).update(dict.fromkeys(map(plan.owner, plan.needs)))
    filled = (sorted(owners[number], key=lambda host: rank.get(host, len(rank))) for number in sorted(owners))
    return tuple(map(tuple, filled))


def _units(
    tasks: Sequence[Task], places: Mapping[str, tuple[str, ...]], choose: Choose | None
) -> dict[str, list[Unit]]:
    """Where each task runs. What is delegated comes last, as its delegates may be chosen by what they have to do."""
    load = Counter(host for task in tasks if task.delegate_to is None for host in places[task.name])
    units: dict[str, list[Unit]] = {}
    for task in tasks:
        units[task.name] = []
        for on_behalf in _for_whom(task, places[task.name]):
            found = places[task.name]
            if task.delegate_to is not None and choose is not None:
                found = tuple(choose(task, on_behalf, load))[: 1 if task.run_once else None]
                load.update(found)
            units[task.name].append(Unit(task, found, on_behalf))
    return units


def _for_whom(task: Task, hosts: Sequence[str]) -> Sequence[str | None]:
    """For which hosts there is a unit of its own; None stands for all of them together."""
    if not hosts:
        return []
    return hosts if task.delegate_to is not None and task.delegate_to.per_host else [None]


def _place(task: Task, hosts: Sequence[str], select: Select) -> tuple[str, ...]:
    """The hosts on which a task may run, or for which it does where it is delegated, in order."""
    allowed = _hosts_of(task, select) if task.hosts else set(hosts)
    return tuple(host for host in hosts if host in allowed)


def _once(task: Task, hosts: tuple[str, ...], homes: Mapping[str, str]) -> tuple[str, ...]:
    """Of these hosts the one where a task runs that runs once."""
    home = homes.get(task.name)
    if not task.run_once:
        return hosts
    return (home,) if home in hosts else hosts[:1]


def _beside(hosts: tuple[str, ...], cut: Sequence[Sequence[str]]) -> tuple[str, ...]:
    """Those of the hosts that are in the batch of the first."""
    batch = next((batch for batch in cut if hosts and hosts[0] in batch), ())
    return tuple(host for host in hosts if host in batch)


def check_tags(workflows: Sequence[Workflow], asked: Iterable[str]) -> None:
    """Raises WorkflowError for a tag that no task of these workflows has."""
    known = {tag for workflow in workflows for task in workflow.tasks for tag in task.tags}
    for tag in asked:
        if tag not in known:
            hint = near(tag, known) or f"there are the tags {', '.join(sorted(known)) or '(none)'}"
            raise WorkflowError(f"no task has the tag {tag!r}", hint=hint)


def starting_at(workflows: Sequence[Workflow], name: str) -> Sequence[Workflow]:
    """The first of these workflows that has the task, and those behind it. Raises WorkflowError when none has."""
    for number, workflow in enumerate(workflows):
        if any(task.name == name for task in workflow.tasks):
            return workflows[number:]
    known = [task.name for workflow in workflows for task in workflow.tasks]
    hint = near(name, known) or f"there are the tasks {', '.join(known) or '(none)'}"
    raise WorkflowError(f"there is no task {name!r} to start at", hint=hint)


def _from(name: str, tasks: Sequence[Task], workflow: Workflow) -> list[Task]:
    """The tasks from that one on; what evaluates the file for all of them stays."""
    names = [task.name for task in tasks]
    if name not in names:
        raise WorkflowError(f"task {name!r}, to start at, is left out by its tags", where=workflow.task(name).where)
    first = names.index(name)
    return [task for number, task in enumerate(tasks) if number >= first or task.name == TOP_LEVEL]


def in_order(tasks: Sequence[Task]) -> list[Task]:
    """The order in which they run one at a time: always the first of the file that waits for none of the others."""
    place = {task.name: number for number, task in enumerate(tasks)}
    waiting = {task.name: {need for need in task.depends_on if need in place} for task in tasks}
    dependents: dict[str, list[str]] = {}
    for name, needs in waiting.items():
        for need in needs:
            dependents.setdefault(need, []).append(name)
    ready = [place[name] for name, needs in waiting.items() if not needs]  # in order, so it is a heap
    found = []
    while ready:
        task = tasks[heappop(ready)]
        found.append(task)
        for name in dependents.get(task.name, ()):
            waiting[name].remove(task.name)
            if not waiting[name]:
                heappush(ready, place[name])
    return found


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
