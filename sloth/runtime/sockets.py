"""TCP ports: whether they answer, and who listens on this host."""

import socket

MYPY = False
if MYPY:
    from sloth.runtime.host import Host

_TABLES = ("/proc/net/tcp", "/proc/net/tcp6")
_LISTEN = "0A"


def is_open(host: "Host", address: str, port: int, patience: float) -> bool:
    """Whether something accepts a connection there."""
    channel = _connect(host, address, port, patience)
    if channel is None:
        return False
    channel.close()
    return True


def greeting(host: "Host", address: str, port: int, patience: float, most: int) -> bytes:
    """What a server says first, as far as it comes in that time; nothing where none is."""
    channel = _connect(host, address, port, patience)
    if channel is None:
        return b""
    with channel:
        try:
            return channel.recv(most)
        except OSError:
            return b""


def listening(path: str = "/proc") -> "set[int]":
    """The TCP ports of this host that somebody listens at."""
    found = set()
    for table in _TABLES:
        try:
            with open(path + table[len("/proc") :], encoding="ascii") as file:
                rows = [line.split() for line in file.readlines()[1:]]
        except OSError:
            continue  # a kernel without IPv6
        found |= {int(row[1].rpartition(":")[2], 16) for row in rows if len(row) > 3 and row[3] == _LISTEN}
    return found


def _connect(host: "Host", address: str, port: int, patience: float) -> "socket.socket | None":
    host.token.check()
    try:
        return socket.create_connection((address, port), timeout=patience)
    except (OSError, OverflowError, UnicodeError):
        return None  # refused, unreachable, no such name, silent: nothing is open there
