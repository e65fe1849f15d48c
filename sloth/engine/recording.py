"""Writing a run down while it happens: its journal and its line in the index, in a thread of their own.

A disk that is slow costs the run nothing. One that takes no more does not stop it either: the hosts finish what they
began, a notice says at once that nothing is kept any more, and the run's end is an error.
"""

from __future__ import annotations

from collections.abc import Callable
from types import TracebackType
from typing import Self

from sloth.core.errors import StoreError
from sloth.core.events import Event, Notice, RunDetached, RunFinished, RunStarted
from sloth.engine.asked import Asked
from sloth.engine.bus import Bus
from sloth.engine.history import History
from sloth.engine.masking import Mask
from sloth.store.journal import Journal
from sloth.store.runs import Runs


class Recorder:
    """Use as a context manager: at its end all that was published is on the disk, or `check` raises.

    history: what was known of the run before. say: for the notice. mask: what is written down has no secret either
    """

    def __init__(
        self, journal: Journal, runs: Runs, history: History, say: Callable[[Event], None], mask: Mask
    ) -> None:
        self._journal = journal
        self._runs = runs
        self._history = history
        self._say = say
        self._lost = ""
        self.has_begun = False  # whether anything happened; if nothing did, there was no such life of the run
        self._bus = Bus([self._take], settle=self._settle, mask=mask)

    def __enter__(self) -> Self:
        self._bus.__enter__()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._bus.__exit__(kind, error, at)
        if not self.has_begun and not self._lost:
            self._trying(self._journal.withdraw)
        self._journal.close()

    def publish(self, event: Event) -> None:
        """Write it down, soon."""
        self.has_begun = True
        self._bus.publish(event)

    def kept(self) -> bool:
        """Wait until everything that was published is on the disk; False when it is not."""
        self._bus.flush()
        return not self._lost

    def check(self) -> None:
        """Raise what could not be kept, once the run is over."""
        self._bus.check()
        if self._lost:
            raise StoreError(
                f"run {self._asked.run} is not written down completely: {self._lost}",
                hint="what the run did on the hosts is done; `sloth runs prune` makes room",
            )

    @property
    def _asked(self) -> Asked:
        return self._history.asked

    def _take(self, event: Event) -> None:
        if not self._lost:
            self._trying(lambda: self._write(event))

    def _write(self, event: Event) -> None:
        self._journal(event)
        if isinstance(event, RunStarted | RunFinished | RunDetached):
            self._journal.settle()
            self._history.take(self._journal.last)
            self._note()

    def _note(self) -> None:
        """Tell the index; what it does not take it learns from the journal, when somebody looks."""
        try:
            self._runs.note(self._history.entry(), list(self._history.hosts))
        except StoreError as error:
            self._say(Notice(f"the index of runs cannot be written, the run itself is: {error}"))

    def _settle(self) -> None:
        if not self._lost:
            self._trying(self._journal.settle)

    def _trying(self, do: Callable[[], None]) -> None:
        try:
            do()
        except (OSError, StoreError) as error:
            self._lost = (error.strerror if isinstance(error, OSError) else str(error)) or str(error)
            self._say(Notice(f"the run goes on, but it is not written down any more: {self._lost}"))
