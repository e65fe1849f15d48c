"""What a file declares becomes a model: checked part by part, settings of workflows and roles taken in.

What the hosts need of it is names, order and settings: each makes the closures of its tasks from the same sources.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from sloth.core import varsfile
from sloth.core.errors import WorkflowError
from sloth.core.model import RoleUse, Span, Task, Workflow, WorkflowFile
from sloth.core.near import near
from sloth.core.varsfile import VarsFile
from sloth.runtime.stage import handler_topics
from sloth.workflow import config, delegation, meta
from sloth.workflow.config import Config
from sloth.workflow.sources import ROLE, Sources


def file_of(path: Path, program: Mapping[str, Any], sources: Sources, values: Mapping[str, object]) -> WorkflowFile:
    """All of a file. program: what it declares, as in runtime/program.py. Raises WorkflowError."""
    declared = program["workflows"]
    configs = [config.read(f"workflow {one['name']!r}", one["config"], _where(one, sources)) for one in declared]
    workflows = tuple(_workflow(one, settings, sources) for one, settings in zip(declared, configs, strict=True))
    return WorkflowFile(
        str(path),
        path.name,
        sources.texts,
        workflows,
        {name: os.environ[name] for name in program["environ"] if name in os.environ},
        (
            *(sources.place(text) for text in program["warnings"]),
            *(text for settings in configs for text in settings.warnings),
            *(text for workflow in workflows for text in _never_run(workflow)),
        ),
        values=merged(program.get("values") or {}, values),
        stack=program.get("stack"),
        tests=tuple(test["name"] for test in program["tests"]),
        lua_modules=tuple(sorted(sources.project.library.lua)),
    )


def _workflow(declared: Mapping[str, Any], settings: Config, sources: Sources) -> Workflow:
    workdir, delegate_to = declared.get("workdir") or settings.workdir, declared.get("delegate_to")
    below = {"workdir": workdir, "delegate_to": delegate_to}
    tasks = tuple(_task({**below, **one}, settings, _where(one, sources)) for one in declared["tasks"])
    handlers = tuple(handler["name"] for handler in declared["handlers"])
    topics = list(dict.fromkeys(topic for handler in declared["handlers"] for topic in handler_topics(handler)))
    _check_needs(tasks)
    for one, task in zip(declared["tasks"], tasks, strict=True):
        _check_notify(task, one["notify"], topics)
    return Workflow(
        name=declared["name"],
        where=_where(declared, sources),
        description=declared.get("description") or "",
        version=declared.get("version") or "",
        hosts=declared.get("hosts"),
        tasks=tasks,
        handlers=handlers,
        roles=tuple(_role(use, sources, _where(declared, sources)) for use in declared["roles"]),
        parallel=settings.parallel,
        timeout=settings.timeout,
        variables=declared["variables"],
        workdir=workdir,
        create_workdir=bool(declared.get("create_workdir")),
        clean_workdir=bool(declared.get("clean_workdir")),
        cleanup_on_failure=settings.cleanup_on_failure,
        fail_fast=settings.fail_fast,
        serial=settings.serial,
        max_fail=settings.max_fail,
        order=settings.order,
        metadata=declared.get("metadata"),
    )


def _role(use: Mapping[str, Any], sources: Sources, where: str) -> RoleUse:
    name = use["role"]
    defaults, own = role_file(sources, name, "defaults"), role_file(sources, name, "vars")
    given = use.get("vars") or {}
    meta.check(name, meta.read(sources.project.role(name)), given, where)
    return RoleUse(name, defaults.values if defaults else {}, {**(own.values if own else {}), **given})


def role_file(sources: Sources, role: str, kind: str) -> VarsFile | None:
    """The file of a role's variables. kind: `defaults` or `vars`."""
    folder = sources.path(f"{ROLE}{role}/{kind}")
    places = [folder / f"main{suffix}" for suffix in varsfile.SUFFIXES] if folder is not None else []
    return next((varsfile.read(path, sources.project.open_file) for path in places if path.is_file()), None)


def _where(declared: Mapping[str, Any], sources: Sources) -> str:
    return sources.place(f"{declared['file']}:{declared['line']}")


