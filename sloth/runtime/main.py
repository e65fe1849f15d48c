"""The runtime's process: what it answers on its wire, from hello to goodbye.

As the first process of a session it plays jobs; as the child of one, as another user, it only acts.
It leads its own session. When its input ends, or no heartbeat comes for a minute, it stops what it
started and is gone; only the cache stays.
"""

import os
import select
import sys
import threading
import time

from sloth.runtime.acting import Here, Served
from sloth.runtime.booting import is_still_to_reboot
from sloth.runtime.catalog import Catalog
from sloth.runtime.deadline import Timer
from sloth.runtime.failure import ActionFailed
from sloth.runtime.frames import WireError, framed
from sloth.runtime.lock import host_lock
from sloth.runtime.playing import Playing
from sloth.runtime.spool import Spool
from sloth.runtime.telling import Telling
from sloth.runtime.token import Token
from sloth.runtime.users import Users
from sloth.runtime.wire import VERSION, Peer, WireClosed

MYPY = False
if MYPY:
    from sloth.runtime.detached import Alone
    from sloth.runtime.job import Job

    Plain = dict[str, object]

GLANCE = 0.5  # seconds that a write to a full pipe waits until it looks whether we end
SILENCE = 60.0  # seconds without a heartbeat after which the controller counts as gone


