"""The program that gives su and doas a terminal, run with programs that ask as they do."""

from __future__ import annotations

import subprocess
import sys

import pytest

from sloth.runtime import becoming
from sloth.transport.startline import terminal_source

NONCE = "0123456789abcdef"
PROMPT = becoming.prompt(NONCE)
ON_TERMINAL = "import getpass, sys; given = getpass.getpass('doas (ann@web) password: '); "


def run(method: str, program: str, stdin: str = "") -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", terminal_source(), method, becoming.hidden(NONCE), sys.executable, "-c", program]
    return subprocess.run(command, input=stdin, capture_output=True, text=True, timeout=20, check=False)


def test_a_prompt_on_the_terminal_becomes_ours_and_one_line_of_stdin_goes_there():
    done = run("doas", ON_TERMINAL + "print(given, '|', sys.stdin.read())", "s3cret\nframes")
    assert (done.returncode, done.stdout) == (0, "s3cret | frames\n")
    assert done.stderr.startswith(PROMPT)
    assert "s3cret" not in done.stderr


def test_who_asks_twice_prints_our_prompt_twice():
    done = run("doas", ON_TERMINAL + ON_TERMINAL, "one\ntwo\n")
    assert done.stderr.count(PROMPT) == 2


@pytest.mark.parametrize(
    "program",
    [
        pytest.param("import sys; sys.stderr.write('Password: '); print(sys.stdin.read())", id="off the terminal"),
        pytest.param(
            "import sys; open('/dev/tty', 'w').write('Password: '); print(sys.stdin.read())", id="with echo"
        ),
        pytest.param("open('/dev/tty', 'w').write('Code: '); print(input())", id="another question"),
    ],
)  # fmt: skip
def test_a_program_that_only_looks_like_a_prompt_gets_no_password(program):
    done = run("doas", program, "frames")
    assert (done.returncode, done.stdout) == (0, "frames\n")
    assert PROMPT not in done.stderr


def test_su_reads_the_terminal_and_finds_the_wire_beside_it():
    program = (
        "import os, sys, termios; t = termios.tcgetattr(0); t[3] &= ~termios.ECHO; termios.tcsetattr(0, 2, t);"
        "os.write(2, b'Password: '); os.read(0, 100); os.write(1, os.read(3, 100)); os.write(4, b'apart')"
    )
    done = run("su", program, "s3cret\nframes")
    assert (done.returncode, done.stdout) == (0, "frames")
    assert "apart" in done.stderr


def test_what_was_said_last_and_the_status_are_handed_on():
    done = run("doas", "import sys; open('/dev/tty', 'w').write('doas: Operation not permitted\\n'); sys.exit(3)")
    assert (done.returncode, done.stderr) == (3, "doas: Operation not permitted\n")


def test_a_program_that_is_not_there_is_named():
    command = [sys.executable, "-c", terminal_source(), "su", becoming.hidden(NONCE), "/nowhere/su"]
    done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (127, "/nowhere/su: No such file or directory\n")


def test_when_our_caller_is_gone_nobody_waits_for_a_password():
    done = run("doas", ON_TERMINAL + "print('in')")
    assert (done.returncode, done.stdout) == (1, "")
