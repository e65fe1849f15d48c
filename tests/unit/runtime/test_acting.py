"""Calls on the other side of a wire: what they bring back, and what becomes of them when it breaks."""

from __future__ import annotations

import socket
import threading
from contextlib import suppress

import pytest

from sloth.runtime.acting import Call, Report, There
from sloth.runtime.failure import ActionFailed, Stopped
from sloth.runtime.host import Settings
from sloth.runtime.token import Token
from sloth.runtime.wire import Peer

REPORT = Report(lambda stream, data: None, lambda level, text: None)


def _serve(peer: Peer) -> None:
    with suppress(OSError):  # the end of its socket, with a call unread
        peer.serve()


def test_a_call_to_a_process_that_dies_fails_and_the_process_counts_as_gone():
    ours, its = socket.socketpair()
    peer = Peer(ours.recv, ours.sendall, {}, {})
    serving = threading.Thread(target=_serve, args=(peer,))
    serving.start()
    there = There(peer, ours.close)
    dying = threading.Timer(0.05, its.close)
    dying.start()
    with pytest.raises(ActionFailed, match=r"exec\.run: its process cannot be asked"):
        there.act(Call("exec", "run", ["true"]), Settings(), Token(), REPORT)
    serving.join()
    assert peer.is_closed
    there.close()


def test_to_stop_a_call_of_a_process_that_is_gone_is_no_error():
    written: list[bytes] = []
    ended: list[str] = []

    def write(data: bytes) -> None:
        if written:
            raise BrokenPipeError
        written.append(data)
        threading.Thread(target=end).start()

    def end() -> None:
        token.stop("cancelled")
        ended.append("without an error")
        peer.close("killed")

    peer, token = Peer(lambda length: b"", write, {}, {}), Token()
    with pytest.raises(Stopped, match="cancelled"):
        There(peer, lambda: None).act(Call("exec", "run", ["true"]), Settings(), token, REPORT)
    assert ended == ["without an error"]
