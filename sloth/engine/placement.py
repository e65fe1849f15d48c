"""Where a host's tasks are played: on the host itself, or from here, with every call crossing the session.

A host that can load no Lua machine cannot evaluate closures. Its job is then played in this process, by
the same code, and what it does on the host is asked for, call by call.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from sloth.core.connection import Placement
from sloth.core.errors import Unreachable
from sloth.engine.terms import Hear, Session
from sloth.runtime.acting import Call, Outcome, Report, There
from sloth.runtime.deadline import Timer
from sloth.runtime.failure import ActionFailed, Stopped
from sloth.runtime.host import Settings
from sloth.runtime.hostjob import Surroundings, play_job
from sloth.runtime.job import Job
from sloth.runtime.playing import Playing
from sloth.runtime.token import Token
from sloth.workflow.machine import own_lua

Open = Callable[[Hear], Session]


class Placed:
    """A session that plays jobs where they can be played.

    open_session(hear): the session to the host. placement: "target", "controller", or "auto" for the first that
    works. say(text): what a person should know. modules: the names of all that there are
    """

    def __init__(
        self,
        open_session: Open,
        hear: Hear,
        placement: Placement,
        timer: Timer,
        say: Callable[[str], None],
        modules: Sequence[str],
    ) -> None:
        self._placement = placement
        self._timer = timer
        self._say = say
        self._modules = modules
        self._emit = hear["event"]
        self._playing = Playing()
        self._lost: Unreachable | None = None
        self._session = open_session({**hear, "output": self._hear_output})
        self._there = There(self._session, self._session.close)

    @property
    def warnings(self) -> list[str]:
        """What a person should know about how the session came about."""
        return self._session.warnings

    @property
    def uploading(self) -> float:
        """The seconds that what was sent to it took."""
        return self._session.uploading

    def call(self, verb: str, args: dict[str, Any]) -> object:
        """Ask the host; a job is played where it can be."""
        if verb != "job":
            return self._session.call(verb, args)
        if self._placement == "controller":
            return self._steer(args)
        try:
            return self._session.call(verb, args)
        except ActionFailed as error:
            if error.result.get("kind") != "no_lua" or self._placement == "target":
                raise
            self._say(f"{error.message}; its tasks are steered from here, call by call")
        return self._steer(args)

    def tell(self, verb: str, args: dict[str, Any]) -> None:
        """Tell the host, or the play that stands here for it."""
        match verb:
            case "cancel":
                self._playing.tell(lambda play: play.cancel(str(args.get("reason"))))
            case "gate":
                self._playing.tell(lambda play: play.open_gate(args))
        self._session.tell(verb, args)

    def close(self) -> None:
        """End the session."""
        self._session.close()

    # the play on this side

    def _steer(self, args: dict[str, Any]) -> object:
        here = Surroundings(
            lua=own_lua,
            hold=self._hold,
            act=self._act,
            emit=self._hear_event,
            playing=self._playing.begin,
            timer=self._timer,
            modules=self._modules,
            recall=_no_memory,
        )
        answer = play_job(args, here)
        if self._lost is not None:
            raise self._lost
        return answer

    @contextmanager
    def _hold(self, job: Job) -> Iterator[None]:
        """The host's own lock, which its process keeps until the session ends."""
        self._session.call("hold", {"run": job.run, "owner": job.owner, "wait": job.lock_wait})
        yield

    def _act(self, user: str | None, call: Call, settings: Settings, token: Token, report: Report) -> Outcome:
        try:
            return self._there.act(call, settings, token, report, user)
        except Unreachable as error:
            self._lost, why = self._lost or error, str(error)
            self._playing.tell_soon(lambda play: play.cancel(why))
            raise Stopped(why) from error

    def _hear_event(self, event: dict[str, Any]) -> None:
        if self._lost is None:  # what is left then is unreachable, not cancelled
            self._emit(event)

    def _hear_output(self, args: dict[str, Any]) -> None:
        self._there.hear_output(args)


def _no_memory(job: Job) -> None:
    """What is played here is written down here as it ends; a host has nothing to add."""
    del job
