"""From the start line to the first frame: noise, nudges, prompts for passwords, the bundle, and what went wrong.

A login shell may print anything before (and after) the boot program's word, which opens with our nonce reversed. One
whose start-up file reads stdin is nudged with an empty line. A password is written once, when the prompt with our
nonce has been seen, and never again.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable

from msgspec import Struct, field

from sloth.core.errors import BecomeFailed, CacheUnusable, ConnectTimeout, NoPython, NoShell, Unreachable
from sloth.runtime import becoming
from sloth.runtime.frames import CHUNK
from sloth.transport.link import Heard, Link, limited
from sloth.transport.startline import NOWHERE, PYTHONS, Start

NOISE = 1 << 16
NUDGE_AFTER = 1.5
NUDGES = 4
SLOW = 1.0
UPLOAD_PATIENCE = 120.0
TAIL = 1 << 14  # sudo quotes the whole start line where it refuses it
PYTHON_HINT = "install python3 (python3-minimal is not enough), or name an interpreter with sloth_python"


class NeedsTerminal(Unreachable):
    """sudo refuses to work without a terminal (`Defaults requiretty`); the start is tried again with one."""


class NeedsSearch(Unreachable):
    """The start went straight to the first Python, and came to nothing; it is tried again with a search for one."""


class Greeting(Struct):
    """What the start of a runtime brought. `rest`: bytes of frames that came along; `slow`: a long silence first.

    uploading: the seconds that the bundle took.
    """

    rest: bytes = b""
    uploads: int = 0
    uploading: float = 0.0
    bytes_sent: int = 0
    slow: bool = False
    err: bytes = b""


class _Talk(Struct):
    """One start, as far as it has got."""

    host: str
    link: Link
    start: Start
    password: str | None
    began: float
    greeting: Greeting = field(default_factory=Greeting)
    out: bytes = b""
    first: float | None = None
    nudges: int = 0
    prompted: bool = False
    ended: bool = False

    def line(self, timeout: float) -> list[str]:
        """The next line of the boot program, in words after the nonce."""
        word = b"\n" + self.start.nonce[::-1].encode("ascii") + b" "
        until = time.monotonic() + timeout
        while True:
            _, found, after = self.out.partition(word)
            if found and b"\n" in after:
                text, _, self.out = after.partition(b"\n")
                return text.decode("utf-8", "replace").split(" ", 2)
            if len(self.out) > NOISE:
                raise NoShell(
                    f"{self.host}: the login shell printed {len(self.out)} bytes and did not start sloth{self._said()}",
                    hint="its start-up files should print only to a terminal",
                )
            if self.ended:
                raise self._ended()
            if time.monotonic() > until:
                raise self._too_late(timeout)
            self._take(self.link.receive(min(0.25, max(0.0, until - time.monotonic()))))

    def upload(self, packed: bytes, patience: float) -> None:
        """Send the bundle, in so many seconds."""
        with limited(patience, self.link.close) as late:
            try:
                self._send(packed)
            except OSError as error:
                if late.is_set():
                    text = f"{self.host}: logged in, but it did not take what sloth needs there within {patience:g} s"
                    raise ConnectTimeout(text) from error
                raise
        self.greeting.uploads += 1

    def _send(self, packed: bytes) -> None:
        frames = [packed[place : place + CHUNK] for place in range(0, len(packed), CHUNK)]
        for chunk in [*frames, b""]:
            frame = (4 + len(chunk)).to_bytes(4, "big") + b"B" + bytes(4) + chunk
            self.link.write(frame)
            self.greeting.bytes_sent += len(frame)

    def _take(self, heard: Heard) -> None:
        now = time.monotonic()
        if (heard.out or heard.err) and self.first is None:
            self.first = now
            self.greeting.slow = now - self.began > SLOW
        self.out += heard.out
        self.greeting.err = (self.greeting.err + heard.err)[-TAIL:]
        if self.start.become:
            self._answer_prompt()
        elif self.first is None and self.nudges < NUDGES and now - self.began > NUDGE_AFTER * (self.nudges + 1):
            self.nudges += 1
            self.link.write(b"\n")
        self.ended = heard.ended

    def _answer_prompt(self) -> None:
        prompt = becoming.prompt(self.start.nonce).encode("ascii")
        seen = self.greeting.err.count(prompt) + self.out.count(prompt)
        if not seen:
            return
        if self.password is None:
            raise self._no_password()
        if self.prompted and seen > 1:
            raise self._wrong_password()
        if not self.prompted:
            self.prompted = True
            self.link.write(self.password.encode("utf-8", "surrogateescape") + b"\n")

    def _ended(self) -> Unreachable:
        """Why the start came to nothing."""
        if self.start.straight:
            return NeedsSearch(f"{self.host}: {self.start.pythons[0]} did not start")
        text = self.greeting.err.decode("utf-8", "replace").replace(becoming.prompt(self.start.nonce), "\n")
        last = self._said()
        if NOWHERE in text.splitlines():
            named = "" if self.start.pythons == PYTHONS else f" at {', '.join(self.start.pythons)} (sloth_python)"
            return NoPython(f"{self.host}: no Python 3 was found{named}", hint=PYTHON_HINT)
        if self.start.become and becoming.wants_terminal(text):
            return NeedsTerminal(f"{self.host}: sudo wants a terminal")
        if self.start.become and (self.start.method in text or self.prompted):
            return self._refused(text)
        if re.search(r"^[Uu]nknown option:? -I", text, re.MULTILINE):
            return NoPython(f"{self.host}: its Python is of before 3.4, sloth needs 3.6 or later", hint=PYTHON_HINT)
        if re.search(r"Error: |Fatal Python error", text):
            return NoPython(f"{self.host}: its Python does not work{last}", hint=PYTHON_HINT)
        return NoShell(
            f"{self.host}: the login shell ended before sloth started{last}",
            hint=f"does a start-up file of the shell exit, or is the shell nologin?{self._own_python()}",
        )

    def _refused(self, text: str) -> BecomeFailed:
        """What the method of becoming another user said."""
        if self.prompted and becoming.is_wrong_password(text):
            return self._wrong_password()
        if self.password is None and becoming.wants_password(text):
            return self._no_password()
        method, user = self.start.method, self.start.become
        why = becoming.complaint(method, text, self.start.nonce)
        hint = becoming.advice(method, user, text)
        return BecomeFailed(f"{self.host}: {method} does not make us {user}: {why}", hint=hint)

    def _no_password(self) -> BecomeFailed:
        return BecomeFailed(
            f"{self.host}: {self.start.method} asks for a password to become {self.start.become}",
            hint="give it with -K, or as sloth_become_password" + _whose(self.start),
        )

    def _wrong_password(self) -> BecomeFailed:
        return BecomeFailed(
            f"{self.host}: wrong {self.start.method} password", hint="it was tried once" + _whose(self.start)
        )

    def _too_late(self, timeout: float) -> ConnectTimeout:
        if self.start.become and not self._said():
            return ConnectTimeout(
                f"{self.host}: logged in, but {self.start.method} said nothing for {timeout:g} s",
                hint=f"does it wait for something, or does a start-up file of the shell?{self._own_python()}",
            )
        if self.first is None:
            return ConnectTimeout(
                f"{self.host}: logged in, but the login shell said nothing for {timeout:g} s",
                hint=f"does a start-up file of the shell wait for something?{self._own_python()}",
            )
        return ConnectTimeout(f"{self.host}: logged in, but sloth did not start within {timeout:g} s{self._said()}")

    def _own_python(self) -> str:
        """Where somebody has named the interpreter, it may be the reason as well."""
        return "" if self.start.pythons == PYTHONS else f" Or is {self.start.pythons[0]} (sloth_python) no Python?"

    def _said(self) -> str:
        said = (self.out + b"\n" + self.greeting.err).decode("utf-8", "replace")
        last = becoming.last_line(said, self.start.nonce)
        return f": {last}" if last else ""


def _whose(start: Start) -> str:
    return f"; su wants that of {start.become}" if start.method == "su" else ""


def greet(
    host: str, link: Link, start: Start, password: str | None, packed: Callable[[], bytes], timeout: float,
    upload_patience: float = UPLOAD_PATIENCE,
) -> Greeting:  # fmt: skip
    """See a start through until the host is about to speak in frames. Raises what Unreachable has for it."""
    talk = _Talk(host, link, start, password, time.monotonic())
    try:
        words = talk.line(timeout)
        if words[0] == "need":
            began = time.monotonic()
            talk.upload(packed(), upload_patience)
            words = talk.line(upload_patience)
            talk.greeting.uploading = time.monotonic() - began
    except OSError as error:
        talk.greeting.err += str(error).encode()
        raise NoShell(f"{host}: the connection ended before sloth started: {error}") from error
    if words[0] != "ready":
        raise _refusal(host, words)
    talk.greeting.rest = talk.out
    talk.greeting.err = talk.greeting.err.replace(becoming.prompt(start.nonce).encode("ascii"), b"")
    return talk.greeting


def _refusal(host: str, words: list[str]) -> Unreachable:
    match words:
        case ["error", "python", text]:
            return NoPython(f"{host}: {text}; sloth needs a whole Python of 3.6 or later", hint=PYTHON_HINT)
        case ["error", "cache", text]:
            return CacheUnusable(f"{host}: {text}", hint="free some space, or make the home directory writable")
        case ["error", _, text]:
            return CacheUnusable(f"{host}: {text}")
    return NoShell(f"{host}: what answers there is not sloth: it says {' '.join(words)[:40]!r}")
