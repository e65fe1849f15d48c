"""Equal results of many hosts, collected so that they can be told in one line. Pure; the clock comes in.

A task is told when every host that it was planned for has a result. One slow host must not hold back
what the others have to say: after a while a task is told as far as it came.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Hashable, Mapping, Sequence

from sloth.core.events import TaskFinished

PATIENCE = 3.0
"""Seconds for which the first result of a task waits for the others."""

Group = tuple[TaskFinished, ...]
"""Results of one task that look the same, but for host and duration."""


class Groups:
    """The results that are not told yet."""

    def __init__(self, planned: Mapping[str, Sequence[str]], look: Callable[[TaskFinished], Hashable]) -> None:
        """planned: host → names of its tasks. look: what people will see of a result."""
        self._look = look
        self.expect(planned)
        self._waiting: dict[str, list[TaskFinished]] = {}
        self._since: dict[str, float] = {}

    def expect(self, planned: Mapping[str, Sequence[str]]) -> None:
        """These hosts are at work from now on; others have a result only if they are left out."""
        self._hosts = frozenset(planned)
        self._missing = Counter(task for tasks in planned.values() for task in tasks)

    def add(self, result: TaskFinished, now: float) -> list[Group]:
        """Take a result; give back what can be told now."""
        waiting = self._waiting.setdefault(result.task, [])
        waiting.append(result)
        self._since.setdefault(result.task, now)
        return self.without(result)

    def without(self, result: TaskFinished) -> list[Group]:
        """As if the host had no part in the task; give back what can be told now."""
        if result.host not in self._hosts:
            return []
        # Nobody knows how many hosts notify a handler; only that none can be missing when all did.
        self._missing[result.task] = self._missing.get(result.task, len(self._hosts)) - 1
        return self._take(result.task) if self._missing[result.task] <= 0 else []

    def overdue(self, now: float) -> list[Group]:
        """What waited for long enough."""
        late = [task for task, since in self._since.items() if now - since >= PATIENCE]
        return [group for task in late for group in self._take(task)]

    def rest(self) -> list[Group]:
        """All that is left, at the end."""
        return [group for task in list(self._waiting) for group in self._take(task)]

    def _take(self, task: str) -> list[Group]:
        groups: dict[Hashable, list[TaskFinished]] = {}
        self._since.pop(task, None)
        for result in self._waiting.pop(task, []):
            groups.setdefault(self._look(result), []).append(result)
        return [tuple(results) for results in groups.values()]
