"""The wire under fire: what is broken ends it with WireError, and nothing else ever happens."""

from __future__ import annotations

import socket
import struct
import threading
import time
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sloth.runtime import wire
from sloth.runtime.failure import ActionFailed
from sloth.runtime.frames import CHUNK, CHUNK_LIMIT, JSON_LIMIT, WireError, decode, encode, framed
from sloth.runtime.wire import Peer, Streamed, WireClosed


class Pair:
    """Two peers that talk to each other; the block gets the one that asks."""

    def __init__(self, answer):
        self.sockets = socket.socketpair()
        one, other = self.sockets
        self.asking = Peer(one.recv, one.sendall, {}, {})
        self.answering = Peer(other.recv, other.sendall, answer, {})
        self.threads = [threading.Thread(target=peer.serve) for peer in (self.asking, self.answering)]

    def __enter__(self):
        for thread in self.threads:
            thread.start()
        return self.asking

    def __exit__(self, *_):
        self.hang_up()
        for thread in self.threads:
            thread.join()
        for one in self.sockets:
            one.close()

    def hang_up(self):
        self.sockets[0].shutdown(socket.SHUT_RDWR)


def test_what_may_wait_is_sent_with_what_may_not_and_before_it():
    written: list[bytes] = []
    peer = Peer(lambda length: b"", written.append, {}, {})
    peer.tell_soon("event", {"n": 1})
    peer.tell_soon("event", {"n": 2})
    assert written == []
    peer.tell("bye", {})
    waited = [framed({"tell": "event", "args": {"n": number}}) for number in (1, 2)]
    assert written == [b"".join(waited) + framed({"tell": "bye", "args": {}})]


def test_what_may_wait_is_sent_when_it_is_asked_for_and_when_it_gets_much():
    written: list[bytes] = []
    peer = Peer(lambda length: b"", written.append, {}, {})
    peer.tell_soon("event", {})
    peer.flush()
    peer.flush()
    assert len(written) == 1
    peer.tell_soon("event", {"text": "x" * wire.LATE_LIMIT})
    assert len(written) == 2


def test_what_may_wait_and_is_too_large_is_refused_at_once():
    with pytest.raises(WireError, match="over the limit"):
        Peer(lambda length: b"", lambda data: None, {}, {}).tell_soon("event", {"text": "x" * JSON_LIMIT})


def fed(data: bytes, hear=None) -> list[bytes]:
    """Serve these bytes to a peer; returns what it wrote."""
    place = 0
    written: list[bytes] = []

    def read(length: int) -> bytes:
        nonlocal place
        place += length
        return data[place - length : place]

    Peer(read, written.append, {}, hear or {}).serve()
    return written


def frame(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body


def fail(args):
    raise ActionFailed("no", exit_code=3)


def test_calls_and_their_errors_cross():
    with Pair({"double": lambda args: args["n"] * 2, "fail": fail}) as a:
        assert a.call("double", {"n": 21}) == 42
        with pytest.raises(ActionFailed, match="no") as raised:
            a.call("fail", {})
        assert raised.value.result["exit_code"] == 3
        with pytest.raises(ActionFailed, match="no such call"):
            a.call("other", {})


def test_text_that_is_no_utf8_crosses_unharmed():
    with Pair({"echo": lambda args: args}) as a:
        assert a.call("echo", {"text": "\udcff\udc80 ü \0"}) == {"text": "\udcff\udc80 ü \0"}


def test_streams_cross_in_order():
    chunks = [bytes([number]) * CHUNK for number in range(40)]
    with Pair({"file": lambda args: Streamed({"size": 40 * CHUNK}, iter(chunks))}) as a:
        value, received = a.call_stream("file", {})
        assert value == {"size": 40 * CHUNK}
        assert list(received) == chunks


def test_a_peer_that_is_gone_fails_the_calls_that_wait():
    done = threading.Event()

    def never(args):
        pair.hang_up()
        done.wait(5)

    pair = Pair({"never": never})
    with pair as asking, pytest.raises(WireClosed, match="the other side is gone"):
        asking.call("never", {})
    done.set()


def test_newlines_before_a_frame_are_the_controllers_nudges():
    heard: list[object] = []
    fed(b"\n\n" + framed({"tell": "hi", "args": {"a": 1}}) + b"\n", {"hi": heard.append})
    assert heard == [{"a": 1}]


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(struct.pack(">IB", JSON_LIMIT + 1, ord("J")), id="too long"),
        pytest.param(struct.pack(">IB", CHUNK_LIMIT + 1, ord("B")), id="too long a chunk"),
        pytest.param(struct.pack(">IB", 4, ord("X")) + b"abcd", id="unknown kind"),
        pytest.param(struct.pack(">IB", 10, ord("J")) + b"{}", id="truncated body"),
        pytest.param(b"\0\0", id="truncated header"),
        pytest.param(frame(b"J", b"[]"), id="no object"),
        pytest.param(frame(b"J", b"nonsense"), id="no JSON"),
        pytest.param(frame(b"J", '{"ü": 1}'.encode()), id="not ASCII"),
        pytest.param(frame(b"J", b'{"a":' + b"[" * 100 + b"]" * 100 + b"}"), id="too deep"),
        pytest.param(frame(b"J", b'{"a":' * 100000), id="far too deep"),
        pytest.param(framed({"tell": "unknown", "args": {}}), id="unknown tell"),
        pytest.param(framed({"tell": "hi", "args": 3}), id="bad arguments"),
        pytest.param(framed({"nothing": 1}), id="unknown frame"),
        pytest.param(framed({"reply": "x"}), id="a reply to no number"),
    ],
)  # fmt: skip
def test_what_is_broken_ends_the_wire(data):
    with pytest.raises(WireError):
        fed(data, {"hi": lambda args: None})


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(b"", id="nothing"),
        pytest.param(frame(b"B", b"\0\0\0\7data"), id="a chunk of no stream"),
        pytest.param(framed({"reply": 99, "value": 1}), id="a reply that nobody waits for"),
        pytest.param(framed({"reply": 99, "value": 1}) * 2, id="a reply twice"),
    ],
)
def test_what_comes_late_is_dropped(data):
    assert fed(data) == []


