"""Playing a workflow in this process: loaded, planned and made a job as by the controller, then played as on a host."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import Any

import pytest
from lupa import lua54

from sloth.core.model import HostPlan
from sloth.engine.jobs import JobMaker, Variables
from sloth.engine.planning import lay_out
from sloth.engine.request import Request
from sloth.runtime.acting import Call, Here, Outcome, Report, Served, There
from sloth.runtime.catalog import Catalog
from sloth.runtime.deadline import Timer
from sloth.runtime.failure import ActionFailed
from sloth.runtime.frames import WireError
from sloth.runtime.host import Settings
from sloth.runtime.job import Job
from sloth.runtime.lua.vm import VM, compiled_prelude
from sloth.runtime.play import STUCK, Play
from sloth.runtime.program import TopLevel, closures, load_program
from sloth.runtime.stage import Tools
from sloth.runtime.token import Token
from sloth.runtime.wire import Peer
from sloth.workflow.load import load

Event = dict[str, Any]


HANDLERS = 'handler("one", function() log.info("one") end), handler("two", function() log.info("two") end)'


def tasks(*definitions: str, config: str = "", handlers: str = "") -> str:
    """A file with one workflow of these tasks."""
    names = [definition.split('"')[1] for definition in definitions]
    lines = [f"local t{number} = {definition}:build()" for number, definition in enumerate(definitions)]
    listed = ", ".join(f"t{number}" for number in range(len(names)))
    return (
        "\n".join(lines)
        + f'\nworkflow.define("w"):tasks({{ {listed} }}):handlers({{ {handlers} }}):config({{ {config} }})'
    )


class Played:
    """A play and what it said. `started` → an event that is set when a task of that name begins."""

    def __init__(
        self,
        folder: Path,
        text: str,
        *,
        check: bool = False,
        verify: bool = False,
        variables: Mapping[str, object] | None = None,
        extra: Mapping[str, object] | None = None,
        on_event: Callable[[Played, Event], None] | None = None,
        placement: str = "target",
        pending: Sequence[str] = (),
        force_handlers: bool = False,
        stuck: float = STUCK,
        before: Callable[[Call], object] | None = None,
    ) -> None:
        """before: told of each call; what it does holds the call up."""
        path = folder / "site.sloth"
        path.write_text(text)
        given = Variables({}, extra or {})
        file = load(path, given.common, {}, lambda level, text: None).file
        plan = lay_out(file.workflows[0], ["h1"], lambda pattern: ["h1"])
        request = Request(str(path), check=check, verify=verify, diff=True, live=True, force_handlers=force_handlers)
        plain = JobMaker("run1", file, plan, request, given, {"all": ["h1"]})
        made = plain.job(plan.hosts[0] if plan.hosts else HostPlan("h1", {}), lambda host: variables or {})
        self.job = Job({**made, "pending": list(pending)})
        self.events: list[Event] = []
        self._on_event = on_event
        self._lock = threading.Lock()
        vm = VM(lua54, modules=Catalog().names, compiled=compiled_prelude(lua54))
        program = load_program(vm, self.job.entry, self.job.sources.get, TopLevel(self.job.common), side="host")
        here = Here(Catalog(), self._no_question, self._no_question)

        def act(user: str | None, call: Call, settings: Settings, token: Token, report: Report) -> Outcome:
            if before is not None:
                before(call)
            return here.act(call, settings, token, report)

        self._wire = None if placement == "target" else AcrossAWire(act)
        tools = Tools(vm, act if self._wire is None else self._wire.act, self._hear, Timer())
        self.play = Play(self.job, closures(program, self.job.workflow), tools, stuck)

    def run(self) -> Played:
        """Play to the end."""
        self.counts = self.play.run()
        return self

    def close(self) -> None:
        """No more crosses the wire, if there is one. Not before all is looked at: what is stopped hears of it that way."""
        if self._wire is not None:
            self._wire.close()

    @property
    def statuses(self) -> dict[str, str]:
        """Task (and handler) name → final status, in the order in which they ended."""
        return {event["task"]: event["status"] for event in self.of("task_finished")}

    def of(self, type_: str) -> list[Event]:
        """The events of one type."""
        return [event for event in self.events if event["type"] == type_]

    def finished(self, task: str) -> Event:
        """How a task ended."""
        (event,) = [event for event in self.of("task_finished") if event["task"] == task]
        return event

    def lines(self) -> list[str]:
        """What the workflow logged."""
        return [event["text"] for event in self.of("log")]

    def _hear(self, event: Event) -> None:
        with self._lock:
            self.events.append(event)
        if self._on_event is not None:
            self._on_event(self, event)

    @staticmethod
    def _no_question(verb: str, args: dict[str, object]) -> Any:
        raise ActionFailed(f"no controller here to ask for {verb}")


class AcrossAWire:
    """The same actions, performed on the other side of a wire: as a controller performs them that steers a host."""

    def __init__(self, act: Callable[..., Outcome]) -> None:
        ours, its = self._sockets = socket.socketpair()
        self._far = Peer(its.recv, its.sendall, {"act": self._serve}, {"stop": self._stop})
        self._served = Served(act, self._far.tell)
        self._near = Peer(ours.recv, ours.sendall, {}, {"output": self._hear})
        self._there = There(self._near, ours.close)
        for peer in (self._far, self._near):
            threading.Thread(target=_listen, args=(peer,), daemon=True).start()

    def close(self) -> None:
        """Neither side speaks any more."""
        for one in self._sockets:
            with suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
            one.close()

    def act(self, user: str | None, call: Call, settings: Settings, token: Token, report: Report) -> Outcome:
        return self._there.act(call, settings, token, report, user)

    def _serve(self, args: Event) -> object:
        return self._served.act(args)

    def _stop(self, args: Event) -> None:
        self._served.stop(args)

    def _hear(self, args: Event) -> None:
        self._there.hear_output(args)


def _listen(peer: Peer) -> None:
    with suppress(OSError, WireError):  # the wire is closed
        peer.serve()


@pytest.fixture(params=["target", "controller"])
def play(tmp_path: Path, request: pytest.FixtureRequest):
    """Plays on the host itself, and from a controller whose calls cross a wire: nobody may tell the difference."""
    with ExitStack() as wires:

        def run(text: str, **options) -> Played:
            played = Played(tmp_path, text, placement=request.param, **options)
            wires.callback(played.close)
            return played.run()

        yield run
