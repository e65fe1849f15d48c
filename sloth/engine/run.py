"""One workflow's run: batch after batch, every host with its session, job and answers."""

from __future__ import annotations

import os
import threading
import time
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, replace
from itertools import groupby
from pathlib import Path
from typing import Any

from sloth.core import settings
from sloth.core.connection import Connection
from sloth.core.errors import NoPython, Unreachable
from sloth.core.events import Event, Notice, RunDetached, RunFinished, RunStarted
from sloth.core.model import HostPlan, Plan
from sloth.core.places import Places
from sloth.engine.acting import act
from sloth.engine.allowance import FILES, STATE, Allowances
from sloth.engine.answers import Answers, Shared
from sloth.engine.artifacts import Artifacts
from sloth.engine.batches import is_too_many
from sloth.engine.bus import Bus
from sloth.engine.delegates import LOCAL
from sloth.engine.descriptors import room_for
from sloth.engine.disclosing import Disclosure, Mentioned
from sloth.engine.execute import Ending, Tally, execute
from sloth.engine.files import Files, names_of
from sloth.engine.gates import Gates
from sloth.engine.hooks import Hooks
from sloth.engine.hostrun import HostRun
from sloth.engine.jobs import JobMaker, alone, whoever
from sloth.engine.leases import Leases
from sloth.engine.loading import Loaded
from sloth.engine.pending import Pending, workflow_key
from sloth.engine.placement import Placed
from sloth.engine.recording import Recorder
from sloth.engine.request import Request
from sloth.engine.resuming import Rest, to_resume
from sloth.engine.stateful import Stateful
from sloth.engine.stepping import Ask, Steps, stepped
from sloth.engine.templates import Templates
from sloth.engine.terms import Hear, Session, Terms, unheld
from sloth.inventory.connection import visible
from sloth.runtime.deadline import Timer
from sloth.store import Locks, SqliteDatabase, State
from sloth.transport.switchboard import Switchboard


@dataclass(frozen=True, slots=True)
class Life:
    """One life of a run: its first, or one in which it is taken up again.

    record: writes it down. short: enough of its id to tell it from others. is_whole: whether all that is left is in it
    """

    run: str
    rest: Rest
    record: Recorder
    short: Callable[[], str]
    is_whole: bool = True


