"""Runs that were: where they are kept, what they left, and how old ones go."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from sloth.core.events import Event
from sloth.engine import archive, here
from sloth.engine.allowance import JOURNAL
from sloth.engine.artifacts import Artifacts, runs_with
from sloth.engine.history import described
from sloth.engine.lives import Lives
from sloth.store import SqliteDatabase
from sloth.store.runs import Runs, Wanted


def all_runs() -> Runs:
    """The runs that there were."""
    places = here.places()
    return Runs(places.runs, SqliteDatabase(places.store), described)


def last_exit(workflow: str, but: str) -> int | None:
    """The exit code of the last real run of a workflow that has ended, another one than `but`; None for none."""
    entries = all_runs().select(Wanted(workflow=workflow))
    return next((one.exit_code for one in entries if one.id != but and one.mode != "check" and one.ended), None)


def lives(say: Callable[[Event], None]) -> Lives:
    """Begins runs and takes them up. say: where notices go."""
    return Lives(all_runs(), say, int(here.configured()[JOURNAL]))


def artifacts() -> Path:
    """The folder of what runs left."""
    return here.places().artifacts


def tidy() -> None:
    """Throw away what is beyond the number of runs that are to be kept; some at a time, as looking takes a moment."""
    runs, most = all_runs(), int(here.configured()["runs_keep"])
    if runs.number() > most + most // 10:
        archive.prune(runs, most, None, artifacts())


def prune_artifacts(keep: int | None, before: float | None) -> dict[str, int]:
    """Throw away what runs left, beyond the newest `keep` or older than a time; run → bytes. Those at work keep it."""
    folder, runs = artifacts(), all_runs()
    left, gone = runs_with(folder), {}
    started = {entry.id: entry.started for entry in runs.select(Wanted())}
    for number, run in enumerate(sorted(left, key=lambda run: -started.get(run, 0.0))):
        is_old = before is not None and started.get(run, 0.0) < before
        if (is_old or (keep is not None and number >= keep)) and not runs.is_alive(run):
            gone[run] = Artifacts(folder / run).remove()
    return gone
