"""A workflow file becomes a model: evaluated once in the sandbox, then checked, part by part.

What the hosts need of it is names, order and settings: each makes the closures of its tasks from the
same sources. Only a workflow's own hooks run here, in the VM that loaded it.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from sloth.core import varsfile
from sloth.core.errors import WorkflowError
from sloth.core.model import Retry, RoleUse, Task, Workflow, WorkflowFile
from sloth.core.near import near, near_file
from sloth.core.varsfile import VarsFile
from sloth.runtime.action import Catalog, seconds
from sloth.runtime.lua.vm import VM, LuaError, LuaSyntax, LuaTimeout
from sloth.runtime.program import LOAD_LIMIT, load_program
from sloth.workflow.sources import ROLE, Sources

HONOURED = frozenset({"max_fail", "max_parallel_tasks", "order", "serial", "timeout", "workdir"})
Say = Callable[[str, str], None]
Perform = Callable[[dict[str, object]], list[object]]


class Evaluated:
    """A loaded file and the VM that holds the hooks of its workflows."""

    def __init__(self, file: WorkflowFile, sources: Sources, vm: VM, program: Mapping[str, Any]) -> None:
        self.file = file
        self.sources = sources
        self._vm = vm
        self._hooks = {declared["name"]: declared["hooks"] for declared in program["workflows"]}

    def hooks(self, workflow: str) -> frozenset[str]:
        """The names of the hooks that a workflow declares."""
        return frozenset(self._hooks[workflow])

    def call(
        self,
        workflow: str,
        hook: str,
        args: list[object],
        context: Mapping[str, object],
        perform: Perform,
        limit: float,
    ) -> list[object]:
        """Run a hook for at most `limit` seconds; what it returns. Raises WorkflowError when it fails.

        perform: answers the module calls that it makes
        """
        try:
            return self._vm.call(
                self._hooks[workflow][hook]["function"],
                {**context, "style": "plain", "extra": args},
                perform,
                self._vm.clock() + limit,
            )
        except LuaError as error:
            where = self.sources.place(error.where)
            raise WorkflowError(f"{hook} of workflow {workflow!r}: {error.text}", where=where) from error


def load(path: Path, common: Mapping[str, object], values: Mapping[str, object], say: Say) -> Evaluated:
    """Load and check one file.

    common: the variables that are the same for all hosts (values files, extra variables)
    values: those of the values files alone
    say(level, text): what the file logs or prints while it is loaded
    Raises WorkflowError with file, line and a hint.
    """
    from lupa import lua54

    sources = Sources(path.parent)
    if sources.read(path.name) is None:
        if path.is_dir():
            raise WorkflowError(f"{path} is a folder, not a workflow file")
        raise WorkflowError(f"there is no workflow file {path}", hint=near_file(path))
    vm = VM(lua54, modules=Catalog().names)
    try:
        program: dict[str, Any] = load_program(
            vm,
            path.name,
            sources.read,
            side="controller",
            top_vars=dict(common),
            values=dict(values),
            environ=dict(os.environ),
            say=say,
        )
    except LuaSyntax as error:
        raise WorkflowError(f"syntax error: {error.text}", where=sources.place(error.where)) from error
    except LuaTimeout as error:
        raise WorkflowError(
            f"loading takes longer than {LOAD_LIMIT:g} s",
            where=sources.place(error.where),
            hint="the top level of a file only declares tasks: work belongs into their commands",
        ) from error
    except LuaError as error:
        hint = str(error.result.get("hint") or "")
        raise WorkflowError(error.text, where=sources.place(error.where), hint=hint) from error
    workflows = tuple(_workflow(declared, sources) for declared in program["workflows"])
    if not workflows:
        raise WorkflowError(
            f"{path} defines no task", where=str(path), hint='begin with task("name"):command(…):build()'
        )
    asked = {name: os.environ[name] for name in program["environ"] if name in os.environ}
    file = WorkflowFile(
        str(path),
        path.name,
        sources.texts,
        workflows,
        asked,
        tuple(sources.place(text) for text in program["warnings"]),
    )
    return Evaluated(file, sources, vm, program)


def _workflow(declared: Mapping[str, Any], sources: Sources) -> Workflow:
    where = _where(declared, sources)
    config: Mapping[str, Any] = declared["config"]
    for key in sorted(config.keys() - HONOURED):
        raise WorkflowError(
            f"config of workflow {declared['name']!r}: {key} has no effect in this version of sloth",
            where=where,
            hint=near(key, HONOURED) or f"take it out; what works is {', '.join(sorted(HONOURED))}",
        )
    parallel = config.get("max_parallel_tasks", 1)
    if not isinstance(parallel, int) or isinstance(parallel, bool) or parallel < 1:
        raise WorkflowError(f"max_parallel_tasks wants a whole number from 1, got {parallel!r}", where=where)
    workdir = declared.get("workdir") or config.get("workdir")
    tasks = tuple(_task({"workdir": workdir, **one}, _where(one, sources)) for one in declared["tasks"])
    handlers = tuple(handler["name"] for handler in declared["handlers"])
    _check_needs(tasks)
    for one, task in zip(declared["tasks"], tasks, strict=True):
        _check_notify(task, one["notify"], handlers)
    return Workflow(
        name=declared["name"],
        where=where,
        description=declared.get("description") or "",
        version=declared.get("version") or "",
        hosts=declared.get("hosts"),
        tasks=tasks,
        handlers=handlers,
        roles=tuple(_role(use, sources) for use in declared["roles"]),
        parallel=parallel,
        serial=_sizes(config.get("serial")),
        max_fail=config.get("max_fail"),
        order=str(config.get("order", "inventory")),
        timeout=_duration(f"config of workflow {declared['name']!r}", "timeout", config.get("timeout"), where),
        variables=declared["variables"],
    )


def _sizes(serial: Any) -> tuple[str | int, ...]:
    if serial is None:
        return ()
    return tuple(serial) if isinstance(serial, list) else (serial,)


def _role(use: Mapping[str, Any], sources: Sources) -> RoleUse:
    name = use["role"]
    defaults, own = role_file(sources, name, "defaults"), role_file(sources, name, "vars")
    given = use.get("vars") or {}
    return RoleUse(name, defaults.values if defaults else {}, {**(own.values if own else {}), **given})


def role_file(sources: Sources, role: str, kind: str) -> VarsFile | None:
    """The file of a role's variables. kind: `defaults` or `vars`."""
    folder = sources.path(f"{ROLE}{role}/{kind}")
    places = [folder / f"main{suffix}" for suffix in varsfile.SUFFIXES] if folder is not None else []
    return next((varsfile.read(path) for path in places if path.is_file()), None)


