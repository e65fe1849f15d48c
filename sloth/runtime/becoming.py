"""How sudo, su and doas are asked and what they answer; the controller (a whole run) and the host (single calls) alike.

sudo is told what to print when it wants the password, and reads that from stdin. su and doas are not: they run on a
terminal of their own, below the program of terminal.py, which says the same for them.
"""

import re

METHODS = ("sudo", "su", "doas")
_NOISE = re.compile(r"sudo: (error initializing|\d+ incorrect|a password is required)|We trust you|^\s*#\d\)")
_WRONG = re.compile(r"incorrect password|[Ss]orry, try again|[Aa]uthentication fail")
# sudo quotes the whole start line
_NOT_ALLOWED = re.compile(r"(?sm)(Sorry, user \S+ is not allowed to execute) '.*' (as \S+ on \S+)\.$")
_ASKS = re.compile(r"password is required|Authentication required")
_TERMINAL = re.compile(r"must have a tty|no tty present")
# su reads its terminal as stdin, and what it runs finds the wire in the places where terminal.py has put it.
_UNDER_SU = 'exec "$0" "$@" <&3 2>&4 3<&- 4>&-'


def prompt(nonce: str) -> str:
    """What is printed when somebody waits for the password."""
    return f"[sloth-%{nonce}]"


def hidden(nonce: str) -> str:
    """The prompt as command lines show it, with `%%` for `%`: a shell may echo the line."""
    return prompt(nonce).replace("%", "%%")


def argv(method: str, user: str, nonce: str, has_password: bool) -> "list[str]":
    """The method's command line, without the command.

    has_password: whether there is one to give. Where accounts get locked for wrong ones (pam_faillock), no answer is
    wrong, too; so nobody is to ask. su knows no such thing.
    """
    if method == "su":
        return ["su", "-s", "/bin/sh", "-c", _UNDER_SU, "--", user]
    silent = [] if has_password else ["-n"]
    if method == "doas":
        return ["doas", *silent, "-u", user, "--"]
    return ["sudo", *silent, "-S", "-H", "-p", hidden(nonce), "-u", user, "--"]


def needs_terminal(method: str) -> bool:
    """Whether the method reads passwords from a terminal alone, so that it runs below terminal.py from the start."""
    return method != "sudo"


def is_wrong_password(errors: str) -> bool:
    """Whether the method has taken a password and not liked it."""
    return _WRONG.search(errors) is not None


def wants_password(errors: str) -> bool:
    """Whether the method would have asked for one, had it been allowed to."""
    return _ASKS.search(errors) is not None


def wants_terminal(errors: str) -> bool:
    """Whether sudo refuses to work without one (`Defaults requiretty`)."""
    return _TERMINAL.search(errors) is not None


def complaint(method: str, errors: str, nonce: str) -> str:
    """The line that says why the method refused."""
    text = _NOT_ALLOWED.sub(r"\1 sloth's runtime \2", errors.replace(prompt(nonce), ""))
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    telling = [line for line in lines if not _NOISE.search(line)]
    first = [line for line in telling if line.startswith(f"{method}: ")]
    return (first[:1] or telling[-1:] or lines[-1:] or [f"{method} ended without a word"])[0]


def last_line(said: str, nonce: str) -> str:
    """What the method, or a login shell, said last, or an empty string."""
    lines = [line.strip() for line in said.replace(prompt(nonce), "").splitlines() if line.strip()]
    return lines[-1][-200:] if lines else ""


def advice(method: str, user: str, errors: str) -> str:
    """What helps beyond what the method says of itself, or an empty string."""
    if "not currently available" in errors or "currently not available" in errors:
        return f"su runs the login shell of {user}, which lets nobody in; sudo and doas do not need one"
    if _NOT_ALLOWED.search(errors):
        return "sudoers has to allow it all commands: what runs as that user is /bin/sh and python3"
    return ""