class Runtime:
    """One process on a host.

    cache: the cache directory, or None when the host has no place for one
    """

    def __init__(self, read_fd: int, write_fd: int, cache: "str | None") -> None:
        self.cache = cache
        self._sink = write_fd
        self._ending = False
        self.timer = Timer()
        self.catalog = Catalog()
        self.peer = Peer(
            lambda length: os.read(read_fd, length),
            self._write,
            {
                "job": self._job,
                "act": self._act,
                "hold": self._hold,
                "detach": self._detach,
                "alone": self._alone,
                "attach": self._attach,
            },
            {
                "heartbeat": self._heartbeat,
                "cancel": self._cancel,
                "gate": self._gate,
                "stop": self._stop,
                "forget": self._forget,
            },
        )
        self._telling = Telling(self.peer)
        self.here = Here(self.catalog, self._telling.ask, self._telling.receive)
        self.users = Users(self.here, self._telling.ask, self._telling.receive)
        self.served = Served(self.users.act, self._tell)
        self._held = []  # type: list[object]
        self._patience = Token()  # to wait for another run
        self._last_heartbeat = time.monotonic()
        self._playing = Playing()
        self._spool = None  # type: Spool | None
        self._own = None  # type: Alone | None

    def serve(self, ready: bytes) -> None:
        """Say that frames begin, and hello; work until the input ends."""
        hello = {
            "protocol": VERSION,
            "python": ".".join(map(str, sys.version_info[:3])),
            "pid": os.getpid(),
            "uid": os.getuid(),
            "machine": os.uname().machine,
            "cached": self.cache is not None,
        }
        self._write(ready + framed({"tell": "hello", "args": hello}))
        self.timer.after(SILENCE / 4, self._watch)
        threading.Thread(target=self._telling.send, name="events", daemon=True).start()
        reason = "the controller is gone"
        try:
            self.peer.serve()
        except WireError:
            reason = "the wire broke"
        if self._own is not None:
            self._own.last()
        self.end(reason)

    def end(self, reason: str) -> None:
        """Stop everything and leave."""
        self._ending = True
        if self._playing.play is not None:
            self._playing.play.cancel(reason)
        self.served.stop_all(reason)
        self.users.close()
        try:
            self._telling.flush()  # how it all ended
        except WireClosed:
            pass  # nobody is there to hear it
        os._exit(0)

    def _job(self, args: "Plain") -> object:
        from sloth.runtime.hostjob import Surroundings, play_job
        from sloth.runtime.luapart import machine

        here = Surroundings(
            lua=lambda: machine(self.cache, self.peer.call_stream),
            hold=lambda job: host_lock(self.cache, job.run, job.owner, job.lock_wait, self._patience),
            act=self.users.act,
            emit=self._emit,
            playing=self._playing.begin,
            timer=self.timer,
            modules=self.catalog.names,
            recall=self._recall,
        )
        try:
            answer = play_job(args, here)
        except ActionFailed as error:
            if error.result.get("kind") != "no_lua":  # the controller may go on by itself then
                self._say_goodbye()
            raise
        self._say_goodbye()
        return answer

    def _detach(self, args: "Plain") -> object:
        """Let a job go on without us."""
        from sloth.runtime.detached import start
        from sloth.runtime.luapart import LuaUnavailable, load

        try:
            load(self.cache, self.peer.call_stream)  # into the cache: the other process has nobody to ask for it
        except LuaUnavailable as error:
            raise ActionFailed(str(error), kind="no_lua") from error
        try:
            return start(args, self.cache)
        finally:
            self._say_goodbye()

    def _alone(self, args: "Plain") -> object:
        """Go on with a job when whoever gave it has gone."""
        from sloth.runtime import detached

        if self.cache is None:
            raise ActionFailed("there is no place to keep what the run does")
        self._go_on(detached.Alone(args, self.cache, self.timer, self.catalog))
        return {}

    def _go_on(self, own: "Alone") -> None:
        own.begin()
        self._own = own

    def _attach(self, args: "Plain") -> object:
        """Tell what a job has done that goes on without us."""
        from sloth.runtime.detached import follow

        self._spool = Spool.of(self.cache, str(args.get("run")), str(args.get("host")))
        try:
            return follow(args, self.cache, self._tell, lambda: self.peer.is_closed)
        finally:
            self._say_goodbye()

    def _hold(self, args: "Plain") -> object:
        """Hold the host for a controller that plays the job itself; the kernel lets go when this process ends."""
        wait = float(str(args.get("wait") or 0))
        lock = host_lock(self.cache, str(args.get("run")), str(args.get("owner")), wait, self._patience)
        lock.__enter__()
        self._held.append(lock)
        return {}

    def _recall(self, job: "Job") -> None:
        """What an earlier life of the run has done here counts as done; the controller hears what it does not know."""
        if job.check:
            return
        self._spool = Spool.of(self.cache, job.run, job.host)
        if self._spool is not None and job.recall:
            for event in job.take_up(event for _, event in self._spool.file.entries() if not is_still_to_reboot(event)):
                self._tell("event", dict(event, reboots=""))

    def _forget(self, _args: "Plain") -> None:
        """The controller has on its disk how everything ended."""
        if self._spool is not None:
            self._spool.forget()

    def _emit(self, event: "Plain") -> None:
        if self._spool is not None and event.get("type") == "task_finished":
            self._spool.add(event)
        self._telling.tell(event)

    def _act(self, args: "Plain") -> object:
        return self.served.act(args)

    def _stop(self, args: "Plain") -> None:
        self.served.stop(args)

    def _cancel(self, args: "Plain") -> None:
        reason = str(args.get("reason") or "cancelled")
        self._patience.stop(reason)
        self._playing.tell_soon(lambda play: play.cancel(reason))

    def _gate(self, args: "Plain") -> None:
        self._playing.tell(lambda play: play.open_gate(args))

    def _heartbeat(self, _args: "Plain") -> None:
        self._last_heartbeat = time.monotonic()
        self._tell("pulse", {})

    def _watch(self) -> None:
        if self._own is None and time.monotonic() - self._last_heartbeat > SILENCE:
            self.end("no heartbeat from the controller")
        self.timer.after(SILENCE / 12, self._watch)

    def _write(self, data: bytes) -> None:
        """All of it; but once we end, nobody waits for a controller that has stopped to read."""
        view, room = memoryview(data), select.poll()
        room.register(self._sink, select.POLLOUT)
        while view:
            if room.poll(0 if self._ending else GLANCE * 1000):
                view = view[os.write(self._sink, view[: select.PIPE_BUF]) :]  # so much never blocks
            elif self._ending:
                raise BrokenPipeError("the controller does not read any more")

    def _say_goodbye(self) -> None:
        """Together with the reply that follows."""
        try:
            self.peer.tell_soon("bye", {})
        except WireClosed:
            return  # serve() is about to notice

    def _tell(self, verb: str, args: "Plain") -> None:
        try:
            self.peer.tell(verb, args)
        except WireClosed:
            return  # serve() is about to notice


def serve(read_fd: int, write_fd: int, cache: "str | None", ready: bytes) -> None:
    """What the boot program calls. ready: the line behind which there are only frames"""
    Runtime(read_fd, write_fd, cache).serve(ready)
