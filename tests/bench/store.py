"""How many changes and locks a second the store does, beside bare sqlite3 that does the same in the same run.

python -m tests.bench.store --seconds 2

The goals: 20,000 mixed operations, 10,000 with `sync` by 8 threads where the disk syncs 5,000 times a second, 500 locks,
and at most twice the time of bare sqlite3.
"""

from __future__ import annotations

import argparse
import json
import os
import sqlite3
import statistics
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path

from sloth.store import Locks, SqliteDatabase, State

KEYS = 1000
Operation = Callable[[int], object]
COLUMNS = "namespace, key, value, version, owner, created, updated, expires"
PUT = f"""INSERT INTO bare ({COLUMNS}) VALUES (?, ?, ?, 1, 'bench', ?, ?, NULL)
    ON CONFLICT (namespace, key) DO UPDATE SET value = excluded.value, version = bare.version + 1,
        updated = excluded.updated"""
GET = f"SELECT {COLUMNS} FROM bare WHERE namespace = ? AND key = ? AND (expires IS NULL OR expires > ?)"


def main() -> None:
    parser = argparse.ArgumentParser(
        prog="python -m tests.bench.store", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--seconds", type=float, default=2.0)
    parser.add_argument("--folder", help="on the disk to measure (default: the temporary one)")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=args.folder) as scratch:
        folder = Path(scratch)
        for name, sync, threads in (("half gets, half sets", False, 1), ("sets with sync", True, 1),
                                    ("sets with sync", True, 8), ("sets with sync", True, 64)):  # fmt: skip
            compare(name, threads, args.seconds, ours(folder, sync, mixed=not sync), bare(folder, sync, mixed=not sync))
        own, disk = rate(locking(folder), 1, args.seconds), syncs(folder, args.seconds)
        print(
            f"{'locks taken and given':21}  1 thread   {own:8,.0f}/s {'':29}   the disk syncs {disk:6,.0f} times a second"
        )


def compare(name: str, threads: int, seconds: float, own: Operation, other: Operation) -> None:
    """Both in turns, so that they share a noisy minute; the median of each."""
    rates = [(rate(own, threads, seconds / 3), rate(other, threads, seconds / 3)) for _ in range(3)]
    mine, bare_ = (statistics.median(column) for column in zip(*rates, strict=True))
    threads_ = f"{threads:2} thread{'s' if threads > 1 else ' '}"
    print(f"{name:21} {threads_}  {mine:8,.0f}/s   bare sqlite3 {bare_:8,.0f}/s   {bare_ / mine:.2f} times as fast")


def syncs(folder: Path, seconds: float) -> float:
    """How often a second the disk writes and syncs a page."""
    with (folder / "sync").open("wb", buffering=0) as file:

        def one(_: int) -> None:
            file.write(b"x" * 4096)
            os.fdatasync(file.fileno())

        return rate(one, 1, seconds / 2)


def ours(folder: Path, sync: bool, mixed: bool) -> Operation:
    """One operation of the store."""
    state = State(SqliteDatabase(folder / "store.db"), "bench", sync=sync)

    def one(number: int) -> object:
        key = f"key/{number // 2 % KEYS}"
        return state.get("n", key) if mixed and number % 2 else state.set("n", key, {"number": number})

    return one


def bare(folder: Path, sync: bool, mixed: bool) -> Operation:
    """The same by hand: values with versions and times, one connection, no more."""
    connection = sqlite3.connect(folder / "bare.db", isolation_level=None, check_same_thread=False, timeout=30)
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute(f"PRAGMA synchronous = {'FULL' if sync else 'NORMAL'}")
    connection.execute(f"CREATE TABLE IF NOT EXISTS bare ({COLUMNS}, PRIMARY KEY (namespace, key))")
    lock = threading.Lock()

    def one(number: int) -> object:
        key = f"key/{number // 2 % KEYS}"
        with lock:
            if mixed and number % 2:
                return json.loads(connection.execute(GET, ("n", key, time.time())).fetchone()[2])
            connection.execute("BEGIN IMMEDIATE")
            connection.execute(PUT, ("n", key, json.dumps({"number": number}), time.time(), time.time()))
            return connection.execute("COMMIT")

    return one


def locking(folder: Path) -> Operation:
    """A lock, taken and given back."""
    locks = Locks(SqliteDatabase(folder / "store.db"))

    def one(number: int) -> object:
        return locks.release("bench", locks.acquire("bench", "me").token)

    return one


def rate(one: Operation, threads: int, seconds: float) -> float:
    """Operations a second."""
    counts = [0] * threads
    until = time.monotonic() + seconds

    def work(index: int) -> None:
        number = index
        while time.monotonic() < until:
            one(number)
            number += 1
            counts[index] += 1

    running = [threading.Thread(target=work, args=(index,)) for index in range(threads)]
    began = time.monotonic()
    for thread in running:
        thread.start()
    for thread in running:
        thread.join()
    return sum(counts) / (time.monotonic() - began)


if __name__ == "__main__":
    main()
