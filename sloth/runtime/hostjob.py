"""A job on the host itself: take the host's lock, load the workflow into a VM of our own, play it."""

from contextlib import contextmanager

from sloth.runtime.failure import ActionFailed
from sloth.runtime.job import Job
from sloth.runtime.lock import host_lock
from sloth.runtime.play import Play, Tools

MYPY = False
if MYPY:
    from collections.abc import Iterator

    from sloth.runtime.main import Runtime

    Plain = dict[str, object]


def play_job(runtime: "Runtime", args: "Plain") -> "Plain":
    """Answer the verb `job`: {"counts": {status: number of tasks}}."""
    from sloth.runtime.lua.vm import VM
    from sloth.runtime.luapart import LuaUnavailable, load
    from sloth.runtime.program import closures, load_program

    job = Job(args)
    with _only_one(runtime, job):
        try:
            lua54 = load(runtime.cache, runtime.peer.call_stream)
        except LuaUnavailable as error:
            raise ActionFailed(str(error), kind="no_lua") from error
        vm = VM(lua54, modules=runtime.catalog.names)
        program = load_program(
            vm, job.entry, job.sources.get, side="host", top_vars=job.common, values=job.values, environ=job.environ
        )
        declared, handlers = closures(program, job.workflow)
        missing = [step.name for step in job.steps if step.name not in declared]
        if missing:
            raise ActionFailed(
                f"task {missing[0]!r} does not exist when {job.entry} is evaluated on this host: "
                "its top level must not depend on the machine", kind="workflow",
            )
        play = Play(job, declared, handlers, Tools(vm, runtime.act, lambda event: runtime.peer.tell("event", event), runtime.timer))
        runtime.playing(play)
        return {"counts": play.run()}


@contextmanager
def _only_one(runtime: "Runtime", job: Job) -> "Iterator[None]":
    """Hold the host for this run; a check-mode run only looks and needs no lock."""
    if job.check:
        yield
        return
    with host_lock(runtime.cache, job.run, job.owner, job.lock_wait):
        yield
