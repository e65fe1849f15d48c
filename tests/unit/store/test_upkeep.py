"""Backups hold one moment; a restore is all or nothing, and gives no token out again."""

from __future__ import annotations

import sqlite3
import stat
from contextlib import closing
from pathlib import Path

import pytest
from msgspec.structs import replace

from sloth.core.errors import StoreError
from sloth.store import Locks, SqliteDatabase, State
from sloth.store.runs import Entry, Runs, Wanted
from sloth.store.upkeep import backup, info, restore, vacuum, verify

RUN = Entry("1f2e3d4c", "site", "/site.sloth", "ada@desk", "apply", 1.0, None, None, 1)


class Home:
    """A store and its surroundings."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / "store.db"
        self.copy = folder / "copy.db"
        self.keep = folder / "kept.db"
        self.database = SqliteDatabase(self.path)
        self.state = State(self.database, "ada", sync=False)
        self.locks = Locks(self.database)

    def keys(self, path: Path | None = None) -> list[str]:
        return [entry.key for entry in State(SqliteDatabase(path or self.path), "ada").list("n")]


@pytest.fixture
def home(tmp_path: Path) -> Home:
    made = Home(tmp_path)
    made.state.set("n", "old", 1)
    return made


def test_a_backup_is_the_store_of_that_moment(home: Home):
    assert backup(home.path, home.copy) == home.copy
    home.state.set("n", "new", 1)
    assert (home.keys(), home.keys(home.copy)) == (["new", "old"], ["old"])
    assert verify(home.copy) == []
    assert stat.S_IMODE(home.copy.stat().st_mode) == 0o600


def test_a_backup_replaces_nothing(home: Home):
    home.copy.write_text("precious")
    with pytest.raises(StoreError, match="is there already"):
        backup(home.path, home.copy)
    assert home.copy.read_text() == "precious"


def test_a_backup_that_fails_leaves_nothing(home: Home, tmp_path: Path):
    with pytest.raises(StoreError):
        backup(tmp_path / "nowhere.db", home.copy)
    assert not list(tmp_path.glob("*copy*")) + list(tmp_path.glob(".*"))


def test_a_restore_brings_the_content_back_to_those_who_work_with_it(home: Home):
    backup(home.path, home.copy)
    home.state.set("n", "new", 1)
    assert restore(home.path, home.copy, home.keep) == home.keep
    assert [entry.key for entry in home.state.list("n")] == ["old"]
    home.state.set("n", "later", 1)
    assert home.keys() == ["later", "old"]
    assert home.keys(home.keep) == ["new", "old"]


def test_a_restore_changes_no_lock(home: Home):
    before = home.locks.acquire("before", "ada")
    backup(home.path, home.copy)
    home.locks.release("before", before.token)
    held = home.locks.acquire("held", "bob")
    restore(home.path, home.copy, home.keep)
    assert home.locks.held() == [held]
    assert home.locks.acquire("next", "ada").token > held.token


@pytest.mark.parametrize("content", [b"garbage " * 1000, b""], ids=["garbage", "empty"])
def test_what_is_no_backup_is_not_restored(home: Home, content: bytes):
    home.copy.write_bytes(content)
    with pytest.raises(StoreError, match="cannot be restored"):
        restore(home.path, home.copy, home.keep)
    assert home.keys() == ["old"]
    assert not home.keep.exists()


def test_the_index_of_runs_is_made_again_after_a_restore(home: Home, tmp_path: Path):
    runs = Runs(tmp_path / "runs", home.database, lambda path: (replace(RUN, ended=2.0, exit_code=0), ["h1"]))
    runs.journal(RUN.id).parent.mkdir(parents=True)
    runs.journal(RUN.id).touch()
    runs.note(RUN, ["h1"])
    backup(home.path, home.copy)  # the run is not over then
    restore(home.path, home.copy, home.keep)
    assert [(run.id, run.ended) for run in runs.select(Wanted(host="h1"))] == [(RUN.id, 2.0)]


def test_a_backup_of_a_newer_sloth_is_not_restored(home: Home):
    backup(home.path, home.copy)
    with closing(sqlite3.connect(home.copy)) as connection:
        connection.execute("PRAGMA user_version = 99")
    with pytest.raises(StoreError, match="a newer sloth: its tables are version 99") as raised:
        restore(home.path, home.copy, home.keep)
    assert raised.value.hint == "the store is as it was"
    assert home.keys() == ["old"]


def test_a_store_that_is_broken_is_moved_aside(home: Home):
    token = home.locks.acquire("held", "bob").token
    backup(home.path, home.copy)
    home.database.close()
    home.path.write_bytes(b"garbage")
    assert restore(home.path, home.copy, home.keep) == home.keep
    assert home.keep.read_bytes() == b"garbage"
    assert home.keys() == ["old"]
    assert Locks(SqliteDatabase(home.path)).acquire("next", "ada").token > token + 1000


def test_a_restore_leaves_nothing_but_the_store(home: Home, tmp_path: Path):
    backup(home.path, home.copy)
    restore(home.path, home.copy, home.keep)
    names = {path.name for path in tmp_path.iterdir() if not path.name.startswith("store.db-")}
    assert names == {"store.db", "store.db.lock", "copy.db", "kept.db"}


def test_a_broken_page_is_found(home: Home):
    for number in range(200):
        home.state.set("n", f"key/{number}", "x" * 500)
    home.database.close()
    content = bytearray(home.path.read_bytes())
    for page in range(5, len(content) // 4096):
        content[page * 4096 : page * 4096 + 8] = b"\xff" * 8
    home.path.write_bytes(content)
    problems = verify(home.path)
    assert 0 < len(problems) < 50  # a person reads them
    assert all(line.startswith(f"{home.path}: ") for line in problems)


def test_another_database_is_no_store(tmp_path: Path):
    sqlite3.connect(tmp_path / "other.db").execute("CREATE TABLE a (b)").connection.close()
    assert verify(tmp_path / "other.db") == [f"{tmp_path}/other.db is no store of sloth"]


def test_looking_changes_nothing(tmp_path: Path):
    with pytest.raises(StoreError, match="there is no"):
        info(tmp_path / "store.db")
    assert list(tmp_path.iterdir()) == []


def test_what_is_gone_takes_no_space_after_a_vacuum(home: Home):
    for number in range(100):
        home.state.set("n", f"{number}", "x" * 10_000)
    home.state.clear("n")
    before, after = vacuum(home.path)
    assert after < before / 5
    assert info(home.path).rows["state"] == 0
