"""A loaded workflow file with the Lua machine that loaded it: what of it runs here, and not on hosts."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from sloth.core.errors import WorkflowError
from sloth.core.model import WorkflowFile
from sloth.runtime.failure import ActionFailed
from sloth.runtime.lua.vm import VM, LuaError
from sloth.workflow.sources import META, Sources, shown

if TYPE_CHECKING:
    from sloth.workflow.lint import Problem

CHOOSING = 10.0  # seconds for a function that chooses hosts
Perform = Callable[[dict[str, object]], list[object]]
Declared = Mapping[str, Any]


class Evaluated:
    """A loaded file and the VM that holds the hooks of its workflows, and its tests (as in runtime/program.py)."""

    def __init__(self, file: WorkflowFile, sources: Sources, vm: VM, program: Mapping[str, Any]) -> None:
        self.file = file
        self.sources = sources
        self._vm = vm
        self._groups: Mapping[str, object] = {}
        self._hooks = {declared["name"]: declared["hooks"] for declared in program["workflows"]}
        self.tests: Sequence[Declared] = program["tests"]
        self.suites: Sequence[Declared] = program["suites"]

    def hooks(self, workflow: str) -> frozenset[str]:
        """The names of the hooks that a workflow declares."""
        return frozenset(self._hooks[workflow])

    def call(
        self,
        workflow: str,
        hook: str,
        args: list[object],
        context: Mapping[str, object],
        perform: Perform,
        limit: float,
    ) -> list[object]:
        """Run a hook for at most `limit` seconds; what it returns. Raises WorkflowError when it fails.

        perform: answers the module calls that it makes
        """
        context = {**context, "style": "plain", "extra": args}
        function = self._hooks[workflow][hook]["function"]
        return self._run(f"{hook} of workflow {workflow!r}", function, context, perform, limit)

    def choose(self, function: int, context: Mapping[str, object], groups: Mapping[str, object]) -> object:
        """What a function of a `delegate_to` returns. Raises WorkflowError when it fails.

        context: see VM.call. groups: those of the inventory
        """
        if groups is not self._groups:  # they are many, and asked is for each host
            self._vm.hold("groups", groups)
            self._groups = groups
        values = self._run("delegate_to", function, context, _nothing_yet, CHOOSING)
        return values[0] if values else None

    def _run(
        self, what: str, function: int, context: Mapping[str, object], perform: Perform, limit: float
    ) -> list[object]:
        try:
            return self._vm.call(function, dict(context), perform, self._vm.clock() + limit)
        except LuaError as error:
            where = self.sources.place(error.where)
            raise WorkflowError(f"{what}: {error.text}", where=where) from error

    def run(
        self, function: int, args: list[object], context: Mapping[str, object], perform: Perform, limit: float
    ) -> list[object]:
        """Run one of the file's functions, by its number. Raises LuaError."""
        context = {**context, "style": "plain", "extra": args}
        return self._vm.call(function, context, perform, self._vm.clock() + limit)

    def problems(self) -> list[Problem]:
        """What would fail in a run: modules, actions and arguments that nobody knows."""
        from sloth.workflow import lint  # a run does not ask, and saves its 3 ms

        library = self.sources.project.library
        return lint.problems(self._lua, library.catalog, sorted(library.lua), self.sources.place)

    def doubts(self) -> list[str]:
        """What looks wrong, and cannot fail: comparisons that never hold."""
        from sloth.workflow import comparing

        return comparing.warnings(self._lua, self.sources.place, self.sources.project.library.catalog)

    @property
    def _lua(self) -> dict[str, str]:
        return {shown(key): text for key, text in self.sources.texts.items() if not key.startswith(META)}


def _nothing_yet(request: dict[str, object]) -> list[object]:
    raise ActionFailed(f"{request['module']}.{request['action']}: hosts are chosen before anything connects")
