"""How much one host may send in one run: whatever it says, it does not fill the controller's disk.

Single messages have limits of their own where they are read; these are for their sum.
"""

from __future__ import annotations

import threading

from sloth.core.errors import LimitReached
from sloth.core.settings import Settings
from sloth.core.sizes import Size

JOURNAL, FILES, STATE = "limits.journal", "limits.files", "limits.state"


class Allowance:
    """What is left to one host of one kind. setting: the key that says how much that is."""

    def __init__(self, most: int, setting: str) -> None:
        self._most = self._left = most
        self._setting = setting
        self._lock = threading.Lock()

    def spend(self, size: int) -> None:
        """Take so many bytes off it. Raises LimitReached; from then on there is no more."""
        with self._lock:
            self._left -= size
            if self._left < 0:
                most = Size(self._most)
                raise LimitReached(f"this host has sent more than it may in one run ({self._setting} is {most})")


class Allowances:
    """Those of all hosts of a run."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._known: dict[tuple[str, str], Allowance] = {}
        self._lock = threading.Lock()

    def of(self, host: str, setting: str) -> Allowance:
        """What a host may send of that kind; for all its sessions the same."""
        with self._lock:
            most = self._settings[setting]
            return self._known.setdefault((host, setting), Allowance(most, setting))
