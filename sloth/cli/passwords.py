"""Passwords that a person types or keeps in a file: asked for once, before anything connects."""

from __future__ import annotations

import getpass
import stat
import warnings
from pathlib import Path

from msgspec import Struct

from sloth.cli.render import problems
from sloth.core.errors import UsageError


class Source(Struct, frozen=True):
    """Where one password comes from, if there is to be one."""

    ask: bool = False
    file: Path | None = None

    def get(self, prompt: str) -> str | None:
        """The password, or None when nobody wants one."""
        if self.file is not None:
            return _from_file(self.file)
        return _asked(prompt) if self.ask else None


def both(login: Source, become: Source) -> tuple[str | None, str | None]:
    """The passwords of login and become; the second is the first when one was asked for and nothing typed."""
    login_password = login.get("SSH password: ")
    if login_password == "":
        raise UsageError("no password was typed", hint="without -k, keys and the agent are tried")
    prompt = "become password" + (" [the SSH password]: " if login_password else ": ")
    become_password = become.get(prompt)
    if become_password == "":
        become_password = login_password
    return login_password, become_password


def passphrase(question: str) -> str:
    """What a person types when secrets have to be opened."""
    return _asked(question, "--passphrase, or secrets.passphrase_from in sloth.toml, tells where it stands")


def twice(question: str) -> str:
    """What a person types twice alike, for there is nothing yet to check it with."""
    hint = "it is read from standard input as well, and from a file with --from-file"
    typed = _asked(question, hint)
    if _asked("the same again: ", hint) != typed:
        raise UsageError("the two differ", hint="nothing was changed; type the same twice")
    return typed


def _asked(prompt: str, hint: str = "--password-file and --become-password-file read one") -> str:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", getpass.GetPassWarning)
            return getpass.getpass(prompt)
    except EOFError:  # Ctrl-D
        return ""
    except UnicodeDecodeError as error:
        raise UsageError("what was typed is no UTF-8 text", hint="is the terminal set to another encoding?") from error
    except (getpass.GetPassWarning, OSError) as error:
        raise UsageError(f"there is no terminal to ask for the {prompt.rstrip(': ')} on", hint=hint) from error


def _from_file(path: Path) -> str:
    try:
        mode = path.stat().st_mode
        password = path.read_text(encoding="utf-8").partition("\n")[0].rstrip("\r")
    except OSError as error:
        raise UsageError(f"cannot read the password: {str(error.strerror).lower()}", where=str(path)) from error
    except UnicodeDecodeError as error:
        raise UsageError("the password is no UTF-8 text", where=str(path)) from error
    if not password:
        raise UsageError("the first line, where the password belongs, is empty", where=str(path))
    if stat.S_ISREG(mode) and mode & (stat.S_IRGRP | stat.S_IROTH):
        problems.warn(f"others may read {path}", hint=f"`chmod 600 {path}`")
    return password
