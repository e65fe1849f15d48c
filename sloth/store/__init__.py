"""What sloth remembers between commands: one database, and what is kept in it."""

from __future__ import annotations

from sloth.store.database import Change, Database, Rows, Transaction, Value
from sloth.store.sqlite import SqliteDatabase

__all__ = ["Change", "Database", "Rows", "SqliteDatabase", "Transaction", "Value"]
