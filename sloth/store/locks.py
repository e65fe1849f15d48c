"""Locks: leases that expire, with an owner and a fencing token.

A lock belongs to whoever holds its lease. A holder that dies or freezes stops renewing, and the lock is free when its
time is over; if the process that the lease is bound to has ended, at once. Every lease has a token that is greater than
all before it, so that what a late holder still tries under its old token can be refused (State checks it).

Time is the machine's own since it was started, which nobody can set: a step of the wall clock frees no lock and keeps
none. Only for a lease of another start of the machine (or of another machine) the wall clock counts.
"""

from __future__ import annotations

import os
import random
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from sloth.core.errors import LeaseLost, LockBusy, StateError
from sloth.store.database import Database, Transaction
from sloth.store.state import NAME_LIMIT, Fence

TTL = 60.0
HOST = "host/"  # what the names of hosts' leases begin with
_COLUMNS = "name, token, owner, taken, ttl, expires, boot, until, process, note"
_FIND = f"SELECT {_COLUMNS} FROM lease WHERE name = ?"
_OURS = "SELECT 1 FROM lease WHERE name = ? AND token = ?"
_TAKE = f"""INSERT INTO lease ({_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
    ON CONFLICT (name) DO UPDATE SET token = excluded.token, owner = excluded.owner, taken = excluded.taken,
        ttl = excluded.ttl, expires = excluded.expires, boot = excluded.boot, until = excluded.until,
        process = excluded.process, note = excluded.note"""
_FIRST_POLL, _LAST_POLL = 0.005, 0.25  # seconds between tries of one who waits


class Clock(Struct, frozen=True):
    """wall: seconds since 1970. steady: seconds since the machine was started, which `boot` names."""

    wall: Callable[[], float]
    steady: Callable[[], float]
    boot: str

    @classmethod
    def of_this_machine(cls) -> Clock:
        """The real one; it goes on while the machine sleeps."""
        boot = Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
        return cls(time.time, lambda: time.clock_gettime(time.CLOCK_BOOTTIME), boot)


class Lease(Struct, frozen=True):
    """A lock that someone holds. process: what it is bound to (see `this_process`), or an empty string."""

    name: str
    token: int
    owner: str
    taken: float
    ttl: float
    expires: float
    boot: str
    until: float
    process: str
    note: str

    @property
    def fence(self) -> Fence:
        """For changes that are made under the lock."""
        return Fence(self.name, self.token)

    def plain(self) -> dict[str, Any]:
        """As JSON."""
        names = ("name", "token", "owner", "taken", "ttl", "expires", "note")
        return {name: getattr(self, name) for name in names}


class Forced(Struct, frozen=True):
    """A lock that was taken away from its owner."""

    at: float
    name: str
    token: int
    owner: str
    by: str
    reason: str


