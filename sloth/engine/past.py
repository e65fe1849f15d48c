"""The composition root of what concerns runs that have begun: where they are kept, what they left, who collects it."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path

from sloth.core import settings
from sloth.core.events import Subscriber
from sloth.core.places import Places
from sloth.engine import archive
from sloth.engine.artifacts import Artifacts, runs_with
from sloth.engine.attaching import Collection, Ways
from sloth.engine.bus import Bus
from sloth.engine.history import described
from sloth.engine.history import read as read_history
from sloth.engine.hostrun import Hear, Session
from sloth.engine.lives import Lives
from sloth.engine.pending import Pending, workflow_key
from sloth.engine.reading import inventory
from sloth.engine.request import Request
from sloth.engine.unlocking import Unlocked
from sloth.store import SqliteDatabase
from sloth.store.runs import Runs, Wanted
from sloth.transport.switchboard import Switchboard


def all_runs() -> Runs:
    """The runs that there were."""
    places = Places.find(os.environ, Path.cwd())
    return Runs(places.runs, SqliteDatabase(places.store), described)


def artifacts() -> Path:
    """The folder of what runs left."""
    return Places.find(os.environ, Path.cwd()).artifacts


def tidy() -> None:
    """Throw away what is beyond the number of runs that are to be kept; some at a time, as looking takes a moment."""
    runs, most = all_runs(), int(settings.load(os.environ, Path.cwd())["runs_keep"])
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


def attach(
    run: str, over: Callable[[Request], Request], subscribers: Sequence[Subscriber], *, cancel: bool = False
) -> int:
    """Show a run until it ends; of a detached one, collect what its hosts did. Returns its exit code.

    over: as of resume. cancel: a detached run shall stop
    """
    runs = all_runs()
    found = runs.find(run)
    history = read_history(runs.journal(found))
    if not history.is_detached or runs.is_alive(found):
        return archive.watch(runs, found, subscribers)
    request = over(history.asked.request)
    unlocked = Unlocked(request.targets.unlocking, request.file)
    hosts = inventory(request.targets, Path(request.file).parent, unlocked=unlocked)
    places = Places.find(os.environ, Path.cwd())
    pending = Pending(places.pending, workflow_key(request.file, history.asked.workflow))
    with unlocked.mask.errors(), Bus(subscribers, mask=unlocked.mask) as bus, _switchboard() as board:

        def open_session(host: str, hear: Hear) -> Session:
            return board.open(hosts.connection(host, over=request.targets.settings()), {}, hear)

        ways = Ways(open_session, pending, request.forks, runs.shortened([found])[0])
        with Lives(runs, bus.publish).collecting(history, unlocked.mask) as record:
            code = Collection(history, ways, bus, record, cancel=cancel).go()
    bus.check()
    return code


@contextmanager
def _switchboard() -> Iterator[Switchboard]:
    here = Path.cwd()
    wheelhouse = settings.load(os.environ, here)["bundle.wheelhouse"]
    with closing(Switchboard.of(Places.find(os.environ, here), os.environ, wheelhouse)) as board:
        yield board
