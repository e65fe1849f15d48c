"""The line that starts the runtime: one `exec` that every login shell reads alike.

Nothing in it is special to sh, bash, dash, fish, tcsh, csh or zsh inside single quotes: no `!` (csh's history), no
backslash (fish), no newline (csh), no quote within a quote. The boot program crosses as compressed base64.
"""

from __future__ import annotations

import ast
import base64
import re
import zlib
from functools import cache

from msgspec import Struct

from sloth.core.connection import BecomeMethod
from sloth.core.errors import SettingsError
from sloth.runtime import becoming

PYTHONS = (
    "python3",
    "/usr/bin/python3",
    "/usr/libexec/platform-python",
    "/usr/local/bin/python3",
    *(f"python3.{minor}" for minor in range(14, 5, -1)),
)
ALONE = ("-I", "-S", "-B", "-c")  # nothing of the environment, no packages, no files beside it
OUR_EXIT = 127
NOWHERE = "sloth-found-no-python"
_QUIET = re.compile(r"[\w./+:@%=, -]+")


class Start(Struct, frozen=True):
    """One start of a runtime.

    sha: the bundle's. program: the bundle's, which begins. nonce: random. pythons: tried in this order. become: the
    user to become, or empty; method: by what; has_password: whether there is one to
    give it. terminal: sudo gets a terminal of its own, as `Defaults requiretty`
    wants; su and doas always have one. straight: to the first Python, without the shell that looks for one, which
    takes a host 4 ms.
    """

    sha: str
    program: str
    nonce: str
    pythons: tuple[str, ...] = PYTHONS
    become: str = ""
    method: BecomeMethod = "sudo"
    has_password: bool = True
    terminal: bool = False
    straight: bool = False

    def argv(self) -> list[str]:
        """The start as words, for a process on this machine."""
        for variable, words in (("sloth_python", self.pythons), ("sloth_become_user", (self.become,))):
            for word in words:
                if word and not _QUIET.fullmatch(word):
                    text = f"{variable}: {word!r} cannot stand in the line that a login shell is given"
                    raise SettingsError(text, hint="it has letters, digits and ./_-+ only")
        program = [self.program, self.sha, self.nonce, "cache"]
        if self.straight:
            return [self.pythons[0], *ALONE, *program]
        loop = (
            f"for p in {_words(self.pythons)}; do "
            f'command -v "$p" >/dev/null 2>&1 && exec "$p" {" ".join(ALONE)} "$@"; '
            f"done; echo {NOWHERE} >&2; exit {OUR_EXIT}"
        )
        runtime = ["/bin/sh", "-c", loop, "sloth", *program]
        if not self.become:
            return runtime
        runtime[2] = f"cd >/dev/null 2>&1 || cd /; {loop}"
        command = [*becoming.argv(self.method, self.become, self.nonce, self.has_password), *runtime]
        if self.terminal or becoming.needs_terminal(self.method):
            terminal = [packed(terminal_source()), self.method, becoming.hidden(self.nonce)]
            return ["/bin/sh", "-c", loop, "sloth", *terminal, *command]
        return command

    def line(self) -> str:
        """The same as a line for the login shell of a host."""
        return "exec " + " ".join(f"'{word}'" for word in self.argv())


def _words(pythons: tuple[str, ...]) -> str:
    return " ".join(f'"{python}"' if " " in python else python for python in pythons)


@cache
def boot_source() -> str:
    """The boot program, with its call; a process on the host starts others with it (become.py)."""
    rest = _base64(zlib.compress((_bare("hashing.py") + "\n" + _bare("arrival.py")).encode("ascii"), 9))
    return f'{_bare("boot.py")}\nREST = "{rest}"\nstart(*sys.argv[1:])\n'


@cache
def terminal_source() -> str:
    """The program that gives su and its like a terminal, with its call; become.py uses it too."""
    return _bare("terminal.py") + "\nimport sys\nserve(*sys.argv[1:])\n"


def _bare(name: str) -> str:
    """A file of the runtime without comments and annotations, and without imports of others, which stand beside it."""
    from importlib.resources import files

    tree = ast.parse(files("sloth.runtime").joinpath(name).read_text(encoding="utf-8"))
    tree.body = [node for node in tree.body if not _is_for_others(node)]
    for node in ast.walk(tree):
        if isinstance(node, (ast.FunctionDef, ast.ClassDef, ast.Module)) and ast.get_docstring(node) is not None:
            node.body = node.body[1:] or [ast.Pass()]
        if isinstance(node, ast.FunctionDef):
            node.returns = None
            for argument in node.args.args:
                argument.annotation = None
    return ast.unparse(tree)


def _is_for_others(node: ast.stmt) -> bool:
    """Whether a statement is for the type checker, or imports from our package, which is not there yet."""
    text = ast.unparse(node)
    return text.startswith(("MYPY = ", "if MYPY:", "from sloth."))


def packed(program: str) -> str:
    """A program as a line without quotes that trouble a shell."""
    text = _base64(zlib.compress(program.encode("ascii"), 9))
    return f'import zlib,binascii;exec(zlib.decompress(binascii.a2b_base64("{text}")))'


def _base64(data: bytes) -> str:
    return base64.b64encode(data).decode("ascii")
