"""The event bus: whoever publishes goes on at once; subscribers are called in order, in one thread.

A subscriber that is slower than the run (a paused terminal) costs lines of output and log beyond a
limit, never the run's time, and never the end of a task.
"""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Self

from sloth.core.errors import OutputLost
from sloth.core.events import Event, LogLine, Notice, Subscriber, TaskOutput, TaskRetrying
from sloth.engine.masking import Flow, Mask

BACKLOG = 50_000  # events that wait for a slow subscriber before lines are dropped
ROOM = 64 << 20  # characters of lines that wait, likewise
PAUSE = 0.05  # seconds between two settlements that nobody waits for: to bring a disk to rest costs more than to write


class Bus:
    """Use as a context manager: at its end every event that was published has been delivered."""

    def __init__(
        self,
        subscribers: Sequence[Subscriber],
        backlog: int = BACKLOG,
        room: int = ROOM,
        settle: Callable[[], None] | None = None,
        mask: Mask | None = None,
    ) -> None:
        """settle: called soon after nothing more waits to be delivered, in the thread that calls the subscribers.

        mask: takes secrets out of whatever the subscribers get to see
        """
        self._flow = Flow(mask or Mask())
        self._subscribers = list(subscribers)
        self._settle = settle
        self._settled = 0.0
        self._is_settled = True
        self._backlog = backlog
        self._room = room
        self._dropped = 0
        self._broken: Exception | None = None
        self._counting = threading.Lock()
        self._events: queue.SimpleQueue[Event | threading.Event | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._deliver, name="events", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self._dropped:
            self._events.put(Notice(f"{self._dropped} lines came faster than they could be shown, and were left out"))
        self._events.put(None)
        self._thread.join()

    def check(self) -> None:
        """Raise what a subscriber raised, once the run is over. That nobody reads the output any more is no fault."""
        if isinstance(self._broken, BrokenPipeError):
            return
        if isinstance(self._broken, OSError):
            raise OutputLost(f"the results cannot be written: {self._broken.strerror}") from self._broken
        if self._broken is not None:
            raise self._broken

    def add(self, subscriber: Subscriber) -> None:
        """One more, who hears of each event after all others."""
        self._subscribers.append(subscriber)

    def publish(self, event: Event) -> None:
        """Say that something happened."""
        with self._counting:
            if _is_line(event) and (self._events.qsize() >= self._backlog or self._room < _size(event)):
                self._dropped += 1
                return
            self._room -= _size(event)
        self._events.put(event)

    def flush(self) -> None:
        """Wait until everything that was published has been delivered, and settled."""
        done = threading.Event()
        self._events.put(done)
        done.wait()

    def _deliver(self) -> None:
        while (event := self._next()) is not None:
            if isinstance(event, Event):
                self._hand_out(event)
                self._is_settled = self._settle is None
            else:
                self._come_to_rest()
                event.set()
        if not self._is_settled:
            self._come_to_rest()

    def _next(self) -> Event | threading.Event | None:
        """What was published next, or the mark of who waits for all before it, or the end."""
        if not self._is_settled:
            with suppress(queue.Empty):
                return self._events.get(timeout=max(0.0, self._settled + PAUSE - time.monotonic()))
            self._come_to_rest()
        return self._events.get()

    def _hand_out(self, event: Event) -> None:
        with self._counting:
            self._room += _size(event)
        try:
            for masked in self._flow.events(event):
                self._tell(masked)
        except Exception as error:  # noqa: BLE001  # what cannot be masked is not shown, and nobody waits for ever
            self._broken = self._broken or error

    def _come_to_rest(self) -> None:
        if self._settle is None:
            return
        self._is_settled, self._settled = True, time.monotonic()
        try:
            self._settle()
        except Exception as error:  # noqa: BLE001  # or who waits for a flush would wait for ever
            self._settle, self._broken = None, self._broken or error

    def _tell(self, event: Event) -> None:
        for subscriber in list(self._subscribers):
            try:
                subscriber(event)
            except Exception as error:  # noqa: BLE001  # a broken subscriber must not break the run; see check()
                self._subscribers.remove(subscriber)
                self._broken = self._broken or error


def _is_line(event: Event) -> bool:
    return isinstance(event, (TaskOutput, LogLine, TaskRetrying))


def _size(event: Event) -> int:
    match event:
        case TaskOutput() | LogLine():
            return len(event.text)
        case TaskRetrying():
            return len(event.message)
    return 0
