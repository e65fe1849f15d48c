"""All runs that there were: a directory with the journal of each, and an index of them in the store.

The journals are the truth; the index answers which run was when, of what and on which hosts without reading them all.
A run that the index has missed (a crash, an older backup of the store) is put there when somebody looks.
"""

from __future__ import annotations

import secrets
import shutil
from bisect import bisect_left
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

from msgspec import Struct
from msgspec.structs import astuple

from sloth.core.errors import StoreError, UsageError
from sloth.core.near import near
from sloth.store import journal
from sloth.store.database import Database, Transaction, Value

SHORTEST = 4  # characters of an id that a person has to type at least
_JOURNAL = "journal.jsonl"
_COLUMNS = "id, workflow, file, owner, mode, started, ended, exit_code, hosts"


class Entry(Struct, frozen=True):
    """A run in the index. mode: apply, check or detached. ended and exit_code: None as long as it has no end."""

    id: str
    workflow: str
    file: str
    owner: str
    mode: str
    started: float
    ended: float | None
    exit_code: int | None
    hosts: int


class Wanted(Struct, frozen=True):
    """Which runs to list, each condition only if it is given. since: not begun before that time."""

    workflow: str | None = None
    host: str | None = None
    since: float | None = None
    limit: int | None = None


Describe = Callable[[Path], tuple[Entry, Sequence[str]] | None]


