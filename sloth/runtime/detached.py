"""A job that goes on without its controller: a process of its own, and its memory on this host.

    start      in the session's runtime: hands the job to a new runtime and waits until it has begun there
    Alone      in that one: plays the job, with a spool in place of a wire
    follow     in a later session: tells what the spool has, until the job is over

Nobody is there to be asked: what needs the controller (a template, a file of the project, state) fails and says so.
"""

import binascii
import os
import select
import signal
import subprocess
import sys
import threading
import time

from sloth.runtime.acting import Call, Here, Outcome, Report
from sloth.runtime.become import loader_path, program
from sloth.runtime.boot import read
from sloth.runtime.catalog import Catalog
from sloth.runtime.deadline import Timer
from sloth.runtime.failure import ActionFailed
from sloth.runtime.frames import CHUNK, WireError
from sloth.runtime.host import Settings
from sloth.runtime.hostjob import Surroundings, play_job
from sloth.runtime.job import Job
from sloth.runtime.lock import host_lock
from sloth.runtime.luapart import machine
from sloth.runtime.spool import LIMIT, Spool
from sloth.runtime.token import Token
from sloth.runtime.users import Users
from sloth.runtime.wire import Peer

MYPY = False
if MYPY:
    from collections.abc import Callable, Iterator
    from typing import IO

    from sloth.runtime.hostjob import Lua
    from sloth.runtime.play import Play

    Plain = dict[str, object]

BEGUN = "begun"  # the type of a spool's first line
ENDED = "ended"  # and of its last one
KEPT = ("task_started", "task_output", "task_retrying", "task_finished", "log")
GLANCE = 0.2  # seconds between looks at a spool that grows
CGROUP = "/proc/self/cgroup"
LINGERING = "/var/lib/systemd/linger"
PATIENCE = 30.0  # seconds until a new process has begun, beside what it waits for the host


def start(job: "Plain", cache: "str | None") -> "Plain":
    """Let a job go on by itself. ActionFailed when it cannot, or does not begin."""
    archive = loader_path()
    if cache is None or os.path.realpath(os.path.dirname(archive)) != os.path.realpath(cache):
        raise ActionFailed("a detached run needs a place of its own on the host: is ~/.cache/sloth full, or read-only?")
    sha, nonce = os.path.basename(archive).split(".")[0], binascii.hexlify(os.urandom(16)).decode("ascii")
    kept = kept_alive(os.getuid(), _ends_processes)
    process = subprocess.Popen(
        [*kept, sys.executable, "-I", "-S", "-B", "-c", program("start"), sha, nonce, "cache"],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, cwd="/", start_new_session=True,
    )  # fmt: skip
    assert process.stdin is not None and process.stdout is not None
    rest = _ready(process.stdout.fileno(), nonce[::-1].encode("ascii") + b" ready\n")
    peer = Peer(
        _reader(process.stdout.fileno(), rest), _writer(process.stdin), {}, {"hello": _ignore, "pulse": _ignore}
    )
    threading.Thread(target=peer.serve, daemon=True).start()
    try:
        peer.call("alone", job, PATIENCE + Job(job).lock_wait)
    except WireError as error:
        process.kill()
        raise ActionFailed(f"the process of its own did not begin: {error}") from error
    return {"detached": True}


def _ready(fd: int, word: bytes) -> bytes:
    """What came behind the word by which a runtime says that it speaks frames. ActionFailed when it says another."""
    until, heard = time.monotonic() + PATIENCE, b""
    while word not in heard:
        more = os.read(fd, CHUNK) if select.select([fd], [], [], max(0.0, until - time.monotonic()))[0] else b""
        if not more:
            raise ActionFailed(f"the process of its own did not start: {heard.decode('utf-8', 'replace').strip()}")
        heard += more
    return heard.partition(word)[2]


def _reader(fd: int, rest: bytes) -> "Callable[[int], bytes]":
    left = [rest]

    def read(length: int) -> bytes:
        if left[0]:
            data, left[0] = left[0][:length], left[0][length:]
            return data
        return os.read(fd, length)

    return read


def _writer(stdin: "IO[bytes]") -> "Callable[[bytes], object]":
    def write(data: bytes) -> None:
        stdin.write(data)
        stdin.flush()

    return write


def _ignore(args: "Plain") -> None:
    """Nothing to do with it here."""
    del args


