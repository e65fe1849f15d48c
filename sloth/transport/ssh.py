"""SSH as users have it: from a route (ssh_config.py) to a channel in which a start line runs.

fabric builds each hop's connection; host keys are ours to judge (fabric's own default accepts any), sockets are ours to
open (the errors tell more, and TCP_NODELAY saves 44 ms a message). One channel, never SFTP.
"""

from __future__ import annotations

import logging
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from msgspec import Struct, field

from sloth.core.connection import Connection
from sloth.core.errors import (
    AuthenticationFailed,
    ConnectionLost,
    ConnectionRefused,
    ConnectTimeout,
    HostKeyUnknown,
    SlothError,
    Unreachable,
)
from sloth.transport import sockets
from sloth.transport.handshakes import Handshakes, pauses
from sloth.transport.host_keys import HostKeyPolicy
from sloth.transport.known_hosts import KnownHosts
from sloth.transport.libraries import Libraries
from sloth.transport.ssh_config import Hop, SshConfig

if TYPE_CHECKING:
    import fabric
    import paramiko

KEEPALIVE = 15
_RSA = ("rsa-sha2-512", "rsa-sha2-256", "ssh-rsa")
_TURNED_AWAY = {  # what sshd says of it, since 9.8, and what that means
    "Exceeded MaxStartups": "too many are about to log in there at once: MaxStartups of sshd_config",
    "Not allowed at this time": "it keeps us out for a while after failed logins: PerSourcePenalties of sshd_config",
}
_DROPPED_HINT = (
    "is an SSH server there, has it too many connections at once (MaxStartups), "
    "or does it keep us out for a while after failed logins (PerSourcePenalties, since OpenSSH 9.8)?"
)


class Dropped(Unreachable):
    """The server ended the connection before the login: it may be busy, so it is worth another try."""


class Login(Struct):
    """A way in, from the first hop to the host. `transport`: the host's."""

    connections: list[fabric.Connection]
    warnings: list[str] = field(default_factory=list)

    @property
    def transport(self) -> paramiko.Transport:
        """The transport to the host itself."""
        transport: paramiko.Transport = self.connections[-1].transport
        return transport

    def close(self) -> None:
        """End all hops. The sockets go first: paramiko's threads look up only every 0.1 s."""
        for connection in reversed(self.connections):
            transport = connection.transport
            if transport is not None and isinstance(transport.sock, socket.socket):
                with suppress(OSError):  # it is gone already
                    transport.sock.shutdown(socket.SHUT_RDWR)
            connection.close()


class Ssh:
    """What all SSH connections of a run share: the files they read, and the places at each address.

    waits: seconds before each further try where a server drops us
    """

    def __init__(
        self,
        home: Path,
        config: SshConfig | None = None,
        known: KnownHosts | None = None,
        waits: Callable[[], Iterator[float]] = pauses,
    ) -> None:
        self.config = SshConfig(home) if config is None else config
        self.known = KnownHosts() if known is None else known
        self.handshakes = Handshakes()
        self._waits = waits
        self._libraries = Libraries()
        self._base: fabric.Config | None = None
        self._lock = threading.Lock()

    def log_in(self, connection: Connection) -> Login:
        """Connect to a host, over its jump hosts if it has some. Raises what Unreachable has for it."""
        route = self.config.route(connection)
        login = Login([], list(dict.fromkeys(route.warnings)))
        try:
            for hop in route.hops:
                password = connection.password if hop is route.hops[-1] else None
                login.connections.append(self._hop(hop, login, connection, password))
                login.warnings += self.known.warnings(hop.known_hosts)
        except BaseException as error:
            login.close()
            if isinstance(error, HostKeyUnknown | AuthenticationFailed):
                error.hint = "; ".join([error.hint, *route.warnings])  # what was not taken over may be the reason
            raise
        return login

    def _hop(self, hop: Hop, login: Login, connection: Connection, password: str | None) -> fabric.Connection:
        waits = self._waits()
        while True:
            with self.handshakes.place(hop.address, hop.port):
                try:
                    return self._connect(hop, login, connection, password)
                except Dropped as error:
                    wait = next(waits, None)
                    if wait is None:
                        raise ConnectionRefused(str(error), hint=error.hint or _DROPPED_HINT) from error
            time.sleep(wait)

    def _connect(self, hop: Hop, login: Login, connection: Connection, password: str | None) -> fabric.Connection:
        timeout = connection.connect_timeout
        sock = self._socket(hop, login, timeout)
        fabric = self._libraries.fabric()  # takes a while, in which the server gets ready for us
        policy = HostKeyPolicy(self.known, hop, connection.host_keys, timeout)
        settings = {"sock": sock, "password": password, **self._settings(hop, timeout)}
        with self._lock:  # a Connection writes into the shared Config
            made = fabric.Connection(
                hop.address, user=hop.user, port=hop.port, config=self._config(), gateway=False, connect_kwargs=settings
            )
        made.client.set_missing_host_key_policy(policy)
        try:
            self._open(made, hop, policy)
        except BaseException:
            sock.close()
            made.client.close()
            raise
        made.transport.set_keepalive(KEEPALIVE)
        if policy.added:
            login.warnings.append(f"a new host key is kept in {hop.known_hosts[0]} from now on")
        return made

    def _settings(self, hop: Hop, timeout: float) -> dict[str, object]:
        """What paramiko is told of a hop."""
        return {
            "key_filename": list(hop.keys),
            "allow_agent": hop.agent,
            "look_for_keys": hop.defaults,
            "timeout": timeout,
            "banner_timeout": timeout,
            "auth_timeout": max(timeout, 30.0),
            "transport_factory": self._transport_factory(hop),
        }

    @staticmethod
    def _open(made: fabric.Connection, hop: Hop, policy: HostKeyPolicy) -> None:
        import paramiko

        began = time.monotonic()
        try:
            made.open()
        except SlothError:
            raise
        except paramiko.PasswordRequiredException as error:
            raise AuthenticationFailed(
                f"{hop.label}: the private key is encrypted, and nothing else let us in as {hop.user}",
                hint="put it into the agent: ssh-add " + " ".join(hop.keys),
            ) from error
        except (paramiko.SSHException, OSError, EOFError, ValueError) as error:
            if not policy.passed and time.monotonic() - began > 0.9 * policy.patience:
                text = f"{hop.label}: the SSH server at {hop.address} port {hop.port} does not answer"
                raise ConnectTimeout(text, hint="is it an SSH server, and is it overloaded?") from error
            if not policy.passed:
                raise _not_begun(error, hop, made.client.get_transport(), made.connect_kwargs["sock"]) from error
            raise _why(error, hop, made.connect_kwargs["password"]) from error

    def _socket(self, hop: Hop, login: Login, timeout: float) -> Any:
        if hop.command:
            return sockets.by_command(hop)
        if login.connections:
            return sockets.through(login.transport, hop, timeout)
        return sockets.direct(hop, timeout)

    def _transport_factory(self, hop: Hop) -> Any:
        """Makes paramiko ask first for the kinds of key that are known (another of the host's looks like a change), and
        for the ciphers that take least time."""
        known = self.known.kinds(hop.known_hosts, hop.alias, hop.port)
        first = [name for kind in known for name in (_RSA if kind == "ssh-rsa" else (kind,))]

        def make(sock: Any, **options: Any) -> paramiko.Transport:
            import paramiko

            from sloth.transport.foreword import Foreword

            transport = paramiko.Transport(sock, packetizer_class=Foreword, **options)
            security = transport.get_security_options()
            offered = list(security.key_types)
            security.key_types = sorted(offered, key=lambda name: first.index(name) if name in first else len(first))
            security.ciphers = sorted(security.ciphers, key=lambda name: "gcm" not in name)  # they need no HMAC besides
            return transport

        return make

    def _config(self) -> fabric.Config:
        """fabric reads no file: the routes hold what ssh_config says. One for all, it costs 2 ms."""
        if self._base is None:
            from paramiko import SSHConfig

            self._base = self._libraries.fabric().Config(ssh_config=SSHConfig(), lazy=True)
            # Without a listener, logging prints paramiko's tracebacks to stderr by itself.
            logging.getLogger("paramiko").addHandler(logging.NullHandler())
        return self._base


