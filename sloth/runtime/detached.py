"""A job that goes on without its controller: a process of its own, and its memory on this host.

    start      in the session's runtime: hands the job to a new process and waits until it has begun
    main       that process: plays the job, with its spool in place of a wire
    follow     in a later session: tells what the spool has, until the job is over

Nobody is there to be asked: what needs the controller (a template, a file of the project, state) fails and says so.
"""

import json
import os
import signal
import subprocess
import sys
import threading

from sloth.runtime.acting import Here
from sloth.runtime.boot import read
from sloth.runtime.catalog import Catalog
from sloth.runtime.deadline import Timer
from sloth.runtime.failure import ActionFailed
from sloth.runtime.hostjob import Surroundings, play_job
from sloth.runtime.job import Job
from sloth.runtime.lock import host_lock
from sloth.runtime.luapart import load
from sloth.runtime.spool import Spool
from sloth.runtime.token import Token
from sloth.runtime.users import Users

MYPY = False
if MYPY:
    from collections.abc import Callable, Iterator
    from types import ModuleType
    from typing import IO

    from sloth.runtime.play import Play

    Plain = dict[str, object]

BEGUN = "begun"  # the type of a spool's first line
ENDED = "ended"  # and of its last one
KEPT = ("task_started", "task_output", "task_retrying", "task_finished", "log")
GLANCE = 0.2  # seconds between looks at a spool that grows
PATIENCE = 30.0  # seconds until a new process has begun, beside what it waits for the host
PROGRAM = "import sys; sys.path.insert(0, sys.argv[1]); from sloth.runtime import detached; detached.main(sys.argv[2])"


def start(job: "Plain", cache: "str | None", archive: str) -> "Plain":
    """Let a job go on by itself. ActionFailed when it cannot, or does not begin.

    archive: what this runtime was imported from
    """
    if cache is None or not os.path.isfile(archive) or archive.startswith("/proc/"):
        raise ActionFailed("a detached run needs a place of its own on the host: ~/.cache/sloth cannot be used")
    command = [*_kept_alive(), sys.executable, "-I", "-S", "-B", "-c", PROGRAM, archive, cache]
    process = subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, cwd="/",
        start_new_session=True,
    )
    assert process.stdin is not None and process.stdout is not None
    wait = PATIENCE + (Job(job).lock_wait)
    alarm = threading.Timer(wait, process.kill)
    alarm.start()
    try:
        process.stdin.write(json.dumps(job).encode("ascii"))
        process.stdin.close()
        line = process.stdout.readline()
    except OSError:
        line = b""  # it has died
    finally:
        alarm.cancel()
    answer = json.loads(line.decode("ascii")) if line else {"message": f"it did not begin within {wait:g} s"}
    if answer.get("type") != BEGUN:
        details = {str(key): value for key, value in answer.items() if key != "message"}
        raise ActionFailed(str(answer["message"]), **details)
    return {"detached": True}


def main(cache: str) -> None:
    """The process that a job goes on in: its input is the job, its output one line that tells whether it began."""
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    plain = json.loads(sys.stdin.buffer.read().decode("ascii"))
    said = os.fdopen(os.dup(1), "wb")
    null = os.open(os.devnull, os.O_RDWR)
    for number in (0, 1):
        os.dup2(null, number)
    try:
        _Worker(plain, cache, said).go()
    finally:
        os._exit(0)  # a task that hangs in the kernel holds nobody


