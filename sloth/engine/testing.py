"""Running the tests that a workflow's author writes: each in the machine that loaded its file, one after the other.

What a test calls of modules in its own function acts on this machine, unless it is mocked; what the tasks call that it
plays is told in rehearsal.py.
"""

from __future__ import annotations

import shutil
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from msgspec import Struct, field

from sloth.core import conversion
from sloth.core.errors import SlothError, UsageError, WorkflowError
from sloth.core.near import near, near_file
from sloth.core.testresult import FAILED, PASSED, SKIPPED, TestResult, Watch
from sloth.engine.jobs import Variables
from sloth.engine.mocks import Mock, Mocks
from sloth.engine.rehearsal import Rehearsal
from sloth.runtime.acting import Call, Here, Outcome, Report
from sloth.runtime.attempt import Attempt
from sloth.runtime.deadline import Timer
from sloth.runtime.failure import ActionFailed
from sloth.runtime.host import Settings
from sloth.runtime.job import Step
from sloth.runtime.lua.vm import LuaError
from sloth.runtime.token import Token
from sloth.workflow.evaluated import Declared, Evaluated

PATTERNS = ("*_test.sloth", "*.test.sloth", "test_*.sloth", "*_test.lua")
LIMIT = 60.0  # seconds for one test, and for each function around it
Load = Callable[[Path], Evaluated]


class _World(Struct):
    """What one test works with."""

    target: Callable[[], Evaluated]
    mocks: Mocks
    given: Variables
    lines: list[str] = field(default_factory=list)
    folders: list[str] = field(default_factory=list)


class TestFile:
    """The tests of one file. load(path): loads a workflow file. workflow: the file whose tasks they play, if told."""

    __test__ = False  # no test of ours

    def __init__(self, path: Path, load: Load, workflow: Path | None, given: Variables) -> None:
        self.evaluated = load(path)
        self._path = path
        self._load = load
        self._workflow = workflow
        self._given = given
        self._timer = Timer()
        self._loaded: dict[Path, Evaluated] = {}
        self._here = Here(self.evaluated.sources.project.library.catalog, conversion.answer, conversion.answer)
        self._suites: Sequence[Mapping[str, Any]] = self.evaluated.suites
        if not self.evaluated.tests:
            raise WorkflowError(
                f"{path} has no test", where=str(path), hint='write test.it("what holds", function() … end)'
            )

    def run(self, wanted: Callable[[str], bool], watch: Watch) -> bool:
        """Run the tests whose names are wanted; whether all went well."""
        chosen = [one for one in self.evaluated.tests if wanted(one["name"])]
        begun: list[int] = []
        well = True
        for place, one in enumerate(chosen):
            ahead = {suite for later in chosen[place + 1 :] for suite in self._around(later["suite"])}
            result = self._run(one, begun, ahead)
            well = well and result.status != FAILED
            watch(result)
        return well

    def _run(self, one: Mapping[str, Any], begun: list[int], ahead: set[int]) -> TestResult:
        """One test with the functions around it: before_all before the first of a suite, after_all after its last."""
        began = time.monotonic()
        suites = self._around(one["suite"])
        declared = [mock for suite in suites for mock in self._suite(suite)["mocks"]]
        world = self._world(one, [_mock(mock) for mock in declared])
        before = [fn for suite in suites if suite not in begun for fn in self._suite(suite)["before_all"]]
        before += [fn for suite in suites for fn in self._suite(suite)["before_each"]]
        begun += [suite for suite in suites if suite not in begun]
        after = [fn for suite in reversed(suites) for fn in self._suite(suite)["after_each"]]
        after += [fn for suite in reversed(suites) if suite not in ahead for fn in self._suite(suite)["after_all"]]
        status, where, message = self._outcome(world, [*before, one["command"]])
        for fn in after:
            again = self._outcome(world, [fn])
            if status != FAILED and again[0] == FAILED:
                status, where, message = again
        for folder in world.folders:
            shutil.rmtree(folder, ignore_errors=True)
        if status == PASSED and world.mocks.unexpected:
            status, message = FAILED, f"{world.mocks.unexpected[0]} was called, and is not mocked"
        place = self.evaluated.sources.place(where or f"{one['file']}:{one['line']}")
        return TestResult(
            str(self._path), one["name"], status, place, message, round(time.monotonic() - began, 4), tuple(world.lines)
        )

    def _outcome(self, world: _World, functions: Sequence[Declared]) -> tuple[str, str, str]:
        """Status, place and message of calling these in turn, up to the first that fails."""
        for fn in functions:
            try:
                self._call(world, fn["function"], [])
            except LuaError as error:
                if isinstance(error.value, Mapping) and "skipped" in error.value:
                    return SKIPPED, "", str(error.value["skipped"])
                return FAILED, error.where, error.text
        return PASSED, "", ""

    def _world(self, one: Mapping[str, Any], mocks: Sequence[Mock]) -> _World:
        lines: list[str] = []
        named = [
            suite["workflow"] for number in self._around(one["suite"]) if (suite := self._suite(number)).get("workflow")
        ]

        def function(number: int, args: list[object]) -> list[object]:
            try:
                return self._call(world, number, args)
            except LuaError as error:
                raise ActionFailed(error.text, where=self.evaluated.sources.place(error.where)) from error

        catalog = self.evaluated.sources.project.library.catalog
        world = _World(
            lambda: self._target(named[-1] if named else None), Mocks(catalog, mocks, function), self._given, lines
        )
        return world

    def _call(self, world: _World, function: int, args: list[object]) -> list[object]:
        """Call a function of the file, and answer what it asks. Raises LuaError."""
        token = Token()
        alarm = self._timer.after(LIMIT, lambda: token.stop(f"timed out after {LIMIT:g} s"))
        report = Report(lambda *_: None, lambda level, text: world.lines.append(f"{level}: {text}"))

        def act(user: str | None, call: Call, settings: Settings, token: Token, report: Report) -> Outcome:
            outcome = world.mocks.answer(call)
            if outcome is None and user is not None:
                raise ActionFailed("become is not for tests: they run as the user who runs sloth")
            return self._here.act(call, settings, token, report) if outcome is None else outcome

        attempt = Attempt(Step({"name": "test"}), Settings(), token, self._timer, act, report, _NoRun())

        def perform(request: dict[str, Any]) -> list[object]:
            if request["module"] == "test":
                return [self._asked(world, request["action"], request["args"])]
            return attempt.perform(request)

        context = {"vars": world.given.common, "inventory_hostname": "localhost"}
        try:
            return self.evaluated.run(function, args, context, perform, LIMIT)
        finally:
            self._timer.cancel(alarm)

    def _asked(self, world: _World, verb: str, args: list[Any]) -> object:
        """What test.NAME(…) answers while a test runs."""
        match verb:
            case "mock":
                world.mocks.add(_mock(args[0]))
                return None
            case "folder":
                world.folders.append(tempfile.mkdtemp(prefix="sloth-test-"))
                return world.folders[-1]
            case "calls":
                made = [one for one in world.mocks.made if not args or args[0] in {None, one.action}]
                return [{"action": one.action, "args": dict(one.args)} for one in made]
            case "run_task" | "run_workflow":
                try:
                    rehearsal = Rehearsal(world.target(), world.mocks, world.given, self._timer)
                    options = args[1] if isinstance(args[1], dict) else {}
                    result = (rehearsal.task if verb == "run_task" else rehearsal.workflow)(args[0], options)
                except SlothError as error:
                    raise ActionFailed(f"{error.where}: {error}" if error.where else str(error)) from error
                world.lines += [str(line) for line in result["logs"]]  # type: ignore[attr-defined]  # a list
                return result
        raise ActionFailed(f"test.{verb} is nothing that a test can ask for")

    def _target(self, named: str | None) -> Evaluated:
        """The file whose tasks are played: named by the test, by the command line, itself, or by its own name."""
        if named is not None:
            path = self._path.parent / named
        elif self._workflow is not None:
            path = self._workflow
        elif self.evaluated.file.workflows:
            return self.evaluated
        else:
            path = _by_name(self._path)
        if path not in self._loaded:
            if not path.is_file():
                raise ActionFailed(f"there is no workflow file {path}: {near_file(path)}")
            self._loaded[path] = self._load(path)
        return self._loaded[path]

    def _around(self, suite: int | None) -> list[int]:
        """A suite and those around it, outermost first."""
        found: list[int] = []
        while suite is not None:
            found.insert(0, suite)
            suite = self._suite(suite).get("around")
        return found

    def _suite(self, number: int) -> Mapping[str, Any]:
        return self._suites[number - 1]


