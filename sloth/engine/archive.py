"""The runs that there were, and those that go on: looking at them, following, stopping, throwing away."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

from msgspec import Struct

from sloth.core.errors import StoreError, UsageError
from sloth.core.events import Event, RunDetached, RunFinished, Subscriber
from sloth.core.near import near
from sloth.engine import history as histories
from sloth.engine.artifacts import Artifacts
from sloth.engine.asked import Owner
from sloth.engine.bus import Bus
from sloth.engine.history import History
from sloth.store import journal
from sloth.store.runs import Entry, Runs, Wanted

GLANCE = 0.2  # seconds between looks at a run that goes on
STOP_PATIENCE = 15.0  # seconds until a run that was told to stop has to be over
RUNNING, INTERRUPTED, DETACHED = "running", "interrupted", "detached"
_ENDINGS = {
    0: "ok", 1: "failed", 2: "failed", 3: "unreachable", 5: "stopped", 6: "busy", 7: "late", 130: "cancelled",
}  # fmt: skip
STATUSES = (RUNNING, DETACHED, INTERRUPTED, *dict.fromkeys(_ENDINGS.values()))


class Listed(Struct, frozen=True):
    """A run as a list shows it. short: enough of its id. took: seconds until its end, or until now."""

    entry: Entry
    short: str
    status: str
    took: float


def listed(runs: Runs, wanted: Wanted, status: str | None, most: int) -> list[Listed]:
    """The runs that are wanted, the newest first. Raises UsageError for names that no run has."""
    if status is not None and status not in STATUSES:
        raise UsageError(f"there is no status {status!r}", hint=near(status, STATUSES) or f"{', '.join(STATUSES)}")
    found = [(entry, status_of(runs, entry)) for entry in runs.select(wanted)]
    if not found:
        _check_names(runs, wanted)
    found = [(entry, word) for entry, word in found if status in {None, word}][:most]
    short = runs.shortened(entry.id for entry, _ in found)
    now = time.time()
    return [
        Listed(entry, name, word, (entry.ended or (now if word == RUNNING else entry.started)) - entry.started)
        for (entry, word), name in zip(found, short, strict=True)
    ]


def status_of(runs: Runs, entry: Entry) -> str:
    """How a run ended, or that it has not."""
    if entry.exit_code is not None and entry.ended is not None:
        return _ENDINGS.get(entry.exit_code, "failed")
    if runs.is_alive(entry.id):
        return RUNNING
    return DETACHED if entry.mode == "detached" else INTERRUPTED


def _check_names(runs: Runs, wanted: Wanted) -> None:
    workflows, hosts = runs.names()
    for given, known, what in ((wanted.workflow, workflows, "workflow"), (wanted.host, hosts, "host")):
        if given is not None and given not in known:
            raise UsageError(f"there is no run of a {what} {given!r}", hint=near(given, known))


def read(runs: Runs, prefix: str) -> History:
    """What is known of a run."""
    return histories.read(runs.journal(runs.find(prefix)))


def stream(runs: Runs, prefix: str, *, follow: bool = False) -> Iterator[tuple[float, Event]]:
    """The events of a run, each with its time; follow: also those to come, until nobody works on it any more."""
    run = runs.find(prefix)
    path, place = runs.journal(run), 0
    while True:
        alive = follow and runs.is_alive(run)  # before we look, so that nothing comes in between
        for behind, at, event in journal.events(path, place):
            place = behind
            yield at, event
        if not alive:
            return
        time.sleep(GLANCE)


def watch(runs: Runs, prefix: str, subscribers: Sequence[Subscriber]) -> int:
    """Show a run from its beginning, and go on until it ends. Returns its exit code; 130 when it came to no end."""
    code = 130
    with Bus(subscribers) as bus:
        for _, event in stream(runs, prefix, follow=True):
            if not isinstance(event, RunDetached):  # who looks knows already how to
                bus.publish(event)
            if isinstance(event, RunFinished):
                code = event.exit_code
    bus.check()
    return code


def is_away(runs: Runs, prefix: str) -> bool:
    """Whether hosts work on a run by themselves, and nobody collects what they do."""
    return read(runs, prefix).is_detached and not runs.is_alive(runs.find(prefix))


def cancel(runs: Runs, prefix: str) -> str:
    """Stop a run as Ctrl-C does; its id. Raises UsageError when it does not go on, or does so elsewhere."""
    run = runs.find(prefix)
    history = read(runs, run)
    owner = history.owner
    if history.is_detached and runs.is_alive(run):
        raise UsageError(
            f"{owner} collects what the hosts of run {prefix} do (pid {owner.pid})",
            hint="end that with Ctrl-C, which leaves the hosts at work; then cancel the run",
        )
    if not runs.is_alive(run):
        raise UsageError(f"run {prefix} does not go on", hint=f"`sloth runs show {prefix}` tells how it ended")
    if owner.machine != Owner.me().machine:
        raise UsageError(f"run {prefix} is worked on at {owner.machine}", hint="cancel it there")
    try:
        os.kill(owner.pid, signal.SIGTERM)
    except OSError as error:
        raise StoreError(f"run {prefix} is worked on by process {owner.pid}: {error.strerror}") from error
    until = time.monotonic() + STOP_PATIENCE
    while runs.is_alive(run):
        if time.monotonic() > until:
            raise StoreError(f"run {prefix} was told to stop and has not, within {STOP_PATIENCE:g} s")
        time.sleep(GLANCE)
    return run


def prune(runs: Runs, keep: int | None, before: float | None, artifacts: Path) -> list[Entry]:
    """Throw away runs beyond the newest `keep`, and those that began before a time; what is still to end stays.

    artifacts: the folder of what they left
    """
    gone = []
    for number, entry in enumerate(runs.select(Wanted())):
        is_old = before is not None and entry.started < before
        is_much = keep is not None and number >= keep
        if (is_old or is_much) and status_of(runs, entry) not in {RUNNING, DETACHED}:
            Artifacts(artifacts / entry.id).remove()
            runs.remove(entry.id)
            gone.append(entry)
    return gone
