"""The right to act: one token for each attempt of a task, taken away at its deadline.

Whoever is about to change something asks `token.check()` first. The timer thread (deadline.py)
or a cancel frame calls `token.stop(reason)`: it runs what was registered with `on_stop` (kill a
process group, wake a sleeper, tell a become child), and every later check raises Stopped.
"""

import threading
from contextlib import contextmanager

from sloth.runtime.failure import Stopped

MYPY = False
if MYPY:
    from collections.abc import Callable, Iterator


PATIENCE = 5.0  # seconds that a second stop waits for the first one's callbacks


class Token:
    """Alive until stopped; the first reason stays."""

    def __init__(self) -> None:
        self.reason = ""
        self._stopped = threading.Event()
        self._settled = threading.Event()
        self._lock = threading.Lock()
        self._callbacks = {}  # type: dict[int, Callable[[], None]]
        self._next = 0

    @property
    def stopped(self) -> bool:
        """Whether the right to act is gone."""
        return self._stopped.is_set()

    def check(self) -> None:
        """Raise Stopped when the right to act is gone."""
        if self._stopped.is_set():
            raise Stopped(self.reason)

    def sleep(self, seconds: float) -> None:
        """Wait that long, or raise Stopped as soon as the token is."""
        self._stopped.wait(seconds)
        self.check()

    def stop(self, reason: str) -> None:
        """Take the right away and run the callbacks, each once; on return they have run, whoever ran them."""
        with self._lock:
            is_first = not self._stopped.is_set()
            self.reason = self.reason or reason
            self._stopped.set()
            callbacks = list(self._callbacks.values())
            self._callbacks.clear()
        if not is_first:
            self._settled.wait(PATIENCE)
            return
        for callback in callbacks:
            callback()
        self._settled.set()

    @contextmanager
    def over(self, other: "Token") -> "Iterator[None]":
        """While this is open the other token goes when this one does."""
        number = self.on_stop(lambda: other.stop(self.reason))
        try:
            yield
        finally:
            self.done(number)

    def on_stop(self, callback: "Callable[[], None]") -> int:
        """Register what ends a piece of work; returns a number for `done`. Runs at once when stopped already."""
        with self._lock:
            if not self._stopped.is_set():
                self._next += 1
                self._callbacks[self._next] = callback
                return self._next
        callback()
        return 0

    def done(self, number: int) -> None:
        """Forget a callback: its work has ended by itself."""
        with self._lock:
            self._callbacks.pop(number, None)
