"""The store in one file: SQLite, for all threads and processes of one machine; in WAL mode, where the disk is its own.

Two connections for each process: readers never wait for a writer's disk. Changes that must survive a loss of power
gather while the disk works on those before (group commit).
"""

from __future__ import annotations

import os
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from queue import SimpleQueue
from types import TracebackType
from typing import Any, Generic, TypeVar

from sloth.core.errors import StoreBusy, StoreError
from sloth.store import schema
from sloth.store.database import Change, Rows, Transaction, Value
from sloth.store.filesystem import journal_mode

T = TypeVar("T")
GROUP_LIMIT = 1000  # changes that go to the disk together
PATIENCE = 30.0  # seconds that we wait for another process to end its change
_HINTS = {
    sqlite3.SQLITE_FULL: "the disk is full; what was kept before is intact",
    sqlite3.SQLITE_IOERR: "the disk is full or failing; what was kept before is intact",
    sqlite3.SQLITE_READONLY: "set SLOTH_HOME to a directory that you may write to",
    sqlite3.SQLITE_CANTOPEN: "set SLOTH_HOME to a directory that you may write to",
    sqlite3.SQLITE_PERM: "set SLOTH_HOME to a directory that you may write to",
    sqlite3.SQLITE_CORRUPT: "`sloth db verify` tells more; `sloth db restore` brings a backup back",
    sqlite3.SQLITE_NOTADB: "`sloth db restore` brings a backup back",
}


class SqliteDatabase:
    """A database in a file, which is made when it is first used.

    steps: those of the schema, or the tests' own. journal: how changes are kept whole on the disk of a path
    """

    def __init__(
        self,
        path: Path,
        *,
        steps: Sequence[Sequence[str]] = schema.STEPS,
        patience: float = PATIENCE,
        journal: Callable[[Path], str] = journal_mode,
    ) -> None:
        self.path = path
        self._journal = journal
        self._steps = steps
        self._patience = patience
        self._opening = threading.Lock()
        self._opened: _Connections | None = None
        self._left: list[_Connections] = []

    def read(self, sql: str, values: Sequence[Value] = ()) -> Rows:
        """See Database."""
        here = self._connections()
        with here.reading, told(self.path):
            return here.reader.execute(sql, values).fetchall()

    def write(self, change: Change[T], *, sync: bool = False) -> T:
        """See Database."""
        here = self._connections()
        return here.together(change) if sync else here.alone(change)

    def close(self) -> None:
        """See Database."""
        with self._opening:
            if self._opened is not None and self._opened.process == os.getpid():
                self._opened.close()
            self._opened = None

    def version(self) -> int:
        """How many steps of the schema the file has had."""
        return int(self.read("PRAGMA user_version")[0][0])

    def _connections(self) -> _Connections:
        here = self._opened
        return here if here is not None and here.process == os.getpid() else self._open()

    def _open(self) -> _Connections:
        if not self._opening.acquire(timeout=self._patience):  # held by a thread that a fork has left behind
            self._opening = threading.Lock()
            self._opening.acquire()
        try:
            if self._opened is not None and self._opened.process != os.getpid():
                self._left.append(self._opened)  # closing what a parent goes on with would harm it
                self._opened = None
            if self._opened is None:
                with told(self.path):
                    self._opened = _Connections(self.path, self._patience, self._steps, self._journal(self.path))
            return self._opened
        finally:
            self._opening.release()


class _Connections:
    """What one process has open."""

    def __init__(self, path: Path, patience: float, steps: Sequence[Sequence[str]], journal: str) -> None:
        self.process = os.getpid()
        self.path = path
        self._writing = threading.Lock()
        # without WAL readers and writers wait for each other, and SQLite would have them sleep meanwhile
        self.reading = threading.Lock() if journal == "wal" else self._writing
        os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600))
        self._writer = connect(path, patience)
        self._transaction = _Statements(self._writer)
        migrate(self._writer, path, steps, journal)
        self.reader = connect(path, patience)
        self.reader.execute("PRAGMA query_only = 1")
        self._group = _Group(self._commit)

    def alone(self, change: Change[T]) -> T:
        """One change, which survives the death of our process."""
        with self._writing, told(self.path):
            return self._whole(change)

    def together(self, change: Change[T]) -> T:
        """One change, on the disk together with those of other threads."""
        with told(self.path):
            return self._group.join(change)

    def close(self) -> None:
        """Close the files, which folds the log into the database."""
        self._group.end()
        with self._writing:
            self._writer.close()
        with self.reading:
            self.reader.close()

    def _commit(self, tickets: Sequence[_Ticket[Any]]) -> None:
        execute = self._writer.execute
        with self._writing, told(self.path):
            execute("PRAGMA synchronous = FULL")
            try:
                self._whole(lambda transaction: self._make_all(tickets, transaction))
            finally:
                execute("PRAGMA synchronous = NORMAL")

    def _make_all(self, tickets: Sequence[_Ticket[Any]], transaction: Transaction) -> None:
        """One that fails leaves the others alone."""
        execute = self._writer.execute
        for ticket in tickets:
            execute("SAVEPOINT one")
            ticket.go(transaction)
            if ticket.error is not None:
                execute("ROLLBACK TO one")
            execute("RELEASE one")

    def _whole(self, change: Change[T]) -> T:
        execute = self._writer.execute
        execute("BEGIN IMMEDIATE")
        try:
            result = change(self._transaction)
            execute("COMMIT")
        finally:
            if self._writer.in_transaction:  # a full disk may have ended it already
                execute("ROLLBACK")
        return result


