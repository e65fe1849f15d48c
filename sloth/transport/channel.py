"""A link over one SSH channel."""

from __future__ import annotations

import select
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

from sloth.core.errors import ConnectTimeout, NoShell
from sloth.transport.link import CHUNK, GLANCE, Heard, gone_if_closed, limited

if TYPE_CHECKING:
    from sloth.transport.ssh import Login

OPEN_TIMEOUT = 30.0
LAST = 0.5  # seconds that what a program said at its end may come behind its exit status, as sshd sends it
_UNTOLD = -1  # paramiko: the other side has not told how the program ended


class Bell(threading.Event):
    """Rung by stdout and stderr alike; paramiko clears its events when one of them is read, which says nothing here."""

    def clear(self) -> None:
        """Not by paramiko."""

    def hush(self) -> None:
        """By us, before we look."""
        super().clear()


class ChannelLink:
    """A program that a host's login shell starts for us."""

    def __init__(self, host: str, login: Login, line: str, patience: float = OPEN_TIMEOUT) -> None:
        import paramiko

        self._login = login
        self._writing = threading.Lock()
        self._bell = Bell()
        with limited(patience, login.close) as late:
            try:
                self._channel = login.transport.open_session(timeout=patience)
                self._channel.in_buffer.set_event(self._bell)
                self._channel.in_stderr_buffer.set_event(self._bell)
                self._channel.exec_command(line)
            except paramiko.ChannelException as error:
                text = f"{host}: the SSH server lets us in but starts no shell: {error.text}"
                raise NoShell(text, hint="does its sshd_config allow sessions (MaxSessions)?") from error
            except (paramiko.SSHException, OSError, EOFError) as error:
                if late.is_set():
                    raise ConnectTimeout(f"{host}: logged in, but no shell started within {patience:g} s") from error
                raise NoShell(f"{host}: the SSH server lets us in but starts no shell: {error}") from error

    def receive(self, timeout: float) -> Heard:
        until = time.monotonic() + timeout
        channel = self._channel
        while True:
            self._bell.hush()
            told = channel.exit_status_ready()
            ended = bool(channel.closed or channel.eof_received)
            out = channel.recv(CHUNK) if channel.recv_ready() else b""
            err = channel.recv_stderr(CHUNK) if channel.recv_stderr_ready() else b""
            left = until - time.monotonic()
            if out or err or ended or left <= 0:
                return Heard(out, err, ended and not out and not err)
            if not self._bell.wait(min(left, LAST if told else GLANCE)) and told:
                return Heard(ended=True)  # a daemon of the program keeps its streams

    def write(self, data: bytes) -> None:
        with self._writing:
            self._send(data)

    def offer(self, data: bytes) -> bool:
        if not self._writing.acquire(blocking=False):
            return False
        try:
            if self._channel.out_window_size < len(data) or not self._network_has_room():
                return False
            self._send(data)
            return True
        finally:
            self._writing.release()

    def _send(self, data: bytes) -> None:
        with _gone_if_lost():
            # Of bytes paramiko would copy what is left for each packet.
            self._channel.sendall(memoryview(data))  # type: ignore[arg-type]  # any buffer will do

    def _network_has_room(self) -> bool:
        sock = self._login.transport.sock
        if not isinstance(sock, socket.socket):
            return True  # through a jump host the channel's own window has to tell
        with gone_if_closed():
            poll = select.poll()
            poll.register(sock, select.POLLOUT)
            return bool(poll.poll(0))

    def exit_status(self) -> int | None:
        """What the program ended with; None while it runs, and where the connection ended before it told."""
        status = self._channel.recv_exit_status() if self._channel.exit_status_ready() else None
        return None if status == _UNTOLD else status

    def was_killed(self) -> bool:
        """sshd closes the channel of what a signal has ended without a status; by which, paramiko does not tell."""
        channel = self._channel
        channel.status_event.wait(GLANCE)  # it closes a moment after the streams
        ended = channel.closed and channel.eof_received and channel.recv_exit_status() == _UNTOLD
        return bool(ended and self._login.transport.is_active())

    def last_status(self, timeout: float) -> int | None:
        """What the program has ended with; its streams may have ended a moment before that is told."""
        self._channel.status_event.wait(timeout)
        return self.exit_status()

    def end_input(self) -> None:
        """The program reads the end of its input."""
        with _gone_if_lost():
            self._channel.shutdown_write()

    def end(self) -> None:
        """Let go of the channel alone; the login may be used again."""
        with suppress(EOFError, OSError):  # another thread has just closed the login, and the channel with it
            self._channel.close()

    def close(self) -> None:
        self.end()
        self._login.close()


@contextmanager
def _gone_if_lost() -> Iterator[None]:
    """What paramiko says of a connection that ends while it writes, as the OSError that a link promises."""
    import paramiko

    try:
        yield
    except (EOFError, paramiko.SSHException) as error:
        raise BrokenPipeError(f"the connection ended: {error}".rstrip(": ")) from error
