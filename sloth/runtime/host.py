"""The host, as actions see it: the only way in which a module touches the machine.

Looking (`run`, `ok`) happens always. Changing goes through `change` (a program) or `effect`
(a function): both note what was changed and, in check mode, do no more than that; hence an action's
`changed` is `bool(host.changes)` and cannot lie. What fails is not noted: it is all or nothing, and who
knows of a part that was made notes that. Before each effect the attempt's token is asked.
"""

import os

from sloth.runtime import process
from sloth.runtime.failure import ActionFailed
from sloth.runtime.lock import resource_lock
from sloth.runtime.privilege import become_hint
from sloth.runtime.process import Done
from sloth.runtime.token import Token

MYPY = False
if MYPY:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from contextlib import AbstractContextManager

    Ask = Callable[[str, "dict[str, object]"], object]
    Receive = Callable[[str, "dict[str, object]"], "tuple[object, Iterator[bytes]]"]

DIFF_LIMIT = 104448  # bytes of a file that is still shown as text
DIFF_LINES = 400
DIFFS_LIMIT = 4 << 20  # letters of all differences of one call
_NO_MORE = "... more differences are not shown\n"
_TEXTS, _FLAGS = ("workdir", "role", "on_behalf"), ("check", "diff", "live", "verify")  # of Settings, on the wire


class Settings:
    """What a task fixes for its calls: mode of the run and defaults for programs.

    role: the role that the task belongs to, for its files and templates
    live: whether the output of commands is shown while they run, where the call does not say it
    own: the variables that this task sees and others do not, for its templates
    verify: checks are what this run is for: one that does not hold is a failure, though nothing is changed
    on_behalf: the host whose variables templates see
    """

    def __init__(
        self,
        check: bool = False,
        diff: bool = False,
        workdir: "str | None" = None,
        env: "Mapping[str, str] | None" = None,
        role: "str | None" = None,
        live: bool = False,
        own: "Mapping[str, object] | None" = None,
        on_behalf: "str | None" = None,
        verify: bool = False,
    ) -> None:
        self.check = check
        self.diff = diff
        self.workdir = workdir
        self.env = dict(env or {})
        self.role = role
        self.live = live
        self.own = dict(own or {})
        self.on_behalf = on_behalf
        self.verify = verify

    def plain(self) -> "dict[str, object]":
        """For the wire, but for `own`, which few calls want."""
        return {
            "check": self.check, "diff": self.diff, "workdir": self.workdir, "env": self.env, "role": self.role,
            "live": self.live, "on_behalf": self.on_behalf, "verify": self.verify,
        }  # fmt: skip

    @classmethod
    def from_plain(cls, plain: "Mapping[str, object]") -> "Settings":
        """Off the wire."""
        texts = {name: None if plain.get(name) is None else str(plain[name]) for name in _TEXTS}
        flags = {name: plain.get(name) is True for name in _FLAGS}
        env, own = plain.get("env"), plain.get("own")
        return cls(
            env=env if isinstance(env, dict) else {}, own=own if isinstance(own, dict) else {},
            workdir=texts["workdir"], role=texts["role"], on_behalf=texts["on_behalf"],
            check=flags["check"], diff=flags["diff"], live=flags["live"], verify=flags["verify"],
        )  # fmt: skip


