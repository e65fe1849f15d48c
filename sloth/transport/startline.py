"""The line that starts the runtime: one `exec` that every login shell reads alike.

Nothing in it is special to sh, bash, dash, fish, tcsh, csh or zsh inside single quotes: no `!` (csh's history), no
backslash (fish), no newline (csh), no quote within a quote. The boot program crosses as compressed base64.
"""

from __future__ import annotations

import ast
import base64
import re
import zlib
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from sloth.core.errors import NoPython
from sloth.runtime import sudo

PYTHONS = (
    "python3",
    "/usr/libexec/platform-python",
    "/usr/local/bin/python3",
    *(f"python3.{minor}" for minor in range(14, 5, -1)),
)
OUR_EXIT = 127
NOWHERE = "sloth-found-no-python"
_QUIET = re.compile(r"[\w./+:@%=, -]+")

# A terminal of its own for sudo, as `Defaults requiretty` wants; what we talk over stays as it is.
_TERMINAL = """
import fcntl, os, pty, sys, termios
master, slave = pty.openpty()
child = os.fork()
if child == 0:
    os.setsid()
    fcntl.ioctl(slave, termios.TIOCSCTTY, 0)
    os.closerange(3, 64)
    os.execvp(sys.argv[1], sys.argv[1:])
os.close(slave)
os.close(0)
os.close(1)
status = os.waitpid(child, 0)[1]
os._exit(status >> 8 or status & 127 and 128 + (status & 127))
"""


@dataclass(frozen=True, slots=True)
class Start:
    """One start of a runtime.

    sha: the bundle's. nonce: random. pythons: tried in this order. become: the user to become by sudo, or empty.
    terminal: sudo gets a terminal of its own.
    """

    sha: str
    nonce: str
    pythons: tuple[str, ...] = PYTHONS
    become: str = ""
    terminal: bool = False

    def argv(self) -> list[str]:
        """The start as words, for a process on this machine."""
        for word in (*self.pythons, self.become):
            if word and not _QUIET.fullmatch(word):
                raise NoPython(f"{word!r} cannot stand in a start line", hint="use a path of letters, digits and ./_-+")
        loop = (
            f"for p in {_words(self.pythons)}; do "
            'command -v "$p" >/dev/null 2>&1 && exec "$p" -I -S -B -c "$@"; '
            f"done; echo {NOWHERE} >&2; exit {OUR_EXIT}"
        )
        runtime = ["/bin/sh", "-c", loop, "sloth", start_program(), self.sha, self.nonce, "cache"]
        if not self.become:
            return runtime
        runtime[2] = f"cd >/dev/null 2>&1 || cd /; {loop}"
        command = [*sudo.argv(self.become, self.nonce), *runtime]
        if self.terminal:
            return ["/bin/sh", "-c", loop, "sloth", packed(_TERMINAL), *command]
        return command

    def line(self) -> str:
        """The same as a line for the login shell of a host."""
        return "exec " + " ".join(f"'{word}'" for word in self.argv())


def _words(pythons: tuple[str, ...]) -> str:
    return " ".join(f'"{python}"' if " " in python else python for python in pythons)


@cache
def boot_source() -> str:
    """The boot program without comments, with its call; a process on the host starts others with it (become.py)."""
    tree = ast.parse(files("sloth.runtime").joinpath("boot.py").read_text(encoding="utf-8"))
    for node in ast.walk(tree):
        if isinstance(node, (ast.FunctionDef, ast.ClassDef, ast.Module)) and ast.get_docstring(node) is not None:
            node.body[0] = ast.Pass()
        if isinstance(node, ast.FunctionDef):
            node.returns = None
            for argument in node.args.args:
                argument.annotation = None
    return ast.unparse(tree) + "\nstart(*sys.argv[1:])\n"


@cache
def start_program() -> str:
    """The boot program for `python -c`, on one line."""
    return packed(boot_source())


def packed(program: str) -> str:
    """A program as a line without quotes that trouble a shell."""
    text = base64.b64encode(zlib.compress(program.encode("ascii"), 9)).decode("ascii")
    return f'import zlib,base64;exec(zlib.decompress(base64.b64decode("{text}")))'