class _Worker:
    """Plays one job. said: where the one line goes."""

    def __init__(self, plain: "Plain", cache: str, said: "IO[bytes]") -> None:
        self.plain = plain
        self.cache = cache
        self.said = said
        self.timer = Timer()
        catalog = Catalog()
        self.users = Users(Here(catalog, _nobody, self._no_bytes), self._answer, self._no_bytes)
        self.modules = catalog.names
        self.play = None  # type: Play | None
        spool = Spool.of(cache, str(plain["run"]), str(plain["host"]))
        assert spool is not None  # there is a cache
        self.spool = spool

    def go(self) -> None:
        """Play to the end."""
        here = Surroundings(
            self._lua,
            lambda job: host_lock(self.cache, job.run, job.owner, job.lock_wait, Token()),
            self.users.act,
            self._keep,
            self._playing,
            self.timer,
            self.modules,
            _no_memory,
        )
        try:
            end = play_job(self.plain, here)
        except ActionFailed as error:
            self._say(dict(error.result, message=error.message))
            end = {"error": error.message}
        self.users.close()
        self.spool.add(dict(end, type=ENDED), durable=True)

    def _lua(self) -> "ModuleType":
        return load(self.cache, self._no_bytes)

    def _playing(self, play: "Play") -> None:
        """It begins. A signal, or the workflow's time limit, ends it."""
        self.play = play
        limit = self.plain.get("time_limit")
        if isinstance(limit, (int, float)):
            self.timer.after(limit, lambda: play.cancel("the workflow's time limit is over"))
        signal.signal(signal.SIGTERM, lambda *_: self._cancel())
        if not self.spool.begin() or not self.spool.add({"type": BEGUN, "pid": os.getpid()}, durable=True):
            raise ActionFailed(f"what the run does cannot be written down in {self.cache}: is the disk full?")
        self._say({"type": BEGUN})

    def _cancel(self) -> None:
        threading.Thread(target=self._stop, daemon=True).start()  # a signal comes in the middle of anything

    def _stop(self) -> None:
        if self.play is not None:
            self.play.cancel("stopped by `sloth runs cancel`")

    def _keep(self, event: "Plain") -> None:
        if event.get("type") not in KEPT:
            return
        is_end = event.get("type") == "task_finished"
        if not self.spool.add(event, durable=is_end) and is_end:
            self.spool.add({key: event[key] for key in ("type", "task", "handler", "status", "blocks")})

    def _say(self, line: "Plain") -> None:
        if not self.said.closed:
            self.said.write(json.dumps(line).encode("ascii") + b"\n")
            self.said.close()

    def _answer(self, verb: str, args: "Plain") -> object:
        """What was sent along, since nobody is there to be asked."""
        known = self.plain.get("become")
        if verb == "become" and isinstance(known, dict):
            return known["method"]
        if verb == "password" and isinstance(known, dict) and known.get("password") is not None:
            return known["password"]
        return _nobody(verb, args)

    @staticmethod
    def _no_bytes(verb: str, args: "Plain") -> "tuple[object, Iterator[bytes]]":
        _nobody(verb, args)
        return None, iter(())


def _no_memory(job: Job) -> None:
    """A run that is detached is not taken up again before it is over."""
    del job


def _nobody(verb: str, args: "Plain") -> object:
    raise ActionFailed(f"{verb}: the run is detached, so there is no controller to ask; do this in a run that is not")


def follow(
    args: "Plain", cache: "str | None", tell: "Callable[[str, Plain], None]", gone: "Callable[[], bool]"
) -> "Plain":
    """Tell what a detached job has said, and what it says until it is over; its answer, or that it has none.

    args: {"run", "host", "skip": how many events are known already, "cancel": whether it shall stop}
    """
    spool = Spool.of(cache, str(args.get("run")), str(args.get("host")))
    if spool is None or not os.path.exists(spool.file.path):
        return {"missing": True}
    skip, place = int(str(args.get("skip") or 0)), 0
    stop = bool(args.get("cancel"))
    while not gone():
        alive = spool.file.is_held()
        for behind, event in spool.file.entries(place):
            place = behind
            if event.get("type") == ENDED:
                return event
            if event.get("type") == BEGUN:
                if stop and alive:
                    os.kill(int(str(event["pid"])), signal.SIGTERM)
            elif skip:
                skip -= 1
            else:
                tell("event", event)
        if not alive:
            return {"lost": True}
        Token().sleep(GLANCE)
    return {}


def _kept_alive() -> "list[str]":
    """What a process is started with so that it outlives the login, where the host ends what users leave behind."""
    if "session-" not in (read("/proc/self/cgroup") or b"").decode("ascii", "replace") or not _ends_processes():
        return []
    if os.getuid() == 0:
        return ["systemd-run", "--scope", "--quiet", "--collect", "--"]
    import pwd

    name = pwd.getpwuid(os.getuid()).pw_name
    if not os.path.exists(os.path.join("/var/lib/systemd/linger", name)):
        raise ActionFailed(
            f"this host ends the processes of {name} when they log out (KillUserProcesses=yes): "
            f"`loginctl enable-linger {name}` allows what is detached"
        )
    return ["systemd-run", "--user", "--scope", "--quiet", "--collect", "--"]


def _ends_processes() -> bool:
    """Whether logind ends what a login leaves behind."""
    try:
        done = subprocess.run(
            [
                "busctl", "get-property", "org.freedesktop.login1", "/org/freedesktop/login1",
                "org.freedesktop.login1.Manager", "KillUserProcesses",
            ],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, check=False, timeout=10,
        )  # fmt: skip
    except (OSError, subprocess.TimeoutExpired):
        return False
    return done.stdout.split() == [b"b", b"true"]