class Run:
    """One plan on its way. Everything that happens goes to the bus."""

    def __init__(self, request: Request, loaded: Loaded, life: Life, bus: Bus, ask: Ask | None = None) -> None:
        plan = life.rest.plan if ask is None else stepped(life.rest.plan)
        self._request = request
        self._loaded = loaded
        self._life = life
        self._plan = plan
        self._bus = bus
        self._mentioned = Mentioned(loaded.file, plan.workflow)
        self._publishing = threading.Lock()
        self._id = life.run
        self._timer = Timer()
        self._tally = Tally(plan)
        self._gates = Gates(plan)
        self._steps = None
        if ask is not None:
            self._steps = Steps(plan, self._gates.open, ask)
            bus.add(self._steps.take)
        places = Places.find(os.environ, Path.cwd())
        self._pending = Pending(places.pending, workflow_key(loaded.file.path, plan.workflow.name))
        self._slots = threading.Semaphore(min(request.forks, room_for(_sessions(plan, request.forks))))
        common = {**plan.workflow.variables, **loaded.variables.common}
        known = settings.load(os.environ, Path.cwd())
        self._allowances = Allowances(known)
        self._statefuls: dict[str, Stateful] = {}
        self._store = SqliteDatabase(places.store)
        self._leases = Leases(Locks(self._store), self._timer, lambda text: self._publish(Notice(text)))
        self._hooks = Hooks(
            loaded.evaluated, plan, common, request.check, self._timer, bus.publish, self._stateful("hooks"),
            loaded.unlocked.keyring.named,
        )
        self._hook_events = Bus([self._hooks.take])
        self._remember()
        path, project = Path(loaded.file.path), loaded.evaluated.sources.project
        self._shared = Shared(
            plan.workflow,
            path.parent,
            project.role,
            Templates(),
            Files(),
            names_of(loaded.file.sources.values()),
            Artifacts(places.artifacts / self._id),
            self._publish,
        )
        self._jobs = JobMaker(self._id, loaded.file, plan, request, loaded.variables, loaded.inventory.groups)
        self._switchboard = Switchboard.of(
            places, os.environ, known["bundle.wheelhouse"],
            {name: one.text for name, one in project.library.python.items()},
        )

    def go(self) -> int:
        """Run; returns the exit code. Raises WorkflowError, before anything is said or done, when on_start fails."""
        began = time.monotonic()
        self._store.read("SELECT 1")  # a store that cannot be used is said before anything begins
        terms = self._terms()
        runs = [self._host_run(host, terms) for host in self._plan.hosts]
        wanted = self._hooks.start()
        done, name = self._life.rest.done, self._plan.workflow.name
        tasks: dict[str, list[str]] = {}
        for host in self._plan.hosts:
            tasks.setdefault(host.host, []).extend(task for task in host.tasks if (host.host, task) not in done)
        self._publish(
            RunStarted(self._id, name, self._loaded.file.path, self._request.check, tasks, time.time(), len(done))
        )
        if not wanted:
            for run in runs:
                run.cancel("on_start of the workflow returned false")
        try:
            with self._hook_events:
                ending = self._batches(runs)
        finally:
            self._switchboard.close()
        code = self._tally.exit_code(runs, ending)
        detached = [run.host for run in runs if run.detached]
        if detached:
            self._publish(RunDetached(self._id, name, detached, code, f"sloth runs attach {self._life.short()}"))
            return code
        self._hooks.complete(code == 0)
        self._leases.close()
        outputs: dict[str, dict[str, object]] = {}
        for run in runs:
            if run.exports:
                outputs.setdefault(run.host, {}).update(run.exports)
        took = time.monotonic() - began
        self._publish(RunFinished(self._id, name, self._tally.counts, code, took, outputs, self._to_resume()))
        return code

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
        left = set(self._tally.left.values())
        return "" if self._request.check else to_resume(self._life.short(), left, is_whole=self._life.is_whole)

    def _batches(self, runs: Sequence[HostRun]) -> Ending:
        """One batch after the other; what is left when one of them forbids the next is left out."""
        timeout = None if self._steps else self._plan.workflow.timeout  # a person may think as long as they like
        deadline = None if timeout is None else time.monotonic() + timeout
        by_batch = groupby(zip(self._plan.hosts, runs, strict=True), key=lambda pair: pair[0].batch)
        left, ending = [(number, [run for _, run in pairs]) for number, pairs in by_batch], Ending.COMPLETE
        for batch in self._plan.batches:
            number, working = left.pop(0)
            with self._steps.of(number) if self._steps else nullcontext():
                ending = execute(working, self._slots, deadline, lambda text: self._publish(Notice(text)))
            reason = self._reason_to_stop(ending, batch, working) if left else ""
            if reason:
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
        connection = self._loaded.inventory.connection(host, over=self._request.targets.settings())
        with (
            self._leases.host(connection, whoever(), self._id, wait=self._request.lock_wait, wanted=wanted),
            self._stateful(host).part() as ended,
        ):
            yield ended

    def _stateful(self, who: str) -> Stateful:
        """State and locks as a host, or the hooks, see them."""
        if who not in self._statefuls:
            owner = f"{who} (run {self._id})"
            allowance = self._allowances.of(who, STATE)
            self._statefuls[who] = Stateful(State(self._store, owner), self._leases, owner, allowance)
        return self._statefuls[who]

    def _host_run(self, host: HostPlan, terms: Terms) -> HostRun:
        over = self._request.targets.settings()
        connection = self._loaded.inventory.connection(host.host, over=over)  # a wrong one is an error before all else
        self._hide(connection)
        self._disclosure(host).check(self._layers(host.host))  # so is what does not open

        rest, seen = self._life.rest, threading.Event()

        def begin(hear: Hear) -> tuple[Session, dict[str, Any]]:
            try:
                session, job = self._begin(host, connection, hear)
                seen.set()
            except Unreachable as error:
                if not host.fallback or seen.is_set():  # while it reboots nobody stands in for it
                    raise
                self._publish(Notice(f"{error}; what was delegated to it runs on {LOCAL} instead"))
                local = self._loaded.inventory.connection(LOCAL, over=over)
                self._hide(local)
                session, job = self._begin(replace(host, host=LOCAL), local, hear)
            if self._request.detach:
                job |= alone(self._plan.workflow, connection)
            return session, {**job, **rest.job(host)}

        return HostRun(host, begin, terms, rest.of(host))

    def _begin(self, host: HostPlan, connection: Connection, hear: Hear) -> tuple[Session, dict[str, Any]]:
        """A session to a host, and its job."""
        inventory = self._loaded.inventory
        job = self._jobs.job(host, lambda name: visible(inventory.variables(name)))
        sessions: list[Session] = []
        stateful, disclosure = self._stateful(host.host), self._disclosure(host)
        files = self._allowances.of(host.host, FILES)
        answers = Answers(
            self._shared, job, connection, stateful, disclosure, files, lambda name: _fact(sessions[0], name)
        )
        placed = Placed(
            lambda every: self._open(connection, answers, every),
            hear,
            connection.placement,
            self._timer,
            lambda text: self._publish(Notice(text, host.host)),
            self._loaded.evaluated.sources.project.library.catalog.names,
        )
        sessions.append(placed)
        return placed, disclosure.job(job)

    def _layers(self, host: str) -> Iterator[Mapping[str, Any]]:
        """All that gives a host variables."""
        yield from (self._loaded.inventory.variables(host), self._loaded.variables.values, self._loaded.variables.extra)
        for use in self._plan.workflow.roles:
            yield from (use.defaults, use.variables)

    def _disclosure(self, host: HostPlan) -> Disclosure:
        return Disclosure(self._mentioned.by(host.task(name) for name in host.tasks), self._loaded.unlocked.keyring)

    def _hide(self, connection: Connection) -> None:
        """Mask the passwords of a connection."""
        for password in (connection.password, connection.become_password):
            self._loaded.unlocked.mask.add(password or "")

    def _open(self, connection: Connection, answers: Answers, hear: Hear) -> Session:
        """A session with a host, whatever Python it has."""
        try:
            return self._switchboard.open(connection, answers.verbs(), hear)
        except NoPython as error:
            if connection.connection != "ssh" or connection.placement == "target":
                raise
            return self._switchboard.open_raw(connection, str(error).removeprefix(f"{connection.name}: "), hear)


def _sessions(plan: Plan, forks: int) -> int:
    """How many may be open at once: who waits at a gate gives its place back, and not its session."""
    hosts = max(Counter(host.batch for host in plan.hosts).values(), default=1)
    return hosts if plan.gates else min(hosts, forks)


def _fact(session: Session, name: str) -> object:
    """Ask the host for a fact that a template reads."""
    return act(session, "facts.get", name)
