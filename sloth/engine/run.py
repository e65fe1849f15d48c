"""One workflow's run: batch after batch, until all hosts have ended."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from itertools import groupby

from sloth.core.errors import Unreachable
from sloth.core.events import BatchesLeftOut, BatchStarted, Event, Notice, RunDetached, RunFinished, RunStarted
from sloth.core.model import HostPlan, Plan
from sloth.engine import here, past
from sloth.engine.allowance import Allowances
from sloth.engine.batches import is_too_many
from sloth.engine.bus import Bus
from sloth.engine.descriptors import room_for
from sloth.engine.execute import Ending, Tally, execute
from sloth.engine.gates import Gates
from sloth.engine.hooks import Hooks
from sloth.engine.hostrun import HostRun
from sloth.engine.jobs import whoever
from sloth.engine.leases import Leases
from sloth.engine.lives import Life
from sloth.engine.loading import Loaded
from sloth.engine.pending import Pending, workflow_key
from sloth.engine.request import Request
from sloth.engine.resuming import to_resume
from sloth.engine.sessions import Sessions
from sloth.engine.stack import Stack
from sloth.engine.stateful import Statefuls
from sloth.engine.stepping import Ask, Steps, stepped
from sloth.engine.terms import Terms, unheld
from sloth.engine.turns import in_turns
from sloth.runtime.deadline import Timer
from sloth.store import Locks, SqliteDatabase


class Run:
    """One plan on its way. Everything that happens goes to the bus."""

    def __init__(
        self, request: Request, loaded: Loaded, life: Life, bus: Bus, ask: Ask | None = None,
        lost: Mapping[str, Unreachable] | None = None,
    ) -> None:  # fmt: skip
        """lost: hosts of which it is known that they cannot be reached."""
        plan = in_turns(life.rest.plan)
        plan = plan if ask is None else stepped(plan)
        places = here.places()
        self._request = request
        self._loaded = loaded
        self._life = life
        self._plan = plan
        self._bus = bus
        self._publishing = threading.Lock()
        self._timer = Timer()
        self._tally = Tally(plan)
        self._gates = Gates(plan)
        self._steps = Steps(plan, self._gates.open, ask) if ask is not None else None
        if self._steps is not None:
            bus.add(self._steps.take)
        self._pending = Pending(places.pending, workflow_key(loaded.file.path, plan.workflow.name))
        self._slots = threading.Semaphore(min(request.forks, room_for(_at_once(plan, request.forks))))
        self._allowances = Allowances(here.configured())
        self._store = SqliteDatabase(places.store)
        self._leases = Leases(Locks(self._store), self._timer, lambda text: self._publish(Notice(text)))
        name = plan.workflow.name
        stack = Stack(loaded.file.stack or name, lambda: past.last_exit(name, but=life.run))
        self._statefuls = Statefuls(life.run, self._store, self._leases, self._allowances, stack)
        self._sessions = Sessions(
            request, loaded, life, plan, self._statefuls, self._allowances, self._timer, self._publish, lost or {},
        )  # fmt: skip
        self._hooks = Hooks(
            loaded.evaluated, plan, {**plan.workflow.variables, **loaded.variables.common}, request.check, self._timer,
            bus.publish, self._statefuls.of("hooks"), loaded.unlocked.keyring.named,
        )  # fmt: skip
        self._hook_events = Bus([self._hooks.take])
        self._remember()

    def go(self) -> int:
        """Run; returns the exit code. Raises WorkflowError, before anything is said or done, when on_start fails."""
        began = time.monotonic()
        self._store.read("SELECT 1")  # a store that cannot be used is said before anything begins
        terms, rest = self._terms(), self._life.rest
        runs = [HostRun(host, self._sessions.reach(host), terms, rest.of(host)) for host in self._plan.hosts]
        wanted = self._hooks.start()
        self._publish(self._started())
        if not wanted:
            for run in runs:
                run.cancel("on_start of the workflow returned false")
        try:
            with self._hook_events:
                ending = self._batches(runs)
        finally:
            self._sessions.close()
        code = self._tally.exit_code(runs, ending)
        detached = [run.host for run in runs if run.detached]
        if detached:
            again = f"sloth runs attach {self._life.short()}"
            self._publish(RunDetached(self._life.run, self._plan.workflow.name, detached, code, again))
            return code
        self._hooks.complete(code == 0)
        self._leases.close()
        self._publish(self._finished(runs, code, time.monotonic() - began))
        self._hook_events.check()
        return code

    def _started(self) -> RunStarted:
        return RunStarted(
            self._life.run, self._plan.workflow.name, self._loaded.file.path, self._request.check,
            self._left_of(self._plan.hosts), time.time(), len(self._life.rest.done), self._plan.workflow.handlers,
        )  # fmt: skip

    def _left_of(self, hosts: Iterable[HostPlan]) -> dict[str, list[str]]:
        """The tasks of hosts that no earlier life has done."""
        done = self._life.rest.done
        tasks: dict[str, list[str]] = {}
        for host in hosts:
            tasks.setdefault(host.host, []).extend(task for task in host.tasks if (host.host, task) not in done)
        return tasks

    def _finished(self, runs: Sequence[HostRun], code: int, took: float) -> RunFinished:
        outputs: dict[str, dict[str, object]] = {}
        for run in runs:
            if run.exports:
                outputs.setdefault(run.host, {}).update(run.exports)
        return RunFinished(
            self._life.run, self._plan.workflow.name, self._tally.counts, code, took, outputs, self._to_resume()
        )

    def _remember(self) -> None:
        """What earlier lives of the run have done counts as if it were done now."""
        for event in [*self._life.rest.done.values(), *self._life.rest.handlers.values()]:
            if event.host in self._tally.counts:
                self._tally.add(event)
        for event in self._life.rest.done.values():
            self._gates.take(event)
            self._hooks.remember(event)

    def _to_resume(self) -> str:
        """The command that does what is left."""
        whole = self._life.is_whole
        return "" if self._request.check else to_resume(self._life.short, self._tally.left, is_whole=whole)

    def _batches(self, runs: Sequence[HostRun]) -> Ending:
        """One batch after the other; what is left when one of them forbids the next is left out."""
        timeout = None if self._steps else self._plan.workflow.timeout  # a person may think as long as they like
        deadline = None if timeout is None else time.monotonic() + timeout
        by_batch = groupby(zip(self._plan.hosts, runs, strict=True), key=lambda pair: pair[0].batch)
        left, ending = [(number, [run for _, run in pairs]) for number, pairs in by_batch], Ending.COMPLETE
        for batch in self._plan.batches:
            number, working = left.pop(0)
            tasks = self._left_of(host for host in self._plan.hosts if host.batch == number)
            if len(self._plan.batches) > 1 and any(tasks.values()):  # an earlier life may have done all of it
                self._publish(BatchStarted(number + 1, len(self._plan.batches), batch, tasks))
            with self._steps.of(number) if self._steps else nullcontext():
                ending = execute(working, self._slots, deadline, lambda text: self._publish(Notice(text)))
            reason = self._reason_to_stop(ending, batch, working) if left else ""
            if reason:
                hosts = [host for hosts in self._plan.batches[number + 1 :] for host in hosts]
                self._publish(BatchesLeftOut(number + 2, len(self._plan.batches), hosts, reason))
                for run in (run for _, rest in left for run in rest):
                    run.leave_out(reason)
                return Ending.STOPPED if ending is Ending.COMPLETE else ending
        return ending

    def _reason_to_stop(self, ending: Ending, batch: Collection[str], runs: Sequence[HostRun]) -> str:
        """Why the next batch must not begin, or an empty string."""
        if ending is not Ending.COMPLETE:
            return f"not begun: {ending.value}"
        aborted = next((run.aborted for run in runs if run.aborted), "")
        if aborted:
            return aborted
        workflow = self._plan.workflow
        everywhere = dict.fromkeys(host for hosts in self._plan.batches for host in hosts)
        for hosts, what in ((batch, "of the batch before"), (everywhere, "in all")):
            bad = self._tally.bad_hosts(hosts)
            if is_too_many(bad, len(hosts), workflow.max_fail, workflow.where):
                return f"not begun: {bad} of {len(hosts)} hosts {what} failed or were unreachable"
        return ""

    def _publish(self, event: Event) -> None:
        with self._publishing:
            self._tally.add(event)
            self._bus.publish(event)
            self._life.record.publish(event)
            if self._hooks.are_declared:
                self._hook_events.publish(event)
            self._gates.take(event)

    def _terms(self) -> Terms:
        workflow = self._plan.workflow
        by_name = {task.name: task for task in workflow.tasks}
        tasks = {name: by_name[host.task(name)] for host in self._plan.hosts for name in host.needs}
        return Terms(
            handlers=workflow.handlers,
            limits={name: task.timeout for name, task in tasks.items() if task.timeout is not None},
            aborting={name for name, task in tasks.items() if task.may_abort or workflow.fail_fast},
            gates=self._gates,
            pending=None if self._request.check else self._pending,
            slots=self._slots,
            publish=self._publish,
            timer=self._timer,
            allowances=self._allowances,
            place=self._loaded.evaluated.sources.place,
            hold=unheld if self._request.check else self._hold,
            kept=self._life.record.kept,
            detach=self._request.detach,
        )

    @contextmanager
    def _hold(self, host: str, wanted: Callable[[], bool]) -> Iterator[Callable[[], None]]:
        """The host's lease; and the locks of its tasks, which are given back when nothing there goes on."""
        connection, wait = self._sessions.connection(host), self._request.lock_wait
        with (
            self._leases.host(connection, whoever(), self._life.run, wait=wait, wanted=wanted),
            self._statefuls.of(host).part() as ended,
        ):
            yield ended


def _at_once(plan: Plan, forks: int) -> int:
    """How many sessions may be open at once: who waits at a gate gives its place back, and not its session."""
    hosts = max(Counter(host.batch for host in plan.hosts).values(), default=1)
    return hosts if plan.gates or plan.turns else min(hosts, forks)
