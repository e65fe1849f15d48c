"""Commands: run as users type them, or without a shell; live output, exact exit codes.

In check mode a command is not run, as nobody knows what it does: the result says `unknown = true`.
`changed_if = false` promises that it only looks, so it runs even then; with `creates` or `removes` the
file tells whether it would run. Every result is `r, stderr, failed`: `r` has `stdout` (as it came, with
its last newline), `stderr`, `exit_code`, `success`, and counts as the string `stdout`.
"""

import os
import signal

from sloth.runtime.action import WOULD_RUN, Values, action
from sloth.runtime.failure import ActionFailed, CannotStart
from sloth.runtime.files import absolute
from sloth.runtime.place import Explained, Place, locate, raw
from sloth.runtime.process import Done
from sloth.runtime.transfer import ask_for
from sloth.runtime.writing import write_all

MYPY = False
if MYPY:
    from collections.abc import Sequence

    from sloth.runtime.host import Host

_LONGEST = 200  # characters of a command that the message of a failure repeats
_LAST_LINES = 5
_PLAIN = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789 /.,:=@%+-_")  # to a shell, too
_WORKDIR = ("cwd", "dir", "chdir")
_SYNONYMS = {"command": ("cmd",), "workdir": _WORKDIR}


class _Terms:
    """When a command runs, and what it means for the report."""

    def __init__(self, shown: str, creates: "str | None", removes: "str | None", changed_if: "bool | None") -> None:
        self.shown = shown
        self.changes = changed_if is not False
        self.decided = creates is not None or removes is not None or changed_if is not None
        self.creates = creates
        self.removes = removes

    def why_not(self, host: "Host", workdir: "str | None") -> str:
        """Why it need not run, or ''. Paths count from where it would run."""
        if self.creates is not None and _exists(host, workdir, self.creates):
            return f"not run: {self.creates} exists"
        if self.removes is not None and not _exists(host, workdir, self.removes):
            return f"not run: {self.removes} does not exist"
        return ""


class _Surroundings:
    """What a command finds when it starts."""

    def __init__(
        self,
        workdir: "str | None" = None,
        env: "dict[str, str] | None" = None,
        stdin: "str | None" = None,
        stream: "bool | None" = None,
    ) -> None:
        self.workdir = workdir
        self.env = env or {}
        self.stdin = raw(stdin or "")
        self.stream = stream

    def is_shown(self, host: "Host") -> bool:
        """Whether output is shown while it comes."""
        return host.settings.live if self.stream is None else self.stream

    def directory(self, host: "Host") -> "str | None":
        """Where it runs; None: where we are."""
        workdir = self.workdir or host.settings.workdir
        return None if workdir is None else absolute(host, workdir)


@action(synonyms=_SYNONYMS, check=WOULD_RUN)
def run(
    host: "Host",
    *,
    command: str,
    workdir: "str | None" = None,
    env: "dict[str, str] | None" = None,
    stdin: "str | None" = None,
    creates: "str | None" = None,
    removes: "str | None" = None,
    changed_if: "bool | None" = None,
    stream: "bool | None" = None
) -> Values:
    """Run a command line in /bin/sh; an exit code other than 0 is no error, look at `success`.

    command: the command line
    workdir: the directory to run it in; the task's workdir unless told otherwise
    env: variables added to its environment
    stdin: what it reads; without this it reads nothing
    creates: a path (or pattern) that it makes: when that exists the command is not run
    removes: a path (or pattern) that it takes away: when that does not exist the command is not run
    changed_if: false when the command only looks; true (as without it) when it changes something
    stream: whether its output is shown while it runs; when not given, with -v only

    example: local r = exec.run("uname -r")
    example: exec.run("make install", { workdir = "/usr/src/tool", creates = "/usr/local/bin/tool" })
    example: local r, stderr, failed = exec.run("systemctl is-active nginx", { changed_if = false })
    """
    terms = _Terms(command, creates, removes, changed_if)
    return values_of(_perform(host, _ways(command), terms, _Surroundings(workdir, env, stdin, stream)))


@action(synonyms=_SYNONYMS, check=WOULD_RUN)
def check(
    host: "Host",
    *,
    command: str,
    workdir: "str | None" = None,
    env: "dict[str, str] | None" = None,
    stdin: "str | None" = None,
    creates: "str | None" = None,
    removes: "str | None" = None,
    changed_if: "bool | None" = None,
    stream: "bool | None" = None
) -> Values:
    """Run a command line in /bin/sh and fail when its exit code is not 0.

    command: the command line
    workdir: the directory to run it in; the task's workdir unless told otherwise
    env: variables added to its environment
    stdin: what it reads; without this it reads nothing
    creates: a path (or pattern) that it makes: when that exists the command is not run
    removes: a path (or pattern) that it takes away: when that does not exist the command is not run
    changed_if: false when the command only looks; true (as without it) when it changes something
    stream: whether its output is shown while it runs; when not given, with -v only

    example: exec.check("nginx -t", { changed_if = false })
    """
    terms = _Terms(command, creates, removes, changed_if)
    result = _perform(host, _ways(command), terms, _Surroundings(workdir, env, stdin, stream))
    return values_of(successful(result, command))


