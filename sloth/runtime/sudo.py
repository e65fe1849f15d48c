"""How sudo is asked and what it answers; the controller (a whole run) and the host (single calls) ask alike."""

import re

_NOISE = re.compile(r"sudo: (error initializing|\d+ incorrect|a password is required)|We trust you|^\s*#\d\)")
_WRONG = re.compile(r"incorrect password|[Ss]orry, try again")
_TERMINAL = re.compile(r"must have a tty|no tty present")


def prompt(nonce: str) -> str:
    """What sudo prints when it waits for the password."""
    return f"[sloth-%{nonce}]"


def argv(user: str, nonce: str) -> "list[str]":
    """sudo's command line, without the command. It shows `%%` where the prompt has `%`: a shell may echo the line."""
    return ["sudo", "-S", "-H", "-p", prompt(nonce).replace("%", "%%"), "-u", user, "--"]


def is_wrong_password(errors: str) -> bool:
    """Whether sudo has taken a password and not liked it."""
    return _WRONG.search(errors) is not None


def wants_terminal(errors: str) -> bool:
    """Whether sudo refuses to work without one (`Defaults requiretty`)."""
    return _TERMINAL.search(errors) is not None


def complaint(errors: str, nonce: str) -> str:
    """The line that says why sudo refused."""
    lines = [line.strip() for line in errors.replace(prompt(nonce), "").splitlines() if line.strip()]
    telling = [line for line in lines if not _NOISE.search(line)]
    first = [line for line in telling if line.startswith("sudo: ")]
    return (first[:1] or telling[-1:] or lines[-1:] or ["sudo ended without a word"])[0]
