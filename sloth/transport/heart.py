"""One thread for the heartbeats of all sessions; it notices the dead ones and waits for none.

The host ends its runtime when it hears nothing for a minute; the controller gives a host up by the same measure.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Protocol

INTERVAL = 10.0
SILENCE = 60.0


class Patient(Protocol):
    """What has a heartbeat. `last_sign`: when something was heard of it, by the heart's clock."""

    last_sign: float

    def beat(self) -> None:
        """Send a heartbeat, unless that would have to wait. OSError when nothing can be sent any more."""

    def lose(self, reason: str) -> None:
        """It is gone."""


class Heart:
    """Beats from the first patient until it is stopped."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self.clock = clock
        self._patients: set[Patient] = set()
        self._lock = threading.Lock()
        self._stopped = threading.Event()
        self._thread: threading.Thread | None = None

    def add(self, patient: Patient) -> None:
        """Beat for it, too."""
        with self._lock:
            self._patients.add(patient)
            if self._thread is None and not self._stopped.is_set():
                self._thread = threading.Thread(target=self._run, name="heartbeat", daemon=True)
                self._thread.start()

    def remove(self, patient: Patient) -> None:
        """Beat for it no more."""
        with self._lock:
            self._patients.discard(patient)

    def stop(self) -> None:
        """For ever."""
        self._stopped.set()

    def beat(self, *, late: bool = False) -> None:
        """One beat for all; the silent are lost.

        late: we were stopped ourselves. What was said meanwhile is still to be read, so nobody is lost yet.
        """
        with self._lock:
            patients = list(self._patients)
        now = self.clock()
        for patient in patients:
            if now - patient.last_sign > SILENCE and not late:
                self._lose(patient, f"no sign of life for {SILENCE:g} s")
                continue
            try:
                patient.beat()
            except OSError as error:
                self._lose(patient, str(error))

    def _lose(self, patient: Patient, reason: str) -> None:
        """Letting go of a dead connection may take a while; the others do not wait for that."""
        self.remove(patient)
        threading.Thread(target=patient.lose, args=(reason,), daemon=True).start()

    def _run(self) -> None:
        began = self.clock()
        while not self._stopped.wait(INTERVAL):
            now = self.clock()
            self.beat(late=now - began > 2 * INTERVAL)
            began = now
