"""Executing a plan: at most so many hosts at once, each on its own, and the sum of what came of it."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Collection, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from enum import Enum
from typing import Protocol

from sloth.core.events import Event, TaskFinished
from sloth.core.model import BAD, Plan
from sloth.engine.history import is_done

TICK = 0.2  # seconds between looks at aborts and the keyboard


class Running(Protocol):
    """One host's run, as the whole run sees it: see HostRun."""

    @property
    def host(self) -> str: ...

    @property
    def busy(self) -> bool: ...

    @property
    def aborted(self) -> str: ...

    def go(self) -> None: ...

    def cancel(self, reason: str) -> None: ...

    def hang_up(self) -> None: ...


class Ending(Enum):
    """How a run as a whole came to its end."""

    COMPLETE = "every host ended by itself"
    INTERRUPTED = "a person pressed Ctrl-C"
    LATE = "the workflow's time limit was over"
    STOPPED = "too many hosts of a batch failed"


class Tally:
    """Counts statuses by host; called for each event as it happens.

    A task that a host ran on behalf of another one counts there where it ran, but it is the other that has failed.
    left: the statuses of what is still to be done
    """

    def __init__(self, plan: Plan) -> None:
        self.counts: dict[str, dict[str, int]] = {host.host: {} for host in plan.hosts}
        self._owners = {(host.host, name): host.owner(name) for host in plan.hosts for name in host.delegated}
        self._bad: dict[tuple[str, str, bool], str] = {}
        self._left: dict[tuple[str, str, bool], str] = {}

    def add(self, event: Event) -> None:
        """Take one more event into account."""
        if isinstance(event, TaskFinished):
            of_host = self.counts[event.host]
            status = "ignored" if event.ignored else event.status
            of_host[status] = of_host.get(status, 0) + 1
            key = (event.host, event.task, event.handler)
            for those in (self._bad, self._left):
                those.pop(key, None)  # a handler that failed may run again, and well
            if event.status in BAD and not event.ignored:
                self._bad[key] = event.status
            if not is_done(event):
                self._left[key] = event.status

    @property
    def left(self) -> set[str]:
        """How that ended of which something is still to be done."""
        return set(self._left.values())

    @property
    def bad(self) -> set[tuple[str, str]]:
        """Hosts, and how they came to harm."""
        return {(host, status) for (host, _, _), status in self._bad.items()}

    def bad_hosts(self, hosts: Collection[str]) -> int:
        """How many of these failed or could not be reached."""
        failed = {self._owners.get((host, task), host) for host, task, _ in self._bad}
        return len(failed.intersection(hosts))

    def exit_code(self, runs: Sequence[Running], ending: Ending) -> int:
        """The first that holds: 130 interrupted, 5 stopped, 7 late, 2 failed, 6 busy, 3 unreachable, 0 all well."""
        busy = {run.host for run in runs if run.busy}
        if ending is not Ending.COMPLETE:
            return {Ending.INTERRUPTED: 130, Ending.STOPPED: 5, Ending.LATE: 7}[ending]
        if any(status != "unreachable" and host not in busy for host, status in self.bad):
            return 2
        if busy:
            return 6
        return 3 if self.bad else 0


def execute(
    runs: Sequence[Running],
    slots: threading.Semaphore,
    deadline: float | None = None,
    say: Callable[[str], None] = lambda _text: None,
) -> Ending:
    """Let these hosts run, each as soon as there is a slot, until the deadline (of the monotonic clock).

    The first Ctrl-C asks the hosts to stop and waits for them; the second hangs up at once. say: tells a person so.
    """
    ending, aborted = Ending.COMPLETE, ""
    queue = deque(runs)
    waiting: set[Future[None]] = set()
    with ThreadPoolExecutor(max_workers=max(1, len(runs)), thread_name_prefix="host") as pool:
        while queue or waiting:
            try:
                while queue and slots.acquire(blocking=False):
                    waiting.add(pool.submit(queue.popleft().go))
                waiting = _some_more(waiting)
                if not aborted:
                    aborted = next((run.aborted for run in runs if run.aborted), "")
                    _cancel([run for run in runs if aborted and not run.aborted], aborted)
                if deadline is not None and time.monotonic() > deadline and ending is Ending.COMPLETE:
                    ending = Ending.LATE
                    _cancel(runs, "the workflow's time limit is over")
            except KeyboardInterrupt:
                if ending is Ending.INTERRUPTED:
                    for run in runs:
                        _aside(run.hang_up)
                else:
                    _aside(say, "stopping: hosts have a few seconds to end what they do; Ctrl-C again leaves at once")
                    _cancel(runs, "stopped by Ctrl-C")
                ending = Ending.INTERRUPTED
    return ending


def _cancel(runs: Sequence[Running], reason: str) -> None:
    for run in runs:
        _aside(run.cancel, reason)


def _aside(function: Callable[..., None], *arguments: str) -> None:
    """In a thread of its own: a host that takes nothing any more holds up neither the others nor the keyboard."""
    threading.Thread(target=function, args=arguments, daemon=True).start()


def _some_more(waiting: set[Future[None]]) -> set[Future[None]]:
    """Wait a little. A fault in a host's thread is raised here."""
    if not waiting:
        time.sleep(TICK)  # every slot is with a host of this batch that goes on behind a gate
    done, rest = wait(waiting, timeout=TICK, return_when=FIRST_COMPLETED)
    for future in done:
        future.result()
    return rest
