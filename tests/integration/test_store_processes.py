"""The store between processes: never two holders of a lock, and no acknowledged change is lost, however they end.

What a process under test was told is what it prints; the tests hold the store to that.
"""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import textwrap
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from sloth.core.errors import StoreError
from sloth.store import Locks, SqliteDatabase, State
from sloth.store.upkeep import backup, verify

ROOT = Path(__file__).parents[2]
BEGIN = """
    import os, sys
    from pathlib import Path
    from sloth.core.errors import LeaseLost, LockBusy, StoreError
    from sloth.store import Locks, SqliteDatabase, State, this_process
    folder = Path(sys.argv[1])
    database = SqliteDatabase(folder / "store.db")
    state, locks = State(database, "me", sync=False), Locks(database)
    say = lambda *words: print(*words, flush=True)
"""
KILLS = int(os.environ.get("SLOTH_TEST_KILLS", "12"))  # 200 for a long look


@contextmanager
def program(folder: Path, text: str, *arguments: str) -> Iterator[subprocess.Popen[str]]:
    """A process that uses the store in the folder; it is gone afterwards."""
    source = textwrap.dedent(BEGIN) + textwrap.dedent(text)
    process = subprocess.Popen(
        [sys.executable, "-c", source, str(folder), *arguments],
        cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def said(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    return process.stdout.readline().strip()


def killed_after(process: subprocess.Popen[str]) -> str:
    """Kill it; what it had still said."""
    assert process.stdout is not None
    process.kill()
    return process.stdout.read()


# locks

RACE = """
    wins = 0
    while wins < int(sys.argv[2]):
        lease = locks.acquire("one", "me", ttl=60, wait=60)
        os.close(os.open(folder / "inside", os.O_CREAT | os.O_EXCL))   # fails if there is someone
        count = folder / "count"
        count.write_text(str(int(count.read_text() or 0) + 1))
        os.unlink(folder / "inside")
        assert locks.release("one", lease.token)
        wins += 1
    say("won", wins)
"""


def test_of_many_processes_one_holds_a_lock(tmp_path: Path):
    (tmp_path / "count").write_text("0")
    running = [subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(BEGIN) + textwrap.dedent(RACE), str(tmp_path), "20"], cwd=ROOT
    ) for _ in range(6)]  # fmt: skip
    assert [process.wait(120) for process in running] == [0] * 6
    assert (tmp_path / "count").read_text() == "120"


def test_a_lock_of_a_killed_process_is_free_at_once_or_when_its_time_is_over(tmp_path: Path):
    locks = Locks(SqliteDatabase(tmp_path / "store.db"))
    hold = """
        locks.acquire("bound", "me", process=this_process())
        locks.acquire("free", "me", ttl=0.5)
        say("held")
        sys.stdin.read()
    """
    with program(tmp_path, hold) as process:
        assert said(process) == "held"
        assert {lease.name for lease in locks.held()} >= {"bound"}
        process.kill()
        process.wait()
    assert [lease.name for lease in locks.held("bound")] == []
    locks.acquire("bound", "you")
    locks.acquire("free", "you", wait=5)


def test_a_frozen_holder_that_wakes_has_lost_its_lock(tmp_path: Path):
    """Its time goes on while it is frozen; then another one holds the lock, and what it still wants is refused."""
    database = SqliteDatabase(tmp_path / "store.db")
    locks, state = Locks(database), State(database, "you")
    hold = """
        lease = locks.acquire("one", "me", ttl=0.3, process=this_process())
        say("held")
        sys.stdin.readline()
        for attempt in (lambda: state.set("n", "key", "late", fence=lease.fence), lambda: locks.renew(lease)):
            try:
                attempt()
                say("done")
            except LeaseLost:
                say("lost")
    """
    with program(tmp_path, hold) as process:
        assert said(process) == "held"
        process.send_signal(signal.SIGSTOP)
        lease = locks.acquire("one", "you", wait=10)
        state.set("n", "key", "yours", fence=lease.fence)
        process.send_signal(signal.SIGCONT)
        assert process.stdin is not None
        process.stdin.write("\n")
        process.stdin.flush()
        assert [said(process), said(process)] == ["lost", "lost"]
    found = state.get("n", "key")
    assert found is not None
    assert found.value == "yours"