@action(synonyms={"script": ("command", "cmd"), "workdir": _WORKDIR}, check=WOULD_RUN)
def sh(
    host: "Host",
    *,
    script: str,
    workdir: "str | None" = None,
    env: "dict[str, str] | None" = None,
    creates: "str | None" = None,
    removes: "str | None" = None,
    changed_if: "bool | None" = None,
    stream: "bool | None" = None
) -> Values:
    """Run some lines of shell that stop at the first that fails (`set -eu`), and fail then.

    script: the lines
    workdir: the directory to run them in; the task's workdir unless told otherwise
    env: variables added to their environment
    creates: a path (or pattern) that they make: when that exists they are not run
    removes: a path (or pattern) that they take away: when that does not exist they are not run
    changed_if: false when they only look; true (as without it) when they change something
    stream: whether the output is shown while they run; when not given, with -v only

    example: exec.sh("cd /srv/app && ./configure\\nmake", { creates = "/srv/app/bin" })
    """
    first = script.strip().split("\n", 1)[0]
    terms = _Terms(first, creates, removes, changed_if)
    result = _perform(host, [["/bin/sh", "-euc", script]], terms, _Surroundings(workdir, env, None, stream))
    return values_of(successful(result, first))


@action(synonyms={"program": ("command", "cmd", "prog"), "workdir": _WORKDIR}, rest="args", check=WOULD_RUN)
def command(
    host: "Host",
    *,
    program: str,
    args: "list[str]" = (),  # type: ignore[assignment]  # the caller gives a list, a default must not be one
    workdir: "str | None" = None,
    env: "dict[str, str] | None" = None,
    stdin: "str | None" = None,
    creates: "str | None" = None,
    removes: "str | None" = None,
    changed_if: "bool | None" = None,
    stream: "bool | None" = None
) -> Values:
    """Run a program without a shell: each argument arrives as it is written. No exit code is an error.

    program: the program, by name or path
    args: its arguments
    workdir: the directory to run it in; the task's workdir unless told otherwise
    env: variables added to its environment
    stdin: what it reads; without this it reads nothing
    creates: a path (or pattern) that it makes: when that exists the program is not run
    removes: a path (or pattern) that it takes away: when that does not exist the program is not run
    changed_if: false when the program only looks; true (as without it) when it changes something
    stream: whether its output is shown while it runs; when not given, with -v only

    example: exec.command("touch", "a file with spaces", "and $another")
    """
    argv = [program, *args]
    terms = _Terms(" ".join(argv), creates, removes, changed_if)
    return values_of(_perform(host, [argv], terms, _Surroundings(workdir, env, stdin, stream)))


@action(synonyms={"src": ("script", "path"), "workdir": _WORKDIR}, rest="args", check=WOULD_RUN)
def script(
    host: "Host",
    *,
    src: str,
    args: "list[str]" = (),  # type: ignore[assignment]  # the caller gives a list, a default must not be one
    workdir: "str | None" = None,
    env: "dict[str, str] | None" = None,
    creates: "str | None" = None,
    removes: "str | None" = None,
    changed_if: "bool | None" = None,
    stream: "bool | None" = None
) -> Values:
    """Run a script that lies on the controller, and fail when its exit code is not 0.

    src: the script, relative to the workflow's files; its first line `#!…` tells what runs it, else /bin/sh does
    args: its arguments
    workdir: the directory to run it in; the task's workdir unless told otherwise
    env: variables added to its environment
    creates: a path (or pattern) that it makes: when that exists the script is not run
    removes: a path (or pattern) that it takes away: when that does not exist the script is not run
    changed_if: false when the script only looks; true (as without it) when it changes something
    stream: whether its output is shown while it runs; when not given, with -v only

    example: exec.script("scripts/migrate.sh", "--fast", { workdir = "/srv/app", creates = "/srv/app/.migrated" })
    """
    terms = _Terms(f"script {src}", creates, removes, changed_if)
    surroundings = _Surroundings(workdir, env, None, stream)
    result = _not_run(host, terms, surroundings)
    if result is not None:
        ask_for(host, src, "", content=False)  # a script that is not there fails here, too
        return values_of(result)
    folder_path = f"/tmp/.sloth-{os.urandom(8).hex()}"  # noqa: S108 - a new directory of mode 0700
    with Explained("keep a script in", folder_path), locate(folder_path) as folder:
        folder.mkdir(0o700)
        try:
            result = _run_from(host, folder, src, args, terms, surroundings)
        finally:
            folder.rmdir()
    return values_of(successful(result, terms.shown))


