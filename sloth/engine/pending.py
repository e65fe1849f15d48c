"""Handlers that were notified and have not run yet: kept for the next run that succeeds, by workflow and host.

A task that fails after another has changed its configuration file would otherwise leave a service that
nobody ever restarts: the next run finds the file in order and notifies nobody.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from pathlib import Path
from urllib.parse import quote

from sloth.core.writing import write

LIMIT = 1000


class Pending:
    """One workflow's pending handlers, a file for each host that has some.

    folder: for all workflows. workflow: what tells this one from others, its file and name.
    """

    def __init__(self, folder: Path, workflow: str) -> None:
        self._folder = folder / hashlib.sha256(workflow.encode()).hexdigest()[:32]

    def of(self, host: str) -> list[str]:
        """The names of a host's pending handlers."""
        try:
            names = json.loads(self._path(host).read_bytes())
        except (FileNotFoundError, ValueError):
            return []
        return [str(name) for name in names][:LIMIT] if isinstance(names, list) else []

    def keep(self, host: str, names: Iterable[str]) -> None:
        """From now on these are pending, and no others."""
        path, kept = self._path(host), sorted(names)
        if not kept:
            path.unlink(missing_ok=True)
            return
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        write(path, json.dumps(kept))

    def _path(self, host: str) -> Path:
        return self._folder / f"{quote(host, safe='')}.json"
