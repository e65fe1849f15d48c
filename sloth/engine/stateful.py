"""What hosts and hooks ask of state and locks: the controller's side of the module `state`.

A host may lie, so every name and value is checked as if it came from a stranger (store/state.py does). What it says of
`check` harms nobody but itself.
"""

from __future__ import annotations

import json
import math
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from fnmatch import fnmatchcase
from typing import Any

from sloth.core.errors import LeaseLost, LockBusy, StateConflict
from sloth.engine.allowance import STATE, Allowance, Allowances
from sloth.engine.failures import as_failure
from sloth.engine.leases import Leases
from sloth.engine.stack import Stack
from sloth.runtime.failure import ActionFailed
from sloth.store import Entry, Fence, Lease, SqliteDatabase, State, lock_name, same

WAIT_LIMIT = 2.0  # seconds that one question waits for a lock; who wants to wait longer asks again
_ENTRY = 1000  # bytes that an entry takes beside its value, at most
HELD_LIMIT = 1000  # locks that one host may hold at once
_TTL_LEAST, _TTL_LIMIT = 1.0, 86_400.0  # seconds that a lock is held after the last sign of its run
_WILD = "*?["


class Stateful:
    """The state as one host sees it.

    owner: the host and run, for those who look at what it left. allowance: how much it may write. most: locks that it
    may hold at once. stack: what the run keeps up
    """

    def __init__(
        self, state: State, leases: Leases, owner: str, allowance: Allowance, stack: Stack, most: int = HELD_LIMIT
    ) -> None:
        self._state = state
        self._leases = leases
        self._owner = owner
        self._held: dict[str, Lease] = {}
        self._guard = threading.Lock()
        self._parts = 0
        self._allowance = allowance
        self._most = most
        self._stack = stack
        self._verbs: dict[str, Callable[[Mapping[str, Any]], object]] = {
            "get": self._get, "list": self._list, "stats": self._stats, "set": self._set, "delete": self._delete,
            "clear": self._clear, "incr": self._incr, "cas": self._cas, "lock": self._lock, "unlock": self._unlock,
            "stack": lambda _: self._stack.plain(),
        }  # fmt: skip

    def answer(self, args: Mapping[str, Any]) -> object:
        """The verb `state`: {"do", "namespace", …} → an object."""
        verb = self._verbs.get(str(args.get("do")))
        if verb is None:
            raise ActionFailed(f"state cannot {str(args.get('do'))[:40]!r}")
        with as_failure():
            return verb(args)

    @contextmanager
    def part(self) -> Iterator[Callable[[], None]]:
        """While a part of the run is at work on the host. Gives what to call when that has ended well.

        When the last part has ended well, nothing that was locked is in use any more. When the host was lost, it may be
        at work still: its locks stay until their time is over.
        """
        with self._guard:
            self._parts += 1
        ended: list[bool] = []
        try:
            yield lambda: ended.append(True)
        finally:
            with self._guard:
                self._parts -= 1
                over: list[Lease] = []
                if not self._parts:
                    over = list(self._held.values())
                    self._held.clear()
            for lease in over:
                if ended:
                    self._leases.give_back(lease)
                else:
                    self._leases.leave(lease)

    # looking

    def _get(self, args: Mapping[str, Any]) -> object:
        return _plain(self._state.get(*_place(args)))

    def _list(self, args: Mapping[str, Any]) -> object:
        namespace, pattern = str(args.get("namespace")), str(args.get("prefix") or "")
        wild = min((pattern.find(char) for char in _WILD if char in pattern), default=len(pattern))
        found = self._state.list(namespace, pattern[:wild])
        return {"entries": {one.key: one.value for one in found if _matches(one.key, pattern, wild)}}

    def _stats(self, _: Mapping[str, Any]) -> object:
        return self._state.stats()

    # changing; with `check` only telling what would be

    def _set(self, args: Mapping[str, Any]) -> object:
        (namespace, key), value, ttl = _place(args), args.get("value"), _seconds(args.get("ttl"))
        there = self._state.get(namespace, key)
        changed = there is None or not same(there.value, value)
        if not args.get("check") and (changed or ttl is not None or (there and there.expires is not None)):
            self._spend(value)
            there = self._state.set(namespace, key, value, ttl=ttl, fence=self._fence(args))
        return {"changed": changed, "version": there.version if there else 1}

    def _delete(self, args: Mapping[str, Any]) -> object:
        if args.get("check"):
            return {"changed": self._state.get(*_place(args)) is not None}
        return {"changed": self._state.delete(*_place(args), fence=self._fence(args))}

    def _clear(self, args: Mapping[str, Any]) -> object:
        namespace, prefix = str(args.get("namespace")), str(args.get("prefix") or "")
        if args.get("check"):
            count = len(self._state.list(namespace, prefix))
        else:
            count = self._state.clear(namespace, prefix, fence=self._fence(args))
        return {"changed": count > 0, "count": count}

    def _incr(self, args: Mapping[str, Any]) -> object:
        (namespace, key), by = _place(args), args.get("by")
        if isinstance(by, bool) or not isinstance(by, int | float):
            raise ActionFailed("state.incr: by wants a number")
        if args.get("check"):
            there = self._state.get(namespace, key)
            return {
                "changed": True,
                "value": by + (there.value if there and isinstance(there.value, int | float) else 0),
            }
        self._spend(by)
        entry = self._state.incr(namespace, key, by, ttl=_seconds(args.get("ttl")), fence=self._fence(args))
        return {"changed": True, "value": entry.value}

    def _cas(self, args: Mapping[str, Any]) -> object:
        (namespace, key), expected = _place(args), args.get("expected")
        if args.get("check"):
            there = self._state.get(namespace, key)
            return {"changed": same(there.value if there else None, expected)}
        self._spend(args.get("value"))
        try:
            self._state.cas(
                namespace, key, args.get("value"), expected=expected, ttl=_seconds(args.get("ttl")),
                fence=self._fence(args),
            )  # fmt: skip
        except StateConflict:
            return {"changed": False}
        return {"changed": True}

    def _spend(self, value: object) -> None:
        self._allowance.spend(_ENTRY + len(json.dumps(value)))

    # locks

    def _lock(self, args: Mapping[str, Any]) -> object:
        name = lock_name(str(args.get("name")))
        wait, ttl = _seconds(args.get("wait")) or 0.0, _seconds(args.get("ttl")) or 60.0
        if ttl <= 0:
            raise ActionFailed(f"state.lock: ttl wants more than 0 seconds, got {ttl:g}")
        with self._guard:
            if len(self._held) >= self._most:
                raise ActionFailed(f"state.lock: this host holds {self._most} locks already")
        ttl = max(_TTL_LEAST, min(ttl, _TTL_LIMIT))  # it is renewed at thirds of that
        try:
            lease = self._leases.take(name, self._owner, wait=min(wait, WAIT_LIMIT), wanted=lambda: True, ttl=ttl)
        except LockBusy as error:
            return {"held": False, "why": str(error)}
        with self._guard:
            self._held[name] = lease
        return {"held": True, "token": lease.token}

    def _unlock(self, args: Mapping[str, Any]) -> object:
        name = str(args.get("name"))
        with self._guard:
            lease = self._held.pop(name, None)
        if lease is None:
            raise ActionFailed(f"state.unlock: {name!r} is not locked by this host")
        if not self._leases.give_back(lease):
            raise LeaseLost(f"the lock {name!r} was lost before it was given back: it expired, or someone took it away")
        return {}

    def _fence(self, args: Mapping[str, Any]) -> Fence | None:
        """For a change that holds only under a lock."""
        name = args.get("lock")
        if name is None:
            return None
        with self._guard:
            lease = self._held.get(str(name))
        if lease is None:
            raise ActionFailed(f"state: {str(name)[:100]!r} is not locked by this host, so nothing was changed")
        return lease.fence


class Statefuls:
    """State and locks for the hosts of a run, and for its hooks: each sees them under its own name."""

    def __init__(
        self, run: str, store: SqliteDatabase, leases: Leases, allowances: Allowances, stack: Stack
    ) -> None:
        self._run = run
        self._store = store
        self._leases = leases
        self._allowances = allowances
        self._stack = stack
        self._known: dict[str, Stateful] = {}

    def of(self, who: str) -> Stateful:
        """For all parts of the run on a host the same."""
        if who not in self._known:
            owner = f"{who} (run {self._run})"
            allowance = self._allowances.of(who, STATE)
            self._known[who] = Stateful(State(self._store, owner), self._leases, owner, allowance, self._stack)
        return self._known[who]


def _place(args: Mapping[str, Any]) -> tuple[str, str]:
    return str(args.get("namespace")), str(args.get("key"))


def _plain(entry: Entry | None) -> dict[str, Any]:
    return {"found": False} if entry is None else {"found": True, **entry.plain()}


def _matches(key: str, pattern: str, wild: int) -> bool:
    return wild == len(pattern) or fnmatchcase(key, pattern)


def _seconds(value: object) -> float | None:
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise ActionFailed("state: a length of time is a number of seconds")
    return float(value)
