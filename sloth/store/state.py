"""State: JSON values by namespace and key, for what outlives a run.

Each value has a version, which grows with every change of its key and also over a deletion: whoever read version 3
and writes under the condition that it still is 3 has overwritten nobody. A value with a time to live is gone when that
is over; what is gone is taken off the disk by one of the next changes.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from msgspec import Struct
from msgspec.structs import asdict

from sloth.core.errors import LeaseLost, StateConflict, StateError
from sloth.store.database import Change, Database, Rows, T, Transaction, Value

NAME_LIMIT = 512  # characters of a namespace or key
VALUE_LIMIT = 1 << 20  # bytes of a value's JSON
TTL_LIMIT = 100 * 365 * 86400.0  # seconds that a value may live
PURGE = 60.0  # seconds between two looks for what is gone
_ENCODER = json.JSONEncoder(separators=(",", ":"), allow_nan=False)  # dumps() would make one for each value
_COLUMNS = "namespace, key, value, version, owner, created, updated, expires"
_LIVE = "(expires IS NULL OR expires > ?)"
_WITHIN = "namespace = ? AND key >= ? AND key < ? AND " + _LIVE
_GET = f"SELECT {_COLUMNS} FROM state WHERE namespace = ? AND key = ? AND {_LIVE}"
_LIST = f"SELECT {_COLUMNS} FROM state WHERE {_WITHIN} ORDER BY key"
# What has expired counts as absent: its successor is created now, but the version goes on.
_SET = f"""INSERT INTO state ({_COLUMNS})
    VALUES (?, ?, ?, 1 + COALESCE((SELECT version FROM state_floor WHERE namespace = ?), 0), ?, ?, ?, ?)
    ON CONFLICT (namespace, key) DO UPDATE SET value = excluded.value, version = state.version + 1,
        owner = excluded.owner, updated = excluded.updated, expires = excluded.expires,
        created = CASE WHEN state.expires <= excluded.updated THEN excluded.created ELSE state.created END"""
_MADE = "SELECT version, created FROM state WHERE namespace = ? AND key = ?"
_FLOOR = """INSERT INTO state_floor (namespace, version) VALUES (?, ?)
    ON CONFLICT (namespace) DO UPDATE SET version = excluded.version WHERE excluded.version > state_floor.version"""


class Entry(Struct, frozen=True):
    """A value, and what is known about it. Times are seconds since 1970; expires is None for what stays."""

    namespace: str
    key: str
    value: Any
    version: int
    owner: str
    created: float
    updated: float
    expires: float | None

    def plain(self) -> dict[str, Any]:
        """As JSON."""
        return asdict(self)


class Fence(Struct, frozen=True):
    """A change holds only while this lease is the lock's: see Locks."""

    lock: str
    token: int


