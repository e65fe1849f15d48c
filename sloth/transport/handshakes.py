"""How many SSH handshakes may be under way at once, and how to go on after one that a busy server dropped.

sshd starts to drop connections that have not logged in yet when there are ten (MaxStartups 10:30:100), so no address
gets more than a few of ours at a time, and a dropped one is tried again a little later.
"""

from __future__ import annotations

import random
import threading
from collections.abc import Iterator
from contextlib import contextmanager

AT_ONCE = 8
TRIES = 6


class Handshakes:
    """The places at each address. Share one among all sessions of a run."""

    def __init__(self, at_once: int = AT_ONCE) -> None:
        self._at_once = at_once
        self._places: dict[tuple[str, int], threading.Semaphore] = {}
        self._lock = threading.Lock()

    @contextmanager
    def place(self, address: str, port: int) -> Iterator[None]:
        """Wait for a place at an address."""
        with self._lock:
            places = self._places.setdefault((address, port), threading.Semaphore(self._at_once))
        with places:
            yield


def pauses() -> Iterator[float]:
    """Seconds to wait before each further try: growing, and different for each of those that were dropped together."""
    for attempt in range(TRIES - 1):
        yield 0.2 * 2**attempt * random.uniform(0.5, 1.5)  # noqa: S311 - nothing secret
