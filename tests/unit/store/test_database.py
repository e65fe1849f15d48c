"""What every backend of the store must do."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable

import pytest

from sloth.core.errors import StoreError
from sloth.store import Database, Transaction

PUT = (
    "INSERT INTO state (namespace, key, value, version, owner, created, updated) VALUES ('n', ?, ?, 1, '', 0, 0)"
    " ON CONFLICT (namespace, key) DO UPDATE SET value = excluded.value, version = state.version + 1"
)
KEYS = "SELECT key FROM state ORDER BY key"

either_way = pytest.mark.parametrize("sync", [False, True], ids=["process", "power"])


def put(key: str, value: str = "") -> Callable[[Transaction], int]:
    def change(transaction: Transaction) -> int:
        transaction.execute(PUT, (key, value))
        version: int = transaction.execute("SELECT version FROM state WHERE key = ?", (key,))[0][0]
        return version

    return change


@either_way
def test_a_change_is_seen_by_whoever_opens_the_store(backend: Callable[[], Database], sync: bool):
    assert backend().write(put("a"), sync=sync) == 1
    assert backend().write(put("a"), sync=sync) == 2
    assert backend().read(KEYS) == [("a",)]


@either_way
def test_a_change_that_raises_has_not_happened(database: Database, sync: bool):
    def break_off(transaction: Transaction) -> None:
        transaction.execute(PUT, ("a", ""))
        raise ValueError("no")

    with pytest.raises(ValueError, match="no"):
        database.write(break_off, sync=sync)
    assert database.read(KEYS) == []
    database.write(put("b"), sync=sync)
    assert database.read(KEYS) == [("b",)]


@either_way
def test_a_wrong_statement_is_an_error_of_the_store(database: Database, sync: bool):
    with pytest.raises(StoreError, match="nowhere"):
        database.write(lambda transaction: transaction.execute("DELETE FROM nowhere"), sync=sync)
    with pytest.raises(StoreError, match="nowhere"):
        database.read("SELECT * FROM nowhere")


@either_way
def test_threads_share_it(database: Database, sync: bool):
    def work(name: int) -> None:
        for number in range(10):
            database.write(put(f"{name}/{number}"), sync=sync)
            database.write(put("all"), sync=sync)
            database.read(KEYS)

    threads = [threading.Thread(target=work, args=(name,)) for name in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(database.read(KEYS)) == 81
    assert database.write(put("all")) == 81


def test_a_change_that_fails_leaves_those_that_go_to_the_disk_with_it_alone(database: Database):
    failures: list[str] = []

    def fail(transaction: Transaction) -> None:
        transaction.execute(PUT, ("bad", ""))
        raise ValueError("no")

    def work(name: int) -> None:
        for number in range(10):
            database.write(put(f"{name}/{number}"), sync=True)
            try:
                database.write(fail, sync=True)
            except ValueError as error:
                failures.append(str(error))

    threads = [threading.Thread(target=work, args=(name,)) for name in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(failures) == 80
    assert len(database.read(KEYS)) == 80


@either_way
def test_a_process_that_was_forked_off_goes_on(database: Database, sync: bool):
    database.write(put("before"), sync=sync)
    child = os.fork()
    if not child:
        try:
            database.write(put("child"), sync=sync)
        finally:
            os._exit(0)
    os.waitpid(child, 0)
    database.write(put("parent"), sync=sync)
    assert database.read(KEYS) == [("before",), ("child",), ("parent",)]


def test_after_a_close_it_opens_again(database: Database):
    database.write(put("a"))
    database.close()
    assert database.read(KEYS) == [("a",)]
