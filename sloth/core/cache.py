"""Caches: what may be lost at any time, and what nobody trusts more than the file that it lies in.

diskcache keeps them, with three of its habits taken away: it would unpickle what it finds (whoever can write the file
could run code as us, and its JSONDisk does no better), lay large values in files of their own, and make its folder
readable for all. Here everything is JSON in one file; what is anything else counts as absent.
"""

from __future__ import annotations

import json
import shutil
import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

_BROKEN = (OSError, ValueError, RecursionError, sqlite3.Error)
_INLINE = 1 << 30  # bytes from which a value would get a file of its own


class Cache:
    """JSON values by key, in a folder that is ours alone. Nothing about it ever fails: at worst it forgets."""

    def __init__(self, folder: Path, clock: Callable[[], float] = time.time) -> None:
        self._folder = folder
        self._clock = clock

    def find(self, key: str, seconds: float) -> Any:
        """The value that was kept less than so many seconds ago, or None."""
        try:
            with self._opened() as cache:
                kept = cache.get(key)
                found = json.loads(kept) if isinstance(kept, str) else {}
        except _BROKEN:
            return None
        at = found.get("at") if isinstance(found, dict) else None
        # a time that is yet to come is not young: the clock was put back
        is_young = isinstance(at, int | float) and 0 <= self._clock() - at < seconds
        return found["value"] if is_young and "value" in found else None

    def keep(self, key: str, value: object, seconds: float) -> None:
        """Keep a value; it leaves the disk some time after so many seconds."""
        text = json.dumps({"at": self._clock(), "value": value})
        for _ in range(2):
            try:
                with self._opened() as cache:
                    cache.set(key, text, expire=seconds)
                    cache.expire()
                    return
            except _BROKEN:
                self._begin_anew()

    @contextmanager
    def _opened(self) -> Iterator[Any]:
        import diskcache

        try:
            with diskcache.Cache(str(self._folder), disk=_disk(), disk_min_file_size=_INLINE, timeout=1) as cache:
                yield cache
        except diskcache.Timeout as error:
            raise OSError("another process keeps the cache busy") from error

    def _begin_anew(self) -> None:
        """What cannot be used is not mended."""
        with suppress(OSError):
            for file in self._folder.iterdir():
                shutil.rmtree(file) if file.is_dir() and not file.is_symlink() else file.unlink(missing_ok=True)


def _disk() -> type[Any]:
    """diskcache is loaded when a cache is used, so its subclass is made then."""
    import diskcache
    from diskcache.core import MODE_RAW

    class TextDisk(diskcache.Disk):  # type: ignore[misc]  # no types are shipped with it
        """Text keys and text values in the database, and nothing else: every other row is refused."""

        def put(self, key: object) -> tuple[object, bool]:
            if not isinstance(key, str):
                raise TypeError("a key is text")
            return key, True

        def get(self, key: object, raw: object) -> object:
            if not raw or not isinstance(key, str):
                raise ValueError("a key that is no text")
            return key

        def store(self, value: object, read: object, **_: object) -> tuple[int, int, None, object]:
            if read or not isinstance(value, str):
                raise TypeError("a value is text")
            return 0, MODE_RAW, None, value

        def fetch(self, mode: object, filename: object, value: object, read: object) -> object:
            if mode != MODE_RAW or filename is not None or read or not isinstance(value, str):
                raise ValueError("a value that is no text")
            return value

    return TextDisk
