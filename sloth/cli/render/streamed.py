"""What people have seen of a task's output while it ran, so that it is not told once more when the task fails."""

from __future__ import annotations

from collections import deque
from collections.abc import Collection

from msgspec.structs import replace

from sloth.cli.render.screen import inert
from sloth.core.events import TaskFinished

_MOST = 1000
"""So many lines of a stream are remembered; a failure rarely shows more."""


class Streamed:
    """The last lines of tasks that are at work."""

    def __init__(self) -> None:
        self._seen: dict[tuple[str, str], dict[str, deque[str]]] = {}

    def add(self, host: str, task: str, stream: str, line: str) -> None:
        """One more line was shown."""
        streams = self._seen.setdefault((host, task), {})
        streams.setdefault(stream, deque(maxlen=_MOST)).append(line)

    def without(self, result: TaskFinished) -> TaskFinished:
        """The result without the output that was shown already. The task is over."""
        seen = self._seen.pop((result.host, result.task), {})
        told = {stream for stream, lines in seen.items() if _has(lines, result.failure.get(stream))}
        if not told:
            return result
        shown = {line.strip() for stream in told for line in seen[stream]}
        failure = {name: value for name, value in result.failure.items() if name not in told}
        if "error" in failure:
            failure["error"] = _but(str(failure["error"]), shown)
        return replace(result, message=_but(result.message, shown), failure=failure)


def _but(text: str, shown: Collection[str]) -> str:
    """A text without those lines behind its first."""
    what, *more = text.split("\n")
    return "\n".join([what, *(line for line in more if inert(line).strip() not in shown)])


def _has(seen: deque[str], text: object) -> bool:
    wanted = [line for line in inert(str(text or "")).split("\n") if line]
    return "\n".join(["", *wanted, ""]) in "\n".join(["", *seen, ""])
