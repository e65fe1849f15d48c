"""What one host's part of a run has to do with the rest: its session, the way to get one, and the run's terms."""

from __future__ import annotations

import threading
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from typing import Any, Protocol

from msgspec import Struct

from sloth.core.events import Event
from sloth.engine.allowance import Allowances
from sloth.engine.gates import Gates
from sloth.engine.pending import Pending
from sloth.runtime.deadline import Timer


class Session(Protocol):
    """What the engine needs of a session to a host."""

    @property
    def warnings(self) -> list[str]:
        """What a person should know about how it came about."""

    @property
    def uploading(self) -> float:
        """The seconds that sending the bundle took."""

    def call(self, verb: str, args: dict[str, Any]) -> object:
        """Ask the host and wait. Raises ActionFailed, or ConnectionLost when the host is gone."""

    def tell(self, verb: str, args: dict[str, Any]) -> None:
        """Say something that wants no answer."""

    def close(self) -> None:
        """End it; calls that wait fail."""


Hear = Mapping[str, Callable[[dict[str, Any]], None]]
Begun = tuple[Session, dict[str, Any]]
Begin = Callable[[Hear], Begun]
Hold = Callable[[str, Callable[[], bool]], AbstractContextManager[Callable[[], None]]]


@contextmanager
def unheld(host: str, wanted: Callable[[], bool]) -> Iterator[Callable[[], None]]:
    """Hold nothing, as a run that only looks."""
    yield lambda: None


class Terms(Struct, frozen=True):
    """What the hosts of a run have in common.

    handlers: the names of the workflow's handlers. limits: task → its time limit in seconds, for those that
    have one. aborting: those whose failure may end the whole run. pending: the handlers that earlier runs left over;
    None in check mode. slots: how many hosts may work at once. allowances: how much they may send. place(where): a
    position in the workflow's files as a person knows them. hold(host, wanted): keeps others off the host, as long as
    that is still wanted; gives what to call when the host has ended well. kept(): whether all that was published until
    now is on the disk. detach: hosts go on by themselves. glance: seconds between two looks at a host that reboots
    """

    handlers: Collection[str]
    limits: Mapping[str, float]
    aborting: Collection[str]
    gates: Gates
    pending: Pending | None
    slots: threading.Semaphore
    publish: Callable[[Event], None]
    timer: Timer
    allowances: Allowances
    place: Callable[[str], str] = str
    hold: Hold = unheld
    kept: Callable[[], bool] = lambda: False
    detach: bool = False
    glance: float = 1.0