class _NoRun:
    """What a test cannot wish for, as no run is under way."""

    def notify(self, name: str) -> list[str]:
        raise ActionFailed(f"notify({name!r}): only tasks notify handlers")

    def flush(self, names: list[str], token: Token) -> bool:  # noqa: ARG002  # as a wish is made
        raise ActionFailed("flush_handlers(): only tasks have handlers")

    def export(self, outputs: Mapping[str, object]) -> None:
        raise ActionFailed(f"export({', '.join(outputs)}): only tasks export")

    def reboot(self, order: Mapping[str, object]) -> None:  # noqa: ARG002  # as a wish is made
        raise ActionFailed("host.reboot(): a test runs here; mock it, or call it in a task")


def run(files: Sequence[TestFile], words: Sequence[str], watch: Watch) -> bool:
    """Run the tests that have one of these words in their names; whether all went well. Raises UsageError for none."""
    names = [one["name"] for file in files for one in file.evaluated.tests]

    def is_wanted(name: str) -> bool:
        return not words or any(word.lower() in name.lower() for word in words)

    if not any(map(is_wanted, names)):
        raise UsageError(f"no test has {' or '.join(map(repr, words))} in its name", hint=near(words[0], names))
    ends = [file.run(is_wanted, watch) for file in files]
    return all(ends)


def test_files(paths: Sequence[Path]) -> list[Path]:
    """These files, and those of these folders that are called as tests are. Raises UsageError."""
    found: list[Path] = []
    for path in paths:
        if not path.exists():
            raise UsageError(f"there is no file {path}", hint=near_file(path))
        inside = [one for pattern in PATTERNS for one in path.rglob(pattern)] if path.is_dir() else [path]
        if not inside:
            raise UsageError(f"{path} has no tests", hint=f"they are in files called {' or '.join(PATTERNS)}")
        found += sorted(inside)
    return list(dict.fromkeys(found))


def _mock(said: Mapping[str, Any]) -> Mock:
    definition = said.get("fn")
    return Mock(said["action"], said.get("value"), definition["function"] if definition else None)


def _by_name(path: Path) -> Path:
    """`site_test.sloth`, `site.test.sloth` and `test_site.sloth` test `site.sloth`, beside them or one folder above."""
    stem = path.stem.removesuffix("_test").removesuffix(".test").removeprefix("test_")
    places = [folder / f"{stem}{path.suffix}" for folder in (path.parent, path.parent.parent) if stem != path.stem]
    found = next((place for place in places if place.is_file()), None)
    if found is None:
        raise ActionFailed(
            f'which workflow does {path.name} test? Say test.workflow("site.sloth"), or give -w site.sloth; '
            "site_test.sloth tests site.sloth"
        )
    return found
