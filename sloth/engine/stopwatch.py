"""Where one host's time goes, from the beginning of the run to the host's end."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from sloth.core.events import HostTimes


class Stopwatch:
    """Runs from when it is made. The clock comes in."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._began = clock()
        self._connect = self._upload = self._lua = self._modules = 0.0

    @contextmanager
    def connecting(self) -> Iterator[None]:
        """A session is opened inside."""
        began = self._clock()
        try:
            yield
        finally:
            self._connect += self._clock() - began

    def uploaded(self, seconds: float) -> None:
        """So much of that was for what the host had to be sent."""
        self._connect -= seconds
        self._upload += seconds

    def take(self, answer: object) -> None:
        """What the host says of itself, which may be anything."""
        said = answer.get("spent") if isinstance(answer, dict) else None
        spent = said if isinstance(said, dict) else {}
        self._upload += _seconds(spent.get("upload"))
        self._lua += _seconds(spent.get("lua"))
        self._modules += _seconds(spent.get("modules"))

    def times(self, host: str) -> HostTimes:
        """The sum, now."""
        total = self._clock() - self._began
        known = self._connect + self._upload + self._lua + self._modules
        figures = (self._connect, self._upload, self._lua, self._modules, max(0.0, total - known), total)
        return HostTimes(host, *(round(figure, 4) for figure in figures))


def _seconds(value: object) -> float:
    return float(value) if isinstance(value, int | float) and 0 <= value < 1e9 else 0.0
