"""A host's own shell, for hosts without Python: one script a channel, its input, output and exit code.

The script crosses on stdin, in front of its input, and so it is in no command line; what the login shell's start-up
files print is skipped. Nothing of sloth is on the host: when the controller dies, a script goes on.
"""

from __future__ import annotations

import secrets
import threading
from collections.abc import Callable
from contextlib import suppress
from signal import SIGKILL

from msgspec import Struct, field

from sloth.core.connection import Connection
from sloth.core.errors import BecomeFailed, ConnectionLost, NoShell, SlothError, Unreachable
from sloth.runtime import becoming
from sloth.runtime.process import Done, Kept
from sloth.runtime.token import Token
from sloth.transport.channel import ChannelLink
from sloth.transport.link import Heard
from sloth.transport.ssh import Login

NOISE = 1 << 16
PATIENCE = 30.0  # seconds until the shell has started
LOOK = 1.0
GRACE = 3.0  # seconds for a script to end once it is told to
# Tells its process group after the mark, then takes the script off stdin: its length in a line, and so many bytes.
START = (
    "command -v dd >/dev/null || {{ echo there is no dd in $PATH >&2; exit 127; }}; "
    "read -r a b c d group rest </proc/$$/stat; echo; echo {mark} $group; echo >&2; echo {mark} >&2; "
    'read -r size && script="$(dd bs=1 count=$size 2>/dev/null)" && [ -n "$script" ] && eval "$script"'
)
# One compound command: what a broken connection has cut off is a syntax error, and none of it runs.
WHOLE = "{{\n{script}\n}}"
END_GROUP = "kill -TERM -{group}; sleep 1; kill -KILL -{group} 2>/dev/null"

Hear = Callable[[str, bytes], None]


class Shell(Struct):
    """The shell of one host, over one login."""

    connection: Connection
    login: Login
    _ending: list[threading.Thread] = field(default_factory=list)

    def run(self, script: str, token: Token, *, user: str = "", stdin: bytes = b"", hear: Hear | None = None) -> Done:
        """Run a script to its end. Raises Stopped when the token is taken meanwhile, or what Unreachable has for it.

        user: to become by sudo. hear(stream, data): its output while it comes
        """
        token.check()
        mark = secrets.token_hex(16)
        line = _line(mark, user, self.connection.become_password is not None)
        link = ChannelLink(self.connection.name, self.login, line)
        try:
            talk = _Talk(link, mark, user, self.connection, hear)
            group = talk.start()
            watch = token.on_stop(lambda: self._end_group(group, user))
            try:
                whole = WHOLE.format(script=script)
                done = talk.feed(whole.encode("utf-8", "surrogateescape"), stdin, token)
            finally:
                token.done(watch)
            token.check()
            return done
        except OSError as error:
            raise ConnectionLost(f"{self.connection.name}: the connection ended: {error}") from error
        finally:
            link.end()

    def close(self) -> None:
        """End the login, after what is being stopped."""
        for thread in self._ending:
            thread.join(GRACE)
        self.login.close()

    def _end_group(self, group: int, user: str) -> None:
        """Over a channel of its own, and in a thread: whoever takes the token must not wait."""
        self._ending.append(threading.Thread(target=self._kill, args=(group, user), daemon=True))
        self._ending[-1].start()

    def _kill(self, group: int, user: str) -> None:
        with suppress(SlothError):  # the host is gone, or what is to end
            self.run(END_GROUP.format(group=group), Token(), user=user)


def _line(mark: str, user: str, has_password: bool) -> str:
    before = becoming.argv("sudo", user, mark, has_password) if user else []
    words = [*before, "/bin/sh", "-c", START.format(mark=mark[::-1])]
    return "exec " + " ".join(f"'{word}'" for word in words)


class _Talk(Struct):
    """One channel, as far as it has got."""

    link: ChannelLink
    mark: str
    user: str
    connection: Connection
    hear: Hear | None
    out: bytes = b""
    err: bytes = b""

    def start(self) -> int:
        """Past the noise and sudo's prompt; returns the process group."""
        word, prompt = self.mark[::-1].encode(), becoming.prompt(self.mark).encode()
        prompted, silence = False, 0.0
        while word + b"\n" not in self.err or b"\n" not in self.out.partition(word)[2]:
            heard = self.link.receive(LOOK)
            self.out, self.err = self.out + heard.out, self.err + heard.err
            silence = 0.0 if heard.out or heard.err else silence + LOOK
            if heard.ended or silence > PATIENCE or len(self.out) + len(self.err) > NOISE or self.err.count(prompt) > 1:
                raise self._no_start(prompted)
            if prompt in self.err and not prompted:
                prompted = True
                password = self.connection.become_password or ""
                self.link.write(password.encode("utf-8", "surrogateescape") + b"\n")
        told, _, self.out = self.out.partition(word)[2].partition(b"\n")
        self.err = self.err.partition(word + b"\n")[2]
        if not told.strip().isdigit():
            text = f"{self.connection.name}: its shell does not tell its process group"
            raise NoShell(text, hint="is /proc mounted there?")
        return int(told)

    def feed(self, script: bytes, stdin: bytes, token: Token) -> Done:
        """Give it the script and its input, and take what it says until it ends."""
        threading.Thread(target=self._write, args=(b"%d\n" % len(script) + script + stdin,), daemon=True).start()
        kept = {"stdout": Kept(), "stderr": Kept()}
        heard, left = Heard(self.out, self.err), GRACE
        while not heard.ended and left > 0:
            for stream, data in (("stdout", heard.out), ("stderr", heard.err)):
                kept[stream].add(data)
                if data and self.hear is not None:
                    self.hear(stream, data)
            heard = self.link.receive(LOOK)
            left -= LOOK if token.stopped else 0
        token.check()
        status = self.link.last_status(GRACE)
        if status is None and self.link.was_killed():
            status = -SIGKILL  # by which signal is not told; what takes the shell along is hardly another
        if status is None:
            raise ConnectionLost(f"{self.connection.name}: the connection ended before the command")
        return Done(status, kept["stdout"].value(), kept["stderr"].value())

    def _write(self, data: bytes) -> None:
        try:
            self.link.write(data)
            self.link.end_input()
        except OSError:
            return  # it did not want it all

    def _no_start(self, prompted: bool) -> Unreachable:
        """Why; after this the host counts as unreachable, so that a wrong password is not tried again and again."""
        text, name = self.err.decode("utf-8", "replace"), self.connection.name
        if prompted and (becoming.is_wrong_password(text) or text.count(becoming.prompt(self.mark)) > 1):
            return BecomeFailed(f"{name}: wrong sudo password", hint="it was tried once")
        if self.connection.become_password is None and becoming.wants_password(text):
            return BecomeFailed(
                f"{name}: sudo asks for a password to become {self.user}",
                hint="give it with -K, or as sloth_become_password",
            )
        why = becoming.complaint("sudo" if self.user else "sh", text, self.mark)
        if self.user:
            return BecomeFailed(f"{name}: sudo does not make us {self.user}: {why}")
        return NoShell(f"{name}: its shell does not start: {why}")