class Alone:
    """A job in a process of its own; it is played from when this is made."""

    def __init__(self, plain: "Plain", cache: str, timer: Timer, catalog: Catalog) -> None:
        self._plain = plain
        self._cache = cache
        self._timer = timer
        self._users = Users(Here(catalog, _nobody, self._no_bytes), self._answer, self._no_bytes)
        self._modules = catalog.names
        self._play = None  # type: Play | None
        spool = Spool.of(cache, str(plain["run"]), str(plain["host"]))
        assert spool is not None  # there is a cache
        self._spool = spool
        self._begun = threading.Event()
        self._over = threading.Event()
        self._refusal = None  # type: ActionFailed | None
        threading.Thread(target=self._go, daemon=True).start()

    def begin(self) -> None:
        """Wait until it has begun. ActionFailed when it does not."""
        self._begun.wait()
        if self._refusal is not None:
            raise self._refusal

    def last(self) -> None:
        """Wait until it is over; SIGTERM stops it. For the main thread, when the controller has gone."""
        signal.signal(signal.SIGTERM, lambda *_: self._cancel())
        while not self._over.wait(GLANCE):
            continue  # a signal is heard between two looks

    def _go(self) -> None:
        here = Surroundings(
            lua=self._lua,
            hold=lambda job: host_lock(self._cache, job.run, job.owner, job.lock_wait, Token()),
            act=self._act,
            emit=self._keep,
            playing=self._playing,
            timer=self._timer,
            modules=self._modules,
            recall=_no_memory,
        )
        try:
            end = play_job(self._plain, here)
        except ActionFailed as error:
            self._refusal, end = error, {"error": error.message}
        except Exception as error:  # noqa: BLE001  # whoever collects this has to hear of a fault of ours
            end = {"error": f"a fault of sloth: {type(error).__name__}: {error}"}
            self._refusal = ActionFailed(str(end["error"]))
        self._users.close()
        if self._play is not None:
            self._spool.add(dict(end, type=ENDED), durable=True)
        self._begun.set()
        self._over.set()

    def _act(self, user: "str | None", call: Call, settings: Settings, token: Token, report: Report) -> Outcome:
        outcome = self._users.act(user, call, settings, token, report)
        return outcome.without_reboot("nobody would go on after it, as the run is detached")

    def _lua(self) -> "Lua":
        return machine(self._cache, self._no_bytes)

    def _playing(self, play: "Play") -> None:
        """It begins. A signal, or the workflow's time limit, ends it."""
        limit = self._plain.get("time_limit")
        if isinstance(limit, (int, float)):
            self._timer.after(limit, lambda: play.cancel("the workflow's time limit is over"))
        if not self._spool.begin() or not self._spool.add({"type": BEGUN, "pid": os.getpid()}, durable=True):
            raise ActionFailed(f"what the run does cannot be written down in {self._cache}: is the disk full?")
        self._play = play
        self._begun.set()

    def _cancel(self) -> None:
        threading.Thread(target=self._stop, daemon=True).start()  # a signal comes in the middle of anything

    def _stop(self) -> None:
        if self._play is not None:
            self._play.cancel("stopped by `sloth runs cancel`")

    def _keep(self, event: "Plain") -> None:
        if event.get("type") not in KEPT:
            return
        is_end = event.get("type") == "task_finished"
        if not is_end and self._spool.file.size > LIMIT // 2:
            return  # the rest of the place is for how tasks end
        if not self._spool.add(event, durable=is_end) and is_end:
            self._spool.add({key: event[key] for key in ("type", "task", "handler", "status", "blocks")})

    def _answer(self, verb: str, args: "Plain") -> object:
        """What was sent along, since nobody is there to be asked."""
        known = self._plain.get("become")
        if verb == "become" and isinstance(known, dict):
            return {"method": known["method"], "has_password": known.get("password") is not None}
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


def kept_alive(uid: int, ends: "Callable[[], bool]", cgroup: str = CGROUP, lingering: str = LINGERING) -> "list[str]":
    """What a process is started with so that it outlives the login, where the host ends what users leave behind.

    ends(): whether it does. cgroup: the file that tells what we are part of. lingering: has a file for each user who
    may leave something behind
    """
    if b"session-" not in (read(cgroup) or b"") or not ends():
        return []
    if uid == 0:
        return ["systemd-run", "--scope", "--quiet", "--collect", "--"]
    import pwd

    name = pwd.getpwuid(uid).pw_name
    if not os.path.exists(os.path.join(lingering, name)):
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
