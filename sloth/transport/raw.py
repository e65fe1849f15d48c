"""A session with a host that has no Python: a few actions through its shell, enough to install one.

Its job is played on the controller. The actions of exec are the very same; of fs there are the few that need no
more than a shell. All else says that it needs Python.
"""

from __future__ import annotations

import secrets
import shlex
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

from sloth.core.connection import Connection
from sloth.core.errors import BecomeFailed, Unreachable
from sloth.runtime.acting import Call, Here, Outcome, Report, Served
from sloth.runtime.action import Action
from sloth.runtime.catalog import Catalog
from sloth.runtime.failure import ActionFailed, BadArguments, Stopped
from sloth.runtime.host import Host, Settings, last_words
from sloth.runtime.process import Done
from sloth.runtime.token import Token
from sloth.transport.shell import Shell

# Nobody can have made the new file before us; it has the old one's mode before its content.
REPLACE = """
set -C; : >"$2" || exit 1; set +C
{ if [ -e "$1" ]; then cp -p "$1" "$2"; fi; } && cat >"$2" && mv -f "$2" "$1" || { rm -f "$2"; exit 1; }
"""
COMMANDS = ("run", "check", "sh", "command")
Message = dict[str, Any]


class RawSession:
    """Answers as the session with a runtime does, as far as a shell can. `why`: what is wrong with its Python."""

    def __init__(self, connection: Connection, shell: Shell, why: str, hear: Callable[[Message], None]) -> None:
        self.warnings: list[str] = list(shell.login.warnings)
        self.uploading = 0.0
        self._connection = connection
        self._shell = shell
        self._why = why
        self._served = Served(self._act, lambda verb, args: hear(args) if verb == "output" else None)

    def call(self, verb: str, args: Message) -> object:
        """Answer an act; a job is to be steered from here. There is no lock to hold without a runtime."""
        if verb == "act":
            return self._served.act(args)
        if verb == "hold":
            return {}
        raise ActionFailed(f"{self._why}: only {', '.join(_there())} work there", kind="no_lua")

    def tell(self, verb: str, args: Message) -> None:
        """An act may be stopped."""
        if verb == "stop":
            self._served.stop(args)

    def close(self) -> None:
        """Stop what runs, and end the login."""
        self._served.stop_all("the session is closed")
        self._shell.close()

    def _act(self, user: str | None, call: Call, settings: Settings, token: Token, report: Report) -> Outcome:
        """Perform a call. A host that is lost meanwhile is no failure of the action: raises what Unreachable has."""
        lost: list[Unreachable] = []

        def run(*args: Any, **more: Any) -> Done:
            try:
                return self._shell.run(*args, user=self._user(user), **more)
            except Unreachable as error:
                lost.append(error)
                raise Stopped(str(error)) from error

        try:
            here = Here(_Catalog(), _no_question, _no_question, partial(ShellHost, run))
            return here.act(call, settings, token, report)
        except Stopped:
            if lost:
                raise lost[0] from None
            raise

    def _user(self, user: str | None) -> str:
        """Whom to become: the task's user, or that of the whole run; nobody needs sudo to stay who they are."""
        connection = self._connection
        wanted = user or (connection.become_user if connection.become else "")
        if wanted == connection.user:
            return ""
        if wanted and connection.become_method != "sudo":
            raise BecomeFailed(f"{connection.name}: {self._why}, and without it only sudo makes us another user there")
        return wanted


