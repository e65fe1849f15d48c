"""Calls between controller and host; both sides, and a become child, use the same Peer.

The JSON objects in its frames (frames.py) are
    {"call": 7, "verb": "job", "args": {…}}                      asks the other side
    {"reply": 7, "value": …} or {"reply": 7, "error": {"kind", "message", …}}
    {"tell": "event", "args": {…}}                               wants no answer
A reply with `"stream": 3` is followed by the chunks of stream 3, and so is a call.
"""

import threading
from collections import deque

from sloth.runtime.failure import ActionFailed
from sloth.runtime.frames import BYTES, CHUNK_LIMIT, HEADER, JSON, JSON_LIMIT, WireError, decode, encode, framed

MYPY = False
if MYPY:
    from collections.abc import Callable, Iterator

    Message = dict[str, object]
    Handler = Callable[[Message], object]

VERSION = 1
STREAM = "stream"  # the argument of a call that is an iterator of bytes
CALLS = 64  # calls of the other side that are served at once
LATE_LIMIT = 1 << 16  # bytes that may wait for `flush`
STALL = 20.0  # seconds that the wire waits for the reader of a stream
STREAM_WINDOW = 16  # chunks that wait for a slow reader before the whole wire does


class WireClosed(WireError):
    """The other side is gone."""


class Streamed:
    """A reply with a stream of bytes behind it."""

    def __init__(self, value: object, chunks: "Iterator[bytes]") -> None:
        self.value = value
        self.chunks = chunks


class _Chunks:
    """A stream on its way to a reader, who may be slow. None ends it."""

    def __init__(self) -> None:
        self._waiting = deque()  # type: deque[bytes | None]
        self._ended = False
        self._changed = threading.Condition()

    def put(self, chunk: "bytes | None") -> bool:
        """Hand it over. False when the reader does not take what is there already."""
        with self._changed:
            is_taken = self._changed.wait_for(lambda: self._ended or len(self._waiting) < STREAM_WINDOW, STALL)
            if is_taken and not self._ended:
                self._waiting.append(chunk)
                self._changed.notify()
            return is_taken

    def get(self) -> "bytes | None":
        """The next one, when it is there."""
        with self._changed:
            self._changed.wait_for(lambda: bool(self._waiting))
            self._changed.notify()
            return self._waiting.popleft()

    def end(self) -> None:
        """Nothing more comes, whether there is room for that or not; who waits for room waits no longer."""
        with self._changed:
            self._ended = True
            self._waiting.append(None)
            self._changed.notify_all()


class _Pending:
    """A call of ours that waits for its reply."""

    def __init__(self) -> None:
        self.done = threading.Event()
        self.reply = {}  # type: Message
        self.complete = False
        self.chunks = _Chunks()


