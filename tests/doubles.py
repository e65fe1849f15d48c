"""Doubles that stand for a host: actions act on them as on the real thing, and tests read what was asked."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext

from sloth.runtime.failure import ActionFailed
from sloth.runtime.host import Host, Settings
from sloth.runtime.process import Done
from sloth.runtime.token import Token

Answers = Mapping[str, object]


class FakeHost(Host):
    """A host whose programs are a table: the start of a command line → its output or exit code.

    answers: command-line prefix → str (stdout, exit 0), int (exit code) or Done; the longest prefix wins;
    what no prefix matches exits with 1. A plain list of words means: a command line that holds one of these
    words exits with 0. `commands` has every line that was run to look, `verbs` the second word of each that
    changes something, `stdins` what was fed. programs: those that `has` finds (None: every one).
    """

    def __init__(
        self,
        answers: Answers | Sequence[str] = (),
        *,
        check: bool = False,
        diff: bool = False,
        verify: bool = False,
        programs: Sequence[str] | None = None,
    ) -> None:
        self.programs = programs
        self.logged: list[tuple[str, str]] = []
        super().__init__(
            Settings(check=check, diff=diff, verify=verify),
            Token(),
            self._no_question,
            self._no_stream,
            lambda stream, data: None,
            lambda level, text: self.logged.append((level, text)),
        )
        self.answers = answers
        self.commands: list[str] = []
        self.made: list[str] = []
        self.stdins: list[str | bytes] = []

    @property
    def verbs(self) -> list[str]:
        """The second word of each changing command."""
        return [line.split()[1] for line in self.changes if len(line.split()) > 1]

    def run(self, *argv: str, stdin: str | bytes = b"", cwd: str | None = None) -> Done:
        self.commands.append(" ".join(argv))
        return self._answer(argv)

    def has(self, program: str) -> bool:
        return self.programs is None or program in self.programs

    def alone(self, what: str) -> AbstractContextManager[None]:
        return nullcontext()

    def change(
        self, *argv: str, stdin: str | bytes = b"", env: Mapping[str, str] | None = None, note: str = "",
        fine: Sequence[int] = (0,),
    ) -> Done:  # fmt: skip
        if self.check:
            self.changes.append(note or " ".join(argv))
            return Done(0, b"", b"")
        self.made.append(" ".join(argv))
        self.stdins.append(stdin)
        answer = self._answer(argv, default=0)
        if answer.code not in fine:
            raise ActionFailed(f"{' '.join(argv)}: failed", exit_code=answer.code, stdout=answer.out, stderr=answer.err)
        self.changes.append(note or " ".join(argv))
        return answer

    def _answer(self, argv: Sequence[str], default: int = 1) -> Done:
        line = " ".join(argv)
        if not isinstance(self.answers, Mapping):
            return Done(0 if any(word in argv for word in self.answers) else default, b"", b"")
        matching = [prefix for prefix in self.answers if line.startswith(prefix)]
        if not matching:
            return Done(default, b"", b"")
        answer = self.answers[max(matching, key=len)]
        if isinstance(answer, Done):
            return answer
        return Done(answer, b"", b"") if isinstance(answer, int) else Done(0, str(answer).encode(), b"")

    @staticmethod
    def _no_question(verb: str, arguments: dict[str, object]) -> object:
        raise AssertionError(f"the action asked the controller: {verb} {arguments}")

    @staticmethod
    def _no_stream(verb: str, arguments: dict[str, object]) -> tuple[object, Iterator[bytes]]:
        raise AssertionError(f"the action asked the controller for a stream: {verb} {arguments}")


class SystemdHost(FakeHost):
    """One that systemd started."""

    def finds(self, pattern: str) -> bool:
        return pattern == "/run/systemd/system" or super().finds(pattern)


def real_host(
    *,
    check: bool = False,
    diff: bool = False,
    workdir: str | None = None,
    ask: Callable[[str, dict[str, object]], object] = FakeHost._no_question,
    files: Mapping[str, bytes] | None = None,
    asked: list[dict[str, object]] | None = None,
) -> Host:
    """The machine the tests run on, for actions on a temporary directory.

    files: what the controller has; a name that others begin with is a directory. asked: gets each question for one.
    """

    def receive(verb: str, arguments: dict[str, object]) -> tuple[object, Iterator[bytes]]:
        if asked is not None:
            asked.append(arguments)
        return {"file": _offer, "contents": _contents}[verb](files or {}, arguments)

    return Host(Settings(check=check, diff=diff, workdir=workdir), Token(), ask, receive, _ignore, _ignore)


def _ignore(_kind: str, _what: object) -> None:
    """Live output that no test reads."""


def _contents(files: Mapping[str, bytes], arguments: Mapping[str, object]) -> tuple[object, Iterator[bytes]]:
    paths = arguments["paths"]
    assert isinstance(paths, list)
    return {}, iter([b"".join(files[f"{arguments['src']}/{path}"] for path in paths)])


def _offer(files: Mapping[str, bytes], arguments: Mapping[str, object]) -> tuple[object, Iterator[bytes]]:
    src = str(arguments["src"]).rstrip("/")
    name = src.rsplit("/", 1)[-1]
    below = sorted(path[len(src) + 1 :] for path in files if path.startswith(src + "/"))
    if below:
        folders = {path.rsplit("/", 1)[0] for path in below if "/" in path}
        entries = [{"path": path, "kind": "directory", "mode": 0o750} for path in folders]
        entries += [_described(files[f"{src}/{path}"], path=path, kind="file") for path in below]
        entries.sort(key=lambda entry: str(entry["path"]))
        return {"name": name, "mode": 0o755, "directory": entries}, iter(())
    if src not in files:
        raise ActionFailed(f"there is no file {src}")
    described = _described(files[src], name=name)
    same = described["sha256"] == arguments["sha256"]
    chunks = [] if same or not arguments["content"] else [files[src][:3], files[src][3:]]
    return dict(described, same=same), iter(chunks)


def _described(content: bytes, **more: object) -> dict[str, object]:
    return {"size": len(content), "mode": 0o754, "sha256": hashlib.sha256(content).hexdigest(), **more}