class Runs:
    """The runs in one directory.

    describe(journal): what the index should know of a run, and its hosts; None for no journal of ours
    """

    def __init__(self, folder: Path, database: Database, describe: Describe) -> None:
        self._folder = folder
        self._database = database
        self._describe = describe

    def new(self) -> str:
        """An id that no run has, and the directory for it. Raises StoreError."""
        while True:
            run = secrets.token_hex(4)
            try:
                (self._folder / run).mkdir(mode=0o700)
            except FileExistsError:
                continue
            except OSError as error:
                why = str(error.strerror).lower()
                raise StoreError(f"cannot write {self._folder}: {why}", hint=journal.FULL) from error
            return run

    def discard(self, run: str) -> None:
        """Take back one that never began; first its journal, so that a crash leaves nothing that looks whole."""
        try:
            self.journal(run).unlink(missing_ok=True)
        except OSError as error:
            raise StoreError(f"cannot remove {self.journal(run)}: {str(error.strerror).lower()}") from error
        shutil.rmtree(self._folder / run, ignore_errors=True)

    def journal(self, run: str) -> Path:
        """The journal of a run."""
        return self._folder / run / _JOURNAL

    def number(self) -> int:
        """About how many there are."""
        return sum(1 for _ in self._folder.iterdir())

    def ids(self) -> list[str]:
        """All runs."""
        return sorted(path.parent.name for path in self._folder.glob(f"*/{_JOURNAL}"))

    def find(self, prefix: str) -> str:
        """The run whose id begins like this. UsageError when there is none, or more than one."""
        known = self.ids()
        found = [run for run in known if run.startswith(prefix)] if prefix else []
        if len(found) == 1:
            return found[0]
        if found:
            shown = ", ".join(self.shortened(found)[:8])
            raise UsageError(f"{prefix!r} is the beginning of several runs", hint=f"give more of it: {shown}")
        hint = near(prefix, [run[: max(len(prefix), SHORTEST)] for run in known]) or "`sloth runs list` shows all"
        raise UsageError(f"there is no run {prefix!r}", hint=hint)

    def shortened(self, runs: Iterable[str]) -> list[str]:
        """For each the shortest beginning that no other run has."""
        known = self.ids()
        return [_shortest(run, known) for run in runs]

    def is_alive(self, run: str) -> bool:
        """Whether a process works on it."""
        return journal.is_alive(self.journal(run))

    def note(self, entry: Entry, hosts: Sequence[str] = ()) -> None:
        """Put a run into the index, in place of what was known of it. hosts: those that take part, if they changed."""

        def change(transaction: Transaction) -> None:
            _write(transaction, entry, hosts)

        self._database.write(change)

    def select(self, wanted: Wanted) -> list[Entry]:
        """The runs that are wanted, the newest first."""
        self._catch_up()
        where: list[tuple[str, Value]] = [
            (condition, value)
            for condition, value in (
                ("workflow = ?", wanted.workflow),
                ("id IN (SELECT run FROM run_hosts WHERE host = ?)", wanted.host),
                ("started >= ?", wanted.since),
            )
            if value is not None
        ]
        sql = f"SELECT {_COLUMNS} FROM runs"  # names of columns
        if where:
            sql += " WHERE " + " AND ".join(condition for condition, _ in where)
        values = [value for _, value in where]
        sql += " ORDER BY started DESC, id"
        if wanted.limit is not None:
            sql += " LIMIT ?"
            values.append(wanted.limit)
        return [Entry(*row) for row in self._database.read(sql, values)]

    def entry(self, run: str) -> Entry:
        """What the index knows of one run. Raises StoreError for one whose journal says nothing."""
        self._catch_up()
        rows = self._database.read(f"SELECT {_COLUMNS} FROM runs WHERE id = ?", [run])
        if not rows:
            raise StoreError(f"the journal of run {run} is empty or damaged", hint="`sloth runs prune` removes it")
        return Entry(*rows[0])

    def names(self) -> tuple[list[str], list[str]]:
        """The workflows and the hosts that there are runs of."""
        workflows = self._database.read("SELECT DISTINCT workflow FROM runs")
        hosts = self._database.read("SELECT DISTINCT host FROM run_hosts")
        return [row[0] for row in workflows], [row[0] for row in hosts]

    def remove(self, run: str) -> None:
        """Forget a run."""
        self.discard(run)

        def change(transaction: Transaction) -> None:
            transaction.execute("DELETE FROM run_hosts WHERE run = ?", [run])
            transaction.execute("DELETE FROM runs WHERE id = ?", [run])

        self._database.write(change)

    def _has_ended(self, run: str) -> bool:
        return not self.is_alive(run) and journal.has_ended(self.journal(run))

    def _catch_up(self) -> None:
        """Index what it has missed: runs, and the ends of runs. Forget what is no more."""
        known = {row[0]: row[1] for row in self._database.read("SELECT id, ended FROM runs")}
        there = set(self.ids())
        missed = [run for run in there if run not in known or (known[run] is None and self._has_ended(run))]
        found = [described for run in missed if (described := self._describe(self.journal(run))) is not None]
        gone = known.keys() - there
        if not found and not gone:
            return

        def change(transaction: Transaction) -> None:
            for entry, hosts in found:
                _write(transaction, entry, hosts)
            for run in gone:
                transaction.execute("DELETE FROM run_hosts WHERE run = ?", [run])
                transaction.execute("DELETE FROM runs WHERE id = ?", [run])

        self._database.write(change)


def _shortest(run: str, known: Sequence[str]) -> str:
    """Its shortest beginning that no other one has: in their order, those that share most with it stand beside it."""
    place = bisect_left(known, run)
    beside = [other for other in known[max(0, place - 1) : place + 2] if other != run]
    return run[: max([SHORTEST, *(_shared(run, other) + 1 for other in beside)])]


def _shared(run: str, other: str) -> int:
    """With how many characters both begin."""
    return next((place for place, pair in enumerate(zip(run, other, strict=False)) if pair[0] != pair[1]), len(run))


def _write(transaction: Transaction, entry: Entry, hosts: Sequence[str]) -> None:
    marks = ", ".join("?" * len(astuple(entry)))
    transaction.execute(
        f"INSERT INTO runs ({_COLUMNS}) VALUES ({marks}) ON CONFLICT (id) DO UPDATE SET"  # columns
        " ended = excluded.ended, exit_code = excluded.exit_code, owner = excluded.owner, hosts = excluded.hosts,"
        " mode = excluded.mode",
        astuple(entry),
    )
    for host in hosts:
        transaction.execute(
            "INSERT INTO run_hosts (run, host) VALUES (?, ?) ON CONFLICT (run, host) DO NOTHING", [entry.id, host]
        )
