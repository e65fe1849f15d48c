"""A session over a link of the test's own: how it begins, works and ends."""

from __future__ import annotations

import queue
import threading

import pytest

from sloth.core.errors import AnswerError, ConnectionLost
from sloth.runtime.failure import ActionFailed
from sloth.runtime.wire import VERSION, Peer, WireClosed
from sloth.transport.greeting import Greeting
from sloth.transport.heart import Heart
from sloth.transport.link import Heard
from sloth.transport.session import HEARTBEAT, Session


class Wire:
    """A link to a runtime in this process: `host` is its peer."""

    def __init__(self, answer) -> None:
        self.to_us: queue.Queue[Heard] = queue.Queue()
        self.to_host: queue.Queue[bytes] = queue.Queue()
        self.offers: list[bytes] = []
        self._buffer = b""
        self.host = Peer(self._read, lambda data: self.to_us.put(Heard(out=data)), answer, {})
        threading.Thread(target=self.host.serve, daemon=True).start()

    def _read(self, length: int) -> bytes:
        while len(self._buffer) < length:
            data = self.to_host.get()
            if not data:
                return b""
            self._buffer += data
        data, self._buffer = self._buffer[:length], self._buffer[length:]
        return data

    def receive(self, timeout: float) -> Heard:
        return self.to_us.get()

    def write(self, data: bytes) -> None:
        self.to_host.put(data)

    def offer(self, data: bytes) -> bool:
        self.offers.append(data)
        return True

    def exit_status(self) -> int | None:
        return 9

    def was_killed(self) -> bool:
        return False

    def close(self) -> None:
        self.to_host.put(b"")
        self.to_us.put(Heard(ended=True))


@pytest.fixture
def opened():
    """Opens a session to a runtime that answers so; returns both ends."""
    wires: list[Wire] = []

    def open_session(answer=None, ours=None, hear=None, hello=None) -> tuple[Session, Wire]:
        wire = Wire(answer or {})
        wires.append(wire)
        session = Session("web", wire, Greeting(), Heart(), ours or {}, hear or {})
        wire.host.tell("hello", {"protocol": VERSION} if hello is None else hello)
        session.open()
        return session, wire

    yield open_session
    for wire in wires:
        wire.close()


def test_both_sides_ask_and_answer(opened):
    session, wire = opened({"double": lambda args: args["n"] * 2}, {"name": lambda args: "web"})
    assert session.hello == {"protocol": VERSION}
    assert session.call("double", {"n": 21}) == 42
    assert wire.host.call("name", {}) == "web"
    assert session.bytes_sent > 0


def test_an_error_of_ours_reaches_the_host_with_its_place(opened):
    def answer(args):
        raise AnswerError("no such file", where="site.sloth:3", hint="look again")

    _, wire = opened(ours={"file": answer})
    with pytest.raises(ActionFailed, match=r"site\.sloth:3: no such file") as raised:
        wire.host.call("file", {})
    assert raised.value.result["hint"] == "look again"


def test_what_the_host_tells_is_heard_in_order(opened):
    heard: queue.Queue[object] = queue.Queue()
    _, wire = opened(hear={"event": heard.put})
    for number in range(5):
        wire.host.tell("event", {"n": number})
    assert [heard.get(timeout=5) for _ in range(5)] == [{"n": number} for number in range(5)]


def test_a_runtime_of_another_protocol_is_refused(opened):
    with pytest.raises(ConnectionLost, match="protocol 99"):
        opened(hello={"protocol": 99})


def test_a_loss_fails_the_calls_that_wait_and_tells_why(opened):
    wires: list[Wire] = []

    def die(args):
        wires[0].to_us.put(Heard(err=b"boom\nlast words\n", ended=True))
        threading.Event().wait(0.2)

    session, wire = opened({"die": die})
    wires.append(wire)
    with pytest.raises(ConnectionLost, match="web: "):
        session.call("die", {})
    with pytest.raises(ConnectionLost, match="the connection ended; its runtime ended with 9: last words"):
        session.call("again", {})


def test_an_end_after_goodbye_is_no_loss(opened):
    said = threading.Event()
    session, wire = opened(hear={"bye": lambda args: said.set()})
    wire.host.tell("bye", {})
    assert said.wait(5)
    wire.to_us.put(Heard(ended=True))
    with pytest.raises(ConnectionLost, match="the session is over"):
        session.call("more", {})
    assert session.lost == ""


def test_a_host_that_is_silent_for_too_long_is_lost(opened):
    session, wire = opened()
    session.beat()
    assert wire.offers == [HEARTBEAT]
    session.lose("no sign of life for 60 s")
    with pytest.raises(ConnectionLost, match="no sign of life"):
        session.tell("cancel", {})


def test_close_ends_it_without_a_loss(opened):
    session, _ = opened()
    session.close()
    session.close()
    assert session.lost == ""
    with pytest.raises((WireClosed, ConnectionLost)):
        session.call("more", {})
