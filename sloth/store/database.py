"""What a backend of the store must offer: reads, and changes that happen wholly or not at all.

State, locks, runs and secrets are written once, in SQL that PostgreSQL and SQLite from 3.26 (RHEL 8's) both know:
`?` for values, `ON CONFLICT … DO UPDATE`, no `RETURNING`; text, integers, doubles and bytes, no other types; no clock
of SQL (the time is a value). A second backend implements this file and passes the same tests (tests/unit/store).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Protocol, TypeVar

Value = str | int | float | bytes | None
Rows = list[tuple[Any, ...]]
T = TypeVar("T")


class Transaction(Protocol):
    """A change on its way."""

    def execute(self, sql: str, values: Sequence[Value] = ()) -> Rows:
        """Run one statement; all the rows that it gives."""


Change = Callable[[Transaction], T]


class Database(Protocol):
    """May be used by all threads at once, and goes on in a process that was forked off."""

    def read(self, sql: str, values: Sequence[Value] = ()) -> Rows:
        """The rows of one query, as they were at one moment. Waits for no writer."""

    def write(self, change: Change[T], *, sync: bool = False) -> T:
        """Make a change; what it returns. When it raises, nothing of it has happened.

        It is alone: no other change, of any process, happens meanwhile. So it is short, waits for nothing, and does
        not call the database. With sync it runs perhaps in another thread, together with changes of others.

        sync: it survives a loss of power when this returns; else it survives the death of our process only
        """

    def close(self) -> None:
        """Let go of the files. Later calls open them again."""
