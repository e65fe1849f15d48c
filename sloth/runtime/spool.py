"""What a host itself remembers of a run: how its tasks ended, until the controller has it on its own disk.

A controller that dies leaves events behind that it never wrote down. The host keeps each task's end in a file of its
own before it tells it; when the run is resumed, it says again what the controller does not know, and runs none of it
twice. The file lies in the cache, for its user alone, and goes when the controller has everything.
"""

import os
import re

from sloth.runtime.failure import ActionFailed
from sloth.runtime.linefile import LineFile, encoded

MYPY = False
if MYPY:
    Plain = dict[str, object]

FOLDER = "runs"
KEPT = 50  # files of runs that nobody came back for
LIMIT = 64 << 20  # bytes of one run on one host
ROOM = 256 << 20  # bytes of all of them
RUN = re.compile(r"[0-9a-f]{1,64}")


class Spool:
    """The memory of one run for one of its hosts."""

    def __init__(self, path: str) -> None:
        self.file = LineFile(path)

    @classmethod
    def of(cls, cache: "str | None", run: str, host: str) -> "Spool | None":
        """The one of that run; None where there is no place for any. Nothing is written yet."""
        if cache is None:
            return None
        if not RUN.fullmatch(run):
            raise ActionFailed(f"bad run id {run[:40]!r}", kind="protocol")
        name = "".join(letter if letter.isalnum() and letter < "\x80" else "_%x_" % ord(letter) for letter in host)
        return cls(os.path.join(cache, FOLDER, f"{run}-{name[:120]}.jsonl"))

    def begin(self) -> bool:
        """Make ready to write. False when another process works on the same."""
        folder = os.path.dirname(self.file.path)
        try:
            os.mkdir(folder, 0o700)
        except FileExistsError:
            pass
        if not os.path.exists(self.file.path):
            _prune(folder)
        self.file.open()
        return self.file.hold()

    def add(self, event: "Plain", durable: bool = False) -> bool:
        """Keep an event. durable: through a loss of power, too. False when it cannot be kept."""
        line = encoded(event)
        try:
            if not self.file.is_open and not self.begin():
                return False
            if self.file.size + len(line) > LIMIT:
                return False
            self.file.write(line)
            if durable:
                self.file.sync()
        except OSError:
            return False  # a full disk of the host is no reason to stop its tasks
        return True

    def forget(self) -> None:
        """The controller has everything."""
        try:
            os.unlink(self.file.path)
        except OSError:
            pass  # it was never written


def _prune(folder: str) -> None:
    """Make room: of runs that nobody works on, the last ones stay."""
    found = []
    for name in os.listdir(folder):
        try:
            entry = os.stat(os.path.join(folder, name))
            found.append((entry.st_mtime, entry.st_size, os.path.join(folder, name)))
        except OSError:
            pass  # it has just gone
    total = 0
    for number, (_, size, path) in enumerate(sorted(found, reverse=True)):
        total += size
        spool = Spool(path)
        if (number >= KEPT or total > ROOM) and not spool.file.is_held():
            spool.forget()
