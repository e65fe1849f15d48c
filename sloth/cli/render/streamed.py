"""What people have seen of a task's output while it ran, so that it is not told once more when the task fails."""

from __future__ import annotations

from collections import deque
from collections.abc import Collection, Mapping, Sequence

from msgspec.structs import replace

from sloth.cli.render.screen import inert
from sloth.core.events import TaskFinished

_MOST = 1000
"""So many lines of a stream are remembered; a failure rarely shows more."""


class Streamed:
    """The last lines of tasks that are at work. answers: what a command wrote is told when it did well, too."""

    def __init__(self, *, answers: bool) -> None:
        self._answers = answers
        self._seen: dict[tuple[str, str], dict[str, deque[str]]] = {}

    def add(self, host: str, task: str, stream: str, line: str) -> None:
        """One more line was shown."""
        streams = self._seen.setdefault((host, task), {})
        streams.setdefault(stream, deque(maxlen=_MOST)).append(line)

    def without(self, result: TaskFinished) -> TaskFinished:
        """The result without the output that was shown already. The task is over."""
        seen = self._seen.pop((result.host, result.task), {})
        if self._answers:
            result = replace(result, outputs=_unseen(result.outputs, seen))
        failure = _unseen(result.failure, seen)
        told = [name for name in seen if failure.get(name) != result.failure.get(name)]
        if not told:
            return result
        shown = {line.strip() for stream in told for line in seen[stream]}
        if "error" in failure:
            failure["error"] = _but(str(failure["error"]), shown)
        return replace(result, message=_but(result.message, shown), failure=failure)


def _unseen(said: Mapping[str, object], seen: Mapping[str, Sequence[str]]) -> dict[str, object]:
    """What was said, and nothing in the place of streams whose every line was seen."""
    return {name: "" if name in seen and _has(seen[name], value) else value for name, value in said.items()}


def _has(seen: Sequence[str], text: object) -> bool:
    wanted = [line for line in inert(str(text or "")).split("\n") if line]
    return "\n".join(["", *wanted, ""]) in "\n".join(["", *seen, ""])


def _but(text: str, shown: Collection[str]) -> str:
    """A text without those lines behind its first."""
    what, *more = text.split("\n")
    return "\n".join([what, *(line for line in more if inert(line).strip() not in shown)])
