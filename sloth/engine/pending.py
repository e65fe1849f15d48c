"""Handlers that were notified and have not run yet: kept for the next run that succeeds, by workflow and host.

A task that fails after another has changed its configuration file would otherwise leave a service that
nobody ever restarts: the next run finds the file in order and notifies nobody.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Iterable
from pathlib import Path
from urllib.parse import quote

from sloth.core.errors import StoreError
from sloth.core.events import TaskFinished
from sloth.core.model import BAD
from sloth.core.writing import make_folder, write

LIMIT = 1000


def workflow_key(file: str, workflow: str) -> str:
    """What tells a workflow from others."""
    return f"{Path(file).resolve()}#{workflow}"


class Pending:
    """One workflow's pending handlers, a file for each host that has some.

    folder: for all workflows. workflow: what tells this one from others, its file and name.
    """

    def __init__(self, folder: Path, workflow: str) -> None:
        self._folder = folder / hashlib.sha256(workflow.encode()).hexdigest()[:32]

    def of(self, host: str) -> list[str]:
        """The names of a host's pending handlers. Raises StoreError."""
        try:
            names = json.loads(self._path(host).read_bytes())
        except (FileNotFoundError, ValueError):
            return []
        except OSError as error:
            raise StoreError(f"cannot read {self._path(host)}: {str(error.strerror).lower()}") from error
        return [str(name) for name in names][:LIMIT] if isinstance(names, list) else []

    def keep(self, host: str, names: Iterable[str]) -> None:
        """From now on these are pending, and no others. Raises StoreError when the disk does not take that."""
        path, kept = self._path(host), sorted(names)
        try:
            if not kept:
                path.unlink(missing_ok=True)
                return
            make_folder(self._folder, 0o700)
            write(path, json.dumps(kept))
        except OSError as error:
            why = str(error.strerror).lower()
            raise StoreError(f"the handlers that are due on {host} cannot be written down: {why}") from error

    def _path(self, host: str) -> Path:
        return self._folder / f"{quote(host, safe='')}.json"


class Due:
    """The handlers that one host owes in a run, kept as they come and go: we may be killed at any time.

    pending: None in check mode, which keeps nothing. known: the workflow's handlers
    """

    def __init__(self, host: str, pending: Pending | None, known: Collection[str]) -> None:
        self._host = host
        self._pending = pending
        self._known = known
        self._names: set[str] = set()

    @property
    def names(self) -> frozenset[str]:
        """Those that it owes now."""
        return frozenset(self._names)

    def load(self) -> list[str]:
        """Those that earlier runs left over, as far as the workflow still has them."""
        if self._pending is not None:
            kept = self._pending.of(self._host)
            self._names = {name for name in kept if name in self._known}
            if len(self._names) < len(kept):
                self._pending.keep(self._host, self._names)
        return sorted(self._names)

    def take(self, event: TaskFinished) -> None:
        """A task wants some; a handler that ran well is one less."""
        before = set(self._names)
        if event.handler:
            (self._names.add if event.status in BAD else self._names.discard)(event.task)
        self._names.update(name for name in event.notified if name in self._known)
        if self._pending is not None and self._names != before:
            self._pending.keep(self._host, self._names)
