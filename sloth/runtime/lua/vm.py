"""The Lua machine: a sandbox, a prelude, and calls that ask for what happens outside.

Python steps coroutines and knows each by a number; a coroutine that needs something yields a request
as JSON text and is resumed with the answer (values.py). No Python object enters Lua but two functions,
hidden in the prelude: the clock, and what the count hook asks whether the running call is over.

Several threads may have calls in flight; one at a time is inside Lua, under `lock`. A call is driven by its own
thread; what its goroutines ask for is answered in others (beside.py). Where Lua's own C code does not return (pattern
backtracking) no hook helps: a watchdog reads `running_since()`.
"""

import itertools
import os
import sys
import threading
import time
from functools import lru_cache

from sloth.runtime.action import ABSENT, PURE
from sloth.runtime.failure import ActionFailed
from sloth.runtime.lua import values
from sloth.runtime.lua.beside import Beside, Threads

MYPY = False
if MYPY:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
    from typing import Any

    Plain = dict[str, object]
    Perform = Callable[[Plain], list[object]]
    Read = Callable[[str], "str | None"]

PRELUDE = (
    "values", "calls", "coroutines", "scheduler", "sandbox", "additions", "recording", "compiled", "outcomes",
    "modules", "running", "checks", "streams", "locking", "timing", "waiting", "goroutines", "channels", "locks",
    "parallel", "constructors", "order", "tasks", "workflows", "reading", "advice", "forms", "testing", "asserting",
    "sharing", "loading",
)
AT_ONCE = ("log", "task")  # modules whose actions take no time: not worth a thread
MEMORY = 50 << 20
MARGIN = 1 << 20  # bytes that must be free before Python hands a text to Lua: lupa aborts the process otherwise
PAUSE = 400  # per cent of what is in use, at which garbage is looked for: at Lua's 200 it costs a tenth of a short job
RECOVERY = 8 << 20  # bytes above the limit that cleaning up after a memory bomb may take


class LuaError(Exception):
    """A script failed.

    text: what went wrong, without a position. where: `file:line` of the script
    value: the table it raised, if it raised one. result: what a failed action said beside its message
    """

    def __init__(self, text: str, where: str = "", value: object = None, result: "Plain | None" = None) -> None:
        super().__init__(f"{where}: {text}" if where else text)
        self.text = text
        self.where = where
        self.value = value
        self.result = result or {}


class LuaTimeout(LuaError):
    """The deadline of the call passed, or it was cancelled."""


class LuaMemory(LuaError):
    """The script took more memory than it may."""


class LuaSyntax(LuaError):
    """A file is no valid Lua; `where` is `file:line:column`."""


class _Call:
    """One call in flight. `key` is the caller's own name for it."""

    def __init__(self, number: int, deadline: float, key: object, threads: Threads) -> None:
        self.number = number
        self.deadline = deadline
        self.key = key
        self.beside = Beside(threads)
        self.is_expired = False
        self.has_entered = False
        self.has_ended = False

    def expire(self) -> None:
        """Let it end at its next look at the clock, also when it waits."""
        self.is_expired = True
        self.beside.wake()


class _Gate:
    """What the count hook asks. Apart from VM, as Lua keeps it alive and the garbage collector cannot see that."""

    def __init__(self, clock: "Callable[[], float]") -> None:
        self.clock = clock
        self.call = None  # type: _Call | None
        self.is_interrupted = False

    def is_over(self) -> bool:
        """Whether the call that is inside Lua has to end. An exception here would be lost in Lua."""
        try:
            call = self.call
            return call is None or call.is_expired or self.clock() >= call.deadline
        except KeyboardInterrupt:
            self.is_interrupted = True
            return True


