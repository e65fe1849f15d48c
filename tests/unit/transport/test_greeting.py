"""The greeting against a link of the test's own: each thing that a host may say before the first frame."""

from __future__ import annotations

import threading
from collections import deque

import pytest

from sloth.core.errors import BecomeFailed, CacheUnusable, ConnectTimeout, NoPython, NoShell
from sloth.runtime import becoming
from sloth.transport.greeting import NeedsTerminal, greet
from sloth.transport.link import Heard
from sloth.transport.startline import NOWHERE, PYTHONS, Start, boot_source

NONCE = "0123456789abcdef"
WORD = b"\nfedcba9876543210 "
PROMPT = becoming.prompt(NONCE).encode()
LINE = " ".join(Start("0" * 64, boot_source(), NONCE, become="root").argv())
QUOTED = PROMPT + f"Sorry, user bob is not allowed to execute '{LINE}' as root on web.\n".encode()


class Script:
    """A link that says what it is told to, and keeps what is written."""

    def __init__(self, *heard: Heard) -> None:
        self.heard = deque(heard)
        self.written = b""

    def receive(self, timeout: float) -> Heard:
        return self.heard.popleft() if self.heard else Heard()

    def write(self, data: bytes) -> None:
        self.written += data

    def offer(self, data: bytes) -> bool:
        return False

    def exit_status(self) -> int | None:
        return 1

    def was_killed(self) -> bool:
        return False

    def close(self) -> None:
        pass


class Full(Script):
    """A link that takes nothing until it is closed."""

    def __init__(self, is_gone: bool) -> None:
        super().__init__(Heard(out=WORD + b"need\n"))
        self.closed = threading.Event()
        if is_gone:
            self.closed.set()

    def write(self, data: bytes) -> None:
        assert self.closed.wait(20)
        raise BrokenPipeError("it is closed")

    def close(self) -> None:
        self.closed.set()


def run(
    *heard: Heard,
    become: str = "",
    password: str | None = None,
    timeout: float = 0.05,
    pythons: tuple[str, ...] = PYTHONS,
):
    link = Script(*heard)
    start = Start("0" * 64, "pass", NONCE, become=become, pythons=pythons)
    return greet("web", link, start, password, lambda: b"the bundle", timeout), link


def test_noise_before_and_frames_behind_are_told_apart():
    greeting, link = run(Heard(out=b"Welcome to web"), Heard(out=WORD[:5]), Heard(out=WORD[5:] + b"ready\n\0\0frame"))
    assert greeting.rest == b"\0\0frame"
    assert (greeting.uploads, link.written) == (0, b"")


def test_an_echo_of_the_nonce_is_no_answer():
    greeting, _ = run(Heard(out=NONCE.encode() + b" ready\n"), Heard(out=WORD + b"ready\n"))
    assert greeting.rest == b""


def test_what_is_needed_is_sent_in_frames():
    greeting, link = run(Heard(out=WORD + b"need\n"), Heard(out=WORD + b"ready\n"))
    assert link.written == b"\0\0\0\x0eB\0\0\0\0the bundle" + b"\0\0\0\4B\0\0\0\0"
    assert (greeting.uploads, greeting.bytes_sent) == (1, len(link.written))


@pytest.mark.parametrize(
    ("patience", "error", "text"),
    [
        pytest.param(0.01, ConnectTimeout, r"it did not take what sloth needs there within 0\.01 s", id="it freezes"),
        pytest.param(3600, NoShell, "the connection ended before sloth started", id="it goes away"),
    ],
)
def test_a_host_that_takes_no_bundle_is_told_from_one_that_goes_away(patience, error, text):
    link = Full(is_gone=patience > 1)
    with pytest.raises(error, match=text):
        greet("web", link, Start("0" * 64, "pass", NONCE), None, lambda: b"the bundle", 0.05, patience)


def test_the_password_is_written_once_and_only_after_the_prompt():
    heard = [Heard(err=b"lecture"), Heard(err=PROMPT), Heard(), Heard(out=WORD + b"ready\n")]
    greeting, link = run(*heard, become="root", password="pw")
    assert link.written == b"pw\n"
    assert greeting.err == b"lecture"  # the prompt is no word of the runtime


def test_a_password_of_odd_bytes_is_written_as_it_was_typed():
    _, link = run(Heard(err=PROMPT), Heard(out=WORD + b"ready\n"), become="root", password="p\udcff")
    assert link.written == b"p\xff\n"