class State:
    """All namespaces. owner: who makes the changes. sync: whether they survive a loss of power."""

    def __init__(
        self, database: Database, owner: str, *, sync: bool = True, clock: Callable[[], float] = time.time
    ) -> None:
        self._database = database
        self._owner = owner
        self._sync = sync
        self._clock = clock
        self._purged = float("-inf")

    # looking

    def get(self, namespace: str, key: str) -> Entry | None:
        """The entry of a key."""
        _check_names(namespace, key)
        rows = self._database.read(_GET, (namespace, key, self._clock()))
        return _entry(rows[0]) if rows else None

    def list(self, namespace: str, prefix: str = "") -> list[Entry]:
        """The entries whose keys begin so, by key."""
        return [_entry(row) for row in self._database.read(_LIST, (*_range(namespace, prefix), self._clock()))]

    def namespaces(self) -> dict[str, int]:
        """How many keys each namespace has."""
        query = f"SELECT namespace, count(*) FROM state WHERE {_LIVE} GROUP BY namespace ORDER BY namespace"
        return dict(self._database.read(query, (self._clock(),)))

    def stats(self) -> dict[str, Any]:
        """What there is in all."""
        query = (
            "SELECT count(*), COALESCE(sum(length(value)), 0), count(expires), min(updated), max(updated)"
            f" FROM state WHERE {_LIVE}"
        )
        keys, size, expiring, oldest, newest = self._database.read(query, (self._clock(),))[0]
        return {
            "namespaces": self.namespaces(), "keys": keys, "bytes": size, "expiring": expiring, "oldest": oldest,
            "newest": newest,
        }  # fmt: skip

    # changing

    def set(
        self, namespace: str, key: str, value: object, *, ttl: float | None = None, fence: Fence | None = None
    ) -> Entry:
        """Give a key its value, in place of any other."""
        text = _checked(namespace, key, value)
        return self._change(lambda transaction: self._put(transaction, namespace, key, value, text, ttl), fence)

    def cas(
        self,
        namespace: str,
        key: str,
        value: object,
        *,
        version: int | None = None,
        expected: object = None,
        ttl: float | None = None,
        fence: Fence | None = None,
    ) -> Entry:
        """Set a key if it is as the caller knows it. Raises StateConflict, which has what is there, when it is not.

        version: the version that is known; 0: there is none. Without it the value must be `expected`; None: there is
        none.
        """
        text = _checked(namespace, key, value)

        def swap(transaction: Transaction) -> Entry:
            there = self._found(transaction, namespace, key)
            known = (0 if there is None else there.version) if version is not None else there and there.value
            if not same(known, version if version is not None else expected):
                raise _conflict(key, there, version)
            return self._put(transaction, namespace, key, value, text, ttl)

        return self._change(swap, fence)

    def incr(
        self, namespace: str, key: str, by: float = 1, *, ttl: float | None = None, fence: Fence | None = None
    ) -> Entry:
        """Add to a number, which begins as 0. Its time to live stays what it was, unless a new one is given."""
        _checked(namespace, key, by)

        def add(transaction: Transaction) -> Entry:
            there = self._found(transaction, namespace, key)
            if there is not None and (isinstance(there.value, bool) or not isinstance(there.value, int | float)):
                raise StateError(f"{key!r} holds {_kind(there.value)}, which nothing can be added to")
            left = there.expires - self._clock() if there is not None and there.expires is not None else None
            total = by if there is None else there.value + by
            text = _checked(namespace, key, total)
            return self._put(transaction, namespace, key, total, text, left if ttl is None else ttl)

        return self._change(add, fence)

    def delete(self, namespace: str, key: str, *, version: int | None = None, fence: Fence | None = None) -> bool:
        """Remove a key; whether it was there. With a version: raises StateConflict when it is another one."""

        def remove(transaction: Transaction) -> bool:
            there = self._found(transaction, namespace, key)
            if version is not None and (there is None or there.version != version):
                raise _conflict(key, there, version)
            self._remove(transaction, "namespace = ? AND key = ?", (namespace, key))
            return there is not None

        return self._change(remove, fence)

    def clear(self, namespace: str, prefix: str = "", *, fence: Fence | None = None) -> int:
        """Remove all keys that begin so; how many there were."""
        where = (*_range(namespace, prefix), self._clock())
        return self._change(lambda transaction: self._remove(transaction, _WITHIN, where), fence)

    def load(self, entries: Sequence[Mapping[str, Any]]) -> int:
        """Take over what `list` gave elsewhere, in place of what is there, all or nothing. What has expired is left."""
        now = self._clock()
        wanted = []
        for entry in entries:
            namespace, key, expires = str(entry["namespace"]), str(entry["key"]), entry.get("expires")
            text = _checked(namespace, key, entry["value"])
            if expires is None or float(expires) > now:
                wanted.append((namespace, key, entry["value"], text, None if expires is None else float(expires) - now))

        def put_all(transaction: Transaction) -> int:
            for namespace, key, value, text, ttl in wanted:
                self._put(transaction, namespace, key, value, text, ttl)
            return len(wanted)

        return self._change(put_all, None)

    def purge(self) -> int:
        """Take off the disk what is gone; how much there was."""
        return self._database.write(self._purge)

    def _change(self, change: Change[T], fence: Fence | None) -> T:
        def guarded(transaction: Transaction) -> T:
            if fence is not None:
                _check_fence(transaction, fence)
            if self._clock() - self._purged > PURGE:
                self._purge(transaction)
            return change(transaction)

        return self._database.write(guarded, sync=self._sync)

    def _purge(self, transaction: Transaction) -> int:
        self._purged = self._clock()
        return self._remove(transaction, "expires <= ?", (self._purged,))

    def _found(self, transaction: Transaction, namespace: str, key: str) -> Entry | None:
        rows = transaction.execute(_GET, (namespace, key, self._clock()))
        return _entry(rows[0]) if rows else None

    def _put(
        self, transaction: Transaction, namespace: str, key: str, value: object, text: str, ttl: float | None
    ) -> Entry:
        """text: the value as JSON."""
        now, owner = self._clock(), self._owner
        if ttl is not None and not 0 < ttl <= TTL_LIMIT:
            raise StateError(f"{key!r}: a time to live is more than 0 seconds and at most 100 years, got {ttl:g} s")
        expires = None if ttl is None else now + ttl
        transaction.execute(_SET, (namespace, key, text, namespace, owner, now, now, expires))
        version, created = transaction.execute(_MADE, (namespace, key))[0]
        return Entry(namespace, key, value, version, owner, created, now, expires)

    @staticmethod
    def _remove(transaction: Transaction, where: str, values: Sequence[Value]) -> int:
        """Delete, but remember how far the versions were."""
        query = f"SELECT namespace, max(version), count(*) FROM state WHERE {where} GROUP BY namespace"
        gone = transaction.execute(query, values)
        if gone:
            transaction.execute(f"DELETE FROM state WHERE {where}", values)
        for namespace, version, _ in gone:
            transaction.execute(_FLOOR, (namespace, version))
        return sum(count for _, _, count in gone)


