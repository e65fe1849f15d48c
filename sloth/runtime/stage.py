"""What the tasks of one play share: the job, the tools, outputs, and the ways to tell the play something."""

import threading

from sloth.runtime.failure import ActionFailed

MYPY = False
if MYPY:
    from collections.abc import Callable, Mapping, Sequence
    from typing import Any

    from sloth.runtime.acting import Act
    from sloth.runtime.deadline import Timer
    from sloth.runtime.job import Job, Step
    from sloth.runtime.lua.vm import VM
    from sloth.runtime.token import Token

    Plain = dict[str, object]
    Emit = Callable[[Plain], None]
    Flush = Callable[[list[str], Token], bool]


class Tools:
    """What a play works with; all of it can stand on either side of a wire.

    act: performs calls (attempt.py). emit: takes events.
    """

    def __init__(self, vm: "VM", act: "Act", emit: "Emit", timer: "Timer") -> None:
        self.vm = vm
        self.act = act
        self.emit = emit
        self.timer = timer


class Stage:
    """Where tasks run.

    handlers: as declared. abort(reason): let no further task start. flush(names, token): see Play.
    unsettled: in check mode, the tasks and gates after whose work the host would be another one.
    lacks_workdir: in check mode, whether the workflow's directory is yet to be made.
    due: the handlers that were notified and have not run. outputs: task → what it brought.
    registered: variable → what a task left in it. exports: the run's outputs here
    rebooting: how the host is to be rebooted before anything more starts, if it is
    """

    def __init__(
        self, job: "Job", tools: Tools, handlers: "Sequence[Plain]", abort: "Callable[[str], None]", flush: "Flush"
    ) -> None:
        self.job = job
        self.tools = tools
        self.abort = abort
        self.flush = flush
        self.due = set(job.pending)
        self.unsettled = set()  # type: set[str]
        self.lacks_workdir = False
        self.outputs = {}  # type: dict[str, Plain]
        self.registered = {}  # type: dict[str, Plain]
        self.exports = {}  # type: Plain
        self.rebooting = None  # type: Plain | None
        self._fresh = {}  # type: Plain
        self._handlers = handlers
        self._held = set()  # type: set[str]
        self._holding = threading.Lock()

    def notify(self, name: str) -> "list[str]":
        """The handlers that have this name or listen to it; ActionFailed that lists them all when there is none."""
        found = [str(handler["name"]) for handler in self._handlers if name in handler_topics(handler)]
        if not found:
            known = [topic for handler in self._handlers for topic in handler_topics(handler)]
            raise ActionFailed(f"there is no handler {name!r}; there are: {', '.join(dict.fromkeys(known)) or 'none'}")
        return found

    def export(self, outputs: "Plain") -> None:
        """The run's outputs on this host get these as well."""
        with self._holding:
            self.exports.update(outputs)
            self._fresh.update(outputs)

    def reboot(self, order: "Plain") -> None:
        """The host shall be rebooted; who asks first says how."""
        with self._holding:
            self.rebooting = self.rebooting or order

    def fresh_exports(self) -> "Plain":
        """What was exported since somebody last asked."""
        with self._holding:
            fresh, self._fresh = self._fresh, {}
        return fresh

    def held(self, role: "str | None", host: "str | None" = None) -> str:
        """The name under which the Lua machine holds the variables that tasks of this role see, on behalf of a host."""
        name = "role " + role if role is not None else "vars"
        if host in self.job.others:
            name += " for " + str(host)
        with self._holding:
            if not self._held:
                self.tools.vm.hold("groups", self.job.groups)
            if name not in self._held:
                self.tools.vm.hold(name, self.job.variables(role, host or self.job.host))
                self._held.add(name)
        return name

    def deps(self, step: "Step") -> "Plain":
        """The outputs of what a task depends on, by name; those of a role also without its prefix."""
        found = {}  # type: Plain
        for name in step.depends_on:
            found[name.rpartition(" : ")[2]] = found[name] = self.outputs.get(step.deps.get(name, name), {})
        return found


def handler_topics(handler: "Mapping[str, Any]") -> "list[str]":
    """What a handler can be notified by: its name, and what it listens to."""
    return [str(handler["name"]), *map(str, handler.get("listen") or [])]
