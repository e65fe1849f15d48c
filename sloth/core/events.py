"""What happens in a run, as one typed stream. Everything a person sees is made from these.

    RunStarted ── TaskStarted ─┬─ TaskOutput* ── TaskRetrying* ─┬─ TaskFinished ── RunFinished
                               └─ LogLine*                      ┘
    A rolling run has BatchStarted before the tasks of each batch. HostUnreachable and Notice may come at any time in
    between, HostTimes at the end of each host. A run whose hosts go on by themselves has RunDetached for its end;
    later, HostCollected tells that all is known of a host.

Every (host, task) of the plan gets exactly one TaskFinished, also when its host is never reached.
Text that comes from a host is data: it is as the host sent it, limited in length; who shows it on a
terminal strips control characters.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from typing import Annotated, Any, ClassVar, Protocol

from msgspec import Meta, Struct, convert, field
from msgspec.structs import fields

LATEST = 253_402_300_800.0  # the seconds of the year 10,000, which no calendar shows
Moment = Annotated[float, Meta(ge=0, lt=LATEST)]


class Event(Struct, frozen=True):
    """The root. `type` is the word for machines."""

    type: ClassVar[str] = ""

    def plain(self) -> dict[str, object]:
        """For JSON: the type and all fields."""
        return {"type": self.type, **{name: getattr(self, name) for name in self.__struct_fields__}}


class RunStarted(Event, frozen=True):
    """A workflow begins. `hosts` → the names of the tasks planned there.

    done: how many tasks an earlier life of the run had done, beside those that are planned. handlers: those that may
    run, too
    """

    type: ClassVar[str] = "run_started"
    run: str
    workflow: str
    file: str
    check: bool
    hosts: Mapping[str, Sequence[str]]
    started_at: Moment
    done: int = 0
    handlers: Sequence[str] = ()


class BatchStarted(Event, frozen=True):
    """A batch of a rolling run begins. tasks: who takes part, delegates too → the names of what is planned there."""

    type: ClassVar[str] = "batch_started"
    number: int
    batches: int
    hosts: Sequence[str]
    tasks: Mapping[str, Sequence[str]]


class BatchesLeftOut(Event, frozen=True):
    """A rolling run stops before this batch, and those behind it: all of their tasks are skipped for this reason."""

    type: ClassVar[str] = "batches_left_out"
    number: int
    batches: int
    hosts: Sequence[str]
    reason: str


class TaskStarted(Event, frozen=True):
    """A host begins a task (or a handler)."""

    type: ClassVar[str] = "task_started"
    host: str
    task: str
    handler: bool = False


class TaskOutput(Event, frozen=True):
    """Live output of a program; stream is stdout or stderr."""

    type: ClassVar[str] = "task_output"
    host: str
    task: str
    stream: str
    text: str


class TaskRetrying(Event, frozen=True):
    """An attempt failed; the next one comes after `delay` seconds."""

    type: ClassVar[str] = "task_retrying"
    host: str
    task: str
    attempt: int
    delay: float
    message: str


class TaskFinished(Event, frozen=True):
    """A task has its final status.

    diff: [{"path", "text"}]. failure: what is known of a failure (error, where, exit_code, stdout,
    stderr, traceback). ignored: failed, but the author said that it does not matter. blocks: what depends
    on it cannot run. notified: the handlers that it wants. exports: what it gave to the run's own outputs.
    checks: what infra_test looked at,
    [{"check", "lost" (why it does not hold, or ""), "where", "duration"}].
    """

    type: ClassVar[str] = "task_finished"
    host: str
    task: str
    status: str
    message: str = ""
    outputs: Mapping[str, object] = field(default_factory=dict)
    changes: Sequence[str] = ()
    diff: Sequence[Mapping[str, str]] = ()
    duration: float = 0.0
    failure: Mapping[str, object] = field(default_factory=dict)
    attempts: int = 0
    handler: bool = False
    ignored: bool = False
    blocks: bool = False
    notified: Sequence[str] = ()
    exports: Mapping[str, object] = field(default_factory=dict)
    checks: Sequence[Mapping[str, Any]] = ()


class LogLine(Event, frozen=True):
    """A line that a workflow logs: level is debug, info, success, warning or error."""

    type: ClassVar[str] = "log"
    host: str
    task: str
    level: str
    text: str


class HostUnreachable(Event, frozen=True):
    """No session to a host, or it was lost. kind: the stable word of core/errors.py."""

    type: ClassVar[str] = "host_unreachable"
    host: str
    kind: str
    message: str
    hint: str = ""


class Notice(Event, frozen=True):
    """Something that sloth itself wants a person to know; host may be empty."""

    type: ClassVar[str] = "notice"
    text: str
    host: str = ""


class HostTimes(Event, frozen=True):
    """Where a host's time went, in seconds.

    connect: to log in and start. upload: what it had to be sent to run at all. lua, modules: in the workflow's code,
    and in what that called; side by side they may be more than the whole. waiting: for a place, a lock, others
    """

    type: ClassVar[str] = "host_times"
    host: str
    connect: float
    upload: float
    lua: float
    modules: float
    waiting: float
    total: float


class RunFinished(Event, frozen=True):
    """The end. counts: host → status → number of tasks. outputs: host → what its tasks exported, if anything.

    resume: the command that does what is left, if there is something
    """

    type: ClassVar[str] = "run_finished"
    run: str
    workflow: str
    counts: Mapping[str, Mapping[str, int]]
    exit_code: int
    duration: float
    outputs: Mapping[str, Mapping[str, object]] = field(default_factory=dict)
    resume: str = ""


class RunDetached(Event, frozen=True):
    """These hosts go on by themselves. attach: the command that collects what they do."""

    type: ClassVar[str] = "run_detached"
    run: str
    workflow: str
    hosts: Sequence[str]
    exit_code: int
    attach: str


class HostCollected(Event, frozen=True):
    """All that a host did by itself is known. outputs: what its tasks exported."""

    type: ClassVar[str] = "host_collected"
    host: str
    outputs: Mapping[str, object] = field(default_factory=dict)


class Measured(Event, frozen=True):
    """A number that a workflow has taken.

    kind: gauge (as it is now), counter (so many more), histogram (one of many) or timer (one of many, in seconds)
    """

    type: ClassVar[str] = "metric"
    host: str
    name: str
    kind: str
    value: float
    labels: Mapping[str, str] = field(default_factory=dict)


class Dispatched(Event, frozen=True):
    """An event of a workflow's own. data: whatever JSON holds."""

    type: ClassVar[str] = "dispatched"
    host: str
    name: str
    data: object = None


TYPES = {
    one.type: one
    for one in (
        RunStarted, BatchStarted, BatchesLeftOut, TaskStarted, TaskOutput, TaskRetrying, TaskFinished, LogLine,
        HostUnreachable, Notice, RunFinished, RunDetached, HostCollected, HostTimes, Measured, Dispatched,
    )
}  # fmt: skip
_EMPTY: Mapping[object, object] = {str: "", bool: False, int: 0, float: 0.0, Moment: 0.0}


def event_of(plain: Mapping[str, Any]) -> Event | None:
    """The event of its plain form; what is empty may be missing. None for what is no event that we know.

    Raises ValueError when a field of it makes no sense.
    """
    kind = TYPES.get(str(plain.get("type")))
    return None if kind is None else convert({**_blank(kind), **plain}, kind)


@cache
def _blank(kind: type[Event]) -> Mapping[str, object]:
    """What is empty, for the fields that must be there."""
    return {one.name: _EMPTY.get(one.type, {}) for one in fields(kind) if one.required}


class Subscriber(Protocol):
    """Who wants to hear. Called from one thread at a time, in order."""

    def __call__(self, event: Event, /) -> None: ...