def _where(declared: Mapping[str, Any], sources: Sources) -> str:
    return sources.place(f"{declared['file']}:{declared['line']}")


def _task(declared: Mapping[str, Any], where: str) -> Task:
    become = declared.get("become")
    return Task(
        name=declared["name"],
        where=where,
        description=declared.get("description") or "",
        hosts=declared.get("hosts"),
        tags=tuple(declared.get("tags") or ()),
        depends_on=tuple(declared.get("depends_on") or ()),
        timeout=_duration(f"task {declared['name']!r}", "timeout", declared.get("timeout"), where),
        retry=_retry(declared, where),
        become="root" if become is True else become or None,
        workdir=declared.get("workdir"),
        env={key: str(value) for key, value in (declared.get("env") or {}).items()},
        params=declared.get("params") or {},
        ignore_errors=bool(declared.get("ignore_errors")),
        role=declared.get("role"),
        run_once=declared.get("run_once") is True,
    )


def _retry(declared: Mapping[str, Any], where: str) -> Retry:
    given: Mapping[str, Any] = declared.get("retries") or {}
    default = Retry()
    strategy = given.get("strategy") or default.strategy
    if strategy not in ("fixed", "linear", "exponential"):
        raise WorkflowError(
            f"task {declared['name']!r}: unknown retry strategy {strategy!r}",
            where=where,
            hint="there are fixed, linear and exponential",
        )
    delay = _duration(f"task {declared['name']!r}", "retry_delay", given.get("delay"), where)
    longest = _duration(f"task {declared['name']!r}", "max_retry_delay", given.get("max_delay"), where)
    return Retry(
        int(given.get("count") or 0),
        strategy,
        default.delay if delay is None else delay,
        default.max_delay if longest is None else longest,
    )


def _duration(owner: str, key: str, value: object, where: str) -> float | None:
    if value is None:
        return None
    try:
        return seconds(value)
    except ValueError as error:
        raise WorkflowError(f"{owner}: {key}: {error}", where=where) from error


def _check_needs(tasks: Sequence[Task]) -> None:
    names = [task.name for task in tasks]
    for task in tasks:
        for need in task.depends_on:
            if need not in names:
                raise WorkflowError(
                    f"task {task.name!r} depends on {need!r}, which is not in the workflow",
                    where=task.where,
                    hint=near(need, names) or f"its tasks: {', '.join(names)}",
                )


def _check_notify(task: Task, notified: Sequence[str], handlers: Sequence[str]) -> None:
    for name in notified:
        if name not in handlers:
            raise WorkflowError(
                f"task {task.name!r} notifies {name!r}, which is no handler of the workflow",
                where=task.where,
                hint=near(name, handlers) or f"its handlers: {', '.join(handlers) or '(none)'}",
            )
