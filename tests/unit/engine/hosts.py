"""Doubles of hosts as a run of one sees them: what they send, and what they were told."""

from __future__ import annotations

import itertools
import os
import threading
import time
from collections.abc import Callable, Collection, Mapping
from pathlib import Path

from sloth.core.errors import ConnectionLost
from sloth.core.events import Event, TaskFinished
from sloth.core.model import Plan, Workflow
from sloth.core.settings import load
from sloth.engine.allowance import Allowances
from sloth.engine.gates import Gates
from sloth.engine.pending import Pending
from sloth.engine.terms import Terms
from sloth.runtime.acting import Outcome
from sloth.runtime.deadline import Timer
from sloth.runtime.failure import ActionFailed

NO_PLAN = Plan(Workflow("w", "w:1"), ())


class FakeSession:
    """A host that sends these events when it gets its job, and then ends in this way."""

    def __init__(self, events, ending=None):
        self.uploading = 0.0
        self.warnings = []
        self.told = []
        self.jobs = []
        self.hear = {}
        self._events = events
        self._ending = ending
        self._closed = threading.Event()

    def call(self, verb, args):
        self.jobs.append(args)
        if not self.hear:
            return {}
        for event in self._events:
            self.hear["event"](event)
        if isinstance(self._ending, Exception):
            raise self._ending
        if self._ending == "hangs":
            self._closed.wait(10)
            raise ConnectionLost("hung up")
        return {}

    def tell(self, verb, args):
        self.told.append(verb)

    def close(self):
        self._closed.set()

    def is_closed(self):
        return self._closed.is_set()


class Passing(Timer):
    """A timer whose time passes when a test says so."""

    def __init__(self) -> None:
        self.now = 0.0
        self._alarms: dict[int, tuple[float, Callable[[], None]]] = {}
        self._numbers = itertools.count(1)

    def after(self, seconds: float, callback: Callable[[], None]) -> int:
        number = next(self._numbers)
        self._alarms[number] = (self.now + seconds, callback)
        return number

    def cancel(self, number: int) -> None:
        self._alarms.pop(number, None)

    def let_pass(self, seconds: float) -> None:
        """Call back what is due by then."""
        self.now += seconds
        for number, (at, callback) in list(self._alarms.items()):
            if at <= self.now:
                self.cancel(number)
                callback()


class Boot(FakeSession):
    """A session with one boot of a host.

    boot: its id. reboot: the order that the job ends with. fails: an action → why it fails
    """

    def __init__(self, boot, events, reboot=None, fails=None):
        super().__init__(events)
        self.boot = boot
        self.acts = []
        self._reboot = reboot
        self._fails = fails or {}

    def call(self, verb, args):
        if verb != "act":
            return {**super().call(verb, args), "reboot": self._reboot}
        action = f"{args['module']}.{args['action']}"
        self.acts.append((action, *args["args"]))
        outcome = Outcome(self.boot if action == "host.boot_id" else None)
        if action in self._fails:
            error = self._fails[action]
            if not isinstance(error, ActionFailed):
                raise error
            outcome.failure = error
        return outcome.plain()


def started(task):
    return {"type": "task_started", "task": task}


def finished(task, status="ok", **more):
    return {"type": "task_finished", "task": task, "status": status, **more}


def terms(
    seen: list[Event],
    limits: Mapping[str, float] | None = None,
    gates: Gates | None = None,
    pending: Pending | None = None,
    aborting: Collection[str] = (),
    timer: Timer | None = None,
    **most: str,
) -> Terms:
    slots = threading.Semaphore(0)
    return Terms(
        ["restart"], limits or {}, aborting, gates or Gates(NO_PLAN), pending, slots, seen.append, timer or Timer(),
        allowances(**most),
    )  # fmt: skip


def allowances(**most: str) -> Allowances:
    """What hosts may send: by default, and what a test says, as `journal="1K"`."""
    environ = {f"SLOTH_LIMITS_{name.upper()}": size for name, size in most.items()}
    return Allowances(load({"SLOTH_CONFIG": os.devnull, **environ}, Path("/")))


def statuses(seen):
    return [(event.task, event.status) for event in seen if isinstance(event, TaskFinished)]


def until(holds):
    deadline = time.monotonic() + 5
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.01)
