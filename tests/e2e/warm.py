"""A Python that has loaded all of sloth, and forks a process for each command: the start of Python is most of a short one.

Each command is a process of its own, with its own environment, directory and streams. What a start loads and costs is
for tests that start a Python (tests/e2e/test_startup.py).
"""

from __future__ import annotations

import functools
import gc
import importlib
import json
import os
import pkgutil
import selectors
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NoReturn

ROOT = Path(__file__).resolve().parents[2]
LOADED = ("sloth.cli", "sloth.engine")  # packages; what they import comes along
LARGEST = 200_000  # bytes of a request: what a socket takes at once
STREAMS = 3


class Warm:
    """The Python that forks. It ends with us, who hold the other end of its socket."""

    def __init__(self) -> None:
        self._socket, its = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with its:
            command = [sys.executable, "-m", "tests.e2e.warm", str(its.fileno())]
            self._process = subprocess.Popen(command, cwd=ROOT, stdin=subprocess.DEVNULL, pass_fds=[its.fileno()])

    def start(self, words: Sequence[str], cwd: Path, environ: Mapping[str, str], *streams: int) -> Command:
        """One command; streams: its stdin, stdout and stderr."""
        request = json.dumps([list(words), str(cwd), dict(environ)]).encode()
        assert len(request) <= LARGEST
        heard, told = os.pipe()
        try:
            socket.send_fds(self._socket, [request], [*streams, told])
        finally:
            os.close(told)
        return Command(heard)


class Command:
    """A command that runs. heard: the end of a pipe that tells its process id and how it ended."""

    def __init__(self, heard: int) -> None:
        self._heard = os.fdopen(heard)
        self.pid = int(self._heard.readline())

    def wait(self) -> int:
        """Its exit code, as subprocess has it."""
        with self._heard:
            return os.waitstatus_to_exitcode(int(self._heard.readline()))


@functools.cache
def warm() -> Warm:
    """The one of this session of tests."""
    return Warm()


def run(
    words: Sequence[str], cwd: Path, environ: Mapping[str, str], stdin: str, timeout: float
) -> tuple[int, str, str]:
    """A command to its end, when all who have its streams have closed them: exit code, stdout and stderr."""
    ours, its = zip(*(os.pipe() for _ in range(2)), strict=True)
    try:
        with tempfile.TemporaryFile() as given:
            given.write(stdin.encode())
            given.seek(0)
            command = warm().start(words, cwd, environ, given.fileno(), *its)
    finally:
        for file in its:
            os.close(file)
    try:
        stdout, stderr = _texts(ours, timeout)
    except TimeoutError:
        os.kill(command.pid, signal.SIGKILL)
        raise
    finally:
        for file in ours:
            os.close(file)
    return command.wait(), stdout, stderr


def _texts(files: Sequence[int], timeout: float) -> list[str]:
    """What is written to these, until nobody can write there any more."""
    until = time.monotonic() + timeout
    said = {file: bytearray() for file in files}
    with selectors.DefaultSelector() as open_:
        for file in files:
            open_.register(file, selectors.EVENT_READ)
        while open_.get_map():
            ready = open_.select(max(0.0, until - time.monotonic()))
            if not ready:
                raise TimeoutError(f"it has not ended within {timeout:g} s; it said: {said}")
            for key, _ in ready:
                data = os.read(key.fd, 1 << 16)
                said[key.fd] += data
                if not data:
                    open_.unregister(key.fd)
    return [text.decode().replace("\r\n", "\n").replace("\r", "\n") for text in said.values()]


def serve(requests: socket.socket) -> None:
    """Fork for each request, until nobody is there to ask."""
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nobody waits for those that wait
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the commands
    while True:
        request, files, _, _ = socket.recv_fds(requests, LARGEST, STREAMS + 1)
        if not request:
            return
        if not os.fork():
            requests.close()
            words, cwd, environ = json.loads(request)
            _wait_for_one(words, cwd, environ, files)
        for file in files:
            os.close(file)


def _wait_for_one(words: list[str], cwd: str, environ: dict[str, str], files: list[int]) -> NoReturn:
    """Start the command, and tell how it ended."""
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    *streams, told = files
    pid = os.fork()
    if not pid:
        os.close(told)
        _become(words, cwd, environ, streams)
    for stream in streams:
        os.close(stream)
    os.write(told, f"{pid}\n".encode())
    os.write(told, f"{os.waitpid(pid, 0)[1]}\n".encode())
    os._exit(0)


def _become(words: list[str], cwd: str, environ: dict[str, str], streams: list[int]) -> NoReturn:
    from sloth.cli.app import run as sloth

    for number, stream in enumerate(streams):
        os.dup2(stream, number)
        os.close(stream)
    os.chdir(cwd)
    os.environ.clear()
    os.environ.update(environ)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    sys.argv[1:] = words
    sloth()


def load() -> None:
    """Import what commands import."""
    for name in LOADED:
        package = importlib.import_module(name)
        for module in pkgutil.walk_packages(package.__path__, f"{name}."):
            importlib.import_module(module.name)
    gc.collect()
    gc.freeze()  # what lives for ever is not written to, so all share it


if __name__ == "__main__":
    load()
    serve(socket.socket(fileno=int(sys.argv[1])))
