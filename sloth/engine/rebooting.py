"""Rebooting a host in the middle of its part of a run: the order, and the wait until its next boot answers."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any

from msgspec import Struct

from sloth.core.errors import BecomeFailed, ConnectionLost, HostKeyChanged, NotBack, Unreachable
from sloth.engine.acting import act
from sloth.engine.terms import Begun, Session
from sloth.runtime import booting
from sloth.runtime.failure import ActionFailed
from sloth.runtime.privilege import HINT, is_denial

LONGEST = 86400.0  # seconds that we wait for a host, whatever it says
_FINAL = (HostKeyChanged, BecomeFailed)  # another machine; a password that is not tried again and again


class Order(Struct, frozen=True):
    """What a host says of the reboot that its tasks want.

    command: a command line for it, as this user (None: the session's). boot: what is to end. wait: the seconds until it
    counts as lost. test_command: has to exit with 0 before it counts as back
    """

    command: str
    user: str | None
    boot: str
    wait: float
    test_command: str | None

    @classmethod
    def of(cls, answer: Mapping[str, Any]) -> Order | None:
        """Of the answer to a job; None where nothing is to be rebooted."""
        said = answer.get("reboot")
        if not isinstance(said, dict) or not isinstance(said.get("wait"), int | float):
            return None
        if not said["wait"] >= 0:  # nor is what is no number at all, which JSON of Python has
            return None
        texts = {name: None if said.get(name) is None else str(said[name]) for name in ("user", "test_command")}
        return cls(str(said.get("command")), boot=str(said.get("boot")), wait=min(said["wait"], LONGEST), **texts)


class Reboot(Struct, frozen=True):
    """One reboot of one host.

    connect(): opens a session; None when nobody wants it any more. is_stopped(): waits a moment, and tells whether
    nobody does
    """

    host: str
    order: Order
    connect: Callable[[], Begun | None]
    is_stopped: Callable[[], bool]
    clock: Callable[[], float] = time.monotonic

    def go(self, session: Session) -> Begun | None:
        """Reboot the host; the session to its next boot, or None when nobody wants that any more.

        Raises ActionFailed when the host does not take the order, Unreachable when it does not come back in time
        """
        if self.order.boot == booting.boot_id():
            raise ActionFailed("host.reboot: sloth itself runs on this machine, so the run would end with it")
        self._give_order(session)
        session.close()
        until = self.clock() + self.order.wait
        while not self.is_stopped():
            begun, why = self._look()
            if begun is not None:
                return begun
            if self.clock() > until:
                raise NotBack(
                    f"{self.host} is not back {self.order.wait:g} s after its reboot: {why}",
                    hint='a host that takes longer has more time with host.reboot { wait = "30m" }',
                )
        return None

    def _give_order(self, session: Session) -> None:
        try:
            with suppress(ConnectionLost):  # it was quick
                act(session, "exec.check", self.order.command, user=self.order.user)
        except ActionFailed as error:
            hint = HINT if is_denial([error.message]) else ""
            raise ActionFailed(error.message + hint, **error.result) from error

    def _look(self) -> tuple[Begun | None, str]:
        """A session to the next boot, or why there is none yet."""
        try:
            begun = self.connect()
        except _FINAL:
            raise
        except Unreachable as error:
            return None, str(error).removeprefix(f"{self.host}: ")
        if begun is None:
            return None, "nobody waits for it"
        why = self._unfit(begun[0])
        if why:
            begun[0].close()
        return (None, why) if why else (begun, "")

    def _unfit(self, session: Session) -> str:
        """Why the host does not count as back, or ''."""
        try:
            if act(session, "host.boot_id") == self.order.boot:
                return "it has not gone down yet"
            if self.order.test_command is not None:
                act(session, "exec.check", self.order.test_command, user=self.order.user)
        except Unreachable as error:
            return str(error)
        except ActionFailed as error:
            return error.message
        return ""
