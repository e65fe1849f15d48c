"""The way to a host that has several addresses."""

from __future__ import annotations

import socket
import time
from contextlib import ExitStack

from sloth.transport import sockets
from sloth.transport.ssh_config import Hop


def test_an_address_that_is_silent_leaves_time_for_the_next(monkeypatch):
    with ExitStack() as stack:
        silent = stack.enter_context(socket.create_server(("127.0.0.1", 0), backlog=0))
        for _ in range(2):  # its queue is full: what comes now hears nothing
            filler = stack.enter_context(socket.socket())
            filler.setblocking(False)
            filler.connect_ex(silent.getsockname())
        other = stack.enter_context(socket.create_server(("127.0.0.1", 0)))
        found = [
            (socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP, "", server.getsockname()) for server in (silent, other)
        ]
        monkeypatch.setattr(socket, "getaddrinfo", lambda *_: found)
        began = time.monotonic()
        sock = stack.enter_context(sockets.direct(Hop("web", "web", 22, "root", "web", (), ()), 1.0))
        assert sock.getpeername() == other.getsockname()
        assert 0.4 < time.monotonic() - began < 0.9
