"""The message that tells one host its part of a run; sloth/runtime/job.py reads it."""

from __future__ import annotations

import getpass
import os
import socket
from collections.abc import Callable, Mapping, Sequence
from itertools import chain
from typing import Any

from msgspec import Struct
from msgspec.structs import asdict

from sloth.core.connection import Connection
from sloth.core.model import HostPlan, Plan, Task, Workflow, WorkflowFile
from sloth.core.sealed import plain_only
from sloth.engine.request import Request


class Variables(Struct, frozen=True):
    """What every host's variables are made of, beside the inventory: values files and extra variables."""

    values: Mapping[str, object]
    extra: Mapping[str, object]

    @property
    def common(self) -> dict[str, object]:
        """What the top level of a workflow file sees as `vars`: the same on all hosts, and nothing that is secret."""
        return plain_only({**self.values, **self.extra})

    @property
    def plain(self) -> Variables:
        """Those that are not secret."""
        return Variables(plain_only(self.values), plain_only(self.extra))


def whoever() -> str:
    """Who runs sloth here, for those who find a host or lock taken."""
    return f"{person()} (pid {os.getpid()})"


def person() -> str:
    """The user here, for those who look at what was left behind."""
    return f"{getpass.getuser()}@{socket.gethostname()}"


class JobMaker:
    """Makes jobs that differ only in what differs between hosts."""

    def __init__(
        self,
        run: str,
        file: WorkflowFile,
        plan: Plan,
        request: Request,
        variables: Variables,
        groups: Mapping[str, Sequence[str]],
    ) -> None:
        workflow = plan.workflow
        self._tasks = {task.name: _telling(_step(task)) for task in workflow.tasks}
        self._above = {**workflow.variables, **variables.values}
        self._awaited = _awaited(plan)
        self._same = {
            "run": run,
            "owner": whoever(),
            "workflow": workflow.name,
            "entry": file.entry,
            "sources": dict(file.sources),
            "handlers": list(workflow.handlers),
            "common": variables.common,
            "extra": dict(variables.extra),
            "values": dict(file.values),
            "roles": {
                use.name: {"defaults": dict(use.defaults), "vars": dict(use.variables)} for use in workflow.roles
            },
            "groups": {name: list(hosts) for name, hosts in groups.items()},
            "environ": dict(file.environ),
            "lua_modules": list(file.lua_modules),
            "check": request.check,
            "diff": request.diff,
            "live": request.live,
            "verify": request.verify,
            "parallel": workflow.parallel,
            "fail_fast": workflow.fail_fast,
            "workdir": workflow.workdir,
            "create_workdir": workflow.create_workdir,
            "cleanup_on_failure": workflow.cleanup_on_failure,
            "lock_wait": request.lock_wait,
            "force_handlers": request.force_handlers,
        }

    def job(self, host: HostPlan, variables: Callable[[str], Mapping[str, object]]) -> dict[str, Any]:
        """One host's job. variables(host): those of the inventory that hosts may see."""
        others = {one.on_behalf for one in host.delegated.values() if one.on_behalf not in (None, host.host)}
        return {
            **self._same,
            "host": host.host,
            "vars": {**variables(host.host), **self._above},
            "others": {other: {**variables(other), **self._above} for other in sorted(filter(None, others))},
            "steps": [self._step(host, name) for name in host.needs],
        }

    def _step(self, host: HostPlan, name: str) -> dict[str, Any]:
        step = {
            "name": name,
            "host": host.owner(name),
            "needs": list(host.needs[name]),
            "gates": list(host.gates.get(name, ())),
            "awaited": (host.host, name) in self._awaited,
            "deps": dict(host.deps.get(name, {})),
        }
        return {**self._tasks[host.task(name)], **_telling(step)}


def _awaited(plan: Plan) -> frozenset[tuple[str, str]]:
    """The tasks for which other hosts wait. Many gates have the same ones behind them, as one tuple."""
    behind = {id(tasks): tasks for tasks in chain(plan.gates.values(), plan.turns.values())}
    return frozenset(chain.from_iterable(behind.values()))


def _step(task: Task) -> dict[str, Any]:
    return {
        "task": task.name,
        "depends_on": list(task.depends_on),
        "timeout": task.timeout,
        "retries": asdict(task.retry) if task.retry.count else {},
        "become": task.become,
        "workdir": task.workdir,
        "env": dict(task.env),
        "params": dict(task.params),
        "ignore_errors": task.ignore_errors,
        "stream": task.stream,
        "role": task.role,
        "after_failure": list(task.after_failure),
        "async": task.is_async,
        "register": task.register,
        "outputs": list(task.outputs),
        "artifacts": list(task.artifacts),
        "consumes": list(task.consumes),
    }


def _telling(step: dict[str, Any]) -> dict[str, Any]:
    """What a host does not take for granted; most of a job of many tasks would be the rest."""
    return {key: value for key, value in step.items() if value not in (None, False, [], {})}


def alone(workflow: Workflow, connection: Connection) -> dict[str, object]:
    """What the job of a host holds that has nobody to ask."""
    become = {"method": connection.become_method, "password": connection.become_password}
    return {"time_limit": workflow.timeout, "become": become}
