"""Where tasks run that run once: on the first of their hosts that can be reached when the run begins.

That is decided before the plan is final, so that nobody runs such a task twice: the plan has one place for it, and a
resumed run keeps that place. A host that is lost later keeps its task, since nobody knows whether it has begun.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Mapping, Sequence

from msgspec import Struct, field

from sloth.core.connection import Connection
from sloth.core.errors import NoPython, SlothError, Unreachable
from sloth.core.events import Notice, Subscriber
from sloth.core.model import Plan
from sloth.transport.switchboard import Switchboard

CANDIDATES = 8  # hosts that are tried beside each other, once the first cannot be reached


class Homes(Struct, frozen=True):
    """homes: task → the host where it runs in place of the first. lost: hosts that could not be reached, and why."""

    homes: Mapping[str, str] = field(default_factory=dict)
    lost: Mapping[str, Unreachable] = field(default_factory=dict)


def find(plan: Plan, reach: Callable[[str], None], say: Subscriber) -> Homes:
    """Where the tasks of a plan that run once find a host. reach: connects to one, or raises Unreachable."""
    homes: dict[str, str] = {}
    tried = _Tried(reach)
    for task, hosts in plan.once.items():
        if len(hosts) < 2:
            continue
        home = tried.first(hosts[:1]) or tried.first(hosts[1 : 1 + CANDIDATES])
        if home is not None and home != hosts[0]:
            homes[task] = home
            say(Notice(f"task {task} runs on {home}, as {hosts[0]} cannot be reached"))
    return Homes(homes, tried.lost)


def reaching(switchboard: Switchboard, connection: Callable[[str], Connection]) -> Callable[[str], None]:
    """Tries hosts by beginning a session with them. connection: how each is reached."""

    def reach(host: str) -> None:
        try:
            switchboard.open(connection(host), {}, {}).close()
        except NoPython:
            return  # its tasks are steered through its shell

    return reach


def of_earlier_life(plan: Plan, planned: Mapping[str, Sequence[str]]) -> dict[str, str]:
    """Where the tasks that run once had their place. planned: host → the tasks that a run has planned there."""
    return {
        task: host for task, hosts in plan.once.items() for host in hosts[1:] if task in planned.get(host, ())
    }


class _Tried:
    """Hosts that somebody has tried to reach, each once."""

    def __init__(self, reach: Callable[[str], None]) -> None:
        self.lost: dict[str, Unreachable] = {}
        self._reach = reach
        self._trials: dict[str, threading.Thread] = {}

    def first(self, hosts: Iterable[str]) -> str | None:
        """The first of these hosts that can be reached; all are tried beside each other."""
        hosts = list(hosts)
        for host in hosts:
            if host not in self._trials:
                self._trials[host] = threading.Thread(target=self._try, args=(host,), daemon=True)
                self._trials[host].start()
        for host in hosts:
            self._trials[host].join()
            if host not in self.lost:
                return host
        return None

    def _try(self, host: str) -> None:
        try:
            self._reach(host)
        except Unreachable as error:
            self.lost[host] = error
        except SlothError:
            return  # wrong settings: whoever begins with the host is told
