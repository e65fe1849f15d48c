"""The slow link delays what crosses it by half a round trip, keeps it whole and in order, and can be cut."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator

import pytest

from tests.lab.slow_link import SlowLink

ROUND_TRIP = 0.05


@pytest.fixture
def echo() -> Iterator[tuple[str, int]]:
    """The address of a server that returns what it gets."""
    server = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        connection, _ = server.accept()
        with connection:
            while data := connection.recv(1 << 16):
                connection.sendall(data)

    threading.Thread(target=serve, daemon=True).start()
    yield server.getsockname()
    server.close()


def test_an_answer_takes_the_round_trip(echo):
    with SlowLink(echo, ROUND_TRIP) as link, socket.create_connection(("127.0.0.1", link.port)) as client:
        client.sendall(b"first")
        client.recv(5)
        start = time.monotonic()
        client.sendall(b"again")
        client.recv(5)
    assert ROUND_TRIP <= time.monotonic() - start < 3 * ROUND_TRIP


def test_a_stream_arrives_whole_and_costs_one_delay(echo):
    sent = bytes(range(256)) * 4096
    with SlowLink(echo, ROUND_TRIP) as link, socket.create_connection(("127.0.0.1", link.port)) as client:
        threading.Thread(target=client.sendall, args=(sent,), daemon=True).start()
        received = b""
        while len(received) < len(sent):
            received += client.recv(1 << 16)
        assert link.connections == 1
    assert received == sent


def test_a_cut_is_seen_by_the_client(echo):
    with SlowLink(echo, ROUND_TRIP) as link, socket.create_connection(("127.0.0.1", link.port)) as client:
        client.sendall(b"x")
        client.recv(1)
        link.cut()
        assert client.recv(1) == b""
