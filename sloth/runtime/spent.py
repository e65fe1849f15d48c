"""Where the time of a play goes, added up by kind."""

import threading
import time
from contextlib import contextmanager

MYPY = False
if MYPY:
    from collections.abc import Iterator

    from sloth.runtime.acting import Act, Call, Outcome, Report
    from sloth.runtime.host import Settings
    from sloth.runtime.token import Token


class Spent:
    """seconds: kind → how long; "modules" are calls, each counted by itself where several run side by side."""

    def __init__(self) -> None:
        self.seconds = {"upload": 0.0, "modules": 0.0}
        self._lock = threading.Lock()

    @contextmanager
    def on(self, kind: str) -> "Iterator[None]":
        """Count what happens inside."""
        began = time.monotonic()
        try:
            yield
        finally:
            with self._lock:
                self.seconds[kind] += time.monotonic() - began

    def within(self, act: "Act") -> "Act":
        """The same way to act, with its calls counted."""

        def counted(
            user: "str | None", call: "Call", settings: "Settings", token: "Token", report: "Report"
        ) -> "Outcome":
            with self.on("modules"):
                return act(user, call, settings, token, report)

        return counted
