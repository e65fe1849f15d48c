"""How long it takes to look at runs that were, when there are many.

python -m tests.bench.history --runs 1000 --hosts 10 --tasks 20          as many as are kept, unless told otherwise

The floor reads the same rows of the store with bare sqlite3 in a Python of its own.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from sloth.core.events import RunFinished, RunStarted
from sloth.engine.asked import Asked, Owner
from sloth.engine.history import described
from sloth.engine.request import Request
from sloth.store import SqliteDatabase
from sloth.store.journal import Journal
from sloth.store.runs import Runs
from tests.bench.journal import fleet

BARE = """
import sqlite3, sys
for row in sqlite3.connect(sys.argv[1]).execute("SELECT * FROM runs ORDER BY started DESC LIMIT 20"): print(*row)
"""


def main() -> None:
    parser = argparse.ArgumentParser(
        prog="python -m tests.bench.history", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--runs", type=int, default=1000)
    parser.add_argument("--hosts", type=int, default=10)
    parser.add_argument("--tasks", type=int, default=20)
    parser.add_argument("--rounds", type=int, default=5)
    args = parser.parse_args()
    hosts = [f"web{number}" for number in range(args.hosts)]
    tasks = [f"task {number}" for number in range(args.tasks)]
    with tempfile.TemporaryDirectory() as scratch:
        home = Path(scratch)
        (home / "runs").mkdir()
        runs = Runs(home / "runs", SqliteDatabase(home / "store.db"), described)
        began = time.perf_counter()
        last = [write(runs, hosts, tasks) for _ in range(args.runs)][-1]
        print(f"{args.runs} runs were written in {time.perf_counter() - began:.1f} s")
        measure(home, "all of them, at first", ["runs", "list"], 1)  # the index has to be made
        measure(home, "floor", [], args.rounds)
        for words in (
            ["runs", "list"], ["runs", "list", "-n", str(args.runs)], ["runs", "list", "--host", hosts[-1]],
            ["runs", "show", last], ["events", "list"], ["events", "stats"],
        ):  # fmt: skip
            measure(home, " ".join(["sloth", *words]), words, args.rounds)


def write(runs: Runs, hosts: Sequence[str], tasks: Sequence[str]) -> str:
    """One more run, which every host has ended well."""
    run = runs.new()
    journal = Journal.begin(runs.journal(run), Asked(run, "site", Request("/site.sloth"), {}, Owner.me()).plain())
    journal(RunStarted(run, "site", "/site.sloth", False, {host: list(tasks) for host in hosts}, time.time()))
    for event in fleet(list(hosts), list(tasks)):
        journal(event)
    journal(RunFinished(run, "site", {host: {"ok": len(tasks)} for host in hosts}, 0, 1.0))
    journal.settle()
    journal.close()
    return run


def measure(home: Path, what: str, words: list[str], rounds: int) -> None:
    """Print the median of a command's time, and of its CPU time; without words, that of the floor."""
    floor = [sys.executable, "-c", BARE, str(home / "store.db")]
    command = [sys.executable, "-m", "sloth", *words] if words else floor
    found = [once(command, home) for _ in range(rounds)]
    wall, cpu = (statistics.median(column) for column in zip(*found, strict=True))
    print(f"{what:34}{wall:8.2f} s{cpu:8.2f} s of CPU")


def once(command: list[str], home: Path) -> tuple[float, float]:
    environment = {**os.environ, "SLOTH_HOME": str(home), "SLOTH_CONFIG": os.devnull}
    began = time.perf_counter()
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, env=environment)
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise SystemExit(f"{' '.join(command)} ended with {process.returncode}")
    return time.perf_counter() - began, usage.ru_utime + usage.ru_stime


if __name__ == "__main__":
    main()
