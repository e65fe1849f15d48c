"""A cache forgets rather than fails, and what was planted in it runs nothing."""

from __future__ import annotations

import os
import pickle
import sqlite3
from pathlib import Path

import pytest

from sloth.core.cache import Cache


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


class Bomb:
    """What unpickling runs."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self):
        return os.mkdir, (str(self.path),)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def cache(tmp_path: Path, clock: Clock) -> Cache:
    return Cache(tmp_path / "cache", clock)


@pytest.mark.parametrize(
    "value", [{"a": [1, None]}, "text", 7, "x" * (2 << 20)], ids=["table", "text", "number", "large"]
)
def test_what_was_kept_is_found_while_it_is_young(cache: Cache, clock: Clock, tmp_path: Path, value: object):
    cache.keep("key", value, 60)
    assert cache.find("key", 60) == value
    assert cache.find("other", 60) is None
    clock.now += 60
    assert cache.find("key", 60) is None
    assert cache.find("key", 61) == value
    clock.now -= 100
    assert cache.find("key", 60) is None, "the clock was put back"
    assert not list((tmp_path / "cache").glob("*/")), "everything is in one file"


@pytest.mark.parametrize(
    ("column", "planted"),
    [
        pytest.param("mode = 4, value = :bomb", True, id="a pickled value"),
        pytest.param("key = :bomb, raw = 0", True, id="a pickled key"),
        pytest.param("mode = 4, filename = 'bomb.val', value = NULL", True, id="a pickle in a file"),
        pytest.param("mode = 3, filename = '../secret', value = NULL", False, id="a file elsewhere"),
        pytest.param("mode = 2, value = 'x'", False, id="another kind"),
        pytest.param("value = x'00ff'", False, id="bytes"),
        pytest.param("value = '{'", False, id="no JSON"),
        pytest.param("value = '[]'", False, id="another shape"),
    ],
)
def test_what_was_planted_runs_nothing_and_counts_as_absent(cache: Cache, tmp_path: Path, column: str, planted: bool):
    cache.keep("key", "value", 60)
    bomb = pickle.dumps(Bomb(tmp_path / "exploded"))
    (tmp_path / "cache/bomb.val").write_bytes(bomb)
    (tmp_path / "secret").write_text('{"at": 1000, "value": "secret"}')
    with sqlite3.connect(tmp_path / "cache/cache.db") as connection:
        connection.execute(f"UPDATE Cache SET {column}", {"bomb": bomb} if ":bomb" in column else {})
    connection.close()
    assert cache.find("key", 60) is None
    cache.keep("key", "again", 60)
    cache.keep("other", "value", 60)
    assert (cache.find("key", 60), cache.find("other", 60)) == ("again", "value")
    assert not (tmp_path / "exploded").exists()
    if planted:
        pickle.loads(bomb)
        assert (tmp_path / "exploded").exists(), "the bomb works"


def test_a_broken_file_is_begun_anew(cache: Cache, tmp_path: Path):
    cache.keep("key", 1, 60)
    for file in (tmp_path / "cache").iterdir():
        file.write_bytes(b"garbage" * 1000)
    assert cache.find("key", 60) is None
    cache.keep("key", 2, 60)
    assert cache.find("key", 60) == 2


def test_what_cannot_be_kept_is_forgotten(tmp_path: Path):
    (tmp_path / "file").write_text("")
    cache = Cache(tmp_path / "file/folder")
    cache.keep("key", 1, 60)
    assert cache.find("key", 60) is None
