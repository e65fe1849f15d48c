"""The file of the store: how it comes to be, grows with new versions of sloth, and fails."""

from __future__ import annotations

import re
import sqlite3
import stat
from pathlib import Path

import pytest

from sloth import store
from sloth.core.errors import StoreBusy, StoreError
from sloth.store import SqliteDatabase

ONE = ("CREATE TABLE one (a TEXT)",)
TWO = ("CREATE TABLE two (b TEXT)", "INSERT INTO one (a) VALUES ('moved')")


def test_the_file_is_for_us_alone(tmp_path: Path):
    database = SqliteDatabase(tmp_path / "store.db", steps=(ONE,))
    database.write(lambda transaction: transaction.execute("INSERT INTO one VALUES ('x')"))
    assert {stat.S_IMODE(file.stat().st_mode) for file in tmp_path.glob("store.db*")} == {0o600}


def test_an_older_store_gets_the_steps_that_it_lacks(tmp_path: Path):
    SqliteDatabase(tmp_path / "store.db", steps=(ONE,)).version()
    newer = SqliteDatabase(tmp_path / "store.db", steps=(ONE, TWO))
    assert newer.version() == 2
    assert newer.read("SELECT a FROM one") == [("moved",)]
    assert SqliteDatabase(tmp_path / "store.db", steps=(ONE, TWO)).read("SELECT a FROM one") == [("moved",)]


def test_a_step_that_fails_leaves_the_store_as_it_was(tmp_path: Path):
    SqliteDatabase(tmp_path / "store.db", steps=(ONE,)).version()
    with pytest.raises(StoreError, match="syntax error"):
        SqliteDatabase(tmp_path / "store.db", steps=(ONE, (*TWO, "CREATE nonsense"))).version()
    old = SqliteDatabase(tmp_path / "store.db", steps=(ONE,))
    assert (old.version(), old.read("SELECT * FROM one")) == (1, [])


def test_the_store_of_a_newer_sloth_is_refused(tmp_path: Path):
    SqliteDatabase(tmp_path / "store.db", steps=(ONE, TWO)).version()
    with pytest.raises(StoreError, match="written by a newer sloth: its tables are version 2, ours 1"):
        SqliteDatabase(tmp_path / "store.db", steps=(ONE,)).version()


def test_a_writer_that_does_not_end_is_an_error(tmp_path: Path):
    database = SqliteDatabase(tmp_path / "store.db", steps=(ONE,), patience=0.01)
    assert database.read("SELECT * FROM one") == []
    other = sqlite3.connect(tmp_path / "store.db", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(StoreBusy, match="another process has been writing for too long"):
        database.write(lambda transaction: transaction.execute("INSERT INTO one VALUES ('x')"))
    other.execute("ROLLBACK")
    database.write(lambda transaction: transaction.execute("INSERT INTO one VALUES ('x')"))


@pytest.mark.parametrize(
    ("content", "message"),
    [pytest.param(b"no database " * 100, "file is not a database", id="another file")],
)
def test_a_file_that_is_no_store_is_refused(tmp_path: Path, content: bytes, message: str):
    (tmp_path / "store.db").write_bytes(content)
    with pytest.raises(StoreError, match=message) as caught:
        SqliteDatabase(tmp_path / "store.db").version()
    assert "sloth db restore" in caught.value.hint
    assert (tmp_path / "store.db").read_bytes() == content


def test_a_link_in_place_of_the_file_is_refused(tmp_path: Path):
    (tmp_path / "store.db").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(StoreError):
        SqliteDatabase(tmp_path / "store.db").version()
    assert not (tmp_path / "elsewhere").exists()


@pytest.mark.parametrize("file", sorted(Path(store.__file__).parent.glob("*.py")), ids=lambda file: file.name)
def test_the_oldest_sqlite_knows_our_sql(file: Path):
    """RHEL 8 has SQLite 3.26, RHEL 9 has 3.34, whatever Python is used there."""
    newer = re.compile(
        r"\bRETURNING\b(?!`)|\bVACUUM INTO\b|\bSTRICT\b|\bDROP COLUMN\b|\bRENAME COLUMN\b|\bUPDATE \w+ SET .* FROM "
    )
    assert not newer.search(file.read_text(encoding="utf-8"))
