"""What a journal tells of a run: what was asked, how each task ended last, what is left."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from msgspec import Struct, field
from msgspec.structs import replace

from sloth.core.errors import StoreError, UsageError
from sloth.core.events import (
    Event,
    HostCollected,
    LogLine,
    RunDetached,
    RunFinished,
    RunStarted,
    TaskFinished,
    TaskOutput,
    TaskRetrying,
    TaskStarted,
    event_of,
)
from sloth.core.model import BAD
from sloth.core.near import near
from sloth.engine import asked
from sloth.engine.asked import Asked, Owner
from sloth.store import journal
from sloth.store.runs import Entry

Key = tuple[str, str]
FAILED = frozenset({"failed", "timed_out", "unreachable"})


class History(Struct):
    """Of one run. Keys are (host, task).

    ends: the last end of each task. handlers: the last end of each handler. running: began, and has no end.
    hosts: those of the plan. finished: the end of the run's last life, None when it was torn off. heard: how much was
    heard of each host since it went on by itself. collected: those of which all was heard
    """

    asked: Asked
    owner: Owner
    started: float = 0.0
    ended: float | None = None
    lives: int = 1
    ends: dict[Key, TaskFinished] = field(default_factory=dict)
    handlers: dict[Key, TaskFinished] = field(default_factory=dict)
    running: dict[Key, float] = field(default_factory=dict)
    hosts: dict[str, list[str]] = field(default_factory=dict)
    finished: RunFinished | None = None
    heard: Counter[str] = field(default_factory=Counter)
    collected: dict[str, HostCollected] = field(default_factory=dict)

    def take(self, line: Mapping[str, Any]) -> None:
        """One more line of the journal."""
        at = journal.time_of(line)
        if line.get("type") in {journal.RESUMED, journal.ATTACHED}:
            self.owner = asked.owner(line["owner"])
        if line.get("type") == journal.RESUMED:
            self.lives += 1
            request = replace(self.asked.request, detach=False)
            self.asked = replace(self.asked, inputs=line["inputs"], request=request)
            self.finished = self.ended = None
            self.running.clear()
            return
        event = event_of(line)
        if event is not None:
            self._take(event, at)

    def _take(self, event: Event, at: float) -> None:
        if isinstance(event, TaskStarted | TaskOutput | TaskRetrying | TaskFinished | LogLine):
            self.heard[event.host] += 1
        match event:
            case RunStarted():
                self.started = self.started or event.started_at
                for host, tasks in event.hosts.items():
                    self.hosts[host] = list(dict.fromkeys([*self.hosts.get(host, ()), *tasks]))
            case TaskStarted():
                self.running[event.host, event.task] = at
            case TaskFinished():
                self.running.pop((event.host, event.task), None)
                (self.handlers if event.handler else self.ends)[event.host, event.task] = event
            case RunDetached():
                self.heard.clear()
            case HostCollected():
                self.collected[event.host] = event
            case RunFinished():
                self.finished, self.ended = event, at
                self.running.clear()

    def of(self, host: str | None = None, task: str | None = None) -> History:
        """The same for one host or task alone. Raises UsageError for a name that the run does not have."""
        if not self.hosts:
            return self  # it was stopped before it said which it has
        names = dict.fromkeys(name for tasks in self.hosts.values() for name in (*tasks, *self.asked.handlers))
        for name, known, what in ((host, self.hosts, "host"), (task, names, "task")):
            if name is not None and name not in known:
                hint = near(name, known) or f"{what}s: {', '.join(list(known)[:10])}"
                raise UsageError(f"the run has no {what} {name!r}", hint=hint)
        if host is None:
            return self
        counts = {} if self.finished is None else {host: self.finished.counts.get(host, {})}
        return replace(
            self,
            hosts={host: self.hosts[host]},
            ends={key: end for key, end in self.ends.items() if key[0] == host},
            handlers={key: end for key, end in self.handlers.items() if key[0] == host},
            running={key: at for key, at in self.running.items() if key[0] == host},
            finished=None if self.finished is None else replace(self.finished, counts=counts),
        )

    @property
    def done(self) -> dict[Key, TaskFinished]:
        """The tasks that need not run again."""
        return {key: event for key, event in self.ends.items() if is_done(event)}

    @property
    def is_complete(self) -> bool:
        """Whether it has ended well, and nothing was left out."""
        planned = {(host, task) for host, tasks in self.hosts.items() for task in tasks}
        return self.exit_code == 0 and planned <= self.done.keys()

    @property
    def is_detached(self) -> bool:
        """Whether hosts work on it, or have, of which not all is known."""
        return self.asked.request.detach and self.finished is None

    @property
    def exit_code(self) -> int | None:
        """Of its last life."""
        return None if self.finished is None else self.finished.exit_code

    def entry(self) -> Entry:
        """For the index."""
        one = self.asked
        return Entry(
            one.run, one.workflow, one.request.file, str(self.owner), one.mode, self.started, self.ended,
            self.exit_code, len(self.hosts),
        )  # fmt: skip


def is_done(event: TaskFinished) -> bool:
    """Whether a task that ended like this has had its turn; one that was never to run because of others has not."""
    return not event.blocks and (event.status not in BAD or event.ignored)


def read(path: Path) -> History:
    """The history of a run. Raises StoreError for what is no journal of ours."""
    return from_lines((line for _, line in journal.entries(path)), path.parent.name)


def from_lines(lines: Iterable[Mapping[str, Any]], run: str) -> History:
    """The same from the lines."""
    history: History | None = None
    for line in lines:
        try:
            if history is None:
                what = asked.read(line, run)
                history = History(what, what.owner, journal.time_of(line))
            else:
                history.take(line)
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise StoreError(f"the journal of run {run} is damaged: {error!r}") from error
    if history is None:
        raise StoreError(f"the journal of run {run} is empty: it was stopped before it began")
    return history


def described(path: Path) -> tuple[Entry, list[str]] | None:
    """For the index: a run and its hosts; None for a journal that says nothing."""
    try:
        history = read(path)
    except StoreError:
        return None
    return history.entry(), list(history.hosts)


def retold(history: History) -> Iterator[Event]:
    """A run as if all its lives had been one: how each task ended last. Its own end is not in it."""
    one = history.asked
    yield RunStarted(
        one.run, one.workflow, one.request.file, one.request.check, history.hosts, history.started,
        handlers=one.handlers,
    )  # fmt: skip
    yield from history.ends.values()
    yield from history.handlers.values()
