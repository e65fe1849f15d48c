"""What a warm run needs of a bundle: its name, and the program that starts it. Both are kept until a source changes.

They follow from sources that are read, stripped and hashed for them, which takes 16 ms while all hosts wait; to look
whether a source has changed takes one. Who may write what is kept here may write what starts sloth, so a checksum
against damage is enough.
"""

from __future__ import annotations

import hashlib
import os
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

import msgspec

from sloth import __version__, runtime
from sloth.core.writing import make_folder
from sloth.runtime.boot import SEAL, seal

SUFFIX = ".start"
SOURCES = Path(runtime.__file__ or "").parent
KINDS = (".py", ".lua")


class WarmStart(msgspec.Struct, frozen=True):
    """sha: the name of the bundle, which is its sha256. program: what `python -c` gets to begin with."""

    sha: str
    program: str


def mark(modules: Mapping[str, str], folder: Path = SOURCES) -> str | None:
    """What differs when a source of the bundle does; None where sources are no files.

    modules: those of a project, name → source. A file that was written again has another ctime, whatever its mtime is.
    """
    try:
        stamps = sorted(_stamps(folder))
    except OSError:
        return None
    text = repr((__version__, sys.version_info[:3], stamps, sorted(modules.items())))
    return hashlib.sha256(text.encode("utf-8", "surrogateescape")).hexdigest()


def find(path: Path) -> WarmStart | None:
    """What is kept in a file, if it is whole."""
    try:
        data = path.read_bytes()
        return msgspec.json.decode(data[SEAL:], type=WarmStart) if seal(data[SEAL:]) == data[:SEAL] else None
    except (OSError, msgspec.MsgspecError):
        return None


def keep(path: Path, start: WarmStart) -> None:
    """Keep it. Without room it is made again by each run."""
    body = msgspec.json.encode(start)
    new = path.with_suffix(f".{os.getpid()}.new")
    try:
        make_folder(path.parent)
        new.write_bytes(seal(body) + body)
        new.replace(path)
    except OSError:
        new.unlink(missing_ok=True)


def _stamps(folder: str | Path) -> Iterator[tuple[str, int, int, int, int]]:
    with os.scandir(folder) as entries:
        for entry in entries:
            if entry.name.endswith(KINDS):
                stat = entry.stat()
                yield entry.path, stat.st_ino, stat.st_size, stat.st_mtime_ns, stat.st_ctime_ns
            elif entry.is_dir() and entry.name != "__pycache__":
                yield from _stamps(entry.path)
