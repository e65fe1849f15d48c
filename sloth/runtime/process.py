"""Programs on the host: each in a process group of its own, ended as a whole, its output bounded.

A program that ends while a child of its keeps the pipes open (a daemon) does not hold us: what is
there is read, then the pipes are closed. Of endless output the head and the tail are kept.
"""

import os
import select
import signal
import subprocess
import threading
import time

from sloth.runtime.failure import CannotStart
from sloth.runtime.guard import Guard
from sloth.runtime.token import Token

MYPY = False
if MYPY:
    from collections.abc import Callable, Iterator, Mapping, Sequence

KEEP = 1 << 20  # bytes kept of each end of a stream
CHUNK = 1 << 16
GRACE = 0.4  # seconds between SIGTERM and SIGKILL
LINGER = 0.1  # seconds that silent pipes are kept open after the program itself has ended
LINGER_TALKING = 2.0  # the same for pipes that something still writes to
SBIN = ("/usr/local/sbin", "/usr/local/bin", "/usr/sbin", "/usr/bin", "/sbin", "/bin")


class Done:
    """What a program left: `code` (negative: minus the signal), `out` and `err` as text."""

    def __init__(self, code: int, out: bytes, err: bytes) -> None:
        self.code = code
        self.out = out.decode("utf-8", "surrogateescape")
        self.err = err.decode("utf-8", "surrogateescape")

    @property
    def ok(self) -> bool:
        """Whether it exited with 0."""
        return self.code == 0


class Kept:
    """The head and the tail of a stream of any length."""

    def __init__(self) -> None:
        self.head = bytearray()
        self.tail = bytearray()
        self.dropped = 0

    def add(self, data: bytes) -> None:
        room = KEEP - len(self.head)
        self.head += data[:room]
        self.tail += data[room:]
        extra = len(self.tail) - KEEP
        if extra > 0:
            del self.tail[:extra]
            self.dropped += extra

    def value(self) -> bytes:
        if not self.dropped:
            return bytes(self.head + self.tail)
        return bytes(self.head) + b"\n[%d bytes left out]\n" % self.dropped + bytes(self.tail)


def environment(extra: "Mapping[str, str] | None" = None, locale: str = "") -> "dict[str, str]":
    """The environment for a program: ours, the sbin folders on PATH, then `extra`. `locale` sets LC_ALL."""
    env = dict(os.environ)
    path = [part for part in env.get("PATH", "").split(os.pathsep) if part]
    env["PATH"] = os.pathsep.join(path + [part for part in SBIN if part not in path])
    if locale:
        env["LC_ALL"] = locale
        env.pop("LANGUAGE", None)
    env.update(extra or {})
    return env


def own_place(cwd: "str | None") -> "dict[str, str]":
    """PWD, as a shell that starts there says it: by the name that is known for it, or the real one."""
    known = os.environb.get(b"PWD", b"")
    try:
        place = os.path.realpath(b"." if cwd is None else _bytes(cwd))
    except OSError:
        return {}  # where we are has been removed
    is_known = known.startswith(b"/") and os.path.realpath(known) == place
    return {"PWD": (known if is_known else place).decode("utf-8", "surrogateescape")}


def run(
    argv: "Sequence[str]",
    token: Token,
    *,
    stdin: bytes = b"",
    env: "Mapping[str, str] | None" = None,
    cwd: "str | None" = None,
    on_output: "Callable[[str, bytes], None] | None" = None,
) -> Done:
    """Run a program to its end. Raises Stopped when the token is taken meanwhile, CannotStart."""
    token.check()
    child = _started(argv, env, cwd, feeds=bool(stdin))
    number, guard = token.on_stop(lambda: end_group(child)), Guard(child.pid)
    try:
        if stdin:
            threading.Thread(target=_feed, args=(child, stdin), daemon=True).start()
        out, err = _read(child, on_output, guard)
        code = child.wait()
    finally:
        token.done(number)
        guard.close()
    token.check()
    return Done(code, out, err)


