"""Events as a host sends them are data: checked, bounded, and only then part of the stream."""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Mapping
from typing import Any

from sloth.core.events import Event, LogLine, Notice, TaskFinished, TaskOutput, TaskRetrying, TaskStarted
from sloth.core.model import STATUSES
from sloth.engine.allowance import Allowance

TEXT_LIMIT = 1 << 20
LIST_LIMIT = 1000
_LINE = 150  # bytes of a result that says nothing
LEVELS = frozenset({"debug", "info", "success", "warning", "error"})


class BadEvent(Exception):
    """A host sent something that is no event."""


class Incoming:
    """What one host tells of its part of a run. What makes no sense is left out, with one notice.

    tasks, handlers: those that it may tell of. results: how much these may be
    """

    def __init__(
        self, host: str, tasks: Collection[str], handlers: Collection[str], results: Allowance,
        publish: Callable[[Event], None],
    ) -> None:  # fmt: skip
        self._host = host
        self._tasks = frozenset(tasks)
        self._handlers = frozenset(handlers)
        self._names = self._tasks | self._handlers | {""}  # a line may belong to no task
        self._results = results
        self._publish = publish
        self._started: set[tuple[str, bool]] = set()
        self._odd = False

    def take(self, plain: Mapping[str, Any]) -> Event | None:
        """The event, or None. Raises LimitReached."""
        try:
            event = parse(self._host, plain)
            self._check(event)
        except BadEvent as error:
            if not self._odd:
                self._publish(Notice(f"the host sent something odd, which is left out: {error}", self._host))
            self._odd = True
            return None
        if isinstance(event, TaskFinished):
            self._results.spend(_size(event))
            self._started.discard((event.task, True))  # a handler may be notified, and run, once more
        return event if self._is_new(event) else None

    def spend(self, exports: object) -> None:
        """The same limit for what it exports at the end. Raises LimitReached."""
        self._results.spend(len(json.dumps(exports)))

    def _check(self, event: Event) -> None:
        """What it tells of is what it was given."""
        task, is_handler = getattr(event, "task", ""), getattr(event, "handler", None)
        known = self._names if is_handler is None else self._handlers if is_handler else self._tasks
        if task not in known:
            raise BadEvent(f"it was given no {'handler' if is_handler else 'task'} {task[:40]!r}")

    def _is_new(self, event: Event) -> bool:
        """Nothing begins twice."""
        if not isinstance(event, TaskStarted):
            return True
        key = (event.task, event.handler)
        if key in self._started:
            return False
        self._started.add(key)
        return True


def _size(event: TaskFinished) -> int:
    """What a journal keeps of it, about: differences are worth no more than one text."""
    diff = min(len(json.dumps(event.diff)), TEXT_LIMIT) if event.diff else 0
    kept = (event.message, event.outputs, event.changes, event.failure, event.notified, event.checks, event.exports)
    return _LINE + len(event.task) + diff + len(json.dumps(kept))


def parse(host: str, plain: Mapping[str, Any]) -> Event:
    """An event of that host. Raises BadEvent."""
    reader = _READERS.get(str(plain.get("type")))
    if reader is None:
        raise BadEvent(f"unknown event {str(plain.get('type'))[:40]!r}")
    return reader(host, plain)


def _started(host: str, plain: Mapping[str, Any]) -> Event:
    return TaskStarted(host, _text(plain, "task"), plain.get("handler") is True)


def _output(host: str, plain: Mapping[str, Any]) -> Event:
    stream = "stderr" if plain.get("stream") == "stderr" else "stdout"
    return TaskOutput(host, _text(plain, "task"), stream, _text(plain, "text"))


def _retrying(host: str, plain: Mapping[str, Any]) -> Event:
    return TaskRetrying(
        host, _text(plain, "task"), int(_number(plain, "attempt")), _number(plain, "delay"), _text(plain, "message")
    )


def _log(host: str, plain: Mapping[str, Any]) -> Event:
    level = str(plain.get("level"))
    return LogLine(host, _text(plain, "task"), level if level in LEVELS else "info", _text(plain, "text"))


def _finished(host: str, plain: Mapping[str, Any]) -> Event:
    status = plain.get("status")
    if not isinstance(status, str) or status not in STATUSES:
        raise BadEvent(f"unknown status {str(status)[:40]!r}")
    return TaskFinished(
        host=host,
        task=_text(plain, "task"),
        status=status,
        message=_text(plain, "message"),
        outputs=_object(plain, "outputs"),
        changes=[_cut(str(change)) for change in _list(plain, "changes")],
        diff=[
            {"path": _text(diff, "path"), "text": _text(diff, "text")}
            for diff in _list(plain, "diff")
            if isinstance(diff, dict)
        ],
        duration=_number(plain, "duration"),
        failure={
            key: _cut(value) if isinstance(value, str) else value for key, value in _object(plain, "failure").items()
        },
        attempts=int(_number(plain, "attempts")),
        handler=plain.get("handler") is True,
        ignored=plain.get("ignored") is True,
        blocks=plain.get("blocks") is True,
        notified=[str(name) for name in _list(plain, "notified")],
        checks=[
            {**{key: _text(one, key) for key in ("check", "lost", "where")}, "duration": _number(one, "duration")}
            for one in _list(plain, "checks")
            if isinstance(one, dict)
        ],
        exports=_object(plain, "exports"),
    )


_READERS = {
    "task_started": _started,
    "task_output": _output,
    "task_retrying": _retrying,
    "task_finished": _finished,
    "log": _log,
}


def _cut(text: str) -> str:
    return text if len(text) <= TEXT_LIMIT else text[:TEXT_LIMIT] + " [cut]"


def _text(plain: Mapping[str, Any], key: str) -> str:
    value = plain.get(key)
    return _cut(value) if isinstance(value, str) else ""


def _number(plain: Mapping[str, Any], key: str) -> float:
    value = plain.get(key)
    return float(value) if isinstance(value, (int, float)) and -1e15 < value < 1e15 else 0.0


def _list(plain: Mapping[str, Any], key: str) -> list[Any]:
    value = plain.get(key)
    return value[:LIST_LIMIT] if isinstance(value, list) else []


def _object(plain: Mapping[str, Any], key: str) -> Mapping[str, object]:
    value = plain.get(key)
    return value if isinstance(value, dict) else {}
