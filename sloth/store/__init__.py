"""What sloth remembers between commands: one database, and what is kept in it."""

from __future__ import annotations

from sloth.store.database import Change, Database, Rows, Transaction, Value
from sloth.store.locks import HOST, Clock, Forced, Lease, Locks, lock_name, this_process
from sloth.store.sqlite import SqliteDatabase
from sloth.store.state import Entry, Fence, State, same
from sloth.store.watch import Seen, watch

__all__ = [
    "HOST",
    "Change",
    "Clock",
    "Database",
    "Entry",
    "Fence",
    "Forced",
    "Lease",
    "Locks",
    "Rows",
    "Seen",
    "SqliteDatabase",
    "State",
    "Transaction",
    "Value",
    "lock_name",
    "same",
    "this_process",
    "watch",
]