def _started(
    argv: "Sequence[str]", env: "Mapping[str, str] | None", cwd: "str | None", *, feeds: bool
) -> "subprocess.Popen[bytes]":
    """The program, as the leader of a process group of its own."""
    try:
        return subprocess.Popen(
            [_bytes(word) for word in argv],
            stdin=subprocess.PIPE if feeds else subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=None if env is None else {_bytes(name): _bytes(value) for name, value in env.items()},
            cwd=None if cwd is None else _bytes(cwd),
            start_new_session=True,
        )
    except OSError as error:
        raise CannotStart(_cannot_start(argv, cwd, error), exit_code=127) from error
    except ValueError as error:  # a NUL byte, or a = in the name of a variable
        raise CannotStart(f"cannot run {argv[0]}: {error}", exit_code=127) from error


def end_group(child: "subprocess.Popen[bytes]") -> None:
    """SIGTERM to the child's whole group, SIGKILL to what is left of it a moment later."""
    _signal_group(child.pid, signal.SIGTERM)
    until = time.monotonic() + GRACE
    while time.monotonic() < until:
        child.poll()  # whoever waits for it may be who calls us, and the dead leader would keep its group
        if not _signal_group(child.pid, 0) or _is_dead(child):
            return
        time.sleep(0.02)
    _signal_group(child.pid, signal.SIGKILL)


def _signal_group(pgid: int, number: int) -> bool:
    try:
        os.killpg(pgid, number)
    except (ProcessLookupError, PermissionError):
        return False
    return True


def _is_dead(child: "subprocess.Popen[bytes]") -> bool:
    """Whether the rest of an ended child's group only waits for its parent to take note, as in many containers."""
    if child.returncode is None:
        return False
    states = [state for pgid, state in _processes() if pgid == child.pid]
    return bool(states) and set(states) <= {"Z", "X"}


def _processes() -> "Iterator[tuple[int, str]]":
    """The group and the state of each process."""
    for name in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open(f"/proc/{name}/stat", "rb") as file:
                state, _, pgid = file.read().rpartition(b") ")[2].split()[:3]
        except OSError:
            continue  # it has just ended
        yield int(pgid), state.decode("ascii")


def _bytes(word: str) -> bytes:
    """As the program shall see it, whatever our own locale (C on many hosts: ASCII to Python 3.6)."""
    return word.encode("utf-8", "surrogateescape")


def _cannot_start(argv: "Sequence[str]", cwd: "str | None", error: OSError) -> str:
    if cwd is not None and not os.path.isdir(_bytes(cwd)):
        return f"cannot run {argv[0]}: the working directory {cwd} does not exist"
    return f"cannot run {argv[0]}: {error.strerror}"


def _feed(child: "subprocess.Popen[bytes]", data: bytes) -> None:
    assert child.stdin is not None
    try:
        child.stdin.write(data)
        child.stdin.close()
    except OSError:
        return  # the program did not want it all


def _read(
    child: "subprocess.Popen[bytes]", on_output: "Callable[[str, bytes], None] | None", guard: Guard
) -> "tuple[bytes, bytes]":
    assert child.stdout is not None and child.stderr is not None
    names = {child.stdout.fileno(): "stdout", child.stderr.fileno(): "stderr"}
    kept = {"stdout": Kept(), "stderr": Kept()}
    poll = select.poll()
    for fd in names:
        poll.register(fd, select.POLLIN | select.POLLHUP)
    ended = 0.0
    while names:
        ready = poll.poll(50)
        guard.look()
        for fd, _ in ready:
            data = os.read(fd, CHUNK)
            if not data:
                poll.unregister(fd)
                del names[fd]
                continue
            kept[names[fd]].add(data)
            if on_output is not None:
                on_output(names[fd], data)
        if child.poll() is not None:
            now = time.monotonic()
            ended = ended or now
            if now - ended > (LINGER_TALKING if ready else LINGER):
                break
    child.stdout.close()
    child.stderr.close()
    return kept["stdout"].value(), kept["stderr"].value()
