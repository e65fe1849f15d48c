"""A slow link: a TCP proxy that holds every byte back for half of a round trip, in each direction.

The kernels of many machines have no netem; this needs nothing. Bandwidth is not limited, only time passes.

    with SlowLink(("10.77.1.2", 22), round_trip=0.05) as link:
        connect to ("127.0.0.1", link.port)
"""

from __future__ import annotations

import queue
import socket
import threading
import time
from contextlib import suppress
from typing import Self

CHUNK = 1 << 16


class SlowLink:
    """Listens on a free port of loopback and passes each connection on to `target`, late."""

    def __init__(self, target: tuple[str, int], round_trip: float) -> None:
        self.target = target
        self.delay = round_trip / 2
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=128)
        self.port: int = self._listener.getsockname()[1]
        self.connections = 0
        self._open: list[socket.socket] = []

    def __enter__(self) -> Self:
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)  # close alone would leave the accepting thread waiting
        self._listener.close()
        self.cut()

    def cut(self) -> None:
        """Break all connections that are open now."""
        while self._open:
            with self._open.pop() as end, suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)

    def _accept(self) -> None:
        while True:
            try:
                near, _ = self._listener.accept()
            except OSError:  # closed
                return
            self.connections += 1
            threading.Thread(target=self._join, args=(near,), daemon=True).start()

    def _join(self, near: socket.socket) -> None:
        time.sleep(self.delay * 2)  # the handshake of TCP crosses the link as well
        try:
            far = socket.create_connection(self.target)
        except OSError:
            near.close()
            return
        self._open += [near, far]
        for end in (near, far):
            end.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for source, sink in ((near, far), (far, near)):
            line: queue.SimpleQueue[tuple[float, bytes]] = queue.SimpleQueue()
            threading.Thread(target=self._take, args=(source, line), daemon=True).start()
            threading.Thread(target=_give, args=(sink, line), daemon=True).start()

    def _take(self, source: socket.socket, line: queue.SimpleQueue[tuple[float, bytes]]) -> None:
        data = b"-"
        while data:
            try:
                data = source.recv(CHUNK)
            except OSError:
                data = b""
            line.put((time.monotonic() + self.delay, data))


def _give(sink: socket.socket, line: queue.SimpleQueue[tuple[float, bytes]]) -> None:
    while True:
        due, data = line.get()
        time.sleep(max(0.0, due - time.monotonic()))
        try:
            if not data:
                sink.shutdown(socket.SHUT_WR)
                return
            sink.sendall(data)
        except OSError:  # the other side has gone
            return
