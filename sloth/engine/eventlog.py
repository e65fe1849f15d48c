"""The events of all runs, as their journals hold them: found again, followed, counted, cleared."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import closing
from itertools import takewhile
from pathlib import Path

from msgspec import Struct, field

from sloth.core.errors import UsageError
from sloth.core.events import TYPES, Event, LogLine, TaskFinished, TaskOutput
from sloth.core.near import near
from sloth.core.writing import write
from sloth.engine import history
from sloth.runtime.linefile import LineFile, encoded
from sloth.store import journal
from sloth.store.runs import Runs, Wanted

GLANCE = 0.2  # seconds between looks at runs that go on
LINES = (TaskOutput, LogLine)


class Kept(Struct, frozen=True):
    """An event as it is kept. number: its place among those of its run, from 1."""

    run: str
    number: int
    at: float
    event: Event


class Filter(Struct, frozen=True):
    """Which events; each condition only if it is given."""

    type: str | None = None
    host: str | None = None
    task: str | None = None
    since: float | None = None

    def check(self, runs: Runs, run: str | None) -> None:
        """Raises UsageError for a type that there is not; for a host or task that the run does not have."""
        if self.type is not None and self.type not in TYPES:
            hint = near(self.type, TYPES) or f"there are {', '.join(TYPES)}"
            raise UsageError(f"there is no event {self.type!r}", hint=hint)
        if run is not None and (self.host is not None or self.task is not None):
            history.read(runs.journal(runs.find(run))).of(self.host, self.task)

    def takes(self, kept: Kept) -> bool:
        """Whether it is one of these."""
        event = kept.event
        return (
            self.type in {None, event.type}
            and self.host in {None, getattr(event, "host", None)}
            and self.task in {None, getattr(event, "task", None)}
            and (self.since is None or kept.at >= self.since)
        )


class Counts(Struct):
    """types: type → how many. statuses: how tasks ended → how many. size: bytes of the journals."""

    runs: int = 0
    size: int = 0
    types: Counter[str] = field(default_factory=Counter)
    statuses: Counter[str] = field(default_factory=Counter)


def of_run(runs: Runs, run: str) -> Iterator[Kept]:
    """All events of a run, in order."""
    return (kept for _, kept in _from(runs.journal(run), run, 0, 0))


def find(runs: Runs, run: str | None, wanted: Filter, most: int) -> list[Kept]:
    """The last ones that are wanted, of one run or of all, oldest first."""
    wanted.check(runs, run)
    chosen = [runs.find(run)] if run is not None else [entry.id for entry in runs.select(Wanted())]
    found: list[Kept] = []
    for one in chosen:  # the newest run first
        found += [kept for kept in of_run(runs, one) if wanted.takes(kept)][-most:]
        if len(found) >= most:
            break
    return sorted(found, key=lambda kept: (kept.at, kept.run, kept.number))[-most:]


def one(runs: Runs, run: str, number: int) -> Kept:
    """One event of a run. Raises UsageError when it has none of that number."""
    found = next((kept for kept in of_run(runs, runs.find(run)) if kept.number == number), None)
    if found is None:
        raise UsageError(f"run {run} has no event {number}", hint=f"`sloth events list {run}` shows their numbers")
    return found


def watch(
    runs: Runs, run: str | None, wanted: Filter, over: Callable[[], bool] = lambda: False, glance: float = GLANCE
) -> Iterator[Kept]:
    """What happens from now on, in one run until it ends, or in all runs until somebody has seen enough.

    glance: seconds between two looks
    """
    wanted.check(runs, run)
    chosen = None if run is None else runs.find(run)
    places = {known: _size(runs.journal(known)) for known in runs.ids() if known != chosen}
    numbers: dict[str, int] = {}  # of the last event before that place, once a run goes on
    while not over():
        alive = chosen is None or runs.is_alive(chosen)
        for known in [chosen] if chosen is not None else runs.ids():
            path, place = runs.journal(known), places.get(known, 0)
            if (size := _size(path)) < place:  # its output was cleared, or a torn line cut off
                places[known] = size
                numbers.pop(known, None)
            if size <= place:
                continue
            if known not in numbers:
                numbers[known] = _number(path, place)
            for behind, kept in _from(path, known, place, numbers[known]):
                places[known], numbers[known] = behind, kept.number
                if wanted.takes(kept):
                    yield kept
        if not alive:
            return
        time.sleep(glance)


def clear(runs: Runs, run: str | None, before: float | None) -> tuple[int, int]:
    """Throw away output and logs of runs that are over, and keep how their tasks ended; how many runs and bytes."""
    chosen = [runs.find(run)] if run is not None else [one.id for one in runs.select(Wanted())]
    cleared = freed = 0
    for entry in [runs.entry(known) for known in chosen]:
        if runs.is_alive(entry.id) or entry.ended is None or (before is not None and entry.started >= before):
            continue
        freed += _clear(runs.journal(entry.id))
        cleared += 1
    return cleared, freed


def count(runs: Runs, run: str | None) -> Counts:
    """How many of what there are."""
    counts = Counts()
    for known in [runs.find(run)] if run is not None else runs.ids():
        counts.runs += 1
        counts.size += _size(runs.journal(known))
        for kept in of_run(runs, known):
            counts.types[kept.event.type] += 1
            if isinstance(kept.event, TaskFinished):
                counts.statuses[kept.event.status] += 1
    return counts


def _clear(path: Path) -> int:
    """How many bytes that frees; none when somebody takes the run up at this moment."""
    with closing(LineFile(str(path))) as file:
        file.open()
        if not file.hold():
            return 0
        kept = (line for _, line in journal.entries(path) if line.get("type") not in {kind.type for kind in LINES})
        write(path, b"".join(map(encoded, kept)).decode("ascii"))
        return file.size - _size(path)


def _size(path: Path) -> int:
    """Of a journal; 0 for one that has just been thrown away."""
    try:
        return path.stat().st_size
    except FileNotFoundError:
        return 0


def _number(path: Path, place: int) -> int:
    """How many events stand before that place."""
    return sum(1 for _ in takewhile(lambda read: read[0] <= place, journal.events(path)))


def _from(path: Path, run: str, place: int, number: int) -> Iterator[tuple[int, Kept]]:
    for behind, at, event in journal.events(path, place):
        number += 1
        yield behind, Kept(run, number, at, event)
