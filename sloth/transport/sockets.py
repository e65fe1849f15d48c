"""Sockets to hosts: straight, through a jump host, or through a command. Errors tell what the address was."""

from __future__ import annotations

import socket
import subprocess
import tempfile
import time
from collections.abc import Sequence
from contextlib import suppress
from os import SEEK_END
from typing import TYPE_CHECKING, Any

from sloth.core.errors import ConnectionRefused, ConnectTimeout, NameNotResolved
from sloth.transport.ssh_config import Hop

if TYPE_CHECKING:
    import paramiko

LAST_WORDS = 0.5  # seconds for a command to end that has closed the connection
TAIL = 4096


class EagerSocket(socket.socket):
    """Waits for nobody. sshd leaves Nagle's algorithm on for what is no terminal: its second small message in a row
    waits until the first is acknowledged, and Linux takes 40 ms over that unless it is told, each time, not to.
    """

    def recv(self, bufsize: int, flags: int = 0) -> bytes:
        data = super().recv(bufsize, flags)
        if hasattr(socket, "TCP_QUICKACK"):
            with suppress(OSError):  # it may be closed by now
                self.setsockopt(socket.IPPROTO_TCP, socket.TCP_QUICKACK, 1)
        return data


def direct(hop: Hop, timeout: float) -> socket.socket:
    """A TCP connection to the first address that takes one."""
    until = time.monotonic() + timeout
    failure: OSError = TimeoutError()
    addresses = _addresses(hop)
    for number, (kind, form, protocol, _, address) in enumerate(addresses):
        sock = EagerSocket(kind, form, protocol)
        share = (until - time.monotonic()) / (len(addresses) - number)  # one that is silent leaves time for the others
        try:
            sock.settimeout(max(0.1, share))
            sock.connect(address)
        except OSError as error:
            sock.close()
            failure = error
            continue
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return sock
    if isinstance(failure, ConnectionRefusedError):
        raise ConnectionRefused(
            f"{hop.label}: nothing listens at {hop.address} port {hop.port}",
            hint="is sshd running, and the port right?",
        ) from failure
    reason = f"no answer within {timeout:g} s" if isinstance(failure, TimeoutError) else failure.strerror
    raise ConnectTimeout(
        f"{hop.label}: cannot connect to {hop.address} port {hop.port}: {reason}",
        hint="is it up, and does the network (or a firewall) let us through?",
    ) from failure


def _addresses(hop: Hop) -> Sequence[tuple[Any, ...]]:
    family = {"inet": socket.AF_INET, "inet6": socket.AF_INET6}.get(hop.family, socket.AF_UNSPEC)
    try:
        return socket.getaddrinfo(hop.address, hop.port, family, socket.SOCK_STREAM)
    except (socket.gaierror, UnicodeError) as error:
        raise NameNotResolved(
            f"{hop.label}: cannot resolve {hop.address}", hint="is the name right, and known to DNS or ssh_config?"
        ) from error


def through(transport: paramiko.Transport, hop: Hop, timeout: float) -> Any:
    """A stream from the last jump host to the next hop."""
    import paramiko

    try:
        return transport.open_channel("direct-tcpip", (hop.address, hop.port), ("", 0), timeout=timeout)
    except paramiko.ChannelException as error:
        raise ConnectionRefused(  # which of the possible reasons it is, paramiko does not hand on
            f"{hop.label}: the jump host cannot connect to {hop.address} port {hop.port}: {error.text}",
            hint="does the jump host know the name, may it forward, and does something listen there?",
        ) from error
    except (paramiko.SSHException, OSError, EOFError) as error:
        raise ConnectTimeout(f"{hop.label}: the jump host does not answer: {error}") from error


class CommandSocket(socket.socket):
    """Our end of a ProxyCommand, which reads and writes the other end.

    A session of its own keeps Ctrl-C from it, since the hosts behind it are still to be stopped then, and it from
    asking questions on our terminal.
    """

    def __init__(self, command: str) -> None:
        ours, theirs = socket.socketpair()
        super().__init__(fileno=ours.detach())
        self._errors = tempfile.TemporaryFile()  # noqa: SIM115 - it lives as long as the command
        with theirs:
            self._process = subprocess.Popen(
                ["/bin/sh", "-c", f"exec {command}"],
                stdin=theirs.fileno(), stdout=theirs.fileno(), stderr=self._errors, start_new_session=True,
            )  # fmt: skip

    def close(self) -> None:
        """End the command with the connection."""
        super().close()
        self._process.terminate()

    def last_words(self) -> str | None:
        """Why it ended, as it says itself; None while it runs."""
        try:
            code = self._process.wait(LAST_WORDS)
        except subprocess.TimeoutExpired:
            return None
        self._errors.seek(max(0, self._errors.seek(0, SEEK_END) - TAIL))
        lines = [line.strip() for line in self._errors.read().decode("utf-8", "replace").splitlines() if line.strip()]
        return lines[-1] if lines else f"exit code {code}"


def by_command(hop: Hop) -> CommandSocket:
    """What a ProxyCommand gives."""
    try:
        return CommandSocket(hop.command)
    except OSError as error:
        raise ConnectionRefused(f"{hop.label}: cannot run its ProxyCommand: {error}") from error