class Host:
    """One call's view of the machine.

    ask(verb, arguments): a question to the controller (template, fact cache …), answered with plain data
    receive(verb, arguments): the same with a stream of bytes behind the answer (files)
    output(stream, data): live output of programs that the user asked for
    log(level, text): a line for the person who runs this; levels are debug, info, success, warning, error
    """

    def __init__(
        self,
        settings: Settings,
        token: Token,
        ask: "Ask",
        receive: "Receive",
        output: "Callable[[str, bytes], None]",
        log: "Callable[[str, str], None]",
    ) -> None:
        self.settings = settings
        self.token = token
        self.ask = ask
        self.receive = receive
        self.output = output
        self.log = log
        self.changes = []  # type: list[str]
        self.diffs = []  # type: list[dict[str, str]]
        self._room = DIFFS_LIMIT
        self.warnings = []  # type: list[str]
        self.unknown = False  # in check mode: what would happen cannot be told
        self.foretold = {}  # type: dict[str, object]  # in check mode: how earlier calls of the run would have left it
        self.reboot = None  # type: dict[str, object] | None  # how the machine is to be rebooted after this

    @property
    def check(self) -> bool:
        """Whether this is a check-mode run: nothing may be changed."""
        return self.settings.check

    def run(self, *argv: str, stdin: "str | bytes" = b"", cwd: "str | None" = None) -> Done:
        """Run a program that only looks, in the C locale; also in check mode."""
        data = stdin.encode("utf-8", "surrogateescape") if isinstance(stdin, str) else stdin
        return process.run(argv, self.token, stdin=data, env=process.environment(locale="C"), cwd=cwd)

    def ok(self, *argv: str) -> bool:
        """Whether a program that only looks exits with 0."""
        return self.run(*argv).ok

    def execute(
        self,
        argv: "Sequence[str]",
        *,
        stdin: bytes = b"",
        env: "Mapping[str, str] | None" = None,
        cwd: "str | None" = None,
        on_output: "Callable[[str, bytes], None] | None" = None,
    ) -> Done:
        """Run what the user asked for, in the task's own environment. Whoever calls says what it changes."""
        environment = process.environment(dict(process.own_place(cwd), **{**self.settings.env, **(env or {})}))
        return process.run(argv, self.token, stdin=stdin, env=environment, cwd=cwd, on_output=on_output)

    def whole(self, path: str) -> str:
        """A path as users write it, from the root: `~` is the home, a relative one starts at the task's workdir."""
        return os.path.join(self.settings.workdir or os.getcwd(), os.path.expanduser(path))

    def finds(self, pattern: str) -> bool:
        """Whether there is something at this path from the root, or at one that fits it as a pattern."""
        import glob

        whole = pattern.encode("utf-8", "surrogateescape")
        return os.path.lexists(whole) or bool(glob.glob(whole))

    def has(self, program: str) -> bool:
        """Whether a program of this name is there to be run."""
        folders = process.environment()["PATH"].split(os.pathsep)
        return any(os.access(os.path.join(folder, program), os.X_OK) for folder in folders)

    def change(
        self,
        *argv: str,
        stdin: "str | bytes" = b"",
        env: "Mapping[str, str] | None" = None,
        note: str = "",
        fine: "Sequence[int]" = (0,)
    ) -> Done:
        """Run a program that changes something; ActionFailed with its output when it fails.

        fine: the exit codes of what went well. env: added to the environment.
        note: what to say instead of the command line (which may hold too much).
        """
        note = note or " ".join(argv)
        if self.check:
            self.changes.append(note)
            return Done(0, b"", b"")
        data = stdin.encode("utf-8", "surrogateescape") if isinstance(stdin, str) else stdin
        done = process.run(argv, self.token, stdin=data, env=process.environment(env, locale="C"))
        if done.code not in fine:
            why = last_words(done) + become_hint([done.err])
            raise ActionFailed(f"{note}: {why}", exit_code=done.code, stdout=done.out, stderr=done.err)
        self.changes.append(note)
        return done

    def effect(self, note: str, do: "Callable[[], object]") -> None:
        """Note a change and make it, unless in check mode."""
        self.token.check()
        if not self.check:
            do()
        self.changes.append(note)

    def alone(self, what: str) -> "AbstractContextManager[None]":
        """While this is held, no other task changes the same thing of this host, such as its packages."""
        return resource_lock(what, self.sleep)

    def show(self, path: str, before: "bytes | None", after: "bytes | None") -> None:
        """Keep the difference of a file's content for the report, when diffs are wanted. None: no such file."""
        if self.settings.diff and before != after and self._room > 0:
            self.tell_diff(path, diff_text(path, before, after))

    def tell_diff(self, path: str, text: str) -> None:
        """The same for what is a text already. Of thousands of files the first are enough for a report."""
        if self._room > 0:
            self._room -= len(text)
            self.diffs.append({"path": path, "text": text if self._room > 0 else text + _NO_MORE})

    def warn(self, text: str) -> None:
        """Tell the person who runs this something that is no failure."""
        self.warnings.append(text)

    def is_to_come(self, missing: str, unknown: str = "what would be changed") -> bool:
        """Whether to go on although something is missing: in check mode an earlier task may be about to bring it.

        The report says then what was missing, and what nobody knows for it.
        """
        if self.check:
            self.unknown = True
            text = f"{missing} (yet), so nobody knows {unknown}"
            if text not in self.warnings:
                self.warn(text)
        return self.check

    def sleep(self, seconds: float) -> None:
        """Wait, unless the attempt ends."""
        self.token.sleep(seconds)


def last_words(done: Done) -> str:
    """Why a program failed: the last lines of its stderr, else of its stdout, else its exit code."""
    text = done.err.strip() or done.out.strip()
    how = f"killed by signal {-done.code}" if done.code < 0 else f"exit code {done.code}"
    return " / ".join(text.splitlines()[-3:]) + f" ({how})" if text else how


def diff_text(path: str, before: "bytes | None", after: "bytes | None") -> str:
    """A unified diff, or one line that says why there is none."""
    for content in (before, after):
        if content is not None and (len(content) > DIFF_LIMIT or b"\0" in content):
            return f"{path}: {'binary' if chr(0).encode() in content else 'large'} file, not shown"
    import difflib

    old, new = (
        [] if content is None else content.decode("utf-8", "replace").splitlines(keepends=True)
        for content in (before, after)
    )
    lines = list(
        difflib.unified_diff(
            old, new, "/dev/null" if before is None else path, "/dev/null" if after is None else path + " (after)"
        )
    )
    text = "".join(
        line if line.endswith("\n") else line + "\n\\ no newline at end of file\n" for line in lines[:DIFF_LINES]
    )
    return text + (f"... {len(lines) - DIFF_LINES} more lines\n" if len(lines) > DIFF_LINES else "")
