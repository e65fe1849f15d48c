"""The message that tells one host its part of a run; sloth/runtime/job.py reads it."""

from __future__ import annotations

import getpass
import os
import socket
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from sloth.core.errors import WorkflowError
from sloth.core.model import HostPlan, Plan, Task, Workflow, WorkflowFile
from sloth.engine.request import Request


@dataclass(frozen=True, slots=True)
class Variables:
    """What every host's variables are made of, beside the inventory: values files and extra variables."""

    values: Mapping[str, object]
    extra: Mapping[str, object]

    @property
    def common(self) -> dict[str, object]:
        """What the top level of a workflow file sees as `vars`: the same on all hosts."""
        return {**self.values, **self.extra}


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
        _check_delegation(workflow)
        self._tasks = {task.name: _step(task) for task in workflow.tasks}
        self._above = {**workflow.variables, **variables.values}
        self._same = {
            "run": run,
            "owner": f"{getpass.getuser()}@{socket.gethostname()} (pid {os.getpid()})",
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
            "parallel": workflow.parallel,
            "fail_fast": workflow.fail_fast,
            "workdir": workflow.workdir,
            "create_workdir": workflow.create_workdir,
            "cleanup_on_failure": workflow.cleanup_on_failure,
            "lock_wait": request.lock_wait,
            "force_handlers": request.force_handlers,
        }

    def job(self, host: HostPlan, inventory_variables: Mapping[str, object]) -> dict[str, Any]:
        """One host's job."""
        return {
            **self._same,
            "host": host.host,
            "vars": {**inventory_variables, **self._above},
            "steps": [
                {**self._tasks[name], "needs": list(needs), "gates": list(host.gates.get(name, ()))}
                for name, needs in host.needs.items()
            ],
        }


def _check_delegation(workflow: Workflow) -> None:
    """What would run on every host although its author meant one of them does not run at all."""
    everyone: tuple[Workflow | Task, ...] = (workflow, *workflow.tasks)
    for one in everyone:
        if one.delegate_to is not None:
            raise WorkflowError(
                f"{one.name!r}: delegate_to has no effect in this version of sloth",
                where=one.where,
                hint="narrow the task with hosts, or run it once with run_once",
            )


def _step(task: Task) -> dict[str, Any]:
    return {
        "name": task.name,
        "depends_on": list(task.depends_on),
        "timeout": task.timeout,
        "retries": asdict(task.retry),
        "become": task.become,
        "workdir": task.workdir,
        "env": dict(task.env),
        "params": dict(task.params),
        "ignore_errors": task.ignore_errors,
        "role": task.role,
        "after_failure": list(task.after_failure),
        "async": task.is_async,
        "register": task.register,
        "outputs": list(task.outputs),
        "artifacts": list(task.artifacts),
        "consumes": list(task.consumes),
    }