def _run_from(
    host: "Host", folder: Place, src: str, args: "Sequence[str]", terms: _Terms, surroundings: _Surroundings
) -> "dict[str, object]":
    with folder.inside(b"script") as place:
        try:
            return _run(host, [[*_received(host, src, place), *args]], terms, surroundings)
        finally:
            if place.stat() is not None:
                place.unlink()


def _received(host: "Host", src: str, place: Place) -> "list[str]":
    """Write the script; the command line that runs it, also where programs may not be started from /tmp."""
    fd = place.open(os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o700)
    try:
        for data in ask_for(host, src, "").content():
            write_all(fd, data)
        first = os.pread(fd, 256, 0).split(b"\n", 1)[0]
    finally:
        os.close(fd)
    if first.startswith(b"\x7fELF"):
        return [place.path]
    words = first[2:].decode("utf-8", "surrogateescape").split(None, 1) if first.startswith(b"#!") else []
    return [*(word.strip() for word in words or ["/bin/sh"]), place.path]


def _ways(command: str) -> "list[list[str]]":
    """How a command line may be started. A shell that would only hand it on to a program is left out, as make does.

    What the kernel does not start is the shell's: it says why, or runs a script that does not tell what runs it.
    """
    words, shell = command.split(), ["/bin/sh", "-c", command]
    return [words, shell] if command.lstrip(" ").startswith("/") and _PLAIN.issuperset(command) else [shell]


def _perform(
    host: "Host", ways: "Sequence[Sequence[str]]", terms: _Terms, surroundings: _Surroundings
) -> "dict[str, object]":
    result = _not_run(host, terms, surroundings)
    return _run(host, ways, terms, surroundings) if result is None else result


def _not_run(host: "Host", terms: _Terms, surroundings: _Surroundings) -> "dict[str, object] | None":
    """The result of what need not run, or may not in check mode; None when it is to run."""
    why = terms.why_not(host, surroundings.directory(host))
    if why:
        return dict(result_of(Done(0, b"", b"")), skipped=True, message=why)
    if not (host.check and terms.changes):
        return None
    host.changes.append(terms.shown)
    host.unknown = not terms.decided
    return dict(result_of(Done(0, b"", b"")), unknown=True, message=f"would run: {_briefly(terms.shown)}")


def _run(
    host: "Host", ways: "Sequence[Sequence[str]]", terms: _Terms, surroundings: _Surroundings
) -> "dict[str, object]":
    """ways: what comes to the same; the first runs that can be started."""
    argv, *others = ways
    try:
        done = host.execute(
            argv,
            stdin=surroundings.stdin,
            env=surroundings.env,
            cwd=surroundings.directory(host),
            on_output=host.output if surroundings.is_shown(host) else None,
        )
    except ActionFailed as error:
        if others and isinstance(error, CannotStart):
            return _run(host, others, terms, surroundings)
        return result_of(Done(127, b"", raw(error.message)))
    if terms.changes:
        host.changes.append(terms.shown)  # whatever its exit code: it ran
    return result_of(done)


def result_of(done: Done) -> "dict[str, object]":
    result = {
        "stdout": done.out,
        "stderr": done.err,
        "exit_code": done.code if done.code >= 0 else 128 - done.code,
        "success": done.ok,
        "failed": not done.ok,
        "__string": "stdout",
    }  # type: dict[str, object]
    if done.code < 0:
        result["signal"] = _signal_name(-done.code)
    return result


def values_of(result: "dict[str, object]") -> Values:
    return Values([result, result["stderr"], result["failed"]])


def successful(result: "dict[str, object]", shown: str) -> "dict[str, object]":
    if result["success"]:
        return result
    output = str(result["stderr"]).strip() or str(result["stdout"]).strip()
    last = "\n".join(output.splitlines()[-_LAST_LINES:])
    raise ActionFailed(
        f"{_briefly(shown)}: {_how(result)}" + (f"\n{last}" if last else ""),
        **{name: value for name, value in result.items() if not name.startswith("__")},
    )


def _briefly(command: str) -> str:
    """A command as a person knows it again: the first line of a script, and not all of a long one."""
    first, *more = command.strip().split("\n")
    short = first.rstrip()[:_LONGEST]
    return f"{short} …" if more or len(first) > _LONGEST else short


def _how(result: "dict[str, object]") -> str:
    if "signal" in result:
        return f"killed by {result['signal']}"
    code = int(str(result["exit_code"]))
    inner = _signal_name(code - 128)
    return f"exit code {code}" + (f", a shell's word for {inner}" if inner.startswith("SIG") else "")


def _signal_name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"


def _exists(host: "Host", workdir: "str | None", path: str) -> bool:
    inside = path if workdir is None or path.startswith("~") else os.path.join(workdir, path)
    return host.finds(absolute(host, inside))
