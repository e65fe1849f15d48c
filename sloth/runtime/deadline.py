"""One thread that calls back at given times: it drives no Lua and runs no action, so it is always on time."""

import heapq
import itertools
import threading
import time

MYPY = False
if MYPY:
    from collections.abc import Callable


class Timer:
    """Callbacks at points of monotonic time. Each runs in a short-lived thread of its own."""

    def __init__(self) -> None:
        self._wake = threading.Condition()
        self._heap = []  # type: list[tuple[float, int, Callable[[], None]]]
        self._cancelled = set()  # type: set[int]
        self._numbers = itertools.count(1)
        threading.Thread(target=self._loop, name="timer", daemon=True).start()

    def after(self, seconds: float, callback: "Callable[[], None]") -> int:
        """Call back in that many seconds; returns a number for `cancel`."""
        with self._wake:
            number = next(self._numbers)
            heapq.heappush(self._heap, (time.monotonic() + seconds, number, callback))
            if self._heap[0][1] == number:  # the thread need not wake for what is later than what it waits for
                self._wake.notify()
        return number

    def cancel(self, number: int) -> None:
        """Do not call back any more."""
        with self._wake:
            self._cancelled.add(number)

    def _loop(self) -> None:
        while True:
            threading.Thread(target=self._due(), daemon=True).start()

    def _due(self) -> "Callable[[], None]":
        """Wait for the next callback that is due."""
        with self._wake:
            while True:
                while self._heap and self._heap[0][1] in self._cancelled:
                    self._cancelled.discard(heapq.heappop(self._heap)[1])
                if not self._heap:
                    self._wake.wait()
                    continue
                rest = self._heap[0][0] - time.monotonic()
                if rest <= 0:
                    return heapq.heappop(self._heap)[2]
                self._wake.wait(rest)