COUNT_UNDER_LOCK = """
    while True:
        lease = locks.acquire("one", "me", ttl=60, wait=60, process=this_process())
        there = state.get("n", "count")
        state.set("n", "count", (there.value if there else 0) + 1, fence=lease.fence)
        say("counted")
        locks.release("one", lease.token)
"""


def test_holders_that_are_killed_count_each_time_once(tmp_path: Path):
    state = State(SqliteDatabase(tmp_path / "store.db"), "me")
    state.set("n", "count", 0)
    chance, acknowledged, killed = random.Random(7), 0, 0
    while killed < KILLS:
        with program(tmp_path, COUNT_UNDER_LOCK) as one, program(tmp_path, COUNT_UNDER_LOCK) as two:
            assert said(one) == said(two) == "counted"
            time.sleep(chance.random() * 0.05)
            for process in (one, two):
                acknowledged += 1 + killed_after(process).count("counted\n")
                killed += 1
    found = state.get("n", "count")
    assert found is not None
    assert acknowledged <= found.value <= acknowledged + killed  # one more, when it died before it could say so


# state

WRITE = """
    from itertools import count
    state = State(database, "me", sync=sys.argv[2] == "sync")
    for number in count(int(sys.argv[3])):
        state.set("n", f"key/{number % 50}", {"number": number, "padding": "x" * (number * 37 % 5000)})
        state.incr("n", "count")
        say(number)
"""


@pytest.mark.parametrize("sync", ["sync", "no"])
def test_what_a_killed_process_was_told_is_there(tmp_path: Path, sync: str):
    chance, last = random.Random(11), -1
    for _ in range(KILLS):
        with program(tmp_path, WRITE, sync, str(last + 1)) as process:
            said(process)
            time.sleep(chance.random() * 0.05)
            rest = killed_after(process)
        state = State(SqliteDatabase(tmp_path / "store.db"), "me")
        number = state.incr("n", "count", 0).value - 1  # the last change that was whole
        lines = rest.rpartition("\n")[0].split()  # the last line may be cut off
        acknowledged = int(lines[-1]) if lines else last + 1
        assert acknowledged <= number <= acknowledged + 1
        for entry in state.list("n", "key/"):
            value = entry.value
            assert entry.key == f"key/{value['number'] % 50}"
            assert value["number"] > number - 50
            assert len(value["padding"]) == value["number"] * 37 % 5000
        last = number
    assert SqliteDatabase(tmp_path / "store.db").read("PRAGMA integrity_check") == [("ok",)]


# a full disk

FILL = """
    import resource, signal
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    state = State(database, "me", sync=sys.argv[2] == "sync")
    state.set("n", "kept", "before")
    size = sum(file.stat().st_size for file in folder.glob("store.db*"))
    resource.setrlimit(resource.RLIMIT_FSIZE, (size + 300_000, resource.RLIM_INFINITY))
    number = 0
    try:
        while True:
            state.set("n", f"key/{number}", "x" * 50_000)
            number += 1
    except StoreError as error:
        say(number, error, "/", error.hint)
    resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
    state.set("n", "after", number)
    say("goes on")
"""


@pytest.mark.parametrize("sync", ["sync", "no"])
def test_a_full_disk_is_an_error_and_costs_nothing_that_was_kept(tmp_path: Path, sync: str):
    with program(tmp_path, FILL, sync) as process:
        number, error = said(process).split(" ", 1)
        assert "the disk is full" in error
        assert said(process) == "goes on"
    state = State(SqliteDatabase(tmp_path / "store.db"), "me")
    keys = [f"key/{one}" for one in range(int(number))]
    assert sorted(entry.key for entry in state.list("n")) == sorted([*keys, "kept", "after"])
    assert int(number) > 0