def _task(declared: Mapping[str, Any], settings: Config, where: str) -> Task:
    name, become, timeout = f"task {declared['name']!r}", declared.get("become"), declared.get("timeout")
    after_failure = tuple(declared.get("next_if_fail") or ())
    needs = tuple(declared.get("depends_on") or ())
    return Task(
        name=declared["name"],
        where=where,
        description=declared.get("description") or "",
        hosts=declared.get("hosts"),
        tags=tuple(declared.get("tags") or ()),
        depends_on=(*needs, *(need for need in after_failure if need not in needs)),
        timeout=None if timeout is None else config.duration(name, "timeout", timeout, where),
        retry=config.retry(name, declared.get("retries") or {}, settings.retries, where),
        become="root" if become is True else become or None,
        workdir=declared.get("workdir"),
        env={key: str(value) for key, value in (declared.get("env") or {}).items()},
        params=declared.get("params") or {},
        ignore_errors=bool(declared.get("ignore_errors")),
        stream=bool(declared.get("stream")),
        role=declared.get("role"),
        after_failure=after_failure,
        is_async=bool(declared.get("async")),
        register=declared.get("register"),
        outputs=tuple(declared.get("outputs") or ()),
        artifacts=tuple(declared.get("artifacts") or ()),
        consumes=tuple(declared.get("consumes") or ()),
        category=declared.get("category") or "",
        delegate_to=delegation.read(name, declared.get("delegate_to"), where),
        run_once=bool(declared.get("run_once")),
        serial=config.sizes(declared.get("serial")),
        may_abort=declared.get("abort_if") is not None,
        metadata=declared.get("metadata") or {},
        secrets=tuple(declared.get("secrets") or ()),
        spans=tuple(_spans(declared)),
    )


def _spans(declared: Mapping[str, Any]) -> Iterator[Span]:
    """Where the functions of a task stand."""
    for value in declared.values():
        if isinstance(value, dict) and "last" in value:
            yield Span(value["file"], value["line"], value["last"])


def _check_needs(tasks: Sequence[Task]) -> None:
    names = dict.fromkeys(task.name for task in tasks)
    for task in tasks:
        for need in task.depends_on:
            if need not in names:
                raise WorkflowError(
                    f"task {task.name!r} depends on {need!r}, which is not in the workflow",
                    where=task.where,
                    hint=near(need, names) or f"its tasks: {', '.join(names)}",
                )


def _check_notify(task: Task, notified: Sequence[str], topics: Sequence[str]) -> None:
    for name in notified:
        if name not in topics:
            raise WorkflowError(
                f"task {task.name!r} notifies {name!r}, which is no handler of the workflow",
                where=task.where,
                hint=near(name, topics) or f"its handlers: {', '.join(topics) or '(none)'}",
            )


def _never_run(workflow: Workflow) -> list[str]:
    """Tasks that wait for the success and for the failure of the same task."""
    by_name = {task.name: task for task in workflow.tasks}
    return [
        f"{task.where}: task {task.name!r} can never run: it wants {other!r} both to succeed and to fail"
        for task in workflow.tasks
        if task.after_failure
        for other in _succeeded_before(task, by_name).intersection(task.after_failure)
    ]


def _succeeded_before(task: Task, by_name: Mapping[str, Task]) -> set[str]:
    """The names of all tasks that have to have succeeded before this one begins."""
    found: set[str] = set()
    wanted = [task]
    while wanted:
        one = wanted.pop()
        needs = {need for need in one.depends_on if need not in one.after_failure} - found
        found |= needs
        wanted += [by_name[need] for need in needs]
    return found


def merged(below: Mapping[str, object], above: Mapping[str, object]) -> dict[str, object]:
    """Values of two sources: tables are merged by key, anything else is replaced."""
    together = dict(below)
    for key, value in above.items():
        lower = together.get(key)
        both = isinstance(lower, Mapping) and isinstance(value, Mapping)
        together[key] = merged(lower, value) if both else value  # type: ignore[arg-type]  # both are mappings then
    return together