def _check_fence(transaction: Transaction, fence: Fence) -> None:
    rows: Rows = transaction.execute("SELECT token FROM lease WHERE name = ?", (fence.lock,))
    if not rows or rows[0][0] != fence.token:
        raise LeaseLost(f"the lock {fence.lock!r} is not ours any more, so nothing was changed under it")


def _check_names(namespace: str, key: str) -> None:
    for name, what in ((namespace, "namespace"), (key, "key")):
        if not name or len(name) > NAME_LIMIT or not name.isprintable():
            raise StateError(f"a {what} has 1 to {NAME_LIMIT} printable characters, got {name[:40]!r}")


def _checked(namespace: str, key: str, value: object) -> str:
    """The value as JSON, when names and value may be kept."""
    _check_names(namespace, key)
    try:
        text = _ENCODER.encode(value)
    except (TypeError, ValueError, RecursionError) as error:
        raise StateError(f"{key!r}: this value is no JSON: {error}") from error
    if len(text) > VALUE_LIMIT:
        raise StateError(
            f"{key!r}: a value has at most {VALUE_LIMIT >> 20} MiB, this one has {len(text)} bytes",
            hint="files are kept as artifacts",
        )
    return text


def _entry(row: tuple[Any, ...]) -> Entry:
    namespace, key, text, *rest = row
    return Entry(namespace, key, json.loads(text), *rest)


def _range(namespace: str, prefix: str) -> tuple[str, str, str]:
    """For _WITHIN: no printable character comes after the last one."""
    _check_names(namespace, prefix or "all")
    return namespace, prefix, prefix + chr(sys.maxunicode)


def same(one: object, other: object) -> bool:
    """Equal as JSON: to Python, 1 and true are the same."""
    return one == other and json.dumps(one, sort_keys=True) == json.dumps(other, sort_keys=True)


def _conflict(key: str, there: Entry | None, version: int | None) -> StateConflict:
    if there is None:
        return StateConflict(f"{key!r} is not there", there)
    if version is None:
        return StateConflict(f"{key!r} has another value, by {there.owner}", there)
    return StateConflict(f"{key!r} has version {there.version}, not {version}", there)


def _kind(value: object) -> str:
    kinds: dict[type, str] = {bool: "a boolean", str: "a string", list: "a list", dict: "a table"}
    return kinds.get(type(value), "null")
