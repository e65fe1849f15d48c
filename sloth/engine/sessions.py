"""Sessions for the hosts of a run: how each is reached, the job that it gets, and the answers to what it asks."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Mapping
from pathlib import Path

from msgspec.structs import replace

from sloth.core.connection import Connection
from sloth.core.errors import NoPython, Unreachable
from sloth.core.events import Event, Notice
from sloth.core.model import HostPlan, Plan
from sloth.engine import here
from sloth.engine.acting import act
from sloth.engine.allowance import FILES, Allowances
from sloth.engine.answers import Answers, Shared
from sloth.engine.artifacts import Artifacts
from sloth.engine.delegates import LOCAL
from sloth.engine.disclosing import Disclosure, Mentioned
from sloth.engine.files import Files, names_of
from sloth.engine.jobs import JobMaker, alone
from sloth.engine.lives import Life
from sloth.engine.loading import Loaded
from sloth.engine.placement import Placed
from sloth.engine.request import Request
from sloth.engine.stateful import Statefuls
from sloth.engine.templates import Templates
from sloth.engine.terms import Begin, Begun, Hear, Session
from sloth.inventory.connection import visible
from sloth.runtime.deadline import Timer
from sloth.transport.switchboard import Switchboard


def switchboard_of(loaded: Loaded) -> Switchboard:
    """What opens sessions for the files of a project."""
    return switchboard({name: one.text for name, one in loaded.evaluated.sources.project.library.python.items()})


def switchboard(modules: Mapping[str, str]) -> Switchboard:
    """The same. modules: those of a project, name → source."""
    return Switchboard.of(here.places(), os.environ, here.configured()["bundle.wheelhouse"], modules)


def connection_of(request: Request, loaded: Loaded, host: str) -> Connection:
    """How a host is reached; nobody will see its passwords."""
    found = loaded.inventory.connection(host, over=request.targets.settings())
    for password in (found.password, found.become_password):
        loaded.unlocked.mask.add(password or "")
    return found


class Sessions:
    """Those of one run. publish: for what a person should know of them."""

    def __init__(
        self, request: Request, loaded: Loaded, life: Life, plan: Plan, statefuls: Statefuls, allowances: Allowances,
        timer: Timer, publish: Callable[[Event], None], lost: Mapping[str, Unreachable],
    ) -> None:  # fmt: skip
        """lost: hosts of which it is known that they cannot be reached."""
        self._lost = lost
        self._request = request
        self._loaded = loaded
        self._rest = life.rest
        self._workflow = plan.workflow
        self._statefuls = statefuls
        self._allowances = allowances
        self._timer = timer
        self._publish = publish
        self._mentioned = Mentioned(loaded.file, plan.workflow)
        self._jobs = JobMaker(life.run, loaded.file, plan, request, loaded.variables, loaded.inventory.groups)
        places, project = here.places(), loaded.evaluated.sources.project
        self._library = project.library
        self._shared = Shared(
            workflow=plan.workflow,
            folder=Path(loaded.file.path).parent,
            role_folder=project.role,
            templates=Templates(),
            files=Files(),
            named=names_of(loaded.file.sources.values()),
            artifacts=Artifacts(places.artifacts / life.run),
            publish=publish,
        )
        self._switchboard = switchboard_of(loaded)

    def connection(self, host: str) -> Connection:
        """How a host is reached; nobody will see its passwords."""
        return connection_of(self._request, self._loaded, host)

    def reach(self, host: HostPlan) -> Begin:
        """How to begin with a host. Wrong settings, and secrets that do not open, are errors now: before all else."""
        connection = self.connection(host.host)
        self._disclosure(host).check(self._loaded.layers(self._workflow, host.host))
        seen = threading.Event()

        def begin(hear: Hear) -> Begun:
            try:
                if host.host in self._lost:
                    raise self._lost[host.host]
                session, job = self._begin(host, connection, hear)
                seen.set()
            except Unreachable as error:
                if not host.fallback or seen.is_set():  # while it reboots nobody stands in for it
                    raise
                self._publish(Notice(f"{error}; what was delegated to it runs on {LOCAL} instead"))
                session, job = self._begin(replace(host, host=LOCAL), self.connection(LOCAL), hear)
            if self._request.detach:
                job |= alone(self._workflow, connection)
            return session, {**job, **self._rest.job(host)}

        return begin

    def close(self) -> None:
        """No more of them."""
        self._switchboard.close()

    def _begin(self, host: HostPlan, connection: Connection, hear: Hear) -> Begun:
        """A session to a host, and its job."""
        inventory = self._loaded.inventory
        job = self._jobs.job(host, lambda name: visible(inventory.variables(name)))
        sessions: list[Session] = []
        disclosure = self._disclosure(host)
        answers = Answers(
            self._shared,
            job,
            connection,
            stateful=self._statefuls.of(host.host),
            disclosure=disclosure,
            files=self._allowances.of(host.host, FILES),
            fact=lambda name: act(sessions[0], "facts.get", name),
        )
        placed = Placed(
            lambda every: self._open(connection, answers, every),
            hear,
            connection.placement,
            self._timer,
            say=lambda text: self._publish(Notice(text, host.host)),
            modules=self._library.catalog.names,
        )
        sessions.append(placed)
        return placed, disclosure.job(job)

    def _disclosure(self, host: HostPlan) -> Disclosure:
        return Disclosure(self._mentioned.by(host.task(name) for name in host.tasks), self._loaded.unlocked.keyring)

    def _open(self, connection: Connection, answers: Answers, hear: Hear) -> Session:
        """A session with a host, whatever Python it has."""
        try:
            return self._switchboard.open(connection, answers.verbs(), hear)
        except NoPython as error:
            if connection.connection != "ssh" or connection.placement == "target":
                raise
            return self._switchboard.open_raw(connection, str(error).removeprefix(f"{connection.name}: "), hear)
