"""A guard ends a program when we cannot do it any more: killed ourselves, or out of memory.

It is a shell that waits for a word from us. The end of its input without one means that we are gone. Only programs that
run for a while get one, so that short ones cost nothing.
"""

import subprocess
import time

FROM = 0.2  # seconds from which on a program is guarded
WATCH = 'read -r _ || kill -s KILL -- "-$1"'


class Guard:
    """The guard of one program. pgid: its process group."""

    def __init__(self, pgid: int) -> None:
        self._pgid = pgid
        self._since = time.monotonic()
        self._shell = None  # type: subprocess.Popen[bytes] | None
        self._is_needed = True

    def look(self) -> None:
        """Begin, if it is time."""
        if not self._is_needed or time.monotonic() - self._since < FROM:
            return
        self._is_needed = False
        try:
            self._shell = subprocess.Popen(
                ["/bin/sh", "-c", WATCH, "sh", str(self._pgid)],
                stdin=subprocess.PIPE,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                start_new_session=True,
            )
        except OSError:
            return  # a host that can start nothing more: the program goes on without

    def close(self) -> None:
        """The program has ended."""
        self._is_needed = False
        if self._shell is not None:
            self._shell.communicate(b"over\n")
