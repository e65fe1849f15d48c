"""A session: one running runtime on a host, spoken to over one link.

A thread reads the frames; calls wait in the threads that make them. A session ends when the runtime has said `bye` or
when we close it; anything else that ends it is a loss, and every call that waits fails with ConnectionLost.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping

from sloth.core.errors import ConnectionLost, ConnectTimeout, SlothError, Unreachable
from sloth.runtime.failure import ActionFailed
from sloth.runtime.frames import WireError, framed
from sloth.runtime.wire import VERSION, Peer, WireClosed
from sloth.transport.greeting import TAIL, Greeting
from sloth.transport.heart import Heart
from sloth.transport.link import Link

HEARTBEAT = framed({"tell": "heartbeat", "args": {}})
WAIT = 3600.0  # seconds of one look at the link; it ends earlier by what comes, or by the heart
HELLO_PATIENCE = 30.0

Message = dict[str, object]
Handler = Callable[[Message], object]
Hear = Callable[[Message], None]


class Session:
    """What a runtime on a host is to the engine.

    hello: what it said of itself. warnings: what a person should hear. lost: why it ended, if not as it should.
    uploads, bytes_sent, channels_opened: what it has cost; uploading: seconds.
    """

    def __init__(
        self,
        host: str,
        link: Link,
        greeting: Greeting,
        heart: Heart,
        answer: Mapping[str, Handler],
        hear: Mapping[str, Hear],
    ) -> None:
        self.host = host
        self.hello: Message = {}
        self.warnings: list[str] = []
        self.lost = ""
        self.uploads = greeting.uploads
        self.uploading = greeting.uploading
        self.bytes_sent = greeting.bytes_sent
        self.channels_opened = 1
        self.last_sign = heart.clock()
        self._link = link
        self._heart = heart
        self._buffer = greeting.rest
        self._err = greeting.err
        self._over = threading.Event()
        self._greeted = threading.Event()
        own: dict[str, Hear] = {"hello": self._take_hello, "pulse": _ignore, "bye": self._take_bye(hear)}
        self.peer = Peer(
            self._read,
            self._write,
            {verb: _answering(function) for verb, function in answer.items()},
            {**hear, **own},
        )

    def open(self) -> None:
        """Start to listen and wait for the hello."""
        threading.Thread(target=self._serve, name=f"session {self.host}", daemon=True).start()
        self._heart.add(self)
        if not self._greeted.wait(HELLO_PATIENCE):
            self.close()
            raise ConnectTimeout(f"{self.host}: sloth started, but said no hello for {HELLO_PATIENCE:g} s")
        if not self.hello:
            raise self._loss()
        if self.hello.get("protocol") != VERSION:
            self.close()
            raise ConnectionLost(f"{self.host}: it speaks protocol {self.hello.get('protocol')}, not {VERSION}")

    def call(self, verb: str, args: Message, timeout: float | None = None) -> object:
        """Ask the runtime and wait. ActionFailed with its error; ConnectionLost when it is gone."""
        try:
            return self.peer.call(verb, args, timeout)
        except WireClosed as error:
            raise self._loss() from error

    def call_stream(self, verb: str, args: Message) -> tuple[object, Iterator[bytes]]:
        """The same for an answer with bytes behind it."""
        try:
            return self.peer.call_stream(verb, args)
        except WireClosed as error:
            raise self._loss() from error

    def tell(self, verb: str, args: Message) -> None:
        """Say something that wants no answer."""
        if self.lost:
            raise self._loss()
        try:
            self.peer.tell(verb, args)
        except WireClosed as error:
            raise self._loss() from error

    def close(self) -> None:
        """End it; harmless when it has ended."""
        self._over.set()
        self._heart.remove(self)
        self.peer.close("the session is closed")
        self._link.close()

    def beat(self) -> None:
        """For the heart."""
        if self._link.offer(HEARTBEAT):
            self.bytes_sent += len(HEARTBEAT)

    def lose(self, reason: str) -> None:
        """For the heart: the host is dead."""
        if not self._over.is_set():
            self.lost = self.lost or reason
        self.peer.close(reason)
        self._link.close()

    def _serve(self) -> None:
        reason = "the connection ended"
        try:
            self.peer.serve()
        except (WireError, OSError) as error:
            reason = str(error)
        self._heart.remove(self)
        if self._link.was_killed():
            reason = "a signal has ended its runtime; has it run out of memory?"
        if not self._over.is_set():
            self.lost = self.lost or reason + self._last_words()
        self._greeted.set()

    def _loss(self) -> Unreachable:
        return ConnectionLost(f"{self.host}: {self.lost or 'the session is over'}")

    def _last_words(self) -> str:
        status = self._link.exit_status()
        lines = self._err.decode("utf-8", "replace").splitlines()
        text = f"; its runtime ended with {status}" if status is not None and status > 0 else ""
        return text + (f": {lines[-1].strip()}" if lines else "")

    def _read(self, length: int) -> bytes:
        while not self._buffer:
            heard = self._link.receive(WAIT)
            self._err = (self._err + heard.err)[-TAIL:]
            if heard.out:
                self.last_sign = self._heart.clock()
                self._buffer = heard.out
            if heard.ended and not heard.out:
                break
        data, self._buffer = self._buffer[:length], self._buffer[length:]
        return data

    def _write(self, data: bytes) -> None:
        self._link.write(data)
        self.bytes_sent += len(data)

    def _take_hello(self, args: Message) -> None:
        self.hello = args
        self._greeted.set()

    def _take_bye(self, hear: Mapping[str, Hear]) -> Hear:
        def bye(args: Message) -> None:
            self._over.set()
            if "bye" in hear:
                hear["bye"](args)

        return bye


def _ignore(args: Message) -> None:
    """A pulse counts by having come."""
    del args


def _answering(function: Handler) -> Handler:
    """The same with errors of ours turned into what crosses the wire."""

    def answer(args: Message) -> object:
        try:
            return function(args)
        except SlothError as error:
            where = f"{error.where}: " if error.where else ""
            raise ActionFailed(f"{where}{error}", kind="answer", hint=error.hint) from error

    return answer
