"""Collecting what hosts did by themselves in a detached run, while they do it or after."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

from msgspec import Struct

from sloth.core.errors import LimitReached, SlothError, StoreError, Unreachable
from sloth.core.events import Event, HostCollected, HostUnreachable, Notice, RunFinished, Subscriber, TaskFinished
from sloth.core.model import HostPlan, Plan, Workflow
from sloth.engine import archive, here, past
from sloth.engine.allowance import JOURNAL, Allowances
from sloth.engine.bus import Bus
from sloth.engine.execute import Tally, execute
from sloth.engine.history import History, retold
from sloth.engine.history import read as read_history
from sloth.engine.incoming import Incoming
from sloth.engine.opening import Opening
from sloth.engine.pending import Due, Pending, workflow_key
from sloth.engine.reading import inventory
from sloth.engine.recording import Recorder
from sloth.engine.request import Request
from sloth.engine.resuming import to_resume
from sloth.engine.sessions import switchboard
from sloth.engine.terms import Hear, Session
from sloth.engine.unlocking import Unlocked
from sloth.runtime.failure import ActionFailed

LOST = "the host stopped in the middle of the run: it was turned off, or the run was killed there"
MISSING = "the host knows nothing of the run: it did not begin there, or its cache was removed"

Open = Callable[[str, Hear], Session]


def attach(
    run: str, over: Callable[[Request], Request], subscribers: Sequence[Subscriber], *, cancel: bool = False
) -> int:
    """Show a run until it ends; of a detached one, collect what its hosts did. Returns its exit code.

    over: as of resume. cancel: a detached run shall stop
    """
    runs = past.all_runs()
    found = runs.find(run)
    history = read_history(runs.journal(found))
    if not history.is_detached or runs.is_alive(found):
        return archive.watch(runs, found, subscribers)
    request = over(history.asked.request)
    unlocked = Unlocked(request.targets.unlocking, request.file)
    hosts = inventory(request.targets, Path(request.file).parent, unlocked=unlocked)
    pending = Pending(here.places().pending, workflow_key(request.file, history.asked.workflow))
    with unlocked.mask.errors(), Bus(subscribers, mask=unlocked.mask) as bus, closing(switchboard({})) as board:

        def open_session(host: str, hear: Hear) -> Session:
            return board.open(hosts.connection(host, over=request.targets.settings()), {}, hear)

        allowances = Allowances(here.configured())
        ways = Ways(open_session, pending, allowances, request.forks, runs.shortened([found])[0])
        with past.lives(bus.publish).collecting(history, unlocked.mask) as record:
            code = Collection(history, ways, bus, record, cancel=cancel).go()
    bus.check()
    return code


class Ways(Struct, frozen=True):
    """open_session(host, hear): to a host. pending: the handlers that hosts owe. allowances: how much they may tell.

    short: enough of the run's id
    """

    open_session: Open
    pending: Pending
    allowances: Allowances
    forks: int
    short: str


class Collection:
    """All hosts' parts of a detached run. What is known is told first; what is new is written down."""

    def __init__(self, history: History, ways: Ways, bus: Bus, record: Recorder, *, cancel: bool) -> None:
        self._history = history
        self._ways = ways
        self._bus = bus
        self._record = record
        self._cancel = cancel
        self._publishing = threading.Lock()
        hosts = (HostPlan(host, dict.fromkeys(tasks, ())) for host, tasks in history.hosts.items())
        self._tally = Tally(Plan(Workflow(history.asked.workflow, history.asked.request.file), tuple(hosts)))
        self._outputs = {host: one.outputs for host, one in history.collected.items() if one.outputs}

    def go(self) -> int:
        """Collect until all parts are over, or a person has seen enough. Returns the exit code."""
        history, asked = self._history, self._history.asked
        for event in retold(history):
            self._tally.add(event)
            self._bus.publish(event)
        parts = [self._part(host) for host in history.hosts if self._is_open(host)]
        ending = execute(parts, threading.Semaphore(self._ways.forks))
        code = self._tally.exit_code(parts, ending)
        if not all(part.is_over for part in parts):
            return code or Unreachable.exit_code
        left = to_resume(lambda: self._ways.short, self._tally.left)
        took = time.time() - history.started
        self._publish(RunFinished(asked.run, asked.workflow, self._tally.counts, code, took, self._outputs, left))
        return code

    def _is_open(self, host: str) -> bool:
        """Whether there may be more to hear of a host than what is known."""
        return host not in self._history.collected and bool(self._left(host) or self._history.heard[host])

    def _left(self, host: str) -> frozenset[str]:
        return frozenset(task for task in self._history.hosts[host] if (host, task) not in self._history.ends)

    def _part(self, host: str) -> Collector:
        asked, ways = self._history.asked, self._ways
        known = HostPart(asked.run, host, self._left(host), self._history.heard[host])
        due = Due(host, ways.pending, asked.handlers)
        results = ways.allowances.of(host, JOURNAL)
        incoming = Incoming(host, self._history.hosts[host], asked.handlers, results, self._publish)
        return Collector(
            known,
            lambda hear: ways.open_session(host, hear),
            incoming,
            due,
            self._publish,
            self._record.kept,
            cancel=self._cancel,
        )

    def _publish(self, event: Event) -> None:
        with self._publishing:
            self._tally.add(event)
            if isinstance(event, HostCollected) and event.outputs:
                self._outputs[event.host] = event.outputs
            self._bus.publish(event)
            self._record.publish(event)


