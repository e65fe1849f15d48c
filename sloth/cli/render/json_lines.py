"""A run as JSON: one object a line, of the types that programs read."""

from __future__ import annotations

from sloth.cli.render.screen import Screen
from sloth.core.events import (
    BatchesLeftOut,
    BatchStarted,
    Event,
    HostTimes,
    RunDetached,
    RunFinished,
    RunStarted,
    Subscriber,
    TaskFinished,
)

_FOR_PROGRAMS = (RunStarted, BatchStarted, BatchesLeftOut, TaskFinished, RunFinished, RunDetached)
_WITH_PROFILE = (*_FOR_PROGRAMS, HostTimes)


class JsonLines:
    """A subscriber. `others` hears of the events that are for people only. profile: tell of times too."""

    def __init__(self, screen: Screen, others: Subscriber | None = None, *, profile: bool = False) -> None:
        self._screen = screen
        self._types = _WITH_PROFILE if profile else _FOR_PROGRAMS
        self._others = others

    def __call__(self, event: Event) -> None:
        """Write the event, or leave it to the others."""
        if isinstance(event, self._types):
            self._screen.json(event.plain())
        elif self._others is not None:
            self._others(event)
