"""What all package managers have in common: one transaction, foretold in check mode, and patience with locks.

A manager is a subclass with the answers and command lines of one tool; choice.py lists them. What a call wants
(present, latest, absent) is decided in goals.py, in the words of words.py alone.
"""

import abc
import glob
import os
import re
import time
from contextlib import contextmanager

from sloth.runtime.failure import ActionFailed, BadArguments
from sloth.runtime.hashing import digest
from sloth.runtime.packages.words import Package, Step, steps_between
from sloth.runtime.privilege import become_hint

MYPY = False
if MYPY:
    from collections.abc import Iterator, Mapping, Sequence
    from contextlib import AbstractContextManager
    from re import Pattern

    from sloth.runtime.host import Host
    from sloth.runtime.packages.words import Options, Wanted
    from sloth.runtime.process import Done

_RETRY = 2.0
_OPTION_NAMES = {"release": "default_release"}  # as callers know them


class Tool(abc.ABC):
    """The packages of a host. Names go in and come out as the tool writes them."""

    program = ""  # which tells that a host has it
    silent: "Mapping[str, str] | None" = None  # the environment in which it asks nobody
    locked: "Sequence[str]" = ()  # words that tell that another program works on packages
    hints: "Sequence[tuple[str, str]]" = ()  # words of a failure, and what helps
    errors = r"(?m)^[Ee]rror: .*"  # a pattern: what explains a failure
    lacks: "Sequence[str]" = ()  # options that it has nothing for
    fine: "Sequence[int]" = (0,)  # exit codes of what went well
    holds_only_versions = False  # whether it removes by itself what is on hold, so that the refusal is ours
    guards_downgrades = False  # whether it refuses a lower version by itself
    index_folders: "Sequence[str]" = ()  # patterns; each is as old as the index in it
    index_files: "Sequence[str]" = ()  # patterns; their contents tell one index from another
    package_files: "Sequence[str]" = ()  # patterns of what was downloaded and kept

    def __init__(self, host: "Host", lock_timeout: float, root: str = "/") -> None:
        self.host = host
        self.lock_timeout = lock_timeout
        self.root = root

    # what each tool answers

    @abc.abstractmethod
    def packages(self, names: "list[str]") -> "list[Package]":
        """What is installed (or has left something) of these names or patterns; everything when none is given."""

    @abc.abstractmethod
    def available(self, names: "list[str]") -> "list[str]":
        """Those of these names that could be installed by exactly this name; all there are when none is given."""

    @abc.abstractmethod
    def plan(self, verb: str, names: "list[str]", options: "Options") -> "list[Step]":
        """What a transaction would do. Only looks; fails as the transaction would."""

    @abc.abstractmethod
    def command(self, verb: str, names: "list[str]", options: "Options") -> "list[str]":
        """The command line of a transaction: install, latest, file, remove, upgrade, full-upgrade, autoremove."""

    @abc.abstractmethod
    def update_command(self) -> "list[str]":
        """The command line that fetches the index."""

    @abc.abstractmethod
    def clean(self) -> None:
        """Drop downloaded package files."""

    @abc.abstractmethod
    def hold(self, names: "list[str]", is_held: bool) -> None:
        """Keep these as they are, or let them go again."""

    @abc.abstractmethod
    def automatic(self) -> "set[str]":
        """The names of packages that are there only because others need them."""

    @abc.abstractmethod
    def mark_manual(self, names: "list[str]") -> None:
        """Note that these are wanted for themselves."""

    @abc.abstractmethod
    def file(self, path: str) -> Package:
        """The package in a file."""

    @abc.abstractmethod
    def record(self, name: str) -> "dict[str, str]":
        """The fields of a package: as installed, else as the index has it."""

    @abc.abstractmethod
    def depends(self, name: str) -> "list[str]":
        """The names of packages that one depends on."""

    @abc.abstractmethod
    def search(self, text: str) -> "list[tuple[str, str]]":
        """Name and summary of packages in the index whose name or description has this in it."""

    @abc.abstractmethod
    def owner(self, path: str) -> "list[str]":
        """The packages that a file belongs to."""

    def spell(self, one: "Wanted") -> str:
        """A wanted package as the tool's command line takes it."""
        return one.label + (f"={one.version}" if one.version else "")

    def provided(self, names: "list[str]") -> "set[str]":
        """Those of these names that installed packages provide, without being called so."""
        every = {name for package in self.packages([]) if package.is_installed for name in package.provides}
        return every.intersection(names)

    # transactions

    def transact(self, verb: str, names: "list[str]", options: "Options") -> "list[Step]":
        """Do it: install or remove these, upgrade or autoremove all. In check mode it is planned and noted."""
        self._refuse(options)
        argv, note = self.command(verb, names, options), self.note(verb, names, options)
        if self.host.check:
            steps = self.plan(verb, names, options)
            self.host.change(*argv, note=note)
            return steps
        before = self.packages([])
        try:
            self.change(note, *argv, around=self.around(options))
        except ActionFailed:
            if _states(self.packages([])) != _states(before):
                self.host.changes.append(f"{note} (in part)")
            raise
        after = self.packages([])
        self.tidy(before, after)
        return steps_between(before, after)

    def note(self, verb: str, names: "list[str]", options: "Options") -> str:
        """A transaction in few words, for the report."""
        purge = ["--purge"] if options.purge else []
        return " ".join([self.program, "install" if verb in {"latest", "file"} else verb, *purge, *names])

    def tidy(self, before: "list[Package]", after: "list[Package]") -> None:
        """What a transaction leaves to be done, as a part of it."""
        del before, after

    def refuse_downgrades(self, verb: str, names: "list[str]", options: "Options") -> None:
        """Fail when this would install a lower version and nobody has permitted that."""
        if self.guards_downgrades or options.allow_downgrade:
            return
        self._refuse(options)
        down = [step for step in self.plan(verb, names, options) if step.is_downgrade]
        if down:
            told = ", ".join(f"{step.name} from {step.before} to {step.after}" for step in down)
            raise ActionFailed(f"this would downgrade {told} (allow_downgrade = true permits it)")

    def around(self, options: "Options") -> "AbstractContextManager[None]":
        """What has to be so while a transaction runs."""
        del options
        return _nothing()

    def change(self, note: str, *argv: str, around: "AbstractContextManager[None] | None" = None) -> None:
        """Run a program that changes something: never beside another task's, and patient with what is not ours."""
        if self.host.check:
            self.host.change(*argv, note=note)
            return
        with self.host.alone("packages"), around or _nothing():
            self._insist(note, *argv)

    def _insist(self, note: str, *argv: str) -> None:
        until = time.monotonic() + self.lock_timeout
        while True:
            try:
                self.host.change(*argv, env=self.silent, note=note, fine=self.fine)
            except ActionFailed as error:
                if not self.is_locked(error) or time.monotonic() >= until:
                    raise self.explained(note or " ".join(argv[:2]), error) from error
                self.host.sleep(_RETRY)
            else:
                return

    def is_locked(self, error: ActionFailed) -> bool:
        """Whether another program works on packages just now."""
        said = f"{error.result.get('stdout')}{error.result.get('stderr')}"
        return any(words in said for words in self.locked)

    # the index and the cache

    def is_fresh(self, valid_time: float) -> bool:
        """Whether the index was fetched within so many seconds."""
        times = [os.stat(folder).st_mtime for folder in self.find(self.index_folders)]
        return bool(times) and time.time() - min(times) < valid_time

    def refresh(self) -> bool:
        """Fetch the index; whether its content is another now. Any repository that fails is a failure."""
        before = self.index()
        until = time.monotonic() + self.lock_timeout
        while True:
            with self.host.alone("packages"):
                done = self.host.run(*self.update_command())
            failure = None if self.was_fetched(done) else failed(done)
            if failure is None or not self.is_locked(failure) or time.monotonic() >= until:
                break
            self.host.sleep(_RETRY)
        if failure is not None:
            raise self.explained(" ".join(self.update_command()[:2]), failure)
        for folder in self.find(self.index_folders):
            os.utime(folder)  # it is left alone when every repository answers "not modified"
        return self.index() != before

    def was_fetched(self, done: "Done") -> bool:
        """Whether all of the index was fetched."""
        return done.code in self.fine

    def index(self) -> "dict[str, object]":
        """What tells one state of the index from another."""
        state = {}  # type: dict[str, object]
        for path in self.find(self.index_files):
            with open(path, "rb") as file:
                state[path] = digest(file.read())
        return state

    def cached(self) -> "list[str]":
        """Package files that were downloaded and kept."""
        return self.find(self.package_files)

    def find(self, patterns: "Sequence[str]") -> "list[str]":
        """What there is below the root."""
        return [path for one in patterns for path in glob.glob(os.path.join(self.root, one))]

    def named_in(self, path: str, pattern: "Pattern[str]") -> "set[str]":
        """What a pattern finds in a file below the root, if that is there."""
        try:
            with open(os.path.join(self.root, path), encoding="utf-8") as file:
                return set(pattern.findall(file.read()))
        except FileNotFoundError:
            return set()

    # failures

    def failure(self, what: str, done: "Done") -> ActionFailed:
        """A program that only looked has failed."""
        return self.explained(what, failed(done))

    def explained(self, what: str, error: ActionFailed) -> ActionFailed:
        """A failure in the manager's own words, with what helps."""
        out, err = str(error.result.get("stdout", "")), str(error.result.get("stderr", ""))
        said = [*self.reasons(out), *re.findall(self.errors, err), *re.findall(self.errors, out)]
        words = " / ".join(re.sub(r"\s+", " ", text).strip() for text in said) or err.strip() or out.strip()
        hints = "".join(f" ({hint})" for sign, hint in self.hints if sign in words)
        return ActionFailed(f"{what}: {words or error.message}{become_hint([err, out]) or hints}", **error.result)

    def reasons(self, out: str) -> "list[str]":
        """What in the output of a failure tells why, beside its errors."""
        del out
        return []

    def _refuse(self, options: "Options") -> None:
        for name in self.lacks:
            if getattr(options, name):
                raise BadArguments(f"{self.program} has nothing for {_OPTION_NAMES.get(name, name)}")


@contextmanager
def _nothing() -> "Iterator[None]":
    """Nothing around: Python 3.6 has none of that name."""
    yield


def failed(done: "Done") -> ActionFailed:
    """A program's end as a failure."""
    return ActionFailed("", exit_code=done.code, stdout=done.out, stderr=done.err)


def fields_of(text: str) -> "dict[str, str]":
    """The first record of lines `Key: value`, with further lines that are indented."""
    fields = {}  # type: dict[str, str]
    key = ""
    for line in text.strip("\n").partition("\n\n")[0].splitlines():
        if line[:1] in {" ", "\t"} and key:
            fields[key] = (fields[key] + "\n" + line.strip()).lstrip("\n")
        elif ":" in line:
            key, _, value = line.partition(":")
            key = key.strip()
            fields[key] = value.strip()
    return fields


def _states(packages: "list[Package]") -> "set[tuple[str, str, bool]]":
    return {(package.label, package.version, package.is_installed) for package in packages}
