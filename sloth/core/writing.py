"""Writing a file whole or not at all: what was there before stays until the new text is on the disk; and folders."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path


def write(path: Path, text: str) -> None:
    """The file has this text now, for its owner alone. Raises OSError, and then it is as it was."""
    number, name = tempfile.mkstemp(prefix=f".{path.name[:40]}.", dir=path.parent)
    new = Path(name)
    try:
        with os.fdopen(number, "w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        new.replace(path)
    except BaseException:
        new.unlink(missing_ok=True)
        raise


def make_folder(path: Path, mode: int = 0o777) -> None:
    """The folder is there, with those above it. mode: of the last one, if it is made. Raises OSError.

    However deep it lies: pathlib and os call themselves for each folder that is missing, and give up at a thousand.
    """
    missing = []
    above = path
    while not above.is_dir() and above != above.parent:
        missing.append(above)
        above = above.parent
    for folder in reversed(missing):
        folder.mkdir(mode if folder is path else 0o777, exist_ok=True)