def _tried(hop: Hop, password: str | None) -> str:
    """How we tried to log in, and what else there is to try."""
    found = [*hop.keys] or ["the agent", "~/.ssh/id_*"]
    if hop.keys and hop.keys[0].endswith(".pub"):
        return f"that is the public half of a key; the private one is {hop.keys[0].removesuffix('.pub')}"
    if hop.is_jump:
        keys = "--private-key, IdentityFile, the agent"
        return f"tried {' and '.join(found)}; a jump host gets no password, only keys ({keys})"
    if password:
        return f"tried {', '.join(found)} and the password; give another user (-u) or a key (--private-key)"
    return f"tried {' and '.join(found)}; give a user (-u), a key (--private-key) or a password (-k)"


def _not_begun(error: Exception, hop: Hop, transport: paramiko.Transport | None, sock: Any) -> Unreachable:
    """What a failure of paramiko means before the host has shown its key."""
    import paramiko

    from sloth.transport.foreword import Foreword

    there = f"{hop.label}: {hop.address} port {hop.port}"
    reader = None if transport is None else transport.packetizer
    first = reader.first if isinstance(reader, Foreword) else None
    if isinstance(error, paramiko.ssh_exception.IncompatiblePeer):
        return ConnectionRefused(f"{hop.label}: its SSH server and we have nothing in common: {error}")
    words = sock.last_words() if first is None and isinstance(sock, sockets.CommandSocket) else None
    if words is not None:
        text = f"{hop.label}: its ProxyCommand ended before the login: {words}"
        return Dropped(text, hint=f"the command was: {hop.command}")
    if first is None:
        return Dropped(f"{there} ended the connection before the login")
    if first.startswith("SSH-"):
        return Dropped(f"{there} ended the connection before the login: {error}")
    if first in _TURNED_AWAY:
        return Dropped(f"{there} turned us away before the login: {first}", hint=_TURNED_AWAY[first])
    return ConnectionRefused(f"{there} is no SSH server, it says: {first}", hint="is the port right?")


def _why(error: Exception, hop: Hop, password: str | None) -> Unreachable:
    """What a failure of paramiko means during the login."""
    import paramiko

    tried = _tried(hop, password)
    if isinstance(error, (paramiko.AuthenticationException, paramiko.SSHException, ValueError)):
        allowed = getattr(error, "allowed_types", [])
        why = f"the server takes {', '.join(allowed)} only" if allowed else str(error).rstrip(".")
        if password and "keyboard-interactive" in allowed:  # the password was given there as well
            why = "Authentication failed"
        if "saw EOF" in why:
            why = "the server hung up: has the account expired, or are logins closed (/etc/nologin)?"
        return AuthenticationFailed(f"{hop.label}: not let in as {hop.user}: {why}", hint=tried)
    if isinstance(error, OSError) and error.filename:
        return AuthenticationFailed(f"{hop.label}: cannot read the key {error.filename}: {error.strerror}", hint=tried)
    return ConnectionLost(f"{hop.label}: the connection ended during the login: {error}")
