"""Looking after the file of the store: what it holds, whether it is sound, backing it up and bringing that back.

A backup is made while others write: it holds the store as it was at one moment. It appears under its name when it is
whole and on the disk. Restoring is one change of the store, so that whoever works with it sees the old or the new.
"""

from __future__ import annotations

import os
import sqlite3
import time
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

from msgspec import Struct
from msgspec.structs import asdict

from sloth.core.errors import StoreError
from sloth.core.writing import make_folder
from sloth.store import schema
from sloth.store.sqlite import SqliteDatabase, connect, migrate, setting_up, told

_LEASE_TABLES = ("lease", "lease_forced")
_INDEX_TABLES = ("runs", "run_hosts")
_PROBLEMS = 10  # of a damaged file that are told
_TOKENS_LOST = 1 << 32  # more tokens than a store that cannot be read any more has given out since the backup


class Info(Struct, frozen=True):
    """What is known about a store. size: of all its files, in bytes. rows: of each table."""

    path: str
    version: int
    newest: int
    size: int
    rows: dict[str, int]
    sqlite: str

    def plain(self) -> dict[str, Any]:
        """As JSON."""
        return asdict(self)


def info(path: Path) -> Info:
    """What a store holds. It is looked at as it is, not brought to a newer version."""
    with _looking(path) as connection:
        tables = [
            name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY 1")
        ]
        rows = {name: connection.execute(f'SELECT count(*) FROM "{name}"').fetchone()[0] for name in tables}
        version = _version(connection)
    size = sum(file.stat().st_size for file in _files(path) if file.exists())
    return Info(str(path), version, len(schema.STEPS), size, rows, sqlite3.sqlite_version)


def verify(path: Path) -> list[str]:
    """What is wrong with a store or backup; an empty list when it is sound."""
    try:
        with _looking(path) as connection:
            found = [str(row[0]) for row in connection.execute(f"PRAGMA integrity_check({_PROBLEMS})")]
            version = _version(connection)
    except StoreError as error:
        return [str(error)]
    lines = [] if found == ["ok"] else "\n".join(found).splitlines()
    problems = [f"{path}: {line}" for line in lines if not line.startswith("***")]  # which stand over a table's
    if version == 0:
        problems.append(f"{path} is no store of sloth")
    if version > len(schema.STEPS):
        problems.append(
            f"{path} was written by a newer sloth: its tables are version {version}, ours {len(schema.STEPS)}"
        )
    return problems


def vacuum(path: Path) -> tuple[int, int]:
    """Give the space of what is gone back to the disk; the size before and after."""
    before = info(path).size
    with told(path), closing(connect(path)) as connection:
        connection.execute("DELETE FROM state WHERE expires <= ?", (time.time(),))
        connection.execute("VACUUM")
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    return before, info(path).size


def backup(path: Path, target: Path) -> Path:
    """Copy a store as it is now, while others write. Raises StoreError when there is something under the name."""
    if target.exists() or target.is_symlink():
        raise StoreError(f"{target} is there already", hint="name a file that is not there yet")
    part = target.with_name(f".{target.name}.{os.getpid()}.part")
    with told(target, "name a file that you may write"):
        make_folder(target.parent, 0o700)
        try:
            os.close(os.open(part, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600))
            with closing(connect(part)) as copy, _looking(path) as connection:
                connection.backup(copy)  # all pages in one go: of one moment, while others write
                copy.execute("PRAGMA journal_mode = DELETE")
            _sync(part)
            os.link(part, target)  # unlike a rename it never replaces what someone else has put there
            part.unlink()
            _sync(target.parent)
        finally:
            part.unlink(missing_ok=True)
    return target


def restore(path: Path, source: Path, keep: Path) -> Path | None:
    """Put the content of a backup in the place of the store's; the copy that is kept of what was there.

    Locks stay as they are: who holds one holds it still, and no token is given out again. A store that cannot be read
    any more is moved aside.
    """
    problems = verify(source)
    if problems:
        raise StoreError(f"this cannot be restored: {problems[0]}", hint="the store is as it was")
    is_sound = path.exists() and not verify(path)
    if is_sound:
        SqliteDatabase(path).version()  # brings its tables to our version
    kept = backup(path, keep) if is_sound else None
    prepared = path.with_name(f".{path.name}.{os.getpid()}.restore")
    try:
        backup(source, prepared)
        with told(path), setting_up(path):
            _prepare(prepared, path if is_sound else None)
            if is_sound:
                with closing(connect(prepared)) as new, closing(connect(path)) as old:
                    new.backup(old)
            else:
                kept = _replace(path, prepared, keep)
    finally:
        for file in (*_files(prepared), prepared.with_name(prepared.name + ".lock")):
            file.unlink(missing_ok=True)
    return kept


def _prepare(prepared: Path, there: Path | None) -> None:
    """Make a copy of a backup what shall be the store. there: the store whose locks it takes over, if that is sound."""
    with closing(connect(prepared)) as connection:
        migrate(connection, prepared, schema.STEPS)
        _forget_runs(connection)
        if there is not None:
            _keep_locks(connection, there)
        else:
            connection.execute("UPDATE lease_token SET token = token + ?", (_TOKENS_LOST,))
        connection.execute("PRAGMA journal_mode = DELETE")


def _forget_runs(connection: sqlite3.Connection) -> None:
    """What became of runs since the backup is in their journals, of which the index is made again."""
    for table in _INDEX_TABLES:
        connection.execute(f"DELETE FROM {table}")


def _keep_locks(connection: sqlite3.Connection, path: Path) -> None:
    connection.execute("ATTACH ? AS present", (str(path),))
    connection.execute("BEGIN IMMEDIATE")
    for table in _LEASE_TABLES:
        connection.execute(f"DELETE FROM main.{table}")
        connection.execute(f"INSERT INTO main.{table} SELECT * FROM present.{table}")
    connection.execute("UPDATE main.lease_token SET token = max(token, (SELECT p.token FROM present.lease_token AS p))")
    connection.execute("COMMIT")
    connection.execute("DETACH present")


def _replace(path: Path, prepared: Path, keep: Path) -> Path | None:
    """For a store that is broken or missing: nobody can be at work with it."""
    moved = None
    make_folder(keep.parent, 0o700)
    for old, suffix in zip(_files(path), ("", "-wal", "-shm"), strict=True):
        if old.exists():
            moved = keep
            old.rename(keep.with_name(keep.name + suffix))
    _sync(prepared)
    prepared.rename(path)
    _sync(path.parent)
    return moved


def _files(path: Path) -> Sequence[Path]:
    return [path.with_name(path.name + suffix) for suffix in ("", "-wal", "-shm")]


@contextmanager
def _looking(path: Path) -> Iterator[sqlite3.Connection]:
    if not path.is_file():
        what = f"{path} is no file" if path.exists() else f"there is no {path}"
        raise StoreError(what, hint="the store is made when something is first kept")
    with told(path), closing(connect(path)) as connection:
        yield connection


def _version(connection: sqlite3.Connection) -> int:
    return int(connection.execute("PRAGMA user_version").fetchone()[0])


def _sync(path: Path) -> None:
    fd = os.open(path, os.O_RDONLY)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)