class Locks:
    """The locks of a store. is_alive(process): whether a process that a lease is bound to may still be there."""

    def __init__(
        self,
        database: Database,
        *,
        clock: Clock | None = None,
        sleep: Callable[[float], None] = time.sleep,
        is_alive: Callable[[str], bool] | None = None,
    ) -> None:
        self._database = database
        self._clock = clock or Clock.of_this_machine()
        self._sleep = sleep
        self._is_alive = is_alive or may_be_alive

    def acquire(
        self,
        name: str,
        owner: str,
        *,
        ttl: float = TTL,
        wait: float = 0.0,
        process: str = "",
        note: str = "",
        sync: bool = True,
    ) -> Lease:
        """Take a lock. Raises LockBusy, which says who has it, when it is not free within `wait` seconds.

        process: the lease ends with this one (see `this_process`). note: for those who look at it. sync: its token
        outlives a loss of power, as it must where tokens are compared elsewhere
        """
        if not name or len(name) > NAME_LIMIT or not name.isprintable():
            raise StateError(f"the name of a lock has 1 to {NAME_LIMIT} printable characters, got {name[:40]!r}")
        if ttl <= 0:
            raise StateError(f"the lock {name!r}: a time to live is more than 0 seconds, got {ttl:g}")
        until, poll = self._clock.steady() + wait, _FIRST_POLL
        while True:
            lease, is_ours = self._try(name, owner, ttl, process, note, sync)
            if is_ours:
                return lease
            left = until - self._clock.steady()
            if left <= 0:
                raise LockBusy(_busy(lease), hint=_advice(lease, self.left(lease)))
            self._sleep(min(left, poll * random.uniform(0.5, 1)))  # noqa: S311  # no two shall wait in step
            poll = min(poll * 2, _LAST_POLL)

    def renew(self, lease: Lease, ttl: float | None = None) -> Lease:
        """Hold a lock for longer, from now on. Raises LeaseLost when it has another holder or none.

        One that expired, but which nobody has taken since, is ours still.
        """
        renewed = self._made(lease.name, lease.token, lease.owner, ttl or lease.ttl, lease.process, lease.note)

        def extend(transaction: Transaction) -> None:
            if not transaction.execute(_OURS, (lease.name, lease.token)):
                raise _lost(lease)
            transaction.execute(
                "UPDATE lease SET ttl = ?, expires = ?, boot = ?, until = ? WHERE name = ?",
                (renewed.ttl, renewed.expires, renewed.boot, renewed.until, lease.name),
            )

        self._database.write(extend)
        return replace(renewed, taken=lease.taken)

    def release(self, name: str, token: int) -> bool:
        """Give a lock back; False when it was lost before."""

        def give_back(transaction: Transaction) -> bool:
            if not transaction.execute(_OURS, (name, token)):
                return False
            transaction.execute("DELETE FROM lease WHERE name = ?", (name,))
            return True

        return self._database.write(give_back)

    def force(self, name: str, by: str, reason: str = "") -> Lease | None:
        """Take a lock away from whoever holds it, and keep a record of that."""

        def take_away(transaction: Transaction) -> Lease | None:
            rows = transaction.execute(_FIND, (name,))
            if not rows:
                return None
            transaction.execute("DELETE FROM lease WHERE name = ?", (name,))
            lease = Lease(*rows[0])
            values = (self._clock.wall(), name, lease.token, lease.owner, by, reason)
            transaction.execute(
                "INSERT INTO lease_forced (at, name, token, owner, by, reason) VALUES (?, ?, ?, ?, ?, ?)", values
            )
            return lease

        return self._database.write(take_away, sync=True)

    def held(self, prefix: str = "") -> list[Lease]:
        """The leases that hold now, by name."""
        rows = self._database.read(f"SELECT {_COLUMNS} FROM lease ORDER BY name")
        return [
            lease for lease in (Lease(*row) for row in rows) if lease.name.startswith(prefix) and self._holds(lease)
        ]

    def forced(self) -> list[Forced]:
        """The record of locks that were taken away, the latest first."""
        query = "SELECT at, name, token, owner, by, reason FROM lease_forced ORDER BY at DESC"
        return [Forced(*row) for row in self._database.read(query)]

    def left(self, lease: Lease) -> float:
        """Seconds until a lease expires, unless it is renewed."""
        is_here = lease.boot == self._clock.boot
        return lease.until - self._clock.steady() if is_here else lease.expires - self._clock.wall()

    @contextmanager
    def hold(self, name: str, owner: str, *, ttl: float = TTL, wait: float = 0.0) -> Iterator[Lease]:
        """Have a lock for the length of a block. Raises LeaseLost at its end when it was lost meanwhile."""
        lease = self.acquire(name, owner, ttl=ttl, wait=wait)
        try:
            yield lease
        except BaseException:
            self.release(name, lease.token)
            raise
        if not self.release(name, lease.token):
            raise _lost(lease)

    def _try(self, name: str, owner: str, ttl: float, process: str, note: str, sync: bool) -> tuple[Lease, bool]:
        """The lease that was taken, or the one that is in the way."""

        def take(transaction: Transaction) -> tuple[Lease, bool]:
            rows = transaction.execute(_FIND, (name,))
            if rows and self._holds(there := Lease(*rows[0])):
                return there, False
            transaction.execute("UPDATE lease_token SET token = token + 1")
            token = transaction.execute("SELECT token FROM lease_token")[0][0]
            lease = self._made(name, token, owner, ttl, process, note)
            transaction.execute(_TAKE, [getattr(lease, column) for column in _COLUMNS.split(", ")])
            return lease, True

        # While it waits, looking costs no change.
        rows = self._database.read(_FIND, (name,))
        if rows and self._holds(there := Lease(*rows[0])):
            return there, False
        return self._database.write(take, sync=sync)

    def _made(self, name: str, token: int, owner: str, ttl: float, process: str, note: str) -> Lease:
        now, clock = self._clock.wall(), self._clock
        return Lease(name, token, owner, now, ttl, now + ttl, clock.boot, clock.steady() + ttl, process, note)

    def _holds(self, lease: Lease) -> bool:
        return self.left(lease) > 0 and (not lease.process or self._is_alive(lease.process))


def lock_name(name: str) -> str:
    """The name of a lock that a person or task chose. Raises StateError when it is one of ours."""
    if name.startswith(HOST):
        raise StateError(f"locks whose names begin with {HOST} are those of hosts", hint="choose another name")
    return name


def this_process() -> str:
    """What a lease is bound to that shall end with us: process spaces, number, and when it was started."""
    return f"{_process_space()} {os.getpid()} {_started(os.getpid())}"


def may_be_alive(process: str) -> bool:
    """Whether a process may still be there. Of another machine, start of it or container, nobody here can tell."""
    space, pid, started = process.rsplit(" ", 2)
    return space != _process_space() or _started(int(pid)) == started


def _process_space() -> str:
    boot = Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
    return f"{boot} {Path('/proc/self/ns/pid').readlink()}"


def _started(pid: int) -> str:
    """When a process was started, in ticks of the kernel; empty when it has ended."""
    try:
        words = Path(f"/proc/{pid}/stat").read_bytes().rpartition(b")")[2].split()
    except OSError:
        return ""
    return "" if words[0] in {b"Z", b"X"} else words[19].decode()


def _lost(lease: Lease) -> LeaseLost:
    return LeaseLost(
        f"the lock {lease.name!r} was lost: it expired after {lease.ttl:g} s, or someone took it away",
        hint="`sloth locks --forced` shows what was taken away",
    )


def _busy(lease: Lease) -> str:
    is_host = lease.name.startswith(HOST)
    what = f"works on {lease.name.removeprefix(HOST)}" if is_host else f"holds {lease.name!r}"
    note = f" ({lease.note})" if lease.note else ""
    return f"{lease.owner} {what} since {time.strftime('%H:%M:%S', time.localtime(lease.taken))}{note}"


def _advice(lease: Lease, left: float) -> str:
    return f"it expires in {max(left, 0):.0f} s unless it is renewed; `sloth locks` shows all"
