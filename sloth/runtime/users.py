"""Acting as this or that user: here, or in the one child that is kept for each other user."""

import functools
import os
import threading

from sloth.runtime.acting import Here, Outcome, Report, There
from sloth.runtime.failure import ActionFailed
from sloth.runtime.host import Settings
from sloth.runtime.token import Token
from sloth.runtime.wire import Streamed

MYPY = False
if MYPY:
    from collections.abc import Callable, Iterator

    from sloth.runtime.acting import Call
    from sloth.runtime.become import Child
    from sloth.runtime.wire import Handler

    Plain = dict[str, object]
    Answers = dict[str, Handler]
    Ask = Callable[[str, Plain], object]
    Receive = Callable[[str, Plain], tuple[object, Iterator[bytes]]]

# What a child may ask the controller through us: all that actions ask, but no passwords.
ASKED = ("template", "secret", "artifact", "artifacts", "state", "announce", "convert", "fetched", "fetch")
STREAMED = ("file", "tree", "contents")


class Trust:
    """What is known of one password; held while a method may ask for it, so that a wrong one is given once."""

    def __init__(self) -> None:
        self.door = threading.Lock()
        self.is_wrong = False


class Users:
    """ask, receive: questions to the controller, with an answer, or with bytes behind it."""

    def __init__(self, here: Here, ask: "Ask", receive: "Receive") -> None:
        self._here = here
        self._ask = ask
        self._receive = receive
        self._others = {}  # type: dict[str, tuple[Child, There]]
        self._doors = {}  # type: dict[str, threading.Lock]
        self._trusts = {}  # type: dict[str, Trust]
        self._lock = threading.Lock()

    def act(self, user: "str | None", call: "Call", settings: Settings, token: Token, report: Report) -> Outcome:
        """Perform a call as that user."""
        if user is None or is_me(user):
            return self._here.act(call, settings, token, report)
        with self._lock:
            door = self._doors.setdefault(user, threading.Lock())
        with door:  # of this user alone: it may take its time
            child, there = self._others.get(user) or self._become(user)
            if child.peer.is_closed:  # killed, perhaps; whoever comes next gets a new one
                child.close()
                child, there = self._become(user)
            self._others[user] = child, there
        return there.act(call, settings, token, report)

    def close(self) -> None:
        """End the children."""
        for child, _ in list(self._others.values()):
            child.close()

    def _become(self, user: str) -> "tuple[Child, There]":
        by = self._ask("become", {"user": user})
        assert isinstance(by, dict)
        method = str(by["method"])
        with self._lock:  # su wants the password of that user, sudo and doas want ours
            trust = self._trusts.setdefault(user if method == "su" else "", Trust())
        with trust.door:
            if trust.is_wrong:
                why = f"the {method} password was wrong before, and is not tried again"
                raise ActionFailed(f"become {user}: {why}", kind="become")
            child = self._start(user, method, trust, by["has_password"] is True)
        there = There(child.peer, child.close)
        child.hear_output = there.hear_output
        return child, there

    def _start(self, user: str, method: str, trust: Trust, has_password: bool) -> "Child":
        from sloth.runtime.become import WrongPassword, start

        answer = {
            **{verb: functools.partial(self._ask, verb) for verb in ASKED},
            **{verb: functools.partial(self._pass_on, verb) for verb in STREAMED},
        }  # type: Answers
        try:
            return start(user, method, lambda: str(self._ask("password", {"user": user})), answer, has_password)
        except WrongPassword:
            trust.is_wrong = True
            raise

    def _pass_on(self, verb: str, args: "Plain") -> Streamed:
        return Streamed(*self._receive(verb, args))


def is_me(user: str) -> bool:
    """Whether this process already is that user."""
    import pwd

    try:
        return pwd.getpwnam(user).pw_uid == os.getuid()
    except KeyError:
        raise ActionFailed(f"become: there is no user {user!r} on this host") from None
