"""Opens sessions, over SSH or on this machine, and owns what all sessions of a run share."""

from __future__ import annotations

import os
import secrets
import sys
from collections.abc import Mapping
from pathlib import Path

from msgspec.structs import replace

from sloth.core.connection import Connection
from sloth.core.errors import ConnectionRefused
from sloth.core.places import Places
from sloth.transport.bundle import Bundle
from sloth.transport.channel import ChannelLink
from sloth.transport.greeting import SLOW, NeedsSearch, NeedsTerminal, greet
from sloth.transport.heart import Heart
from sloth.transport.link import Link, ProcessLink
from sloth.transport.lua import LuaParts
from sloth.transport.raw import RawSession
from sloth.transport.session import Handler, Hear, Session
from sloth.transport.shell import Shell
from sloth.transport.ssh import Login, Ssh
from sloth.transport.startline import PYTHONS, Start

# Neither host nor seconds: what many hosts have in common is told once.
SLOW_SHELL = (
    f"sloth took more than {SLOW:g} s to start there: the start-up files of the login shell cost that at every "
    "connection, or the host is busy, or this machine is"
)


class Switchboard:
    """Share one among all sessions of a run, and close it at the end."""

    def __init__(self, bundle: Bundle, lua: LuaParts, ssh: Ssh, heart: Heart | None = None) -> None:
        self.bundle = bundle
        self.lua = lua
        self.ssh = ssh
        self.heart = Heart() if heart is None else heart

    @classmethod
    def of(
        cls,
        places: Places,
        environ: Mapping[str, str],
        wheelhouse: Path | None = None,
        modules: Mapping[str, str] | None = None,
    ) -> Switchboard:
        """The one for a run: its files where the places say, and the user's own ~/.ssh.

        modules: those of the project, name → source, which hosts get with the bundle
        """
        home = Path(environ["HOME"]) if environ.get("HOME") else Path.home()
        return cls(Bundle.build(places.bundles, modules or {}), LuaParts(places.lua, wheelhouse), Ssh(home))

    def open(self, connection: Connection, answer: Mapping[str, Handler], hear: Mapping[str, Hear]) -> Session:
        """A session with a host, after its hello. Raises what Unreachable has for it.

        answer, hear: what the host's runtime may ask and say (see Peer); `lua` and the signs of life are ours.
        """
        answer = {"lua": self.lua.answer, **answer}
        if connection.connection == "local":
            return self._start(connection, None, answer, hear)
        login = self.ssh.log_in(connection)
        try:
            session = self._start(connection, login, answer, hear)
        except BaseException:
            login.close()
            raise
        session.warnings[:0] = login.warnings
        return session

    def open_raw(self, connection: Connection, why: str, hear: Mapping[str, Hear]) -> RawSession:
        """A session with a host that has no Python; why: what is wrong with it. Raises what Unreachable has for it."""
        return RawSession(connection, Shell(connection, self.ssh.log_in(connection)), why, hear["output"])

    def close(self) -> None:
        """No more heartbeats."""
        self.heart.stop()

    def _start(
        self, connection: Connection, login: Login | None, answer: Mapping[str, Handler], hear: Mapping[str, Hear]
    ) -> Session:
        start = Start(
            self.bundle.sha,
            self.bundle.warm_start.program,
            secrets.token_hex(16),
            _pythons(connection),
            connection.become_user if connection.become else "",
            connection.become_method,
            has_password=connection.become_password is not None,
            straight=login is not None and not connection.become,
        )
        try:
            return self._run(connection, start, login, answer, hear)
        except (NeedsTerminal, NeedsSearch) as error:
            how = {"terminal": True} if isinstance(error, NeedsTerminal) else {"straight": False}
            again = replace(start, nonce=secrets.token_hex(16), **how)
            session = self._run(connection, again, login, answer, hear)
            session.channels_opened += 1
            return session

    def _run(
        self,
        connection: Connection,
        start: Start,
        login: Login | None,
        answer: Mapping[str, Handler],
        hear: Mapping[str, Hear],
    ) -> Session:
        link: Link
        if login is None:
            link = _process(connection, start)
        else:
            link = ChannelLink(connection.name, login, start.line())
        try:
            greeting = greet(
                connection.name, link, start, connection.become_password, self.bundle.packed, connection.connect_timeout
            )
            session = Session(connection.name, link, greeting, self.heart, answer, hear)
            session.open()
        except (NeedsTerminal, NeedsSearch):
            if login is None:  # else it is used again
                link.close()
            raise
        except BaseException:
            link.close()
            raise
        if greeting.slow and login is not None:  # here there is no login shell
            session.warnings.append(SLOW_SHELL)
        return session


def _process(connection: Connection, start: Start) -> ProcessLink:
    try:
        return ProcessLink(start.argv())
    except OSError as error:  # too many open files, or no more processes
        text = f"{connection.name}: cannot start a process on this machine: {error.strerror}"
        raise ConnectionRefused(text, hint="try fewer hosts at once, with -f, or a higher ulimit") from error


def _pythons(connection: Connection) -> tuple[str, ...]:
    if connection.python is not None:
        return (connection.python,)
    if connection.connection == "local":
        # Not by its name in a virtual environment: another user may not be let into the folder where that lies.
        return (os.path.realpath(sys.executable), *PYTHONS)
    return PYTHONS
