"""A link: the two byte streams from a host and the one to it, whatever carries them.

The greeting and the session read a link alike; what a process writes to stderr comes along, so that it is drained as
long as anybody reads.
"""

from __future__ import annotations

import os
import select
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import IO, Protocol

from msgspec import Struct

GLANCE = 1.0  # seconds; an exit status rings no bell, so we look for it that often
CHUNK = 1 << 16
GRACE = 3.0  # seconds for a runtime to tidy up after the end of its input


class Heard(Struct, frozen=True):
    """What came since the last look; all empty when the time was up."""

    out: bytes = b""
    err: bytes = b""
    ended: bool = False


class Link(Protocol):
    """One start of a program on a host."""

    def receive(self, timeout: float) -> Heard:
        """Wait until something has come, the program has ended, or the time is up."""

    def write(self, data: bytes) -> None:
        """All of it; OSError when the link is gone."""

    def offer(self, data: bytes) -> bool:
        """The same, but only if it does not have to wait. False when it would."""

    def exit_status(self) -> int | None:
        """What the program ended with, as far as that is known."""

    def was_killed(self) -> bool:
        """Whether a signal has ended the program, while the way to it is whole."""

    def close(self) -> None:
        """Let go of it. What waits in `receive` wakes."""


@contextmanager
def limited(seconds: float, let_go: Callable[[], None]) -> Iterator[threading.Event]:
    """A limit for what has none of its own: let_go() ends it. The event tells whether it had to."""
    late = threading.Event()

    def ring() -> None:
        late.set()
        let_go()

    alarm = threading.Timer(seconds, ring)
    alarm.daemon = True
    alarm.start()
    try:
        yield late
    finally:
        alarm.cancel()


class ProcessLink:
    """A program on this machine, over pipes."""

    def __init__(self, argv: list[str]) -> None:
        self._process = subprocess.Popen(
            argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True
        )
        self._stdin, self._out, self._err = _pipes(self._process)
        self._writing = threading.Lock()
        self._reading = threading.Lock()
        self._over = False
        self._poll = select.poll()
        self._poll.register(self._out, select.POLLIN)
        self._poll.register(self._err, select.POLLIN)

    def receive(self, timeout: float) -> Heard:
        try:
            with self._reading:
                return Heard(ended=True) if self._out.closed else self._receive(timeout)
        finally:
            self._tidy()

    def _receive(self, timeout: float) -> Heard:
        until = time.monotonic() + timeout
        while True:
            left = until - time.monotonic()
            ready = self._poll.poll(max(0.0, min(left, GLANCE)) * 1000)
            out, err, ended = b"", b"", not ready and self._process.poll() is not None
            for fd, _ in ready:
                data = os.read(fd, CHUNK)
                if not data:
                    self._poll.unregister(fd)
                    ended = ended or fd == self._out.fileno()
                elif fd == self._out.fileno():
                    out = data
                else:
                    err = data
            if ended:
                return Heard(out, err + self._last_err(), ended)
            if out or err or left <= 0:
                return Heard(out, err)

    def _last_err(self) -> bytes:
        """What is left of stderr at the end; a daemon that keeps it open does not hold us."""
        poll = select.poll()
        poll.register(self._err, select.POLLIN)
        data = b""
        while poll.poll(50):
            more = os.read(self._err.fileno(), CHUNK)
            if not more or len(data) > CHUNK:
                break
            data += more
        return data

    def write(self, data: bytes) -> None:
        with self._writing, gone_if_closed():
            view = memoryview(data)
            while view:
                view = view[self._stdin.write(view) :]

    def offer(self, data: bytes) -> bool:
        if not self._writing.acquire(blocking=False):
            return False
        try:
            with gone_if_closed():
                poll = select.poll()
                poll.register(self._stdin, select.POLLOUT)
                if not any(event & select.POLLOUT for _, event in poll.poll(0)):
                    return False
                self._stdin.write(data)  # a pipe that has room at all takes PIPE_BUF bytes at once
                return True
        finally:
            self._writing.release()

    def exit_status(self) -> int | None:
        return self._process.poll()

    def was_killed(self) -> bool:
        return (self._process.poll() or 0) < 0

    def close(self) -> None:
        self._stdin.close()
        try:
            self._process.wait(GRACE)
        except subprocess.TimeoutExpired:
            self._end()
        self._over = True
        self._tidy()

    def _tidy(self) -> None:
        """Close what nobody reads from any more; the last one to leave does it."""
        if self._over and self._reading.acquire(blocking=False):
            try:
                self._out.close()
                self._err.close()
            finally:
                self._reading.release()

    def _end(self) -> None:
        """End it by force; a sudo belongs to root, who alone may, and goes as soon as what it started has gone."""
        try:
            self._process.kill()
        except PermissionError:
            return
        self._process.wait()


@contextmanager
def gone_if_closed() -> Iterator[None]:
    """What Python says of a file that another thread has just closed, as the OSError that a link promises."""
    try:
        yield
    except ValueError as error:
        raise BrokenPipeError(f"the link is closed: {error}") from error


def _pipes(process: subprocess.Popen[bytes]) -> tuple[IO[bytes], IO[bytes], IO[bytes]]:
    assert process.stdin is not None
    assert process.stdout is not None
    assert process.stderr is not None
    raw = getattr(process.stdin, "raw", process.stdin)  # without a buffer: a frame is one write
    return raw, process.stdout, process.stderr
