"""A job: hold the host, load the workflow into a Lua machine, play it.

It neither knows where it stands nor where actions happen: on the host all is at hand; a controller that
steers a host without Lua gives its own machine, and calls that cross the session.
"""

from contextlib import contextmanager

from sloth.runtime.failure import ActionFailed
from sloth.runtime.job import Job
from sloth.runtime.luapart import LuaUnavailable
from sloth.runtime.play import Play
from sloth.runtime.spent import Spent
from sloth.runtime.stage import Tools

MYPY = False
if MYPY:
    from collections.abc import Callable, Iterator, Sequence
    from contextlib import AbstractContextManager
    from types import ModuleType

    from sloth.runtime.acting import Act
    from sloth.runtime.deadline import Timer
    from sloth.runtime.lua.vm import VM
    from sloth.runtime.program import Declared
    from sloth.runtime.stage import Emit

    Plain = dict[str, object]
    Lua = tuple[ModuleType, Sequence[bytes]]


class Surroundings:
    """Where a job is played.

    lua(): the module lupa.lua54, and the prelude compiled for it; LuaUnavailable when there is none.
    hold(job): keeps other runs off the host.
    playing(play): told when a play begins, for cancel and gates. modules: the names of all modules
    recall(job): what an earlier life of the run has done here counts as done
    """

    def __init__(
        self,
        *,
        lua: "Callable[[], Lua]",
        hold: "Callable[[Job], AbstractContextManager[None]]",
        act: "Act",
        emit: "Emit",
        playing: "Callable[[Play], None]",
        timer: "Timer",
        modules: "Sequence[str]",
        recall: "Callable[[Job], None]"
    ) -> None:
        self.lua = lua
        self.hold = hold
        self.act = act
        self.emit = emit
        self.playing = playing
        self.timer = timer
        self.modules = modules
        self.recall = recall


def play_job(args: "Plain", here: Surroundings) -> "Plain":
    """The answer to the verb `job`.

    {"counts": {status: number of tasks}, "exports": the run's outputs here, "spent": see Spent.plain,
    "reboot": how the host is to be rebooted before it gets what is left, or None}
    """
    job, spent = Job(args), Spent()
    with _only_one(job, here):
        here.recall(job)
        with spent.on("upload"):  # nothing, where the extension is there
            lua = _lua(here)
        vm, declared = _loaded(job, lua, here)
        play = Play(job, declared, Tools(vm, spent.within(here.act), here.emit, here.timer))
        here.playing(play)
        counts = play.run()
        seconds = {**spent.seconds, "lua": vm.spent}
        return {"counts": counts, "exports": play.exports, "spent": seconds, "reboot": play.reboot}


def _lua(here: Surroundings) -> "Lua":
    try:
        return here.lua()
    except LuaUnavailable as error:
        raise ActionFailed(str(error), kind="no_lua") from error


def _loaded(job: Job, lua: "Lua", here: Surroundings) -> "tuple[VM, Declared]":
    """The machine, and the job's workflow in it."""
    from sloth.runtime.lua.vm import VM, LuaError  # not before Lua is there, and the host taken
    from sloth.runtime.program import TopLevel, closures, load_program

    sees = TopLevel(job.common, job.values, job.environ, job.lua_modules)
    try:
        vm = VM(lua[0], modules=here.modules, compiled=lua[1])
        program = load_program(vm, job.entry, job.sources.get, sees, side="host", act=here.act)
        declared = closures(program, job.workflow)
    except LuaError as error:
        raise ActionFailed(error.text, kind="workflow", where=error.where) from error
    _check(job, declared.tasks)
    return vm, declared


@contextmanager
def _only_one(job: Job, here: Surroundings) -> "Iterator[None]":
    """Hold the host for this run; a check-mode run only looks and needs no lock."""
    if job.check:
        yield
        return
    with here.hold(job):
        yield


def _check(job: Job, declared: "dict[str, Plain]") -> None:
    missing = [step.task for step in job.steps if step.task not in declared]
    if missing:
        raise ActionFailed(
            f"task {missing[0]!r} does not exist when {job.entry} is evaluated on this host: "
            "its top level must not depend on the machine",
            kind="workflow",
        )
