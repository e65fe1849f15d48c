"""The leases of one run: hosts it works on, locks that its tasks hold. They are renewed as long as we live."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from sloth.core.connection import Connection
from sloth.core.errors import LeaseLost, LockBusy, StoreError
from sloth.runtime.deadline import Timer
from sloth.store import HOST, Lease, Locks, this_process

HOST_TTL = 60.0
_SLICE = 1.0  # seconds of waiting between looks at whether we still want the lock


class Leases:
    """say(text): for the person who runs this."""

    def __init__(self, locks: Locks, timer: Timer, say: Callable[[str], None]) -> None:
        self._locks = locks
        self._timer = timer
        self._say = say
        self._held: dict[str, Lease] = {}
        self._guard = threading.Lock()
        self._hosts: dict[str, _Host] = {}

    def take(
        self, name: str, owner: str, *, wait: float, wanted: Callable[[], bool], ttl: float, process: str = "",
        note: str = "", sync: bool = True, tells: bool = False,
    ) -> Lease:  # fmt: skip
        """Take a lock and keep it until it is given back. Raises LockBusy. tells: whether a long wait is said."""
        while True:
            some = min(wait, _SLICE)
            try:
                lease = self._locks.acquire(name, owner, ttl=ttl, wait=some, process=process, note=note, sync=sync)
            except LockBusy as error:
                wait -= some
                if wait <= 0 or not wanted():
                    raise
                if tells:
                    self._say(f"{error}; waiting")
                tells = False
                continue
            self._keep(lease)
            return lease

    def give_back(self, lease: Lease) -> bool:
        """False when it was lost before."""
        with self._guard:
            self._held.pop(lease.name, None)
        return self._locks.release(lease.name, lease.token)

    def close(self) -> None:
        """The run is over: give back what is held still."""
        with self._guard:
            held = list(self._held.values())
        for lease in held:
            self.give_back(lease)

    def leave(self, lease: Lease) -> None:
        """Renew it no more: its holder may still be at work, and has the rest of its time to end."""
        with self._guard:
            self._held.pop(lease.name, None)

    @contextmanager
    def host(
        self, connection: Connection, owner: str, run: str, *, wait: float, wanted: Callable[[], bool]
    ) -> Iterator[None]:
        """Have a host for ourselves, as far as this store goes; the host's own lock is the real guard.

        Several parts of a run (tasks that others delegate to the host) share it.
        """
        name = HOST + place(connection)
        with self._guard:
            shared = self._hosts.setdefault(name, _Host())
        with shared.lock:
            if not shared.users:
                shared.lease = self.take(
                    name, owner, wait=wait, wanted=wanted, ttl=HOST_TTL, process=this_process(),
                    note=f"{connection.name}, run {run}", sync=False, tells=True,
                )  # fmt: skip
            shared.users += 1
        try:
            yield
        finally:
            with shared.lock:
                shared.users -= 1
                if not shared.users and shared.lease is not None:
                    self.give_back(shared.lease)

    def _keep(self, lease: Lease) -> None:
        with self._guard:
            self._held[lease.name] = lease
        self._timer.after(lease.ttl / 3, lambda: self._renew(lease))

    def _renew(self, lease: Lease) -> None:
        with self._guard:
            if self._held.get(lease.name) is not lease:
                return
        try:
            renewed = self._locks.renew(lease)
        except LeaseLost as error:
            with self._guard:
                self._held.pop(lease.name, None)
            self._say(str(error))
            return
        except StoreError:
            renewed = lease  # the disk may be full for a moment; there are two more tries
        with self._guard:
            if self._held.get(lease.name) is not lease:
                return
            self._held[lease.name] = renewed
        self._timer.after(lease.ttl / 3, lambda: self._renew(renewed))


class _Host:
    """A host's lease, and how many parts of the run use it."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.users = 0
        self.lease: Lease | None = None


def place(connection: Connection) -> str:
    """What tells one machine from others: two inventories may call different ones the same."""
    if connection.connection == "local":
        return "this machine"
    port = "" if connection.port in {None, 22} else f":{connection.port}"
    return f"{connection.address}{port}" + (f" via {connection.jump}" if connection.jump else "")
