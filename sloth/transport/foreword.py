"""What a server says before it speaks SSH: sshd tells there why it turns us away, others that they are something else.

It is imported when a connection is made: paramiko takes its time.
"""

from __future__ import annotations

from paramiko import SSHException
from paramiko.packet import Packetizer

LIMIT = 1 << 14  # bytes in which the name of an SSH server has to come
SHOWN = 80


class Foreword(Packetizer):
    """paramiko's reader of a connection, which keeps the first line."""

    first: str | None = None
    _taken = 0

    def readline(self, timeout: float) -> str:
        """The next line in front of SSH."""
        try:
            line = str(super().readline(timeout))
        except UnicodeDecodeError:
            self._keep("(no text)")
            raise
        self._keep(line)
        return line

    def _read_timeout(self, timeout: float) -> bytes:
        data: bytes = super()._read_timeout(timeout)  # type: ignore[misc]  # the types do not have it
        self._taken += len(data)
        if self._taken > LIMIT:
            self._keep("(a line without end)")
            raise SSHException("too much before SSH began")
        return data

    def _keep(self, line: str) -> None:
        if self.first is None or line.startswith("SSH-"):
            self.first = line[:SHOWN]
