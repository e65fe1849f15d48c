"""Gives sudo, su or doas a terminal of its own; it travels as text, for `python -c` (see transport/startline.py).

What we talk over stays as it is: only the terminal is new. su and doas ask for the password there, in words of their
own. When they do, and the terminal does not echo, we print the prompt that our caller waits for, and pass one line of
our stdin on to the terminal: only what reads that terminal can see the password, never a program on the wire. Nothing
else runs there before that: no login shell, none of its start-up files.
"""

import fcntl
import os
import pty
import re
import select
import signal
import termios

FAR = 20  # descriptors from here on are out of the way
GLANCE = 0.05  # seconds between a prompt and a look whether the terminal still echoes
CANNOT_RUN = 127
PROMPT = re.compile(rb"[Pp]ass(word|code|phrase)[^\n]{0,100}:\s*$")
LIMIT = 4096


def serve(method: str, hidden: str, *command: str) -> None:
    """Run the command to its end and leave with its status.

    hidden: what to print when the command asks for a password, with `%%` for `%`
    """
    master, slave = pty.openpty()
    bell = ring_when_it_ends()
    child = os.fork()
    if child == 0:
        begin(method, slave, command)
    os.close(1)
    status = attend(child, master, bell, hidden.replace("%%", "%").encode())
    os._exit(status >> 8 or (status & 127 and 128 + (status & 127)))


def ring_when_it_ends() -> int:
    """A descriptor that has something to read once a child has ended."""
    bell, hammer = os.pipe()
    os.set_blocking(hammer, False)
    signal.set_wakeup_fd(hammer)
    signal.signal(signal.SIGCHLD, _nothing)
    return bell


def _nothing(*_: object) -> None:
    """A signal that is only to wake us."""


def begin(method: str, slave: int, command: "tuple[str, ...]") -> None:
    """In the child: take the terminal, and become the command."""
    os.setsid()
    fcntl.ioctl(slave, termios.TIOCSCTTY, 0)
    kept = 3
    if method == "su":  # it reads passwords from stdin and asks on stderr; the wire waits at 3 and 4 meanwhile
        wire, errors, slave = [fcntl.fcntl(one, fcntl.F_DUPFD, FAR) for one in (0, 2, slave)]
        for here, there in ((slave, 0), (slave, 2), (wire, 3), (errors, 4)):
            os.dup2(here, there)
        kept = 5
    os.closerange(kept, 64)
    os.environ["LC_ALL"] = "C"
    try:
        os.execvp(command[0], command)  # noqa: S606  # it is one of ours, word by word
    except OSError as error:
        os.write(2, ("%s: %s\n" % (command[0], error.strerror)).encode())
    os._exit(CANNOT_RUN)


def attend(child: int, master: int, bell: int, prompt: bytes) -> int:
    """Until the child ends: hear what it says, and pass the password on when it asks. Returns its status."""
    said, ended, status = b"", 0, 0
    while not ended:
        asking = PROMPT.search(said) is not None
        if asking and not termios.tcgetattr(master)[3] & termios.ECHO:
            os.write(2, prompt)
            os.write(master, line())
            said, asking = b"", False
        ready = select.select([master, bell], [], [], GLANCE if asking else None)[0]
        ended, status = os.waitpid(child, os.WNOHANG) if bell in ready else (0, 0)
        said = (said + heard(master))[-LIMIT:]
    os.write(2, said.replace(b"\r", b""))
    return status


def heard(master: int) -> bytes:
    """What the terminal shows and nobody has read."""
    return os.read(master, LIMIT) if select.select([master], [], [], 0)[0] else b""


def line() -> bytes:
    """One line of stdin and not a byte more: frames come behind it."""
    data = b""
    while not data.endswith(b"\n"):
        more = os.read(0, 1)
        if not more:
            os._exit(1)  # our caller is gone; with us goes the terminal, and who waits there
        data += more
    return data
