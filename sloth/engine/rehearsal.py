"""A rehearsal: tasks played in this process by the code that plays them on hosts, with mocks in the place of actions.

Nothing reaches a machine unless the test says `real = true`; then what is not mocked acts on this one.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from msgspec.structs import replace

from sloth.core import conversion
from sloth.core.model import HostPlan, Plan, Workflow
from sloth.core.near import near
from sloth.engine.jobs import JobMaker, Variables
from sloth.engine.mocks import Mocks
from sloth.engine.planning import lay_out
from sloth.engine.request import Request
from sloth.runtime.acting import Call, Here, Outcome, Report
from sloth.runtime.action import PURE
from sloth.runtime.deadline import Timer
from sloth.runtime.failure import ActionFailed, BadArguments
from sloth.runtime.host import Settings
from sloth.runtime.hostjob import Surroundings, play_job
from sloth.runtime.job import Job
from sloth.runtime.play import Play
from sloth.runtime.token import Token
from sloth.runtime.users import is_me
from sloth.workflow.evaluated import Evaluated
from sloth.workflow.machine import own_lua
from sloth.workflow.modelling import merged

LIMIT = 60.0  # seconds for what a test plays
OPTIONS = {
    "vars": dict, "params": dict, "deps": dict, "facts": dict, "values": dict, "groups": dict, "workflow": str,
    "host": str, "check": bool, "real": bool,
}  # fmt: skip
_TABLES = [name for name, kind in OPTIONS.items() if kind is dict]
OURS = frozenset({"log", *PURE})
"""Modules that touch no machine: they work as always."""


class Rehearsal:
    """The tasks of one file, for one test. given: the variables of the command line. limit: seconds for each play."""

    def __init__(
        self, evaluated: Evaluated, mocks: Mocks, given: Variables, timer: Timer, limit: float = LIMIT
    ) -> None:
        self._limit = limit
        self._evaluated = evaluated
        self._mocks = mocks
        self._given = given
        self._timer = timer
        catalog = evaluated.sources.project.library.catalog
        self._modules = catalog.names
        self._here = Here(catalog, conversion.answer, conversion.answer)

    def task(self, name: str, given: Mapping[str, Any]) -> dict[str, object]:
        """Play one task; what came of it, for the test."""
        options = _checked("test.run_task", given)
        workflow = self._with_task(name, options.get("workflow"))
        host = str(options.get("host", "localhost"))
        events = self._play(workflow, HostPlan(host, {name: ()}), options, name)
        return self._summary(_of(events, name), events)

    def workflow(self, name: str | None, given: Mapping[str, Any]) -> dict[str, object]:
        """Play all tasks of a workflow; `tasks` has what came of each."""
        options = _checked("test.run_workflow", given)
        workflow = self._chosen(name or options.get("workflow"))
        host = str(options.get("host", "localhost"))
        here = tuple(replace(task, delegate_to=None) for task in workflow.tasks)  # there is one host to be at
        plan = lay_out(replace(workflow, tasks=here), [host], lambda _: [host])
        if not plan.hosts:
            raise ActionFailed(f"workflow {workflow.name!r} has no task to run")
        events = self._play(workflow, plan.hosts[0], options, None)
        tasks = {task: self._summary(_of(events, task), events) for task in plan.hosts[0].tasks}
        bad = [task for task, one in tasks.items() if not one["success"]]
        ended = {"status": "failed" if bad else "ok", "message": f"{', '.join(bad)} did not succeed" if bad else ""}
        changed = any(one["changed"] for one in tasks.values())
        return {**self._summary(ended, events), "tasks": tasks, "changed": changed}

    def _with_task(self, name: str, workflow: str | None) -> Workflow:
        among = [self._chosen(workflow)] if workflow else self._evaluated.file.workflows
        for one in among:
            if any(task.name == name for task in one.tasks):
                return one
        names = [task.name for one in among for task in one.tasks]
        hint = near(name, names) or f"there are {', '.join(names) or 'none'}"
        raise ActionFailed(f"{self._evaluated.file.path} has no task {name!r}: {hint}")

    def _chosen(self, name: str | None) -> Workflow:
        workflows = self._evaluated.file.workflows
        found = [one for one in workflows if name in {None, one.name}]
        if not found:
            names = [one.name for one in workflows]
            hint = near(str(name), names) or f"there are {', '.join(names) or 'none'}"
            raise ActionFailed(f"{self._evaluated.file.path} has no workflow {name!r}: {hint}")
        return found[0]

    def _job(
        self, workflow: Workflow, host: HostPlan, options: Mapping[str, Any], task: str | None
    ) -> dict[str, Any]:
        file = replace(self._evaluated.file, values=merged(self._evaluated.file.values, options.get("values", {})))
        variables = Variables(self._given.values, {**self._given.extra, **options.get("vars", {})})
        request = Request(file.path, check=bool(options.get("check")), diff=True)
        groups = options.get("groups", {"all": [host.host]})
        maker = JobMaker(secrets.token_hex(4), file, Plan(workflow, (host,)), request, variables, groups)
        job = maker.job(host, lambda _: {})
        for step in job["steps"]:
            step["params"] = {**step.get("params", {}), **options.get("params", {})}
            if task is not None:
                step["depends_on"] = [*step.get("depends_on", ()), *options.get("deps", {})]
        job["gates"] = [{"name": dep, "ok": True, "outputs": made} for dep, made in options.get("deps", {}).items()]
        return job

    def _play(
        self, workflow: Workflow, host: HostPlan, options: Mapping[str, Any], task: str | None
    ) -> list[dict[str, Any]]:
        """The events of playing a workflow; of a task alone, if one is named."""
        events: list[dict[str, Any]] = []

        def act(user: str | None, call: Call, settings: Settings, token: Token, report: Report) -> Outcome:
            return self._act(user, call, settings, token, report, options)

        plays: list[Play] = []
        surroundings = Surroundings(
            lua=own_lua,
            hold=_nothing_to_hold,
            act=act,
            emit=events.append,
            playing=plays.append,
            timer=self._timer,
            modules=self._modules,
            recall=_ignore,
        )
        reason = f"not over after {self._limit:g} s"
        alarm = self._timer.after(self._limit, lambda: plays[0].cancel(reason) if plays else None)
        try:
            play_job(self._job(workflow, host, options, task), surroundings)
        finally:
            self._timer.cancel(alarm)
        return events

    def _act(
        self, user: str | None, call: Call, settings: Settings, token: Token, report: Report, options: Mapping[str, Any]
    ) -> Outcome:
        fact = call.positional[0] if call.module == "facts" and call.action == "get" and call.positional else None
        if isinstance(fact, str) and fact in options.get("facts", {}):
            return Outcome(options["facts"][fact], query=True)
        if call.module in OURS:
            return self._here.act(call, settings, token, report)
        outcome = self._mocks.answer(call)
        if outcome is not None:
            return outcome
        if not options.get("real"):
            return self._mocks.refuse(call)
        if user is not None and not is_me(user):
            raise ActionFailed(f"a test does not become {user}: mock the call, or run the tests as {user}")
        return self._here.act(call, settings, token, report).without_reboot("a test runs here, so mock the call")

    def _summary(self, ended: Mapping[str, Any], events: list[dict[str, Any]]) -> dict[str, object]:
        status = ended["status"]
        success = status not in {"failed", "timed_out", "cancelled"}
        outputs = ended.get("outputs", {})
        return {
            "status": status,
            "success": success,
            "failed": not success,
            "changed": status in {"changed", "would_change"},
            "skipped": status == "skipped",
            "message": ended["message"],
            "error": "" if success else ended["message"],
            "outputs": outputs,
            "output": outputs,
            "duration": ended.get("duration", 0.0),
            "changes": ended.get("changes", []),
            "notified": ended.get("notified", []),
            "handlers": {one["task"]: one["status"] for one in events if _is_end(one) and one.get("handler")},
            "logs": [str(one["text"]) for one in events if one["type"] == "log"],
            "calls": [{"action": made.action, "args": dict(made.args)} for made in self._mocks.made],
        }


def _checked(what: str, given: Mapping[str, Any]) -> dict[str, Any]:
    """The options of a call, or BadArguments. An empty table of Lua is an empty list here."""
    options = {name: {} if name in _TABLES and value == [] else value for name, value in given.items()}
    for name, value in options.items():
        if name not in OPTIONS:
            hint = near(name, OPTIONS) or "there are " + ", ".join(OPTIONS)
            raise BadArguments(f"{what}: unknown option {name}: {hint}")
        if not isinstance(value, OPTIONS[name]):
            words = {dict: "a table", str: "a string", bool: "true or false"}
            raise BadArguments(f"{what}: {name} wants {words[OPTIONS[name]]}")
    return options


def _is_end(event: Mapping[str, Any]) -> bool:
    return str(event["type"]) == "task_finished"


def _of(events: list[dict[str, Any]], task: str) -> dict[str, Any]:
    return next(one for one in events if _is_end(one) and one["task"] == task and not one.get("handler"))


@contextmanager
def _nothing_to_hold(_: Job) -> Iterator[None]:
    yield


def _ignore(_: object) -> None:
    """A rehearsal has no life before it."""
