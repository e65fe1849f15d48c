"""The composition root: the use cases as functions, with everything they need put together here.

Fronts (command line, later server and scheduler) call these; nobody else builds clocks, sessions or
stores.
"""

from __future__ import annotations

import os
import secrets
import shlex
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from sloth.core import settings
from sloth.core.errors import InventoryError, UsageError, WorkflowError
from sloth.core.events import Event, LogLine, Notice, RunFinished, RunStarted, Subscriber
from sloth.core.model import HostPlan, Plan, Workflow, WorkflowFile
from sloth.core.near import near
from sloth.core.places import Places
from sloth.engine.answers import Answers, Shared
from sloth.engine.bus import Bus
from sloth.engine.execute import Tally, execute
from sloth.engine.files import Files
from sloth.engine.hooks import Hooks
from sloth.engine.hostrun import Hear, HostRun, Session
from sloth.engine.jobs import JobMaker, Variables
from sloth.engine.planning import check_tags, lay_out
from sloth.engine.request import Request, Targets
from sloth.engine.templates import Templates
from sloth.inventory import Inventory
from sloth.inventory.connection import SECRET_VARIABLES
from sloth.runtime.deadline import Timer
from sloth.transport.switchboard import Switchboard
from sloth.workflow.load import Evaluated
from sloth.workflow.load import load as load_file
from sloth.workflow.sources import Sources

COMMAND = Path(__file__).with_name("command.sloth")


@dataclass(frozen=True, slots=True)
class Loaded:
    """Everything that is known before anything connects."""

    evaluated: Evaluated
    inventory: Inventory
    variables: Variables
    plans: tuple[Plan, ...]

    @property
    def file(self) -> WorkflowFile:
        """The workflow file."""
        return self.evaluated.file


def inventory(targets: Targets, workflow_dir: Path | None = None) -> Inventory:
    """The inventory of these targets; localhost alone when no source is given."""
    from sloth.inventory import load as load_inventory
    from sloth.inventory import local

    if targets.inventory:
        return load_inventory(targets.inventory, workflow_dir=workflow_dir)
    return local(workflow_dir=workflow_dir)


def load(request: Request, say: Subscriber) -> WorkflowFile:
    """Load and check the request's workflow file. What it logs while loading goes to `say`."""
    file = _load(request, _variables(request), say).file
    for workflow in file.workflows:
        lay_out(workflow, (), lambda _: ())  # a cycle is an error of the file, whatever its hosts are
    return file


def plan(request: Request, say: Subscriber) -> list[Plan]:
    """The plans of a request, one for each of its workflows."""
    return list(_prepare(request, say).plans)


def apply(request: Request, subscribers: Sequence[Subscriber]) -> int:
    """Run the workflows of a file one after the other, until one does not end well. Returns the exit code.

    Everything that happens goes to the subscribers. Raises SlothError before anything connects.
    """
    with Bus(subscribers) as bus:
        loaded = _prepare(request, bus.publish)
        for warning in [*loaded.file.warnings, *_warnings(loaded)]:
            bus.publish(Notice(warning))
        for one in loaded.plans:
            code = _Run(request, loaded, one, bus).go()
            if code:
                return code
    return 0


def command(
    targets: Targets, pattern: str, argv: Sequence[str], subscribers: Sequence[Subscriber], *, check: bool, forks: int,
    lock_wait: float,
) -> int:  # fmt: skip
    """Run one command on the hosts of a pattern: a workflow of one task, on the same road as all others.

    One word in argv is a line for the shell; several are a program and its arguments.
    """
    line = argv[0] if len(argv) == 1 else shlex.join(argv)
    extra = (f"sloth_command={shlex.quote(line)}",)
    limited = pattern if targets.limit is None else f"{pattern}:&{targets.limit}"
    request = Request(
        str(COMMAND), replace(targets, limit=limited), extra=extra, check=check, forks=forks, live=True,
        lock_wait=lock_wait,
    )  # fmt: skip
    return apply(request, subscribers)


def _variables(request: Request) -> Variables:
    from sloth.core import varsfile

    values: dict[str, object] = {}
    for path in request.values:
        values.update(varsfile.read(Path(path)).values)
    return Variables(values, varsfile.extra_vars(request.extra))


def _load(request: Request, variables: Variables, say: Subscriber) -> Evaluated:
    return load_file(
        Path(request.file), variables.common, variables.values, lambda level, text: say(LogLine("", "", level, text))
    )


def _prepare(request: Request, say: Subscriber) -> Loaded:
    if request.forks < 1:
        raise UsageError(f"-f wants a number from 1, got {request.forks}")
    path = Path(request.file)
    variables = _variables(request)
    evaluated = _load(request, variables, say)
    hosts = inventory(request.targets, path.parent)
    chosen = _chosen(request, evaluated.file)
    check_tags(chosen, [*request.tags, *request.skip_tags])
    plans = tuple(_plan(request, workflow, hosts) for workflow in chosen)
    return Loaded(evaluated, hosts, variables, plans)


def _warnings(loaded: Loaded) -> list[str]:
    """What looks wrong in the variables of the hosts that take part."""
    return loaded.inventory.warnings(dict.fromkeys(host.host for plan in loaded.plans for host in plan.hosts))