class _Statements:
    """A transaction, as changes see it."""

    __slots__ = ("_execute",)

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._execute = connection.execute

    def execute(self, sql: str, values: Sequence[Value] = ()) -> Rows:
        return self._execute(sql, values).fetchall()


class _Ticket(Generic[T]):
    """A change that waits for the disk together with others."""

    __slots__ = ("change", "done", "error", "result")

    def __init__(self, change: Change[T]) -> None:
        self.change = change
        self.result: T
        self.error: Exception | None = None
        self.done = threading.Lock()
        self.done.acquire()

    def go(self, transaction: Transaction) -> None:
        """Make the change."""
        try:
            self.result = self.change(transaction)
        except Exception as error:  # noqa: BLE001  # raised again in the thread that waits for it
            self.error = error


class _Group:
    """Changes that go to the disk together: while it works on some, the next ones gather.

    A thread of its own commits, since a Ctrl-C hits the main thread wherever that is.
    """

    def __init__(self, commit: Callable[[Sequence[_Ticket[Any]]], None]) -> None:
        self._commit = commit
        self._queue: SimpleQueue[_Ticket[Any] | None] = SimpleQueue()
        self._starting = threading.Lock()
        self._has_thread = False

    def join(self, change: Change[T]) -> T:
        """Wait until a change is on the disk; its result."""
        ticket = _Ticket(change)
        if not self._has_thread:
            self._start()
        self._queue.put(ticket)
        ticket.done.acquire()
        if ticket.error is not None:
            raise ticket.error
        return ticket.result

    def end(self) -> None:
        """Nothing more will come."""
        self._queue.put(None)

    def _start(self) -> None:
        with self._starting:
            if not self._has_thread:
                self._has_thread = True
                threading.Thread(target=self._go, name="store", daemon=True).start()

    def _go(self) -> None:
        together = 1
        while (first := self._queue.get()) is not None:
            tickets = [first, *self._others(together - 1)]
            together = len(tickets)
            try:
                self._commit(tickets)
            except Exception as error:  # noqa: BLE001  # raised again in the threads that wait for it
                for ticket in tickets:
                    ticket.error = error
            for ticket in tickets:
                ticket.done.release()

    def _others(self, expected: int) -> Iterator[_Ticket[Any]]:
        """Those who wait too. Whom the last commit woke is about to come again, so they get the time to."""
        for _ in range(expected):
            if self._queue.qsize() >= expected:
                break
            time.sleep(0)  # lets another thread run
        for _ in range(min(self._queue.qsize(), GROUP_LIMIT)):
            ticket = self._queue.get()
            if ticket is None:
                self._queue.put(None)  # the end comes after this commit
                return
            yield ticket


def connect(path: Path, patience: float = PATIENCE) -> sqlite3.Connection:
    """A connection as the store uses it: transactions are begun and ended by us alone."""
    connection = sqlite3.connect(path, timeout=patience, isolation_level=None, check_same_thread=False)
    connection.execute("PRAGMA synchronous = NORMAL")
    connection.execute("PRAGMA trusted_schema = 0")
    return connection


def migrate(
    connection: sqlite3.Connection, path: Path, steps: Sequence[Sequence[str]], journal: str = "delete"
) -> None:
    """Bring the tables to the newest version. Raises StoreError when the file is of a newer sloth."""
    as_wanted = connection.execute("PRAGMA journal_mode").fetchone()[0] == journal
    if as_wanted and connection.execute("PRAGMA user_version").fetchone()[0] == len(steps):
        return
    with setting_up(path):
        connection.execute(f"PRAGMA journal_mode = {journal}")
        connection.execute("BEGIN IMMEDIATE")
        try:
            version = int(connection.execute("PRAGMA user_version").fetchone()[0])
            if version > len(steps):
                raise StoreError(
                    f"{path} was written by a newer sloth: its tables are version {version}, ours {len(steps)}",
                    hint="use that one, or another SLOTH_HOME",
                )
            for statement in (one for step in steps[version:] for one in step):
                connection.execute(statement)
            connection.execute(f"PRAGMA user_version = {len(steps)}")
            connection.execute("COMMIT")
        finally:
            if connection.in_transaction:
                connection.execute("ROLLBACK")


@contextmanager
def setting_up(path: Path) -> Iterator[None]:
    """What one process at a time does: making the file, changing its tables, putting another in its place."""
    from filelock import FileLock

    with FileLock(path.with_name(path.name + ".lock"), mode=0o600):
        yield


def told(path: Path, hint: str = "set SLOTH_HOME to a directory of yours") -> AbstractContextManager[None]:
    """Errors of SQLite, in words and with what to do about them. hint: about a file that cannot be written."""
    return _Told(path, hint)


class _Told:
    """A class, since a generator would cost a tenth of a change."""

    __slots__ = ("_hint", "_path")

    def __init__(self, path: Path, hint: str) -> None:
        self._path = path
        self._hint = hint

    def __enter__(self) -> None:
        """Nothing to begin."""

    def __exit__(self, _: type[BaseException] | None, error: BaseException | None, __: TracebackType | None) -> None:
        if isinstance(error, sqlite3.Error):
            code = getattr(error, "sqlite_errorcode", 0) & 0xFF
            if code in {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED}:
                raise StoreBusy(f"{self._path}: another process has been writing for too long") from error
            raise StoreError(f"{self._path}: {error}", hint=_HINTS.get(code, "")) from error
        if isinstance(error, OSError):
            raise StoreError(f"{self._path}: {str(error.strerror).lower()}", hint=self._hint) from error
        if isinstance(error, UnicodeEncodeError):
            raise StoreError(f"{error.object!r} is no text that a store can hold") from error