@given(st.binary(max_size=200))
def test_noise_is_refused_and_nothing_worse(noise):
    with suppress(WireError):
        fed(noise)


@given(st.binary(max_size=100))
def test_noise_in_a_frame_is_refused_and_nothing_worse(noise):
    for kind in (b"J", b"B"):
        with suppress(WireError):
            fed(frame(kind, noise))


PLAIN = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=10,
)


@given(st.dictionaries(st.text(), PLAIN, max_size=4))
def test_what_is_encoded_is_decoded(message):
    assert decode(encode(message)) == message


def test_a_message_over_the_limit_is_refused_before_it_is_sent():
    with pytest.raises(WireError, match="over the limit"):
        encode({"a": "x" * JSON_LIMIT})


def test_an_answer_that_nobody_waits_for_as_the_question_failed_does_not_hold_up_the_wire():
    def broken():
        yield b"x"
        raise ActionFailed("cannot be read")

    def much(args):
        list(args["stream"])
        return Streamed({}, iter([b"x"] * 10 * wire.STREAM_WINDOW))

    with Pair({"much": much, "echo": lambda args: args}) as peer:
        with pytest.raises(ActionFailed, match="cannot be read"):
            peer.call_stream("much", {"stream": broken()})
        assert peer.call("echo", {"a": 1}, timeout=wire.STALL / 2) == {"a": 1}


def test_an_answer_that_came_before_the_question_failed_does_not_hold_up_the_wire_either():
    has_come = threading.Event()

    def broken():
        yield b"x"
        assert has_come.wait(5)
        raise ActionFailed("cannot be read")

    def much():
        yield from [b"x" * CHUNK] * 4  # more than a socket holds: whoever sent it knows that the reply was read
        has_come.set()
        yield from [b"x"] * 10 * wire.STREAM_WINDOW

    with Pair({"much": lambda args: Streamed({}, much()), "echo": lambda args: args}) as peer:
        with pytest.raises(ActionFailed, match="cannot be read"):
            peer.call_stream("much", {"stream": broken()})
        assert peer.call("echo", {"a": 1}, timeout=wire.STALL / 2) == {"a": 1}


def test_a_stream_whose_reader_is_too_slow_is_dropped_and_the_reader_is_told(monkeypatch):
    monkeypatch.setattr(wire, "STALL", 0.05)
    sent = threading.Event()

    def chunks():
        yield from [b"x"] * (wire.STREAM_WINDOW + 2)
        sent.set()

    with Pair({"file": lambda args: Streamed({}, chunks()), "behind it": lambda args: sent.wait(5)}) as a:
        _, received = a.call_stream("file", {})
        assert a.call("behind it", {}) is True
        with pytest.raises(WireClosed, match="waited more than"):
            list(received)


def test_a_reader_that_leaves_in_the_middle_of_a_stream_does_not_hold_up_the_wire():
    sent = threading.Event()

    def chunks():
        yield from [b"x"] * (wire.STREAM_WINDOW + 2)
        sent.set()

    with Pair({"file": lambda args: Streamed({}, chunks()), "behind it": lambda args: sent.wait(5)}) as peer:
        _, received = peer.call_stream("file", {})
        assert next(received) == b"x"
        began = time.monotonic()
        threading.Timer(0.05, received.close).start()  # while the wire waits for room
        assert peer.call("behind it", {}) is True
        assert time.monotonic() - began < wire.STALL / 2


def test_bytes_behind_a_call_are_an_iterator_for_who_answers():
    parts = [b"a" * CHUNK, b"b"]
    with Pair({"keep": lambda args: [args["name"], len(b"".join(args["stream"]))]}) as peer:
        assert peer.call("keep", {"name": "x", "stream": iter(parts)}) == ["x", CHUNK + 1]
        assert peer.call("keep", {"name": "y", "stream": iter([])}) == ["y", 0]


def test_bytes_behind_a_call_that_nobody_reads_do_not_hold_up_the_wire():
    with Pair({"refuse": fail, "echo": lambda args: args}) as peer:
        with pytest.raises(ActionFailed):
            peer.call("refuse", {"stream": iter([b"x" * CHUNK] * 40)})
        assert peer.call("echo", {"a": 1}) == {"a": 1}