def _chosen(request: Request, file: WorkflowFile) -> Sequence[Workflow]:
    if request.workflow is None:
        return file.workflows
    names = [workflow.name for workflow in file.workflows]
    if request.workflow not in names:
        hint = near(request.workflow, names) or f"it defines {', '.join(names)}"
        raise WorkflowError(f"{request.file} defines no workflow {request.workflow!r}", hint=hint)
    return [workflow for workflow in file.workflows if workflow.name == request.workflow]


def _plan(request: Request, workflow: Workflow, hosts: Inventory) -> Plan:
    try:
        chosen = hosts.select(workflow.hosts or "all")
    except InventoryError as error:
        where = workflow.where if workflow.hosts else ""
        raise InventoryError(str(error), where=where, hint=error.hint) from error
    if request.targets.limit is not None:
        limit = set(hosts.limit(request.targets.limit))
        chosen = [host for host in chosen if host in limit]
        if not chosen:
            raise InventoryError(
                f"no host of workflow {workflow.name!r} ({workflow.hosts or 'all'}) is in {request.targets.limit!r}",
                hint="`sloth inventory list` shows all hosts",
            )
    return lay_out(
        workflow, chosen, lambda pattern: hosts.select(pattern, allow_empty=True), request.tags, request.skip_tags
    )


class _Run:
    """One workflow's run over its hosts."""

    def __init__(self, request: Request, loaded: Loaded, plan: Plan, bus: Bus) -> None:
        self._request = request
        self._loaded = loaded
        self._plan = plan
        self._bus = bus
        self._publishing = threading.Lock()
        self._id = secrets.token_hex(4)
        self._timer = Timer()
        self._tally = Tally([host.host for host in plan.hosts])
        common = {**plan.workflow.variables, **loaded.variables.common}
        self._hooks = Hooks(loaded.evaluated, plan, common, request.check, self._timer, bus.publish)
        self._hook_events = Bus([self._hooks.take])
        path = Path(loaded.file.path)
        self._shared = Shared(plan.workflow, path.parent, Sources(path.parent).role_folder, Templates(), Files())
        self._jobs = JobMaker(self._id, loaded.file, plan, request, loaded.variables, loaded.inventory.groups)
        wheelhouse = settings.load(os.environ, Path.cwd())["bundle.wheelhouse"]
        self._switchboard = Switchboard.of(Places.find(os.environ, Path.cwd()), os.environ, wheelhouse)

    def go(self) -> int:
        """Run; returns the exit code. Raises WorkflowError, before anything is said or done, when on_start fails."""
        began = time.monotonic()
        wanted = self._hooks.start()
        tasks = {host.host: host.tasks for host in self._plan.hosts}
        name, file = self._plan.workflow.name, self._loaded.file.path
        self._publish(RunStarted(self._id, name, file, self._request.check, tasks, time.time()))
        limits = {task.name: task.timeout for task in self._plan.workflow.tasks if task.timeout is not None}
        runs = [self._host_run(host, limits) for host in self._plan.hosts]
        if not wanted:
            for run in runs:
                run.cancel("on_start of the workflow returned false")
        try:
            with self._hook_events:
                ending = execute(runs, self._request.forks, self._plan.workflow.timeout)
        finally:
            self._switchboard.close()
        code = self._tally.exit_code(runs, ending)
        self._hooks.complete(code == 0)
        self._publish(RunFinished(self._id, name, self._tally.counts, code, time.monotonic() - began))
        return code

    def _publish(self, event: Event) -> None:
        with self._publishing:
            self._tally.add(event)
            self._bus.publish(event)
            self._hook_events.publish(event)

    def _host_run(self, host: HostPlan, limits: dict[str, float]) -> HostRun:
        hosts, targets = self._loaded.inventory, self._request.targets
        connection = hosts.connection(host.host, over=_settings(targets))
        variables = {key: value for key, value in hosts.variables(host.host).items() if key not in SECRET_VARIABLES}
        job = self._jobs.job(host, variables)

        def connect(_: str, hear: Hear) -> Session:
            sessions: list[Session] = []
            answers = Answers(self._shared, job, connection.become_password, lambda name: _fact(sessions[0], name))
            sessions.append(self._switchboard.open(connection, answers.verbs(), hear))
            return sessions[0]

        return HostRun(host, job, limits, connect, self._publish, self._timer, self._loaded.evaluated.sources.place)


def _fact(session: Session, name: str) -> object:
    """Ask the host for a fact that a template reads."""
    from sloth.runtime.acting import Outcome

    outcome = Outcome.from_plain(
        session.call("act", {"act": -1, "module": "facts", "action": "get", "args": [name], "named": {}})
    )
    if outcome.failure is not None:
        raise outcome.failure
    return outcome.value


def _settings(targets: Targets) -> dict[str, object]:
    """What the command line says of connections, as inventory variables."""
    said = {
        "user": targets.user,
        "private_key": targets.private_key,
        "password": targets.password,
        "host_keys": targets.host_keys,
        "connection": targets.connection,
        "become": targets.become or None,
        "become_user": targets.become_user,
        "become_method": targets.become_method,
        "become_password": targets.become_password,
        "connect_timeout": targets.connect_timeout,
    }
    return {f"sloth_{name}": value for name, value in said.items() if value is not None}