class VM:
    """One Lua state, for one workflow file on one host (or on the controller).

    lua54: the module `lupa.lua54`. memory: bytes that the script may take
    modules: names of the modules whose actions scripts may ask for
    compiled: what compiled_prelude gave for this module, where there are to be more machines than one
    """

    def __init__(
        self,
        lua54: "Any",
        *,
        modules: "Iterable[str]",
        clock: "Callable[[], float]" = time.monotonic,
        memory: int = MEMORY,
        compiled: "Sequence[bytes]" = ()
    ) -> None:
        self.clock = clock
        self.lock = threading.RLock()
        self.spent = 0.0  # seconds inside Lua
        self._lua54 = lua54
        self._memory = memory
        self._gate = _Gate(clock)
        self._numbers = itertools.count(1)
        self._threads = Threads()
        self._in_flight = set()  # type: set[_Call]
        self._abandoned = []  # type: list[int]
        self._inside = None  # type: tuple[_Call, float] | None
        self._read = _no_file  # type: Read
        self._runtime = lua54.LuaRuntime(
            encoding=None,
            register_eval=False,
            register_builtins=False,
            attribute_filter=_deny,
            unpack_returned_tuples=True,
            max_memory=memory,
        )
        self._install(modules, compiled)

    def _install(self, modules: "Iterable[str]", compiled: "Sequence[bytes]") -> None:
        outside = self._runtime.globals()
        compile_, self._collect = outside[b"load"], outside[b"collectgarbage"]
        self._collect(b"incremental", PAUSE)
        prelude = self._runtime.table()
        prelude[b"probe"], prelude[b"now"] = self._gate.is_over, self.clock
        prelude[b"modules"], prelude[b"pure"] = " ".join(modules).encode(), " ".join(PURE).encode()
        prelude[b"absent"] = " ".join(ABSENT).encode()
        if compiled:
            for code in compiled:
                compile_(code, b"", b"b")(prelude)
        else:
            for chunk in _chunks(compile_):
                chunk(prelude)
        self._start_load, self._start_call = prelude[b"start_load"], prelude[b"start_call"]
        self._step, self._drop = prelude[b"step"], prelude[b"drop"]
        self._report, self._purge = prelude[b"report"], prelude[b"purge"]
        self._hold = prelude[b"hold"]

    # what others call

    def load(
        self, entry: str, read: "Read", perform: "Perform", sees: "Plain", *, side: str, deadline: float
    ) -> "dict[str, Any]":
        """Evaluate a workflow file and the roles it names; the declarations as plain data (see program.py).

        read(path): the text of a file that is the entry, imported, or a role's (`role:NAME/tasks/main.sloth`)
        sees: of the top level, see program.TopLevel. side: "controller", or "host" where nothing is printed
        """
        self._read = read
        call = self._new_call(deadline, None)
        program = self._drive(call, perform, self._start_load, values.dump(dict(sees, entry=entry, side=side)))
        assert isinstance(program, dict)  # the prelude writes nothing else
        return program

    def hold(self, name: str, mapping: "Mapping[str, object]") -> None:
        """Keep a mapping in the machine for all calls to come: variables under a name of yours, or "groups"."""
        text = values.dump({key: values.dump(value) for key, value in mapping.items()})
        with self.lock:
            self._make_room(len(text), self._new_call(0.0, None))
            self._hold(name.encode(), text)

    def call(
        self, function: int, context: "Plain", perform: "Perform", deadline: float, key: object = None
    ) -> "list[object]":
        """Run closure number `function` to its end in this thread; returns its values.

        context: style ("task", "hook", "condition", "handler": this and params first; "plain": only `extra`),
            this, params, deps, session, inventory_hostname, extra (a list: these come after params, else deps and
            session); vars, or held (the name of variables that the machine holds) and own (what lies above them)
        perform(request): answers {"module", "action", "args", "named", "where"} with a list of values, or
            raises ActionFailed, which the script can catch; whatever else it raises ends the call. Goroutines ask
            from several threads at once, each with a "token" that goes when its goroutine ends
        deadline: in the time of `clock`. key: for `running_since`
        """
        context = dict(context)
        variables = context.pop("vars", None) or {}
        call = self._new_call(deadline, key)
        returned = self._drive(
            call, perform, self._start_call, function, values.dump(context), values.dump(variables)
        )
        assert isinstance(returned, list)  # the prelude writes nothing else
        return returned

    def cancel(self) -> None:
        """End every call in flight at its next look at the clock. From any thread."""
        for call in list(self._in_flight):
            call.expire()

    def running_since(self) -> "tuple[object, float, float] | None":
        """Which call is inside Lua now: (key, since when, its deadline). Takes no lock."""
        inside = self._inside
        return None if inside is None else (inside[0].key, inside[1], inside[0].deadline)

    # the road of a call

    def _new_call(self, deadline: float, key: object) -> "_Call":
        return _Call(next(self._numbers), deadline, key, self._threads)

    def _drive(self, call: "_Call", perform: "Perform", start: "Any", *arguments: object) -> object:
        self._in_flight.add(call)
        try:
            kind, said, number = self._enter(call, start, *arguments)
            while kind in (b"ask", b"beside", b"wait"):
                kind, said, number = self._enter(call, self._step, *self._reply(kind, said, number, call, perform))
            call.has_ended = True
        finally:
            self._in_flight.discard(call)
            left = call.beside.stop_all()
            if not call.has_ended:
                self._abandoned.append(call.number)
        if kind == b"done":
            if left:
                perform(_warning(f"it returned before its goroutines: {left} of their calls came to no end"))
            return values.parse(said)
        raise self._failure(kind, values.parse(said), call)

    def _reply(
        self, kind: bytes, said: "Any", number: int, call: "_Call", perform: "Perform"
    ) -> "tuple[int, bytes]":
        """What Lua goes on with: the goroutine that has its answer, if one has."""
        if kind == b"wait":
            rest = max(0.0, call.deadline - self.clock())
            return call.beside.next(rest if said is None else min(rest, said))
        request = values.parse(said)
        assert isinstance(request, dict)  # the prelude writes nothing else
        if request.get("module") == "task" and request["action"] == "stop":
            call.beside.stop(*request["args"])
            return number, b"+[]"
        if kind == b"ask" or request.get("module") in AT_ONCE:
            return number, self._answer(request, perform)
        call.beside.ask(number, lambda token: self._answer(dict(request, token=token), perform))
        return 0, b""

    def _enter(self, call: "_Call", function: "Any", *arguments: object) -> "tuple[bytes, Any, int]":
        """Go into Lua until the call asks, waits or ends."""
        rest = call.deadline - self.clock()
        if call.is_expired or rest <= 0 or not self.lock.acquire(timeout=min(rest, threading.TIMEOUT_MAX)):
            raise _over(call)
        try:
            self._make_room(sum(len(argument) for argument in arguments if isinstance(argument, bytes)), call)
            self._gate.call, self._inside = call, (call, self.clock())
            call.has_entered = True
            said = function(call.number, rest, *arguments)
            if said == b"memory":
                raise self._out_of_memory(call)
        except self._lua54.LuaMemoryError:
            raise self._out_of_memory(call) from None
        except self._lua54.LuaError as error:
            raise LuaError(f"the prelude failed: {error}") from error
        finally:
            if self._inside is not None:
                self.spent += self.clock() - self._inside[1]
            self._gate.call = self._inside = None
            self.lock.release()
        if self._gate.is_interrupted:
            self._gate.is_interrupted = False
            raise KeyboardInterrupt
        kind, text, number = said
        return kind, text, number

    def _answer(self, request: "Plain", perform: "Perform") -> bytes:
        try:
            if "read" in request:
                return b"+" + values.dump([self._read(str(request["read"]))])
            return b"+" + values.dump(perform(request))
        except ActionFailed as failure:
            return _refusal(failure.message, failure.result)
        except values.NotPlain as error:
            return _refusal(f"the result of {request.get('module', 'read')} is {error}", {})

    def _failure(self, kind: bytes, said: "Any", call: "_Call") -> LuaError:
        if kind == b"timeout":
            return _over(call, said["where"])
        if kind == b"memory":
            return LuaMemory(f"the script needs more than its {self._memory >> 20} MiB of memory", said["where"])
        class_ = LuaSyntax if said.get("syntax") else LuaError
        return class_(said["text"], said["where"], said.get("value"), said.get("result"))

    # memory

    def _make_room(self, needed: int, call: "_Call") -> None:
        """Forget abandoned calls, and make sure that a text of that many bytes can be handed over."""
        while self._abandoned:
            self._drop(self._abandoned.pop())
        if self._has_room(needed):
            return
        self._beyond_the_limit(self._collect)
        if self._has_room(needed):
            return
        if call.has_entered:
            raise self._out_of_memory(call)
        self._beyond_the_limit(self._purge)  # what an earlier task left behind
        self._beyond_the_limit(self._collect)
        if not self._has_room(needed):
            raise LuaMemory(f"upvalues of the file hold almost all of its {self._memory >> 20} MiB of memory")

    def _has_room(self, needed: int) -> bool:
        return bool(self._runtime.get_memory_used() + needed + MARGIN <= self._memory)

    def _out_of_memory(self, call: "_Call") -> LuaError:
        """After a memory bomb: forget the call, and the globals that were set since the file was loaded."""
        kind, text = self._beyond_the_limit(self._report, call.number)
        self._beyond_the_limit(self._purge)
        self._beyond_the_limit(self._collect)
        return self._failure(kind, values.parse(text), call)

    def _beyond_the_limit(self, function: "Any", *arguments: object) -> "Any":
        self._runtime.set_max_memory(self._memory + RECOVERY)
        try:
            return function(*arguments)
        finally:
            self._runtime.set_max_memory(self._memory)


