"""The checks of a run as tests: what infra_test looked at on each host, and what kept it from looking."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from sloth.core.events import Event, LogLine, RunStarted, TaskFinished
from sloth.core.model import BAD, Plan
from sloth.core.testresult import FAILED, PASSED, TestResult, Watch


class Verification:
    """A subscriber that makes test results of finished tasks. `count`: how many there were."""

    def __init__(self, watch: Watch) -> None:
        self.count = 0
        self._watch = watch
        self._workflow = ""
        self._places: dict[tuple[str, str], str] = {}
        self._lines: dict[tuple[str, str], list[str]] = {}
        self._place: Callable[[str], str] = str
        self._left: dict[str, int] = {}
        self._kept: dict[str, list[TestResult]] = {}

    def expect(self, plans: Iterable[Plan], place: Callable[[str], str]) -> None:
        """Learn where the tasks of these plans stand. place: a script's `file:line` as people find it"""
        self._place = place
        self._places = {(plan.workflow.name, task.name): task.where for plan in plans for task in plan.workflow.tasks}

    def __call__(self, event: Event) -> None:
        """Take what is known now."""
        match event:
            case RunStarted():
                self._workflow = event.workflow
                self._left = {host: len(tasks) for host, tasks in event.hosts.items()}
                self._kept = {host: [] for host in event.hosts}
            case LogLine(host=host, task=task) if host:
                self._lines.setdefault((host, task), []).append(event.text)
            case TaskFinished():
                self._finished(event)

    def _finished(self, event: TaskFinished) -> None:
        lines = self._lines.pop((event.host, event.task), [])
        for one in event.checks:
            status = FAILED if one["lost"] else PASSED
            name = f"{event.task}: {one['check']}"
            self._keep(event, name, status, one["lost"], one["where"], lines, one["duration"])
        lost = sum(bool(one["lost"]) for one in event.checks)
        is_due_to_checks = lost and event.message.startswith(f"{lost} of ")
        if event.status in BAD and not event.ignored and not is_due_to_checks:
            self._keep(event, event.task, FAILED, event.message, "", lines, event.duration)
        self._left[event.host] -= not event.handler
        if self._left[event.host] <= 0:  # what one host said stands together
            for result in self._kept.pop(event.host, []):
                self._watch(result)

    def _keep(
        self, event: TaskFinished, name: str, status: str, message: str, where: str, lines: Sequence[str], took: float
    ) -> None:
        self.count += 1
        place = self._place(where) if where else self._places.get((self._workflow, event.task), "")
        result = TestResult(event.host, name, status, place, message, took, tuple(lines))
        self._kept.setdefault(event.host, []).append(result)