def test_no_nudge_goes_to_sudo_which_would_take_it_for_a_password():
    with pytest.raises(ConnectTimeout):
        run(become="root", password="pw")


@pytest.mark.parametrize(
    ("heard", "password", "error", "text"),
    [
        pytest.param([Heard(err=PROMPT)], None, BecomeFailed, "asks for a password", id="no password"),
        pytest.param([Heard(err=PROMPT), Heard(err=PROMPT)], "pw", BecomeFailed, "wrong", id="asked again"),
        pytest.param([Heard(err=PROMPT), Heard(err=b"sudo: 1 incorrect password attempt\n", ended=True)], "pw",
                     BecomeFailed, "wrong", id="ended"),
        pytest.param([Heard(err=b"sudo: sorry, you must have a tty to run sudo\n", ended=True)], "pw",
                     NeedsTerminal, "terminal", id="requiretty"),
        pytest.param([Heard(err=b"sudo: unknown user x\n", ended=True)], "pw", BecomeFailed, "unknown user", id="user"),
        pytest.param([], "pw", ConnectTimeout, "sudo said nothing for", id="hangs"),
        pytest.param([Heard(err=PROMPT)], "pw", ConnectTimeout, "sudo said nothing for", id="hangs with the password"),
        pytest.param([Heard(err=b"Verification code: ")], "pw", ConnectTimeout, "did not start within .*: Verification code:",
                     id="asks for more"),
        pytest.param([Heard(err=QUOTED, ended=True)], "pw", BecomeFailed, r"to execute sloth's runtime as root on web$",
                     id="quotes the start line"),
    ],
)  # fmt: skip
def test_what_sudo_says_has_its_own_error(heard, password, error, text):
    with pytest.raises(error, match=text):
        run(*heard, become="root", password=password)


@pytest.mark.parametrize(
    ("heard", "error", "text"),
    [
        pytest.param([Heard(ended=True)], NoShell, "ended before sloth started$", id="ends in silence"),
        pytest.param([Heard(out=b"a\nlast words\n"), Heard(ended=True)], NoShell, "started: last words", id="words"),
        pytest.param([Heard(err=NOWHERE.encode(), ended=True)], NoPython, "no Python 3 was found", id="no Python"),
        pytest.param([Heard(err=b"ImportError: No module named zlib\n", ended=True)], NoPython, "zlib", id="no zlib"),
        pytest.param([Heard(out=b"x" * 70000)], NoShell, "printed 70000 bytes", id="too much noise"),
        pytest.param([Heard(out=WORD + b"ready")], ConnectTimeout, "did not start", id="half a line"),
        pytest.param([Heard(out=WORD), Heard(out=b"x" * 70000)], NoShell, "printed 70018 bytes", id="a line without end"),
        pytest.param([Heard(out=WORD + b"error\n")], NoShell, "not sloth: it says 'error'", id="an error of no kind"),
        pytest.param([Heard(out=WORD + b"what\n")], NoShell, "not sloth: it says 'what'", id="no word of ours"),
        pytest.param([Heard(out=WORD + b"need\n" + WORD + b"need\n")], NoShell, "says 'need'", id="never satisfied"),
        pytest.param([Heard(out=WORD + b"error python py3 lacks json\n")], NoPython, "py3 lacks json", id="module"),
        pytest.param([Heard(out=WORD + b"error cache full\n")], CacheUnusable, "web: full", id="cache"),
        pytest.param([Heard(out=WORD + b"need\n"), Heard(ended=True)], NoShell, "ended before", id="dies later"),
    ],
)  # fmt: skip
def test_what_prevents_the_start_has_its_own_error(heard, error, text):
    with pytest.raises(error, match=text):
        run(*heard)


def test_a_host_without_python_is_told_from_one_that_quotes_us_also_behind_a_password():
    with pytest.raises(NoPython, match="no Python 3 was found"):
        run(Heard(err=PROMPT), Heard(err=NOWHERE.encode() + b"\n", ended=True), become="root", password="pw")


@pytest.mark.parametrize("heard", [Heard(), Heard(ended=True)], ids=["silence", "its end"])
def test_an_interpreter_that_somebody_named_is_asked_about(heard):
    for pythons, is_asked in ((PYTHONS, False), (("/bin/true",), True)):
        with pytest.raises((NoShell, ConnectTimeout)) as raised:
            run(heard, pythons=pythons)
        assert ("is /bin/true (sloth_python) no Python?" in raised.value.hint) == is_asked
