"""A workflow file becomes a model: evaluated once in the sandbox, then checked, part by part.

What the hosts need of it is names, order and settings: each makes the closures of its tasks from the
same sources. Only a workflow's own hooks run here, in the VM that loaded it.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sloth.core import conversion, varsfile
from sloth.core.errors import WorkflowError
from sloth.core.model import RoleUse, Span, Task, Workflow, WorkflowFile
from sloth.core.near import near, near_file
from sloth.core.varsfile import VarsFile
from sloth.runtime.acting import Call, Here, Outcome, Report
from sloth.runtime.catalog import Catalog
from sloth.runtime.failure import ActionFailed
from sloth.runtime.host import Settings
from sloth.runtime.lua.vm import VM, LuaError, LuaSyntax, LuaTimeout, compiled_prelude
from sloth.runtime.program import LOAD_LIMIT, load_program
from sloth.runtime.stage import handler_topics
from sloth.runtime.token import Token
from sloth.workflow import config, delegation, meta
from sloth.workflow.config import Config
from sloth.workflow.project import Project
from sloth.workflow.sources import META, ROLE, Sources, shown

if TYPE_CHECKING:
    from sloth.workflow.lint import Problem

CHOOSING = 10.0  # seconds for a function that chooses hosts
Say = Callable[[str, str], None]
Perform = Callable[[dict[str, object]], list[object]]


Declared = Mapping[str, Any]


class Evaluated:
    """A loaded file and the VM that holds the hooks of its workflows, and its tests (as in runtime/program.py)."""

    def __init__(self, file: WorkflowFile, sources: Sources, vm: VM, program: Mapping[str, Any]) -> None:
        self.file = file
        self.sources = sources
        self._vm = vm
        self._groups: Mapping[str, object] = {}
        self._hooks = {declared["name"]: declared["hooks"] for declared in program["workflows"]}
        self.tests: Sequence[Declared] = program["tests"]
        self.suites: Sequence[Declared] = program["suites"]

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
        context = {**context, "style": "plain", "extra": args}
        function = self._hooks[workflow][hook]["function"]
        return self._run(f"{hook} of workflow {workflow!r}", function, context, perform, limit)

    def choose(self, function: int, context: Mapping[str, object], groups: Mapping[str, object]) -> object:
        """What a function of a `delegate_to` returns. Raises WorkflowError when it fails.

        context: see VM.call. groups: those of the inventory
        """
        if groups is not self._groups:  # they are many, and asked is for each host
            self._vm.hold("groups", groups)
            self._groups = groups
        values = self._run("delegate_to", function, context, _nothing_yet, CHOOSING)
        return values[0] if values else None

    def _run(
        self, what: str, function: int, context: Mapping[str, object], perform: Perform, limit: float
    ) -> list[object]:
        try:
            return self._vm.call(function, dict(context), perform, self._vm.clock() + limit)
        except LuaError as error:
            where = self.sources.place(error.where)
            raise WorkflowError(f"{what}: {error.text}", where=where) from error

    def run(
        self, function: int, args: list[object], context: Mapping[str, object], perform: Perform, limit: float
    ) -> list[object]:
        """Run one of the file's functions, by its number. Raises LuaError."""
        context = {**context, "style": "plain", "extra": args}
        return self._vm.call(function, context, perform, self._vm.clock() + limit)


    def problems(self) -> list[Problem]:
        """What would fail in a run: modules, actions and arguments that nobody knows."""
        from sloth.workflow import lint  # a run does not ask, and saves its 3 ms

        lua = {shown(key): text for key, text in self.sources.texts.items() if not key.startswith(META)}
        library = self.sources.project.library
        return lint.problems(lua, library.catalog, sorted(library.lua), self.sources.place)


def _nothing_yet(request: dict[str, object]) -> list[object]:
    raise ActionFailed(f"{request['module']}.{request['action']}: hosts are chosen before anything connects")


def load(
    path: Path, common: Mapping[str, object], values: Mapping[str, object], say: Say, project: Project | None = None
) -> Evaluated:
    """Load and check one file.

    common: the variables that are the same for all hosts (values files, extra variables)
    values: those of the values files alone
    say(level, text): what the file logs or prints while it is loaded
    project: what lies around it; when not given, what is beside it and beside its folder
    Raises WorkflowError with file, line and a hint.
    """
    from lupa import lua54

    sources = Sources(project or Project.around(path.parent))
    library = sources.project.library
    if sources.read(path.name) is None:
        if path.is_dir():
            raise WorkflowError(f"{path} is a folder, not a workflow file")
        if path.exists() and not path.is_file():
            raise WorkflowError(f"{path} is no regular file", hint="write the workflow to a file, and name that")
        raise WorkflowError(f"there is no workflow file {path}", hint=near_file(path))
    vm = VM(lua54, modules=library.catalog.names, compiled=compiled_prelude(lua54))
    try:
        program: dict[str, Any] = load_program(
            vm,
            path.name,
            sources.read,
            side="controller",
            top_vars=dict(common),
            values=dict(values),
            environ=dict(os.environ),
            lua_modules=sorted(library.lua),
            say=say,
            act=_make_a_call,
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
    file = _file(path, program, sources, values)
    if not file.workflows and not file.tests:
        raise WorkflowError(
            f"{path} defines no task", where=str(path), hint='begin with task("name"):command(…):build()'
        )
    return Evaluated(file, sources, vm, program)


def _make_a_call(user: str | None, call: Call, settings: Settings, token: Token, report: Report) -> Outcome:
    """One of the calls that need no host: all they ask of the controller is to read and write formats."""
    return Here(Catalog(), conversion.answer, conversion.answer).act(call, settings, token, report)


def _file(path: Path, program: Mapping[str, Any], sources: Sources, values: Mapping[str, object]) -> WorkflowFile:
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


def merged(below: Mapping[str, object], above: Mapping[str, object]) -> dict[str, object]:
    """Values of two sources: tables are merged by key, anything else is replaced."""
    together = dict(below)
    for key, value in above.items():
        lower = together.get(key)
        both = isinstance(lower, Mapping) and isinstance(value, Mapping)
        together[key] = merged(lower, value) if both else value  # type: ignore[arg-type]  # both are mappings then
    return together


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
    names = [task.name for task in tasks]
    for task in tasks:
        for need in task.depends_on:
            if need not in names:
                raise WorkflowError(
                    f"task {task.name!r} depends on {need!r}, which is not in the workflow",
                    where=task.where,
                    hint=near(need, names) or f"its tasks: {', '.join(names)}",
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


def _check_notify(task: Task, notified: Sequence[str], topics: Sequence[str]) -> None:
    for name in notified:
        if name not in topics:
            raise WorkflowError(
                f"task {task.name!r} notifies {name!r}, which is no handler of the workflow",
                where=task.where,
                hint=near(name, topics) or f"its handlers: {', '.join(topics) or '(none)'}",
            )