class Peer:
    """One side of a wire.

    read(n): up to n bytes, none at the end of input; write(data): all of it, in order
    answer: verb → function of the arguments; it may return plain data or Streamed, or raise ActionFailed.
        Each call of the other side runs in a thread of its own. When bytes follow the call, the arguments hold an
        iterator of them under `stream`, where the caller put one.
    hear: verb → function for what wants no answer; runs in the reading thread, so that order is kept
    """

    def __init__(
        self,
        read: "Callable[[int], bytes]",
        write: "Callable[[bytes], object]",
        answer: "dict[str, Handler]",
        hear: "dict[str, Callable[[Message], None]]",
    ) -> None:
        self._read = read
        self._write = write
        self._answer = answer
        self._hear = hear
        self._writing = threading.Lock()
        self._late = b""
        self._lock = threading.Lock()
        self._pending = {}  # type: dict[int, _Pending]
        self._streams = {}  # type: dict[int, _Pending]
        self._room = threading.Semaphore(CALLS)
        self._number = 0
        self._closed = ""

    @property
    def is_closed(self) -> bool:
        """Whether the other side is gone, or was let go."""
        return bool(self._closed)

    def call(self, verb: str, args: "Message", timeout: "float | None" = None) -> object:
        """Ask the other side and wait. Raises ActionFailed with its error, WireClosed when it is gone."""
        return self._ask(verb, args, timeout).reply.get("value")

    def call_stream(self, verb: str, args: "Message") -> "tuple[object, Iterator[bytes]]":
        """The same for an answer with a stream behind it; the iterator ends with the stream."""
        pending = self._ask(verb, args, None)
        return pending.reply.get("value"), self._chunks(pending) if "stream" in pending.reply else iter(())

    def tell(self, verb: str, args: "Message") -> None:
        """Say something that wants no answer."""
        self._send({"tell": verb, "args": args})

    def tell_soon(self, verb: str, args: "Message") -> None:
        """The same for what may wait until `flush`, or until anything else is said; order is kept."""
        frame = framed({"tell": verb, "args": args})
        with self._writing:
            self._late += frame
            if len(self._late) > LATE_LIMIT:
                self._write_out(b"")

    def flush(self) -> None:
        """Send what `tell_soon` left."""
        with self._writing:
            if self._late:
                self._write_out(b"")

    def serve(self) -> None:
        """Read frames until the input ends (returns) or is broken (WireError)."""
        try:
            while True:
                frame = self._frame()
                if frame is None:
                    return
                self._take(frame)
        finally:
            self.close("the other side is gone")

    def close(self, why: str) -> None:
        """Fail all calls that wait."""
        with self._lock:
            self._closed = self._closed or why
            waiting = list(self._pending.values()) + list(self._streams.values())
            self._pending.clear()
            self._streams.clear()
        for pending in waiting:
            pending.reply = pending.reply or {"error": {"kind": "closed", "message": why}}
            pending.done.set()
            pending.chunks.end()

    def _ask(self, verb: str, args: "Message", timeout: "float | None") -> _Pending:
        pending = _Pending()
        with self._lock:
            if self._closed:
                raise WireClosed(self._closed)
            self._number += 1
            number = self._number
            self._pending[number] = pending
        chunks = args.get(STREAM)
        try:
            if chunks is None:
                self._send({"call": number, "verb": verb, "args": args})
            else:
                assert not isinstance(chunks, (str, bytes, int))  # an iterator of bytes
                plain = {key: value for key, value in args.items() if key != STREAM}
                self._send_stream({"call": number, "verb": verb, "args": plain}, chunks)  # type: ignore[arg-type]
        except BaseException:  # of the chunks, too: with nobody to read it, an answer would hold up the wire
            self._leave(number, pending)
            raise
        if not pending.done.wait(timeout):
            self._leave(number, pending)
            raise WireError(f"no answer to {verb} within {timeout} s")
        error = pending.reply.get("error")
        if isinstance(error, dict):
            if error.get("kind") == "closed":
                raise WireClosed(str(error.get("message")))
            details = {str(key): value for key, value in error.items() if key != "message"}
            raise ActionFailed(str(error.get("message")), **details)
        return pending

    def _chunks(self, pending: _Pending) -> "Iterator[bytes]":
        try:
            while True:
                chunk = pending.chunks.get()
                if chunk is None:
                    break
                yield chunk
        finally:
            self._abandon(pending)
        if not pending.complete:
            raise WireClosed(self._closed or f"a stream waited more than {STALL:g} s for its reader, and was dropped")

    def _leave(self, number: int, pending: _Pending) -> None:
        """Nobody waits for the reply any more, nor reads what comes behind it if it is there already."""
        with self._lock:
            self._pending.pop(number, None)
        self._abandon(pending)

    def _abandon(self, pending: _Pending) -> None:
        """No more chunks for this reader, so that the wire does not wait for it."""
        with self._lock:
            for number in [number for number, other in self._streams.items() if other is pending]:
                del self._streams[number]
        pending.chunks.end()

    def _frame(self) -> "tuple[int, bytes] | None":
        header = self._exactly(HEADER.size, at_start=True)
        if header is None:
            return None
        length, kind = HEADER.unpack(header)
        limit = {JSON: JSON_LIMIT, BYTES: CHUNK_LIMIT}.get(kind)
        if limit is None or length > limit:
            raise WireError(f"bad frame: kind {kind}, {length} bytes")
        body = self._exactly(length, at_start=False)
        assert body is not None
        return kind, body

    def _exactly(self, length: int, at_start: bool) -> "bytes | None":
        parts = []  # type: list[bytes]
        while length:
            more = self._read(length)
            if not more:
                if at_start and not parts:
                    return None
                raise WireError("the input ended within a frame")
            if at_start and not parts:
                more = more.lstrip(b"\n")  # the controller's nudges of a start-up file that reads stdin
            if more:
                parts.append(more)
                length -= len(more)
        return b"".join(parts)

    def _take(self, frame: "tuple[int, bytes]") -> None:
        kind, body = frame
        if kind == BYTES:
            self._take_chunk(body)
            return
        message = decode(body)
        if "call" in message:
            self._take_call(message)
        elif "reply" in message:
            self._take_reply(message)
        else:
            hear = self._hear.get(str(message.get("tell")))
            args = message.get("args")
            if hear is None or not isinstance(args, dict):
                raise WireError("unknown frame")
            hear(args)

    def _take_call(self, message: "Message") -> None:
        if not self._room.acquire(blocking=False):
            self._refuse(message["call"], f"more than {CALLS} calls at once")
            return
        stream, args = message.get("stream"), message.get("args")
        pending = None
        if isinstance(stream, int) and isinstance(args, dict):
            pending = _Pending()
            with self._lock:
                self._streams[stream] = pending
            args[STREAM] = self._chunks(pending)
        threading.Thread(target=self._serve_call, args=(message, pending), daemon=True).start()

    def _take_reply(self, message: "Message") -> None:
        number, stream = message["reply"], message.get("stream")
        if not isinstance(number, int):
            raise WireError("a reply to nothing")
        with self._lock:
            pending = self._pending.pop(number, None)
            if isinstance(stream, int) and pending is not None:
                self._streams[stream] = pending
        if pending is not None:
            pending.reply = message
            pending.done.set()

    def _take_chunk(self, body: bytes) -> None:
        number = int.from_bytes(body[:4], "big")
        with self._lock:
            pending = self._streams.get(number)
            if len(body) == 4 and pending is not None:
                pending.complete = True
                del self._streams[number]
        if pending is None:
            return
        if not pending.chunks.put(body[4:] or None):  # its reader learns at its next look that the rest is lost
            self._abandon(pending)

    def _serve_call(self, message: "Message", pending: "_Pending | None") -> None:
        number = message["call"]
        try:
            self._reply(number, self._value(message))
        except ActionFailed as error:
            self._refuse(number, error.message, error.result)
        except WireClosed:
            pass  # nobody waits for it any more
        except Exception as error:  # noqa: BLE001  # whoever asked must not wait for ever, whatever is wrong here
            self._refuse(number, f"{message.get('verb')}: {type(error).__name__}: {error}", {"kind": "fault"})
        finally:
            if pending is not None:
                self._abandon(pending)  # what was not read
            self._room.release()

    def _value(self, message: "Message") -> object:
        handler, args = self._answer.get(str(message.get("verb"))), message.get("args")
        if handler is None or not isinstance(args, dict):
            raise ActionFailed(f"no such call: {message.get('verb')}", kind="protocol")
        return handler(args)

    def _reply(self, number: object, value: object) -> None:
        if not isinstance(value, Streamed):
            self._send({"reply": number, "value": value})
            return
        self._send_stream({"reply": number, "value": value.value}, value.chunks)

    def _send_stream(self, message: "Message", chunks: "Iterator[bytes]") -> None:
        """A message and the stream behind it."""
        with self._lock:
            self._number += 1
            stream = self._number
        self._send(dict(message, stream=stream))
        try:
            for chunk in chunks:
                if chunk:
                    self._write_frame(BYTES, stream.to_bytes(4, "big") + chunk)
        except OSError:
            pass  # a file that cannot be read to its end: the reader sees that by its checksum
        finally:
            self._write_frame(BYTES, stream.to_bytes(4, "big"))

    def _refuse(self, number: object, why: str, result: "Message | None" = None) -> None:
        try:
            self._send({"reply": number, "error": dict(result or {}, message=why)})
        except WireError:
            pass  # nobody waits for it any more

    def _send(self, message: "Message") -> None:
        self._write_frame(JSON, encode(message))

    def _write_frame(self, kind: int, body: bytes) -> None:
        with self._writing:
            self._write_out(HEADER.pack(len(body), kind) + body)

    def _write_out(self, frame: bytes) -> None:
        """Under the lock of `_writing`."""
        data, self._late = self._late + frame, b""
        try:
            self._write(data)
        except OSError as error:
            raise WireClosed(str(error)) from error
