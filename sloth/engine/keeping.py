"""The store as people use it from the command line: state, locks, backups."""

from __future__ import annotations

import json
import secrets
import sys
import time
from pathlib import Path
from typing import Any

from sloth.core.errors import LeaseLost, UsageError
from sloth.engine import here
from sloth.engine.jobs import person
from sloth.store import Lease, Locks, SqliteDatabase, State, upkeep

FIELDS = ("namespace", "key", "value")


def path() -> Path:
    """The file of the store, at the place that sloth was started in."""
    return here.places().store


def store() -> SqliteDatabase:
    """The store in it."""
    return SqliteDatabase(path())


def state() -> State:
    """Its state, changed in our name."""
    return State(store(), person())


def locks() -> Locks:
    """Its locks."""
    return Locks(store())


def force(name: str, reason: str) -> Lease | None:
    """Take a lock away from whoever holds it, in our name."""
    return locks().force(name, person(), reason)


def held() -> list[str]:
    """The names of the locks that somebody has."""
    return [lease.name for lease in locks().held()]


def give_back(name: str, token: int) -> None:
    """Give a lock back. Raises LeaseLost when it has another token by now."""
    if not locks().release(name, token):
        raise LeaseLost(f"the lock {name!r} is not held under token {token}", hint="`sloth locks` shows who has it")


def import_state(file: str) -> int:
    """Take over the lines of an export; how many keys there are. `-` is standard input."""
    try:
        text = sys.stdin.read() if file == "-" else Path(file).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"cannot read {file}: {getattr(error, 'strerror', None) or error}") from error
    lines = enumerate(text.split("\n"), 1)
    return state().load([_entry(line, f"{file}:{number}") for number, line in lines if line.strip()])


# the file of the store


def info() -> upkeep.Info:
    """What the store holds."""
    return upkeep.info(path())


def migrate() -> tuple[int, int]:
    """Bring the tables to our version: the version before, and now."""
    before = upkeep.info(path()).version if path().exists() else 0
    return before, store().version()


def vacuum() -> tuple[int, int]:
    """Give space back to the disk; the size before, and now."""
    store().version()
    return upkeep.vacuum(path())


def backup(target: Path | None) -> Path:
    """Copy the store, by default into a directory of its own."""
    return upkeep.backup(path(), target or _kept("backup"))


def restore(source: Path) -> Path | None:
    """Put a backup in the place of the store; where what was there is kept."""
    return upkeep.restore(path(), source, _kept("before-restore"))


def verify(file: Path | None) -> list[str]:
    """What is wrong with the store, or with a backup."""
    return upkeep.verify(file or path())


def _kept(why: str) -> Path:
    return here.places().backups / f"{time.strftime('%Y%m%d-%H%M%S')}-{secrets.token_hex(2)}-{why}.db"


def _entry(line: str, where: str) -> dict[str, Any]:
    try:
        entry = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise UsageError(f"this line is no JSON: {error}", where=where) from error
    if not isinstance(entry, dict) or any(field not in entry for field in FIELDS):
        raise UsageError(
            f"a line wants {', '.join(FIELDS)}", where=where, hint="`sloth state export` writes such lines"
        )
    expires = entry.get("expires")
    if expires is not None and (isinstance(expires, bool) or not isinstance(expires, int | float)):
        raise UsageError("expires wants seconds since 1970, or null", where=where)
    return entry