class HostPart(Struct, frozen=True):
    """What is known of a host's part of a run. tasks: those that have no end yet. heard: how many events."""

    run: str
    host: str
    tasks: frozenset[str]
    heard: int


class Collector:
    """One host's part. open_session: as of the switchboard. cancel: the host shall stop. kept: see Terms."""

    def __init__(
        self, known: HostPart, open_session: Callable[[Hear], Session], incoming: Incoming, due: Due,
        publish: Callable[[Event], None], kept: Callable[[], bool], *, cancel: bool,
    ) -> None:  # fmt: skip
        self.host = known.host
        self.busy = False
        self.aborted = ""
        self.is_over = False
        self._known = known
        self._opening = Opening(lambda: open_session({"event": self._hear}), lambda session: session.close())
        self._incoming = incoming
        self._due = due
        self._publish = publish
        self._kept = kept
        self._cancel = cancel
        self._left = set(known.tasks)
        self._lock = threading.Lock()
        self._session: Session | None = None
        self._stopped = False

    def go(self) -> None:
        """Collect until the host's part is over, or we are stopped. A host that cannot be reached goes on by itself."""
        try:
            if self._stopped:
                return
            self._due.load()
            self._session = self._opening.result()
            if self._session is None or self._stopped:
                return
            known = self._known
            asked = {"run": known.run, "host": known.host, "skip": known.heard, "cancel": self._cancel}
            self._take_end(self._session.call("attach", asked))
        except LimitReached as error:
            self._give_up(str(error))
        except SlothError as error:
            if not self._stopped:
                self._publish(HostUnreachable(self.host, getattr(error, "kind", "settings"), str(error), error.hint))
        except ActionFailed as error:
            self._give_up(error.message)
        finally:
            if self._session is not None:
                self._session.close()

    def cancel(self, reason: str) -> None:
        """Go away; the host goes on."""
        del reason
        self._stopped = True
        self._opening.give_up()
        if self._session is not None:
            self._session.close()

    def hang_up(self) -> None:
        """The same."""
        self.cancel("")

    def _give_up(self, why: str) -> None:
        self._publish(Notice(f"what it did cannot be collected: {why}", self.host))

    def _hear(self, plain: dict[str, Any]) -> None:
        if self._stopped:
            return
        try:
            event = self._incoming.take(plain)
        except LimitReached as error:
            self._give_up(str(error))
            self.hang_up()
            return
        if event is None:
            return
        if isinstance(event, TaskFinished):
            with self._lock:
                if not event.handler and event.task not in self._left:
                    return
                self._left.discard(event.task)
            self._keep_due(event)
        self._publish(event)

    def _keep_due(self, event: TaskFinished) -> None:
        try:
            self._due.take(event)
        except StoreError as error:
            self._publish(Notice(str(error)))

    def _take_end(self, answer: object) -> None:
        end: Mapping[str, Any] = answer if isinstance(answer, dict) else {}
        if self._stopped or not end:
            return
        why = LOST if end.get("lost") else MISSING if end.get("missing") else str(end.get("error") or LOST)
        for task in sorted(self._left):
            self._publish(TaskFinished(self.host, task, "cancelled", why, blocks=True))
        exports = end.get("exports")
        self._incoming.spend(exports)
        self._publish(HostCollected(self.host, exports if isinstance(exports, dict) else {}))
        self.is_over = True
        if self._kept() and self._session is not None:
            self._session.tell("forget", {})
