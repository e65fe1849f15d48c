"""The backends that every law of the store must hold for."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from sloth.store import Database, SqliteDatabase

BACKENDS: dict[str, Callable[[Path], Database]] = {
    "sqlite": lambda folder: SqliteDatabase(folder / "store.db"),
    "sqlite on a network disk": lambda folder: SqliteDatabase(folder / "store.db", journal=lambda _: "delete"),
}


@pytest.fixture(params=list(BACKENDS))
def backend(request: pytest.FixtureRequest, tmp_path: Path) -> Callable[[], Database]:
    """Opens the one store of the test, as each process does that uses it."""
    return lambda: BACKENDS[request.param](tmp_path)


@pytest.fixture
def database(backend: Callable[[], Database]) -> Iterator[Database]:
    """An open store."""
    opened = backend()
    yield opened
    opened.close()
