"""What is left of a run: a plan of the same workflow, and which of its tasks are done. Pure."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from typing import Any

from msgspec import Struct, field
from msgspec.structs import replace

from sloth.core.errors import UsageError
from sloth.core.events import TaskFinished
from sloth.core.model import HostPlan, Plan
from sloth.core.near import near
from sloth.engine.history import FAILED, History, Key, is_done
from sloth.engine.planning import batches_of, counted


class Scope(Struct, frozen=True):
    """What of a run is wanted. failed: only what failed, and what was left out for it. start: from this task on."""

    failed: bool = False
    start: str | None = None


class Rest(Struct, frozen=True):
    """A plan of which some tasks are done: (host, task) → how. handlers: those that have run well, likewise.

    recall: hosts may know of more that is done
    """

    plan: Plan
    done: Mapping[Key, TaskFinished] = field(default_factory=dict)
    handlers: Mapping[Key, TaskFinished] = field(default_factory=dict)
    recall: bool = False

    def of(self, host: HostPlan) -> dict[str, TaskFinished]:
        """How those ended that are done on a host."""
        return {task: self.done[host.host, task] for task in host.tasks if (host.host, task) in self.done}

    def job(self, host: HostPlan) -> dict[str, object]:
        """What a host's job says of it."""
        return {
            "done": _told(self.of(host)),
            "done_handlers": [handler for where, handler in self.handlers if where == host.host],
            "recall": self.recall,
        }

    @property
    def left(self) -> int:
        """How many tasks are to be run."""
        return sum(len(host.tasks) for host in self.plan.hosts) - len(self.done)


def continued(job: Mapping[str, Any], ended: Mapping[str, TaskFinished]) -> dict[str, Any]:
    """The job of a host that has done more of it in this life. ended: task → how, also in failure."""
    return {**job, "done": {**job.get("done", {}), **_told(ended)}, "recall": False}


def _told(ended: Mapping[str, TaskFinished]) -> dict[str, object]:
    return {
        task: {
            "status": one.status,
            "message": one.message,
            "outputs": one.outputs,
            "failure": one.failure,
            "blocks": one.blocks,
        }
        for task, one in ended.items()
    }


def rest_of(plan: Plan, history: History, scope: Scope) -> Rest:
    """What is left of a run. plan: all of it. Raises UsageError for a start that is no task of it."""
    handlers = {key: event for key, event in history.handlers.items() if is_done(event)}
    if scope.start is not None:
        return Rest(plan, _before(plan, history, scope.start), handlers)
    known = history.done
    done = {key: known[key] for key in _keys(plan) if key in known}
    if scope.failed:
        owing = {host for host, _ in history.handlers.keys() - handlers.keys()}
        plan = _only(plan, _failed(plan, history, done), done, owing)
        done = {key: done[key] for key in _keys(plan) if key in done}
    return Rest(plan, done, handlers, recall=True)


def to_resume(short: Callable[[], str], left: Collection[str], *, is_whole: bool = True) -> str:
    """The command that does what is left. short(): enough of the run's id, for which all runs are looked through.

    left: the statuses of what is left. is_whole: whether there is no more
    """
    if not left and is_whole:
        return ""
    failed = is_whole and "cancelled" not in left and not FAILED.isdisjoint(left)
    return f"sloth resume {short()}" + (" --failed" if failed else "")


def _before(plan: Plan, history: History, start: str) -> dict[Key, TaskFinished]:
    """What stands before a task counts as done, whatever became of it."""
    order = list(dict.fromkeys(task for _, task in _keys(plan)))
    if start not in order:
        hint = near(start, order) or f"its tasks: {', '.join(order)}"
        raise UsageError(f"--from: the run has no task {start!r}", hint=hint)
    earlier, known = set(order[: order.index(start)]), history.done
    return {
        key: known.get(key) or TaskFinished(*key, "skipped", "left out by --from")
        for key in _keys(plan)
        if key[1] in earlier
    }


def _failed(plan: Plan, history: History, done: Collection[Key]) -> set[Key]:
    """What failed, and what was skipped and waits for nothing but that."""
    chosen = {key for key in _keys(plan) if key in history.ends and history.ends[key].status in FAILED}
    chosen -= set(done)
    skipped = {key for key, event in history.ends.items() if event.status == "skipped"} - set(done)
    needs = {key: _needs(plan, host, key[1]) for host in plan.hosts for key in _keys_of(host) if key in skipped}
    while more := {
        key
        for key, wanted in needs.items()
        if key not in chosen and not wanted.isdisjoint(chosen) and wanted <= chosen | set(done)
    }:
        chosen |= more
    return chosen


def _needs(plan: Plan, host: HostPlan, task: str) -> set[Key]:
    """What a task on a host waits for, there and elsewhere."""
    others = {place for gate in host.gates.get(task, ()) for place in plan.gates[gate]}
    return others | {(host.host, need) for need in host.needs[task]}


def _only(plan: Plan, chosen: Collection[Key], done: Collection[Key], owing: Collection[str]) -> Plan:
    """The plan with these tasks, and of those that are done what they wait for. owing: hosts that owe a handler."""
    kept = {*chosen, *done}
    narrowed = [_narrowed(host, {task for task in host.tasks if (host.host, task) in kept}) for host in plan.hosts]
    waits = [host.gates.get(task, ()) for host in narrowed for task in host.tasks if (host.host, task) in chosen]
    wanted = {host for gates in waits for gate in gates for host, _ in plan.gates[gate]}
    wanted |= {host for host, _ in chosen} | set(owing)
    hosts = counted(host for host in narrowed if host.host in wanted and host.needs)
    return replace(plan, hosts=hosts, batches=batches_of(hosts, {}))


def _narrowed(host: HostPlan, tasks: Collection[str]) -> HostPlan:
    gates = {task: gates for task, gates in host.gates.items() if task in tasks}
    return replace(host, needs={task: needs for task, needs in host.needs.items() if task in tasks}, gates=gates)


def _keys(plan: Plan) -> Iterator[Key]:
    for host in plan.hosts:
        yield from _keys_of(host)


def _keys_of(host: HostPlan) -> Iterator[Key]:
    return ((host.host, task) for task in host.tasks)
