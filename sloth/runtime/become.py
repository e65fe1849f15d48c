"""Another user on the same host: this runtime starts itself again there and speaks frames to it over pipes.

The child takes the bundle as frames into memory, so it needs neither a home nor anything that our user owns: no
temporary file, no ACL. sudo gets a controlling terminal (`Defaults requiretty`), su and doas one of terminal.py,
while what we talk over stays pipes. The password is written once, after the prompt with our nonce has been
seen; a second prompt means that it was wrong.
"""

import binascii
import fcntl
import os
import pty
import select
import subprocess
import sys
import termios
import threading
import time
import zlib

from sloth.runtime import becoming
from sloth.runtime.boot import SEAL, read
from sloth.runtime.failure import ActionFailed
from sloth.runtime.frames import CHUNK, WireError
from sloth.runtime.hashing import digest
from sloth.runtime.wire import Peer

MYPY = False
if MYPY:
    from collections.abc import Callable

    from sloth.runtime.wire import Handler

    Message = dict[str, object]
    Hear = Callable[[Message], None]

PATIENCE = 30.0  # seconds from one word of the child to the next
GRACE = 2.0
HEARTBEAT = 10.0
NOISE = 1 << 16


class WrongPassword(ActionFailed):
    """The method did not like the password: giving it again would get the account locked."""


class Child:
    """A runtime that runs as another user. `hear_output` may be set to what takes its live output."""

    def __init__(
        self, process: "subprocess.Popen[bytes]", terminal: int, rest: bytes, answer: "dict[str, Handler]"
    ) -> None:
        self.hear_output = _ignore  # type: Hear
        self._process = process
        self._terminal = terminal
        self._rest = rest
        self._over = threading.Event()
        self.peer = Peer(
            self._read, self._write, answer,
            {"hello": _ignore, "pulse": _ignore, "bye": _ignore, "output": self._take_output},
        )
        for run in (self._serve, self._drain, self._beat):
            threading.Thread(target=run, daemon=True).start()

    def close(self) -> None:
        """End it: it tidies up when its input ends. Killing sudo would not reach what it runs."""
        self._over.set()
        assert self._process.stdin is not None
        try:
            self._process.stdin.close()
        except OSError:
            pass  # it is dead already, with something of ours unread
        try:
            self._process.wait(GRACE)
        except subprocess.TimeoutExpired:
            pass  # as another user we can do no more; the end of its terminal follows
        os.close(self._terminal)

    def _take_output(self, args: "Message") -> None:
        self.hear_output(args)

    def _serve(self) -> None:
        try:
            self.peer.serve()
        except WireError as error:
            self.peer.close(str(error))

    def _drain(self) -> None:
        assert self._process.stderr is not None
        while self._process.stderr.read1(CHUNK):  # type: ignore[attr-defined]  # a BufferedReader, which IO does not tell
            continue

    def _beat(self) -> None:
        while not self._over.wait(HEARTBEAT):
            try:
                self.peer.tell("heartbeat", {})
            except WireError:
                return

    def _read(self, length: int) -> bytes:
        if self._rest:
            data, self._rest = self._rest[:length], self._rest[length:]
            return data
        assert self._process.stdout is not None
        return os.read(self._process.stdout.fileno(), length)

    def _write(self, data: bytes) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(data)
        self._process.stdin.flush()


def _ignore(args: "Message") -> None:
    """Nothing to do with it here."""
    del args


def start(
    user: str, method: str, password: "Callable[[], str]", answer: "dict[str, Handler]", has_password: bool
) -> Child:
    """A runtime as that user. ActionFailed tells why there is none.

    password: asked only when the method wants one; ActionFailed of it goes through. has_password: see becoming.argv
    answer: what the child may ask, see Peer
    """
    if method not in becoming.METHODS:
        raise ActionFailed(f"become: unknown method {method!r}; it is one of {', '.join(becoming.METHODS)}")
    archive = _archive()
    nonce = binascii.hexlify(os.urandom(16)).decode("ascii")
    arguments = [program("start"), digest(archive).hex(), nonce, "memory"]
    process, terminal = _start(becoming.argv(method, user, nonce, has_password), method, nonce, arguments)
    try:
        rest = _Dialogue(process, method, user, nonce, password).run(archive)
    except BaseException:
        os.close(terminal)
        assert process.stdin is not None
        process.stdin.close()
        raise
    return Child(process, terminal, rest, answer)


def program(name: str) -> str:
    """A program for `python -c`, which the bundle has as text."""
    return _loader_data(f"sloth/runtime/{name}.txt").decode("ascii")


def _archive() -> bytes:
    """What we run from, compiled or not: the child is the same Python."""
    data = read(loader_path())
    if data is None:
        raise ActionFailed("become: the bundle that we run from cannot be read any more")
    return data if data[:4] == b"PK\3\4" else data[:-SEAL]


def loader_path() -> str:
    """Where the bundle lies that we run from."""
    return str(sys.modules["sloth.runtime"].__loader__.archive)  # type: ignore[union-attr]  # a zipimporter


