"""Executing a plan: at most so many hosts at once, each on its own, and the sum of what came of it."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait

from sloth.core.events import Event, TaskFinished
from sloth.core.model import BAD
from sloth.engine.hostrun import HostRun

TICK = 0.2  # seconds between looks at aborts and the keyboard


class Tally:
    """Counts statuses by host; called for each event as it happens."""

    def __init__(self, hosts: Sequence[str]) -> None:
        self.counts: dict[str, dict[str, int]] = {host: {} for host in hosts}
        self.bad: set[tuple[str, str]] = set()

    def add(self, event: Event) -> None:
        """Take one more event into account."""
        if isinstance(event, TaskFinished):
            of_host = self.counts[event.host]
            of_host[event.status] = of_host.get(event.status, 0) + 1
            if event.status in BAD and not event.ignored:
                self.bad.add((event.host, event.status))

    def exit_code(self, runs: Sequence[HostRun], complete: bool) -> int:
        """130 interrupted, 2 failed, 6 busy, 3 unreachable, 0 all well: the first that holds."""
        busy = {run.host for run in runs if run.busy}
        if not complete:
            return 130
        if any(status != "unreachable" and host not in busy for host, status in self.bad):
            return 2
        if busy:
            return 6
        return 3 if self.bad else 0


def execute(runs: Sequence[HostRun], forks: int) -> bool:
    """Let all hosts run. Returns False when a person stopped the run.

    The first Ctrl-C asks the hosts to stop and waits for them; the second hangs up at once.
    """
    complete = True
    with ThreadPoolExecutor(max_workers=min(forks, max(1, len(runs))), thread_name_prefix="host") as pool:
        waiting = {pool.submit(run.go) for run in runs}
        while waiting:
            try:
                waiting = _some_more(waiting, runs)
            except KeyboardInterrupt:
                for run in runs:
                    if complete:
                        run.cancel("stopped by Ctrl-C")
                    else:
                        run.hang_up()
                complete = False
    return complete


def _some_more(waiting: set[Future[None]], runs: Sequence[HostRun]) -> set[Future[None]]:
    """Wait a little; an abort on one host stops the others. A fault in a host's thread is raised here."""
    done, rest = wait(waiting, timeout=TICK, return_when=FIRST_COMPLETED)
    for future in done:
        future.result()
    aborted = next((run.aborted for run in runs if run.aborted), "")
    if aborted:
        for run in runs:
            if not run.aborted:
                run.cancel(aborted)
    return rest
