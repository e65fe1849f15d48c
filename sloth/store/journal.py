"""A run's journal: what it was asked, and everything that happened, a line of JSON each, in a file that only grows.

The first line says what was asked (`type` is `run`); a line of the type `resumed` begins another life of the same run,
one of the type `attached` stands before what a detached run has done by itself; all others are events with the time
`at` which they were heard. The process that works on the run holds the file, so that everybody sees whether it is still
alive. Nobody but the owner may read it.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from sloth.core.errors import RunBusy, StoreError
from sloth.core.events import (
    LATEST,
    Dispatched,
    Event,
    HostCollected,
    HostUnreachable,
    LogLine,
    Measured,
    Notice,
    RunDetached,
    RunFinished,
    RunStarted,
    TaskFinished,
    TaskOutput,
    TaskRetrying,
    event_of,
)
from sloth.core.sizes import Size
from sloth.runtime.linefile import LineFile, encoded

BUFFER = 1 << 18  # bytes that wait for the disk at most
LINES_LIMIT = 256 << 20  # bytes of a run's live output and logs that are kept, whatever the number of its hosts
LINE_LIMIT = 1 << 20  # bytes of one event, beyond which it loses its diff
TAIL = 4 << 20  # bytes behind which no end of a run begins
FULL = "what was kept before is intact; `sloth runs prune` makes room, SLOTH_HOME names another place"
HEADER = "run"
RESUMED = "resumed"
ATTACHED = "attached"
_ALL = "\0"  # no host is called that
_LINES = (TaskOutput, LogLine, Notice, TaskRetrying, Measured, Dispatched)
_MILESTONES = (RunStarted, TaskFinished, HostUnreachable, RunFinished, RunDetached, HostCollected)


class Journal:
    """The journal of a run that this process works on: a subscriber of the run's events. For one thread.

    room: bytes of what each host puts out, logs and announces that are kept. whole: of what all hosts do together
    """

    def __init__(self, path: Path, room: int = LINES_LIMIT, whole: int = LINES_LIMIT) -> None:
        self._file = LineFile(str(path))
        self._buffer: list[bytes] = []
        self._waiting = 0
        self._room = room
        self._whole = whole
        self._said: Counter[str] = Counter()  # bytes of lines, by host
        self.last: dict[str, object] = {}  # the last line, as it was written
        self._due = False
        self._before = 0  # the size of the file before this life

    @classmethod
    def begin(
        cls, path: Path, asked: Mapping[str, object], room: int = LINES_LIMIT, whole: int = LINES_LIMIT
    ) -> Journal:
        """Begin a run, or (the file is there) another life of it. asked: its first line. Raises StoreError, RunBusy."""
        journal = cls(path, room, whole)
        try:
            journal._file.open()
            if not journal._file.hold():
                raise RunBusy(f"run {path.parent.name} is being worked on by another process")
            journal._before = journal._file.size
            journal._put(dict(asked, at=time.time()))
            journal.settle(force=True)
        except OSError as error:
            raise StoreError(f"cannot write {path}: {str(error.strerror).lower()}", hint=FULL) from error
        return journal

    def __call__(self, event: Event) -> None:
        """Keep an event. OSError when the disk does not take it."""
        entry: dict[str, object] = {"type": event.type, "at": round(time.time(), 3)}
        for name in event.__struct_fields__:
            value = getattr(event, name)
            if value or (value == 0 and value is not False):
                entry[name] = value
        self._put(entry, event.host if isinstance(event, _LINES) else None)
        self._due = self._due or isinstance(event, _MILESTONES)
        if self._waiting > BUFFER:
            self.settle()

    def settle(self, *, force: bool = False) -> None:
        """Bring to the disk what waits, if a task has ended meanwhile; else only to the system."""
        if self._buffer:
            data, self._buffer, self._waiting = b"".join(self._buffer), [], 0
            self._file.write(data)
        if self._due or force:
            self._due = False
            self._file.sync()

    def withdraw(self) -> None:
        """This life never began: the file is as it was before."""
        self._buffer, self._waiting = [], 0
        self._file.cut(self._before)

    def close(self) -> None:
        """The end of this life of the run."""
        self._file.close()

    def _put(self, entry: dict[str, object], said_by: str | None = None) -> None:
        """said_by: whose room it takes, for what may be left out."""
        self.last = entry
        line = encoded(entry)
        if said_by is not None and not self._has_room(said_by, len(line)):
            return
        if len(line) > LINE_LIMIT and "diff" in entry:
            line = encoded({**entry, "diff": [{"path": "", "text": "[too large to be kept]"}]})
        self._buffer.append(line)
        self._waiting += len(line)

    def _has_room(self, host: str, size: int) -> bool:
        """Whether a line is kept; where that ends, for a host and for all, it is noted once."""
        for name, most, whose in ((host, self._room, "of this host "), (_ALL, self._whole, "")):
            before = self._said[name]
            self._said[name] += size
            if self._said[name] <= most:
                continue
            if before <= most:
                text = f"output and logs {whose}beyond {Size(most)} are not kept"
                self._put({"type": Notice.type, "at": round(time.time(), 3), "host": name.strip(_ALL), "text": text})
            return False
        return True


def entries(path: Path, start: int = 0) -> Iterator[tuple[int, dict[str, Any]]]:
    """The lines of a journal from that place on, each with the place behind it; a torn last one is left out."""
    try:
        yield from LineFile(str(path)).entries(start)
    except OSError as error:
        raise StoreError(f"cannot read {path}: {str(error.strerror).lower()}") from error


def events(path: Path, start: int = 0) -> Iterator[tuple[int, float, Event]]:
    """Those of the lines that are events: the place behind each, when it was heard, the event."""
    for behind, line in entries(path, start):
        try:
            event, at = event_of(line), time_of(line)
        except ValueError as error:
            raise StoreError(f"the journal of run {path.parent.name} is damaged: {error}", where=str(path)) from error
        if event is not None:
            yield behind, at, event


def time_of(line: Mapping[str, Any]) -> float:
    """When a line was written. Raises ValueError for what is no time."""
    at = line.get("at") or 0.0
    if not isinstance(at, int | float) or not 0 <= at < LATEST:
        raise ValueError(f"{at!r} is no time")
    return float(at)


def has_ended(path: Path) -> bool:
    """Whether the run's last life came to its end."""
    try:
        with path.open("rb") as file:
            file.seek(max(0, path.stat().st_size - TAIL))
            tail = file.read()
    except OSError:
        return False  # it is being removed
    return tail.rfind(_beginning(RunFinished.type)) > tail.rfind(_beginning(RESUMED))


def _beginning(kind: str) -> bytes:
    """Of a line of that type. No text of a host holds a line end."""
    return b"\n" + encoded({"type": kind}).rstrip(b"}\n")


def is_alive(path: Path) -> bool:
    """Whether a process works on the run."""
    return LineFile(str(path)).is_held()