def _loader_data(name: str) -> bytes:
    loader = sys.modules["sloth.runtime"].__loader__
    return bytes(loader.get_data(os.path.join(loader_path(), name)))  # type: ignore[union-attr]  # a zipimporter


def _start(
    before: "list[str]", method: str, nonce: str, arguments: "list[str]"
) -> "tuple[subprocess.Popen[bytes], int]":
    """The method on pipes, in a session with a terminal of its own; returns the terminal's other end, too."""
    python = [sys.executable, "-I", "-S", "-B", "-c"]
    command = [*before, *python, *arguments]
    if becoming.needs_terminal(method):
        command = [*python, program("terminal"), method, becoming.hidden(nonce), *command]
    master, slave = pty.openpty()
    try:
        process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd="/", start_new_session=True,
            # Nothing but one system call, which is safe between fork and exec.
            preexec_fn=lambda: fcntl.ioctl(slave, termios.TIOCSCTTY, 0),  # noqa: PLW1509
            env=dict(os.environ, LC_ALL="C"),
        )
    except OSError as error:
        os.close(master)
        raise ActionFailed(f"become: cannot run {command[0]}: {error.strerror}", kind="become") from error
    finally:
        os.close(slave)
    return process, master


class _Dialogue:
    """From the start of the method to the child's `ready`."""

    def __init__(
        self, process: "subprocess.Popen[bytes]", method: str, user: str, nonce: str, password: "Callable[[], str]"
    ) -> None:
        self.process = process
        self.method = method
        self.user = user
        self.nonce = nonce
        self.word = b"\n" + nonce[::-1].encode("ascii") + b" "
        self.password = password
        self.out = b""
        self.err = b""
        self.prompted = False

    def run(self, archive: bytes) -> bytes:
        """Answers the prompt, sends the archive; returns what came behind the last line."""
        line = self._line()
        if line == "need":
            packed = zlib.compress(archive, 1)
            for place in range(0, len(packed), CHUNK):
                self._frame(packed[place : place + CHUNK])
            self._frame(b"")
            line = self._line()
        if line != "ready":
            raise ActionFailed(f"become {self.user}: {line}", kind="become")
        return self.out

    def _frame(self, chunk: bytes) -> None:
        self._write((4 + len(chunk)).to_bytes(4, "big") + b"B" + bytes(4) + chunk)

    def _write(self, data: bytes) -> None:
        assert self.process.stdin is not None
        try:
            self.process.stdin.write(data)
            self.process.stdin.flush()
        except OSError as error:
            raise self._ended() from error

    def _line(self) -> str:
        until = time.monotonic() + PATIENCE
        while True:
            _, found, after = self.out.partition(self.word)
            if found and b"\n" in after:
                line, _, self.out = after.partition(b"\n")
                return line.decode("utf-8", "replace")
            if time.monotonic() > until or len(self.out) > NOISE:
                last = becoming.last_line((self.out + b"\n" + self.err).decode("utf-8", "replace"), self.nonce)
                waiting = f"; it last said: {last}" if last else ""
                raise self._refused(f"no answer of {self.method} within {PATIENCE:g} s{waiting}")
            self._listen()
            self._answer_prompt()

    def _listen(self) -> None:
        assert self.process.stdout is not None and self.process.stderr is not None
        ready, _, _ = select.select([self.process.stdout, self.process.stderr], [], [], 0.5)
        if self.process.stderr in ready:
            self.err += os.read(self.process.stderr.fileno(), CHUNK)
        if self.process.stdout in ready:
            data = os.read(self.process.stdout.fileno(), CHUNK)
            self.out += data
            if not data:
                raise self._ended()

    def _answer_prompt(self) -> None:
        prompt = becoming.prompt(self.nonce).encode("ascii")
        seen = self.err.count(prompt) + self.out.count(prompt)
        if seen > 1:
            raise self._wrong_password()
        if seen and not self.prompted:
            self.prompted = True
            self._write(self.password().encode("utf-8", "surrogateescape") + b"\n")

    def _ended(self) -> ActionFailed:
        try:
            _, err = self.process.communicate(timeout=GRACE)
        except (subprocess.TimeoutExpired, ValueError, OSError):
            err = b""
        text = (self.err + err).decode("utf-8", "replace")
        if self.prompted and becoming.is_wrong_password(text):
            return self._wrong_password()
        if not self.prompted and becoming.wants_password(text):
            self.password()  # says that there is none
        advice = becoming.advice(self.method, self.user, text)
        return self._refused(becoming.complaint(self.method, text, self.nonce) + (f" ({advice})" if advice else ""))

    def _wrong_password(self) -> ActionFailed:
        whose = f"; su wants that of {self.user}" if self.method == "su" else ""
        return WrongPassword(
            f"become {self.user}: wrong {self.method} password (it was tried once{whose})", kind="become"
        )

    def _refused(self, why: str) -> ActionFailed:
        return ActionFailed(f"become {self.user}: {why}", kind="become")
