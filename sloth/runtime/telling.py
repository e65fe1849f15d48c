"""What a play tells the controller: what happens within a moment leaves together, as each message costs both sides.

Fields that say nothing are left out, and a task that ends before anybody was told that it has begun is told of once:
its end says that it `began`.
"""

import threading
import time

from sloth.runtime.frames import WireError
from sloth.runtime.wire import WireClosed

MYPY = False
if MYPY:
    from collections.abc import Callable, Iterator

    from sloth.runtime.wire import Peer

    Plain = dict[str, object]

LULL = 0.1  # seconds that an event waits for others to be sent with it
SHORT = ("type", "task", "handler", "status", "duration", "blocks", "began")  # of an event that is too large as a whole


class Telling:
    """The events of one process, in order. An event that is `awaited` waits for no others."""

    def __init__(self, peer: "Peer") -> None:
        self._peer = peer
        self._unsent = threading.Event()
        self._begun = None  # type: Plain | None
        self._lock = threading.Lock()

    def tell(self, event: "Plain") -> None:
        """Say that something happened. It costs the play no time, and does not fail when nobody hears it."""
        said = {key: value for key, value in event.items() if value}
        try:
            with self._lock:
                self._put(said)
        except WireClosed:
            pass  # the controller is gone; whoever reads its frames is about to end us

    def ask(self, verb: str, args: "Plain") -> object:
        """Ask the controller, which has heard before what was told before."""
        self._settle()
        return self._peer.call(verb, args)

    def receive(self, verb: str, args: "Plain") -> "tuple[object, Iterator[bytes]]":
        """The same for an answer with a stream behind it."""
        self._settle()
        return self._peer.call_stream(verb, args)

    def flush(self) -> None:
        """Send what waits. Raises WireClosed."""
        self._settle()
        self._peer.flush()

    def send(self) -> None:
        """Send what waits, again and again until the other side is gone."""
        while not self._peer.is_closed:
            self._unsent.wait()
            time.sleep(LULL)
            self._unsent.clear()
            try:
                self.flush()
            except WireClosed:
                return  # who reads is about to notice

    def _settle(self) -> None:
        """Whatever is said from now on is said after what has been told."""
        with self._lock:
            self._tell_begun()

    def _put(self, said: "Plain") -> None:
        begun, ends = self._begun, said["type"] == "task_finished"
        if begun is not None and ends and (begun["task"], begun.get("handler")) == (said["task"], said.get("handler")):
            self._begun, said["began"] = None, True
        self._tell_begun()
        say = self._peer.tell if said.get("awaited") else self._peer.tell_soon
        if said["type"] == "task_started":
            self._begun = said
        else:
            self._say(say, said)
        self._unsent.set()

    def _say(self, say: "Callable[[str, Plain], None]", said: "Plain") -> None:
        try:
            say("event", said)
        except WireClosed:
            raise
        except WireError as error:  # too large: say how it ended, without what it brought
            short = {key: said[key] for key in SHORT if key in said}
            short["message"] = f"its outputs cannot be sent: {error}"
            say("event", short)

    def _tell_begun(self) -> None:
        begun, self._begun = self._begun, None
        if begun is not None:
            self._peer.tell_soon("event", begun)
