"""Files that hosts send: each under a name of ours that no host can lead elsewhere, and whole or not at all."""

from __future__ import annotations

import hashlib
import os
import secrets
from collections.abc import Iterable
from pathlib import Path, PurePosixPath
from urllib.parse import quote

from sloth.core.errors import AnswerError
from sloth.core.writing import make_folder
from sloth.engine.allowance import Allowance

BLOCK = 4096  # bytes that a file takes at least, so that many empty ones fill no disk either
_NAME_LIMIT = 1000


def below(name: str) -> Path:
    """The relative path that a host calls a file by, as a path of ours. Raises AnswerError."""
    pure = PurePosixPath(name)
    if pure.is_absolute() or not pure.parts or ".." in pure.parts or "\0" in name or len(name) > _NAME_LIMIT:
        raise AnswerError(f"{name[:100]!r}: this is no relative path")
    try:
        return Path(*map(segment, pure.parts))
    except UnicodeEncodeError as error:
        raise AnswerError(f"{name[:100]!r}: no file is called that") from error


def segment(part: str) -> str:
    """One name of a path of ours, whatever a host or an author calls its own."""
    quoted = quote(part.encode("utf-8", "surrogateescape"), safe=" +,=@")
    return quoted.replace(".", "%2E") if quoted.strip(".") == "" else quoted


def for_us_alone(path: str, flags: int) -> int:
    """Opens a new file that nobody else may read: for `open(…, opener=…)`."""
    return os.open(path, flags, 0o600)


def write(place: Path, chunks: Iterable[bytes], announced: str, allowance: Allowance) -> int:
    """Write a file under a temporary name and give it its own when it has the sha256 that was announced; its size.

    allowance: what it is taken off, also when it is not kept in the end. Raises AnswerError for what is not to be kept,
    OSError when the disk does not take it.
    """
    allowance.spend(BLOCK)
    make_folder(place.parent, 0o700)
    coming = place.with_name(f".{secrets.token_hex(8)}.part")
    size, summed = 0, hashlib.sha256()
    try:
        with open(coming, "xb", opener=for_us_alone) as stream:
            for chunk in chunks:
                allowance.spend(len(chunk))
                size += len(chunk)
                summed.update(chunk)
                stream.write(chunk)
            stream.flush()
            os.fsync(stream.fileno())
        if summed.hexdigest() != announced:
            raise AnswerError(f"{place.name} arrived damaged, or changed while it was sent: run again")
        coming.replace(place)
    finally:
        coming.unlink(missing_ok=True)
    return size
