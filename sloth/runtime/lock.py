"""One controller at a time on a host, and one task at a time on what belongs to all of it: an flock for each.

The kernel gives them back when we die. The host's file holds who has it, for the message that the other one gets.
"""

import errno
import fcntl
import json
import os
import time
from contextlib import contextmanager

from sloth.runtime.failure import ActionFailed, Stopped
from sloth.runtime.token import Token

MYPY = False
if MYPY:
    from collections.abc import Callable, Iterator

FOLDER = "/run/sloth"
POLL = 0.25  # seconds between tries while we wait


@contextmanager
def host_lock(cache: "str | None", run: str, owner: str, wait: float, token: Token) -> "Iterator[None]":
    """Hold the host, as `held` does."""
    path = _path(cache)
    if path is None:
        yield  # nowhere to put a lock: a read-only system, where little can be changed either
        return
    with held(path, run, owner, wait, token):
        yield


@contextmanager
def held(path: str, run: str, owner: str, wait: float, token: Token) -> "Iterator[None]":
    """Hold a lock. Raises ActionFailed (kind lock_busy), with the holder, when it is not free in `wait` seconds.

    token: the wait ends with it, as ActionFailed of the kind cancelled
    """
    fd = _opened(path, "this host")
    try:
        _acquire(fd, wait, token, run)
        _note(fd, json.dumps({"owner": owner, "run": run, "since": int(time.time())}).encode())
        yield
        os.ftruncate(fd, 0)
    finally:
        os.close(fd)


def _opened(path: str, what: str) -> int:
    try:
        return os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
    except OSError as error:
        raise ActionFailed(f"cannot take the lock of {what}, {path}: {error.strerror}") from error


def _note(fd: int, holder: bytes) -> None:
    """Who has it. Where the disk is full nobody can be told, and the lock holds all the same."""
    os.ftruncate(fd, 0)
    try:
        os.pwrite(fd, holder, 0)
    except OSError as error:
        if error.errno not in (errno.ENOSPC, errno.EDQUOT):
            raise


@contextmanager
def resource_lock(name: str, pause: "Callable[[float], None]") -> "Iterator[None]":
    """Hold something of which a host has one, such as its packages, for as long as a task changes it.

    pause(seconds): waits, and raises when the task has no more right to act. Only root changes such things, so
    nobody else is held up.
    """
    if os.getuid() != 0 or not _has_folder():
        yield
        return
    fd = _opened(os.path.join(FOLDER, name), f"the {name} of this host")
    try:
        while not _is_ours(fd):
            pause(POLL)
        yield
    finally:
        os.close(fd)


def _path(cache: "str | None") -> "str | None":
    if os.getuid() != 0:
        return None if cache is None else os.path.join(cache, "lock")
    return os.path.join(FOLDER, "lock") if _has_folder() else None


def _has_folder() -> bool:
    try:
        os.makedirs(FOLDER, mode=0o700, exist_ok=True)
    except OSError:
        return False
    return True


def _is_ours(fd: int) -> bool:
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _acquire(fd: int, wait: float, token: Token, run: str) -> None:
    until = time.monotonic() + wait
    while not _is_ours(fd):
        if time.monotonic() >= until:
            raise ActionFailed(_busy(os.pread(fd, 4096, 0), run), kind="lock_busy")
        try:
            token.sleep(POLL)
        except Stopped as stopped:
            raise ActionFailed(stopped.reason, kind="cancelled") from stopped


def _busy(content: bytes, run: str) -> str:
    try:
        holder = json.loads(content.decode())
        if holder["run"] == run:
            return "this run already works on this machine, under another name of it"
        since = time.strftime("%H:%M:%S", time.localtime(holder["since"]))
        return f"{holder['owner']} works on this host since {since} (run {holder['run']})"
    except (ValueError, KeyError, TypeError):
        return "another run works on this host"
