"""One host's part of a run: connect, hand over the job, pass its events on. The ledger accounts for every task.

Whatever happens on the way (no connection, a lost one, a host that freezes or lies), each planned
task ends with exactly one TaskFinished.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from typing import Any

from sloth.core.errors import ConnectionLost, LimitReached, LockBusy, NoLua, SlothError, StoreError
from sloth.core.events import HostUnreachable, Notice, TaskFinished
from sloth.core.model import HostPlan
from sloth.engine.allowance import JOURNAL
from sloth.engine.gates import Opened
from sloth.engine.incoming import Incoming
from sloth.engine.ledger import Ledger
from sloth.engine.opening import Opening
from sloth.engine.pending import Due
from sloth.engine.rebooting import Order, Reboot
from sloth.engine.resuming import continued
from sloth.engine.stopwatch import Stopwatch
from sloth.engine.terms import Begin, Begun, Session, Terms
from sloth.runtime.failure import ActionFailed
from sloth.runtime.frames import WireError

NOT_BEGUN = "the host ended the run before this task"
CANCEL_PATIENCE = 4.0  # seconds that a host gets to stop cleanly


class HostRun:
    """Runs one job on one host.

    begin(hear) opens the session and gives the job. terms: what it has in common with all others. done: what an
    earlier life of the run has done.
    """

    def __init__(
        self, plan: HostPlan, begin: Begin, terms: Terms, done: Mapping[str, TaskFinished] | None = None
    ) -> None:
        self.host = plan.host
        self.busy = False
        self.detached = False
        self.session: Session | None = None
        self._begin = begin
        self._opening = self._new_opening()
        self._terms = terms
        self._publish = terms.publish
        self._timer = terms.timer
        self._shut = {name for names in plan.gates.values() for name in names}
        self._has_slot = False
        self._gates: dict[str, Opened] = {}
        self._stopped = threading.Event()
        self._due = Due(plan.host, terms.pending, terms.handlers)
        self._ledger = Ledger(plan, terms, done or {}, self._due, self._freeze)
        results = terms.allowances.of(plan.host, JOURNAL)
        self._incoming = Incoming(plan.host, plan.tasks, terms.handlers, results, terms.publish)
        self._lock = threading.Lock()
        self._slot = threading.Lock()
        self._cancelled = ""
        self._stopwatch = Stopwatch(time.monotonic)

    @property
    def aborted(self) -> str:
        """Why the workflow has to stop, if it has to for what happened here."""
        return self._ledger.aborted

    @property
    def exports(self) -> Mapping[str, object]:
        """The outputs of the run from here."""
        return self._ledger.exports

    def go(self) -> None:
        """Run to the end, in a slot that the caller has taken. SlothErrors become events."""
        self._has_slot = True
        try:
            if not self._cancelled and (not self._ledger.is_settled or self._due.load()):
                with self._terms.hold(self.host, lambda: not self._cancelled) as ended:
                    self._work(ended)
        except LockBusy as error:
            self._refused(ActionFailed(str(error), kind="lock_busy"))
        except StoreError as error:
            self._refused(ActionFailed(str(error)))
        finally:
            self._ledger.end_rest("cancelled", self._cancelled or NOT_BEGUN)
            self._give_back_slot()

    def _work(self, ended: Callable[[], None]) -> None:
        """Everything between taking the host and giving it back. ended(): the host says that it is done."""
        try:
            begun = self._connect()
            if begun is None:
                return
            for text in begun[0].warnings:
                self._publish(Notice(text, self.host))
            gates = self._terms.gates.follow(sorted(self._shut), self._open_gate)
            with self._lock:
                self._gates.update(gates)
                self._shut -= gates.keys()
            done = self._hand_over(begun)
            while done is not None and (order := Order.of(done)) is not None:
                self._stopwatch.take(done)
                done = self._hand_over(self._reboot(order))
            if done is not None:
                (self._let_go if self._terms.detach else self._take_end)(done)
                ended()
        except SlothError as error:
            self._lost(error)
        except ActionFailed as error:
            self._refused(error)
        except WireError as error:
            self._refused(ActionFailed(f"the job cannot be sent: {error}"))
        finally:
            self._ledger.end_rest("cancelled", self._cancelled or NOT_BEGUN)
            if self.session is not None:
                self.session.close()
            self._publish(self._stopwatch.times(self.host))

    def _connect(self) -> Begun | None:
        """A session and its job; None when the run was cancelled meanwhile."""
        if self._opening.is_over:
            self._opening = self._new_opening()
        if self._cancelled:
            return None
        with self._stopwatch.connecting():
            begun = self._opening.result()
        if begun is not None:
            self._stopwatch.uploaded(begun[0].uploading)
        return begun

    def _new_opening(self) -> Opening[Begun]:
        return Opening(lambda: self._begin({"event": self._hear}), lambda begun: begun[0].close())

    def _hand_over(self, begun: Begun | None) -> dict[str, Any] | None:
        """The host does its job, or what is left of it; None when there is nobody for it."""
        if begun is None:
            return None
        self.session, job = begun  # first: a gate that opens from now on is told to this one
        if self._cancelled:
            return None
        with self._lock:
            gates = [dict(gate) for gate in self._gates.values()]
        verb = "detach" if self._terms.detach else "job"
        done = self.session.call(verb, {**job, "gates": gates, "pending": self._due.load()})
        return done if isinstance(done, dict) else {}

    def _reboot(self, order: Order) -> Begun | None:
        """Reboot the host, and tell how the tasks ended that wanted it. A session for what is left."""
        assert self.session is not None  # it was the host that gave the order
        self._publish(Notice(f"reboots; it has {order.wait:g} s to come back, and the run goes on there", self.host))
        try:
            begun = Reboot(self.host, order, self._connect, self._is_stopped).go(self.session)
        except ActionFailed as error:
            self.session.close()
            self._ledger.release("failed", error.message, {"error": error.message, **error.result})
            begun = self._connect()
        if begun is None:
            return None
        self._ledger.release()
        return begun[0], continued(begun[1], self._ledger.ended)

    def _is_stopped(self) -> bool:
        """Wait a moment; whether nobody wants this host's part any more."""
        return self._stopped.wait(self._terms.glance)

    def _let_go(self, _done: object) -> None:
        """The host goes on by itself."""
        self._ledger.let_go()
        self.detached = True

    def _take_end(self, done: object) -> None:
        """The host has done its part; once that is written down here, it need not remember it."""
        self._stopwatch.take(done)
        if self._terms.kept() and self.session is not None:
            self.session.tell("forget", {})

    def leave_out(self, reason: str) -> None:
        """The run ends before this host has begun."""
        self._ledger.end_rest("skipped", reason)

    def cancel(self, reason: str) -> None:
        """Ask the host to stop; when it does not within a few seconds, hang up."""
        self._cancelled = self._cancelled or reason
        self._stopped.set()
        self._opening.give_up()
        if self.session is not None:
            self._timer.after(CANCEL_PATIENCE, self.hang_up)  # first: a frozen host may not even take the word
            try:
                self.session.tell("cancel", {"reason": reason})
            except SlothError:
                return  # it is gone already; go() is about to notice

    def hang_up(self) -> None:
        """End the session; the host stops what it started when its input ends."""
        if self.session is not None:
            self.session.close()

    # slots and gates

    def _open_gate(self, name: str, gate: Opened) -> None:
        """A task of another host has ended. Who gave its slot back takes one before it goes on."""
        with self._lock:
            self._gates[name] = gate
            self._shut.discard(name)
        threading.Thread(target=self._go_on, args=(dict(gate),), daemon=True).start()

    def _go_on(self, gate: dict[str, Any]) -> None:
        with self._slot:
            if not self._has_slot:
                self._terms.slots.acquire()
                self._has_slot = True
        try:
            if self.session is not None:
                self.session.tell("gate", gate)
        except SlothError:
            return  # it is gone; go() accounts for its tasks

    def _give_back_slot(self) -> None:
        with self._slot:
            if self._has_slot:
                self._has_slot = False
                self._terms.slots.release()

    def _lost(self, error: SlothError) -> None:
        if self._cancelled:
            return
        self._publish(HostUnreachable(self.host, getattr(error, "kind", "settings"), str(error), error.hint))
        self._ledger.give_up("unreachable", str(error))

    def _refused(self, error: ActionFailed) -> None:
        """The job as a whole failed on the host: it is busy, has no Lua, or the workflow does not load there."""
        if self._cancelled:
            return
        if error.result.get("kind") == "no_lua":
            self._lost(
                NoLua(
                    error.message, hint="Lua runs on the host: it needs CPython 3.6 to 3.14 on Linux with glibc or musl"
                )
            )
            return
        self.busy = error.result.get("kind") == "lock_busy"
        where = self._terms.place(str(error.result.get("where") or ""))
        self._ledger.give_up("failed", error.message, {"error": error.message, **error.result, "where": where})

    # events of the host

    def _hear(self, plain: dict[str, Any]) -> None:
        if plain.get("began") is True:  # it was over before there was time to say so
            self._hear({"type": "task_started", "task": plain.get("task"), "handler": plain.get("handler")})
        if plain.get("type") == "host_waiting":
            if self._shut:
                self._give_back_slot()
            return
        if plain.get("type") == "task_phase":
            self._ledger.begin_phase(str(plain.get("task")))
            return
        try:
            event = self._incoming.take(plain)
        except LimitReached as error:
            self._refused(ActionFailed(str(error)))
            self._give_up(str(error))
            return
        if isinstance(event, TaskFinished) and plain.get("reboots"):
            self._ledger.park(event)
        elif event is not None:
            self._ledger.add(event)

    def _freeze(self) -> None:
        """A task's limit is over, and the host has not said so."""
        frozen = f"{self.host} does not answer any more"
        self._lost(ConnectionLost(frozen))
        self._give_up(frozen)

    def _give_up(self, reason: str) -> None:
        """End the session, of which all has been said: that it ends now is no loss to tell of."""
        self._cancelled = self._cancelled or reason
        self.hang_up()
