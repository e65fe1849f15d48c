"""What has come of the tasks of one host: each that is planned ends exactly once, whatever the host says."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping

from msgspec.structs import replace

from sloth.core.errors import StoreError
from sloth.core.events import Event, Notice, TaskFinished, TaskRetrying, TaskStarted
from sloth.core.model import HostPlan
from sloth.engine.pending import Due
from sloth.engine.terms import Terms

LATE = 0.7  # seconds after a task's deadline until we take the host's word for granted no more
ABORTS = {
    "abort_if": "abort_if of task {task} holds on {host}, which stops the workflow",
    "fail_fast": "task {task} failed on {host}, and the workflow is fail_fast",
}


class Ledger:
    """The tasks of one host, and what became of them.

    done: what an earlier life of the run has done. due: the handlers that are. frozen(): called when a task is over its
    time limit and the host has not said so.

    aborted: why the workflow has to stop. exports: the outputs of the run from here. ended: task → how it ended
    """

    def __init__(
        self, plan: HostPlan, terms: Terms, done: Mapping[str, TaskFinished], due: Due, frozen: Callable[[], None]
    ) -> None:
        self.aborted = ""
        self.exports: dict[str, object] = {}
        self.ended: dict[str, TaskFinished] = {}
        self._host = plan.host
        self._terms = terms
        self._due = due
        self._frozen = frozen
        self._open = dict.fromkeys(task for task in plan.tasks if task not in done)
        for event in done.values():
            self.exports.update(event.exports)
        self._parked: list[TaskFinished] = []
        self._running: dict[str, float] = {}
        self._alarms: dict[str, int] = {}
        self._lock = threading.Lock()

    @property
    def is_settled(self) -> bool:
        """Whether all has ended."""
        return not self._open

    def add(self, event: Event) -> None:
        """Something has happened. What is said of a task that has ended is left out."""
        taken = self._taken(event)
        if taken is not None:
            self._terms.publish(taken)

    def park(self, event: TaskFinished) -> None:
        """A task ends with a reboot of its host: it has ended when that is back."""
        self._disarm(event.task)
        self._parked.append(event)

    def release(self, status: str = "", message: str = "", failure: Mapping[str, object] | None = None) -> None:
        """Tell how the tasks and handlers ended that wait for a reboot. status: what became of them after all, if not
        what they were.
        """
        parked, self._parked = self._parked, []
        for event in parked:
            end = replace(event, duration=max(event.duration, round(self._took(event.task), 4)))
            if status:
                end = replace(end, status=status, message=message, failure=failure or {}, blocks=True)
            if status == "failed":  # the host refused: there was no reboot
                end = replace(end, changes=[one for one in end.changes if one.partition(":")[0] != "reboot"])
            self.add(end)

    def end_rest(self, status: str, message: str, failure: Mapping[str, object] | None = None) -> None:
        """All that has not ended ends now."""
        self.release(status, message, failure)
        for task in self._emptied():
            self._disarm(task)
            self._terms.publish(
                TaskFinished(
                    self._host, task, status, message, duration=self._took(task), failure=failure or {}, blocks=True
                )
            )

    def give_up(self, status: str, message: str, failure: Mapping[str, object] | None = None) -> None:
        """The host does no more of its part. Where its tasks have all ended, it is its handlers that have not."""
        owed = self._due.names if self.is_settled else frozenset()
        self.end_rest(status, message, failure)
        for name in sorted(owed):
            end = TaskFinished(self._host, name, status, message, failure=failure or {}, handler=True, blocks=True)
            self._terms.publish(end)

    def let_go(self) -> None:
        """The host goes on by itself: what comes of its tasks will be heard elsewhere."""
        self._emptied()

    def begin_phase(self, task: str, delay: float = 0.0) -> None:
        """A condition, attempt or hook of a task begins: each has the task's time limit for itself.

        A frozen host's timers are frozen, so the controller keeps the limits, too.
        """
        self._disarm(task)
        limit = self._terms.limits.get(task)
        if limit is not None and task in self._open:
            self._alarms[task] = self._terms.timer.after(delay + limit + LATE, lambda: self._overdue(task, limit))

    def _taken(self, event: Event) -> Event | None:
        """What an event means for this run; None for one of a task that has ended."""
        match event:
            case TaskStarted():
                if not event.handler and event.task not in self._open:
                    return None
                self._running.setdefault(event.task, time.monotonic())
                self.begin_phase(event.task)
            case TaskRetrying():
                self.begin_phase(event.task, event.delay)
            case TaskFinished():
                self._disarm(event.task)
                return self._ended(event) if self._settle(event) else None
        return event

    def _ended(self, event: TaskFinished) -> TaskFinished:
        try:
            self._due.take(event)
        except StoreError as error:  # the host goes on, and runs them at the end of this very run
            self._terms.publish(Notice(str(error)))
        self.exports.update(event.exports)
        if event.task in self._terms.aborting and (why := ABORTS.get(str(event.failure.get("aborted")))):
            self.aborted = why.format(task=event.task, host=self._host)
        if "where" not in event.failure:
            return event
        return replace(event, failure={**event.failure, "where": self._terms.place(str(event.failure["where"]))})

    def _settle(self, event: TaskFinished) -> bool:
        """Strike the task off; False when it was settled before or was never asked for."""
        with self._lock:
            if event.handler:
                return True
            if event.task not in self._open:
                return False
            del self._open[event.task]
            self.ended[event.task] = event
            return True

    def _emptied(self) -> list[str]:
        with self._lock:
            rest = list(self._open)
            self._open.clear()
        return rest

    def _took(self, task: str) -> float:
        began = self._running.get(task)
        return 0.0 if began is None else time.monotonic() - began

    def _disarm(self, task: str) -> None:
        alarm = self._alarms.pop(task, None)
        if alarm is not None:
            self._terms.timer.cancel(alarm)

    def _overdue(self, task: str, limit: float) -> None:
        message = f"timed out after {limit:g} s; the host itself has not said so"
        if self._settle(TaskFinished(self._host, task, "timed_out")):
            self._terms.publish(
                TaskFinished(self._host, task, "timed_out", message, duration=limit + LATE, blocks=True)
            )
            self._frozen()