@lru_cache(maxsize=None)
def compiled_prelude(lua54: "Any") -> "tuple[bytes, ...]":
    """The prelude for a process that makes many machines: half of what making one costs is to compile it."""
    outside = lua54.LuaRuntime(encoding=None).globals()
    return tuple(outside[b"string"][b"dump"](chunk) for chunk in _chunks(outside[b"load"]))


def _chunks(compile_: "Any") -> "Iterator[Any]":
    return (compile_(_source(name), b"=[sloth " + name.encode() + b"]", b"t") for name in PRELUDE)


def _source(name: str) -> bytes:
    """A part of the prelude, from a folder or a bundle; pkgutil would do the same, 3 ms later."""
    loader = sys.modules[__name__].__loader__
    path = os.path.join(os.path.dirname(__file__), name + ".lua")
    return bytes(loader.get_data(path))  # type: ignore[union-attr]  # both kinds of loader have it


def _deny(_object: object, name: object, _setting: bool) -> object:
    raise AttributeError(name)


def _no_file(_path: str) -> "str | None":
    return None


def _warning(text: str) -> "Plain":
    return {"module": "log", "action": "warning", "args": [text], "named": {}}


def _over(call: "_Call", where: str = "") -> LuaTimeout:
    return LuaTimeout("cancelled" if call.is_expired else "the time limit is over", where)


def _refusal(message: str, result: "Plain") -> bytes:
    try:
        return b"-" + values.dump({"message": message, "result": result})
    except values.NotPlain:
        return b"-" + values.dump({"message": message, "result": {}})