class ShellHost(Host):
    """A host as the actions see it, each of its programs run by the shell. run: see Shell.run"""

    def __init__(self, run: Callable[..., Done], *rest: Any) -> None:
        super().__init__(*rest)
        self._run = run

    def execute(
        self,
        argv: Sequence[str],
        *,
        stdin: bytes = b"",
        env: Mapping[str, str] | None = None,
        cwd: str | None = None,
        on_output: Callable[[str, bytes], None] | None = None,
    ) -> Done:
        lines = [f"export {name}={shlex.quote(value)}" for name, value in {**self.settings.env, **(env or {})}.items()]
        lines += [f"cd {shlex.quote(cwd)} || exit 127"] if cwd else []
        return self._run("\n".join([*lines, shlex.join(argv)]), self.token, stdin=stdin, hear=on_output)

    def run(self, *argv: str, stdin: str | bytes = b"", cwd: str | None = None) -> Done:
        data = stdin.encode("utf-8", "surrogateescape") if isinstance(stdin, str) else stdin
        return self.execute(argv, stdin=data, env={"LC_ALL": "C"}, cwd=cwd)

    def whole(self, path: str) -> str:
        if path.startswith("/"):
            return path
        if self.settings.workdir is None or path.startswith("~"):
            raise BadArguments(f"{path!r}: without Python on the host, write the whole path")
        return f"{self.settings.workdir}/{path}"

    def finds(self, pattern: str) -> bool:
        quoted = "".join(char if char in "*?[]" else shlex.quote(char) for char in pattern)
        return self._run(f'for one in {quoted}; do [ -e "$one" ] || [ -L "$one" ]; done', self.token).ok


class _Catalog:
    """The actions that a shell can do; their arguments are those of the modules."""

    def find(self, module: str, name: str) -> Action:
        catalog = Catalog()
        if module not in catalog.names:  # one of the project's own
            raise _needs_python(f"{module}.{name}")
        found = catalog.find(module, name)
        if module == "exec" and name in COMMANDS:
            return found
        if found.full_name not in FILES:
            raise _needs_python(found.full_name)
        found.function = FILES[found.full_name]
        return found


def _needs_python(name: str) -> ActionFailed:
    return ActionFailed(
        f"{name} needs Python on the host, which has none that sloth can use; install one with exec.check first "
        f"(apt-get install -y python3). Without it there are {', '.join(_there())}"
    )


def _there() -> list[str]:
    return [*(f"exec.{name}" for name in COMMANDS), *FILES]


def _no_question(*_: object) -> Any:
    raise ActionFailed("without Python on the host nothing is sent there")


def _read(host: Host, *, path: str) -> str:
    done = host.run("cat", "--", host.whole(path))
    if not done.ok:
        raise ActionFailed(f"cannot read {path}: {last_words(done)}")
    return done.out


def _exists(host: Host, *, path: str) -> bool:
    whole = host.whole(path)
    return host.run("test", "-e", whole).ok or host.run("test", "-L", whole).ok


def _write(host: Host, *, path: str, content: str, mode: str | None = None) -> None:
    """The file is replaced as a whole, with its mode before its content."""
    whole = host.whole(path)
    before = host.run("cat", "--", whole)
    data = content.encode("utf-8", "surrogateescape")
    if not (before.ok and before.out.encode("utf-8", "surrogateescape") == data):
        host.show(path, before.out.encode("utf-8", "surrogateescape") if before.ok else None, data)
        new = f"{whole}.{secrets.token_hex(4)}.new"
        host.effect(f"write {whole}", lambda: _must(host, ["/bin/sh", "-c", REPLACE, "sh", whole, new], data))
    if mode is not None and not _has_mode(host, whole, mode):
        host.effect(f"chmod {mode} {whole}", lambda: _must(host, ["chmod", mode, whole], b""))


def _has_mode(host: Host, whole: str, mode: str) -> bool:
    there = host.run("stat", "-c", "%a", whole).out.strip()
    return mode.isdigit() and there == mode.lstrip("0").rjust(3, "0")


def _must(host: Host, argv: list[str], stdin: bytes) -> None:
    done = host.run(*argv, stdin=stdin)
    if not done.ok:
        raise ActionFailed(last_words(done))


FILES: Mapping[str, Callable[..., object]] = {"fs.read": _read, "fs.exists": _exists, "fs.write": _write}
