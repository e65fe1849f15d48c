"""Calls on the other side of a wire: what they bring back, and what becomes of them when it breaks."""

from __future__ import annotations

import socket
import threading
from contextlib import suppress

import pytest

from sloth.runtime.acting import Call, Here, Report, There, values_of
from sloth.runtime.action import Action, action
from sloth.runtime.failure import ActionFailed, Stopped
from sloth.runtime.frames import JSON_LIMIT, encode
from sloth.runtime.host import Host, Settings
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


@action
def busy(host: Host, *, count: int) -> None:
    """Change as many files as it is told to."""
    for number in range(count):
        host.show(f"/f{number}", None, b"x" * 60000 + b"\n")
        host.effect(f"write /f{number}", list)


class Busy:
    """A catalog of this one action."""

    def find(self, module: str, name: str) -> Action:
        return Action(module, busy)


@pytest.mark.parametrize(
    ("count", "told", "last"),
    [
        pytest.param(1000, 1000, "write /f999", id="many"),
        pytest.param(100000, 1000, "99001 more changes", id="more than anybody reads"),
    ],
)
def test_a_call_that_changes_very_much_tells_what_crosses_the_wire(count, told, last):
    outcome = Here(Busy(), lambda *_: None, lambda *_: (None, iter(()))).act(
        Call("fs", "busy", [], {"count": count}), Settings(diff=True), Token(), REPORT
    )
    assert (outcome.failure, len(outcome.changes), outcome.changes[-1]) == (None, told, last)
    assert outcome.diffs[-1]["text"].endswith("\n... more differences are not shown\n")
    assert len(encode(outcome.plain())) < JSON_LIMIT / 3
    [result, _] = values_of(outcome)
    assert isinstance(result, dict)
    assert result["changed"]