@pytest.mark.needs_root
def test_a_small_disk_that_is_full_is_an_error_and_costs_nothing_that_was_kept(tmp_path: Path):
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=2m,mode=0700", "tmpfs", str(tmp_path)], check=True)
    try:
        database = SqliteDatabase(tmp_path / "store.db")
        written: list[str] = []
        with pytest.raises(StoreError, match="full") as caught:
            _fill(State(database, "me"), written)
        assert "what was kept before is intact" in caught.value.hint
        database.close()
        kept = State(SqliteDatabase(tmp_path / "store.db"), "me").list("n")
        assert written
        assert sorted(entry.key for entry in kept) == sorted(written)
    finally:
        subprocess.run(["umount", "-l", str(tmp_path)], check=True)


def _fill(state: State, written: list[str]) -> None:
    for number in range(100):
        state.set("n", f"{number}", "x" * 100_000)
        written.append(f"{number}")


# backups

BACK_UP = """
    from itertools import count
    from sloth.store.upkeep import backup
    for number in count():
        there = state.incr("n", "before", 0).value
        say(backup(folder / "store.db", folder / "copies" / f"{sys.argv[2]}-{number}.db"), there)
"""


def test_a_backup_that_is_there_is_whole_whatever_was_killed(tmp_path: Path):
    chance, told = random.Random(5), 0
    count = """
        from itertools import count
        for number in count():
            state.set("n", f"key/{number % 100}", "x" * 3000)
            state.incr("n", "before")
    """
    state = State(SqliteDatabase(tmp_path / "store.db"), "me")
    state.incr("n", "before")
    with program(tmp_path, count):
        for turn in range(max(KILLS // 4, 2)):
            with program(tmp_path, BACK_UP, str(turn)) as process:
                lines = [said(process)]
                time.sleep(chance.random() * 0.1)
                lines += killed_after(process).rpartition("\n")[0].split("\n")
            for name, before in (line.split() for line in lines if line):
                told += 1
                assert State(SqliteDatabase(Path(name)), "me").incr("n", "before", 0).value >= int(before)
    copies = list((tmp_path / "copies").glob("[0-9]*.db"))
    assert len(copies) >= told > 0
    assert [verify(copy) for copy in copies] == [[]] * len(copies)


RESTORE = """
    from sloth.store.upkeep import restore
    say("begins")
    restore(folder / "store.db", folder / sys.argv[2], folder / f"kept-{os.getpid()}.db")
"""


def test_a_restore_that_is_killed_has_happened_or_not(tmp_path: Path):
    chance = random.Random(3)
    database = SqliteDatabase(tmp_path / "store.db")
    state = State(database, "me")
    for name in ("one", "two"):
        state.clear("n")
        for number in range(300):
            state.set("n", f"{number}", name + "x" * 500)
        backup(tmp_path / "store.db", tmp_path / f"{name}.db")
    for turn in range(KILLS):
        with program(tmp_path, RESTORE, f"{('one', 'two')[turn % 2]}.db") as process:
            assert said(process) == "begins"
            time.sleep(chance.random() * 0.08)
        values = [entry.value[:3] for entry in State(SqliteDatabase(tmp_path / "store.db"), "me").list("n")]
        assert values in (["one"] * 300, ["two"] * 300)
    assert verify(tmp_path / "store.db") == []


def test_processes_that_come_first_together_make_one_store(tmp_path: Path):
    program = (
        "import sys; from pathlib import Path; from sloth.store import SqliteDatabase\n"
        "SqliteDatabase(Path(sys.argv[1])).write(lambda t: t.execute("
        "\"INSERT INTO state VALUES ('n', ?, '', 1, '', 0, 0, NULL)\", (sys.argv[2],)))"
    )
    command = [sys.executable, "-c", program, str(tmp_path / "store.db")]
    processes = [subprocess.Popen([*command, str(number)]) for number in range(6)]
    assert [process.wait() for process in processes] == [0] * 6
    assert SqliteDatabase(tmp_path / "store.db").read("SELECT count(*) FROM state") == [(6,)]
