"""A workflow's own hooks: they run once, on the controller, and their module calls act on the controller.

on_start()                          before anything connects; false stops the run
on_task_start(name)                 when the first host begins a task
on_task_complete(name, success)     when the last host has ended it
on_complete(success, results)       at the end; results: host → task → status
"""

from __future__ import annotations

import socket
from collections.abc import Callable, Mapping
from typing import Any

from sloth.core import conversion
from sloth.core.errors import SecretsError, WorkflowError
from sloth.core.events import Event, LogLine, Notice, TaskFinished, TaskStarted
from sloth.core.model import BAD, Plan
from sloth.engine.stateful import Stateful
from sloth.runtime.acting import Call, Here, Outcome, Report
from sloth.runtime.attempt import Attempt
from sloth.runtime.deadline import Timer
from sloth.runtime.failure import ActionFailed
from sloth.runtime.host import Settings
from sloth.runtime.job import Step
from sloth.runtime.token import Token
from sloth.workflow.evaluated import Evaluated

LIMIT = 60.0  # seconds for one hook


class Hooks:
    """The hooks of one workflow's run. `take` hears every event, in order."""

    def __init__(
        self,
        evaluated: Evaluated,
        plan: Plan,
        variables: Mapping[str, object],
        check: bool,
        timer: Timer,
        publish: Callable[[Event], None],
        stateful: Stateful,
        secret: Callable[[str], str],
    ) -> None:
        """secret(name): its value."""
        self._evaluated = evaluated
        self._name = plan.workflow.name
        self._declared = evaluated.hooks(self._name)
        self._variables = variables
        self._check = check
        self._timer = timer
        self._publish = publish
        self._here = Here(evaluated.sources.project.library.catalog, self._ask, self._ask)
        self._stateful = stateful
        self._secret = secret
        self._tasks = {(host.host, name): host.task(name) for host in plan.hosts for name in host.needs}
        self._waiting: dict[str, set[tuple[str, str]]] = {}
        for place, task in self._tasks.items():
            self._waiting.setdefault(task, set()).add(place)
        self._started: set[str] = set()
        self._bad: set[str] = set()
        self._results: dict[str, dict[str, str]] = {host.host: {} for host in plan.hosts}

    @property
    def are_declared(self) -> bool:
        """Whether the workflow has a hook at all; if not, no event needs to come here."""
        return bool(self._declared)

    def remember(self, event: TaskFinished) -> None:
        """A task that an earlier life of the run has done."""
        place = (event.host, event.task)
        self._started.add(self._tasks[place])
        self._results[event.host][event.task] = event.status
        self._waiting[self._tasks[place]].discard(place)

    def start(self) -> bool:
        """on_start: False when the run shall not begin. Raises WorkflowError when it fails."""
        return not self._is_declared("on_start") or self._call("on_start", [])[:1] != [False]

    def take(self, event: Event) -> None:
        """on_task_start and on_task_complete, from events as they happen."""
        match event:
            case TaskStarted(handler=False):
                self._begins(self._tasks[event.host, event.task])
            case TaskFinished(handler=False):
                self._finished(event, self._tasks[event.host, event.task])

    def complete(self, success: bool) -> None:
        """on_complete."""
        self._tell("on_complete", [success, self._results])

    def _begins(self, task: str) -> None:
        if task not in self._started:
            self._started.add(task)
            self._tell("on_task_start", [task])

    def _finished(self, event: TaskFinished, task: str) -> None:
        self._results[event.host][event.task] = event.status
        if event.status in BAD and not event.ignored:
            self._bad.add(task)
        waiting = self._waiting[task]
        waiting.discard((event.host, event.task))
        if not waiting:
            self._tell("on_task_complete", [task, task not in self._bad])

    def _is_declared(self, hook: str) -> bool:
        return hook in self._declared

    def _tell(self, hook: str, args: list[object]) -> None:
        """Run a hook whose failure is no failure of the run."""
        if not self._is_declared(hook):
            return
        try:
            self._call(hook, args)
        except WorkflowError as error:
            self._publish(Notice(f"{error.where}: {error}"))

    def _call(self, hook: str, args: list[object]) -> list[object]:
        token = Token()
        alarm = self._timer.after(LIMIT, lambda: token.stop(f"timed out after {LIMIT:g} s"))
        step = Step({"name": hook})
        report = Report(lambda *_: None, lambda level, text: self._publish(LogLine("", hook, level, text)))
        settings = Settings(check=self._check)
        attempt = Attempt(step, settings, token, self._timer, self._act, report, _NoHost())
        context = {"vars": dict(self._variables), "inventory_hostname": socket.gethostname()}
        try:
            return self._evaluated.call(self._name, hook, args, context, attempt.perform, LIMIT)
        finally:
            self._timer.cancel(alarm)

    def _act(self, user: str | None, call: Call, settings: Settings, token: Token, report: Report) -> Outcome:
        if user is not None:
            raise ActionFailed("become is not for hooks: they run as the user who runs sloth")
        return self._here.act(call, settings, token, report)

    def _ask(self, verb: str, args: dict[str, object]) -> Any:
        match verb:
            case "state":
                return self._stateful.answer(args)
            case "secret":  # hooks run here, so they may have any
                return {"value": self._open(str(args.get("name")))}
        return conversion.answer(verb, args)

    def _open(self, name: str) -> str:
        try:
            return self._secret(name)
        except SecretsError as error:
            raise ActionFailed(str(error)) from error


class _NoHost:
    """What a hook cannot wish for, as it has no host."""

    def notify(self, name: str) -> list[str]:
        raise ActionFailed(f"notify({name!r}): a hook of a workflow cannot notify handlers; do it in a task")

    def flush(self, names: list[str], token: Token) -> bool:  # noqa: ARG002  # as a wish is made
        raise ActionFailed("flush_handlers(): handlers run on hosts; do it in a task")

    def export(self, outputs: Mapping[str, object]) -> None:
        raise ActionFailed(f"export({', '.join(outputs)}): outputs are those of hosts; do it in a task")

    def reboot(self, order: Mapping[str, object]) -> None:  # noqa: ARG002  # as a wish is made
        raise ActionFailed("host.reboot(): a hook of a workflow runs here, and not on a host; do it in a task")
