"""Files that hosts were told to bring: each host's in a folder of its own beside the workflow. They stay there.

What a host calls a file is data: it becomes a path below that host's folder, or is refused.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from sloth.core.errors import AnswerError
from sloth.engine.allowance import Allowance
from sloth.engine.receiving import below, segment, write

FOLDER = "fetched"


class Fetched:
    """What one host brought. folder: that of the workflow. allowance: how much that may be."""

    def __init__(self, folder: Path, host: str, allowance: Allowance) -> None:
        self._allowance = allowance
        self._folder = folder / FOLDER / segment(host)

    def look(self, said: Mapping[str, Any]) -> dict[str, object]:
        """{"name", "sha256"} → {"path", "same"}: where a file goes, and whether it is there. Raises AnswerError."""
        place = self._place(said)
        try:
            return {"path": str(place), "same": place.is_file() and _sha256(place) == said.get("sha256")}
        except OSError as error:
            raise AnswerError(f"{place} cannot be read: {error.strerror}") from error

    def keep(self, said: Mapping[str, Any]) -> None:
        """{"name", "sha256", "stream"}: a file to keep. Raises AnswerError."""
        place = self._place(said)
        try:
            write(place, said.get("stream") or (), str(said.get("sha256")), self._allowance)
        except OSError as error:
            raise AnswerError(f"{place} cannot be written: {error.strerror}") from error

    def _place(self, said: Mapping[str, Any]) -> Path:
        return self._folder / below(str(said.get("name")))


def _sha256(path: Path) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
