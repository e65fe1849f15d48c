"""Opening a session takes its time, and whoever waits for it can give up at once."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import Future
from typing import Generic, TypeVar

Opened = TypeVar("Opened")


class Opening(Generic[Opened]):
    """Something that is opened in a thread of its own.

    open_it: what takes its time. close: told of what is opened after all when nobody wants it any more
    """

    def __init__(self, open_it: Callable[[], Opened], close: Callable[[Opened], None]) -> None:
        self._open_it = open_it
        self._close = close
        self._result: Future[Opened | None] = Future()
        self._lock = threading.Lock()

    def result(self) -> Opened | None:
        """What was opened, or None if somebody gave up before. Raises what open_it raises."""
        if not self._result.done():
            threading.Thread(target=self._go, name="opening", daemon=True).start()
        return self._result.result()

    @property
    def is_over(self) -> bool:
        """Whether there is a result, or somebody gave up."""
        return self._result.done()

    def give_up(self) -> None:
        """Let whoever waits for the result go; once there is one this means nothing."""
        self._settle(None)

    def _go(self) -> None:
        try:
            opened = self._open_it()
        except Exception as error:  # noqa: BLE001  # raised where the result is waited for
            self._settle(None, error)
            return
        if not self._settle(opened):
            self._close(opened)

    def _settle(self, opened: Opened | None, error: Exception | None = None) -> bool:
        """Whether this was the first word."""
        with self._lock:
            if self._result.done():
                return False
            if error is not None:
                self._result.set_exception(error)
            else:
                self._result.set_result(opened)
            return True
