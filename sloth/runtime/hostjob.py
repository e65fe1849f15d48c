"""A job on the host itself: take the host's lock, load the workflow into a VM of our own, play it."""

from contextlib import contextmanager

from sloth.runtime.failure import ActionFailed
from sloth.runtime.job import Job
from sloth.runtime.lock import host_lock
from sloth.runtime.play import Play
from sloth.runtime.stage import Tools
from sloth.runtime.wire import WireClosed, WireError

MYPY = False
if MYPY:
    from collections.abc import Callable, Iterator, Sequence

    from sloth.runtime.attempt import Act
    from sloth.runtime.deadline import Timer
    from sloth.runtime.wire import Peer

    Plain = dict[str, object]


SHORT = ("type", "task", "handler", "status", "duration")  # of an event that is too large as a whole


class HostJob:
    """Plays jobs where it stands.

    playing(play): told when a play begins, for cancel and gates
    """

    def __init__(
        self,
        peer: "Peer",
        cache: "str | None",
        modules: "Sequence[str]",
        timer: "Timer",
        act: "Act",
        playing: "Callable[[Play], None]",
    ) -> None:
        self._peer = peer
        self._cache = cache
        self._modules = modules
        self._timer = timer
        self._act = act
        self._playing = playing

    def play(self, args: "Plain") -> "Plain":
        """Answer the verb `job`: {"counts": {status: number of tasks}}."""
        from sloth.runtime.lua.vm import VM, LuaError
        from sloth.runtime.luapart import LuaUnavailable, load
        from sloth.runtime.program import closures, load_program

        job = Job(args)
        with self._only_one(job):
            try:
                vm = VM(load(self._cache, self._peer.call_stream), modules=self._modules)
                program = load_program(
                    vm,
                    job.entry,
                    job.sources.get,
                    side="host",
                    top_vars=job.common,
                    values=job.values,
                    environ=job.environ,
                )
                declared, handlers = closures(program, job.workflow)
            except LuaUnavailable as error:
                raise ActionFailed(str(error), kind="no_lua") from error
            except LuaError as error:
                raise ActionFailed(error.text, kind="workflow", where=error.where) from error
            _check(job, declared)
            tools = Tools(vm, self._act, self._emit, self._timer)
            play = Play(job, declared, handlers, tools)
            self._playing(play)
            return {"counts": play.run()}

    def _emit(self, event: "Plain") -> None:
        try:
            self._peer.tell("event", event)
        except WireClosed:
            pass  # the controller is gone; whoever reads its frames is about to end us
        except WireError as error:  # too large: say how it ended, without what it brought
            short = {key: event[key] for key in SHORT if key in event}
            short["message"] = f"its outputs cannot be sent: {error}"
            self._peer.tell("event", short)

    @contextmanager
    def _only_one(self, job: Job) -> "Iterator[None]":
        """Hold the host for this run; a check-mode run only looks and needs no lock."""
        if job.check:
            yield
            return
        with host_lock(self._cache, job.run, job.owner, job.lock_wait):
            yield


def _check(job: Job, declared: "dict[str, Plain]") -> None:
    missing = [step.name for step in job.steps if step.name not in declared]
    if missing:
        raise ActionFailed(
            f"task {missing[0]!r} does not exist when {job.entry} is evaluated on this host: "
            "its top level must not depend on the machine",
            kind="workflow",
        )
