"""What writing a run down costs: the same events of a fleet with and without a journal, beside the run's own time.

python -m tests.bench.journal --hosts 1000 --tasks 50

The run's own time is that of this machine's share alone: as long as connecting and talking to so many hosts takes here
(`--host-ms`, CPU of one host's session; measured by `tests.bench`), and the hosts were infinitely fast. The goal is 5 %.
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from sloth.core.events import Event, RunFinished, RunStarted
from sloth.engine.asked import Asked, Owner
from sloth.engine.history import History, described
from sloth.engine.incoming import parse
from sloth.engine.masking import Mask
from sloth.engine.recording import Recorder
from sloth.engine.request import Request
from sloth.store import SqliteDatabase
from sloth.store.journal import Journal
from sloth.store.runs import Runs


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--hosts", type=int, default=1000)
    parser.add_argument("--tasks", type=int, default=50)
    parser.add_argument("--host-ms", type=float, default=25.0, help="CPU that one host's session costs the controller")
    given = parser.parse_args()
    hosts = [f"host{number}" for number in range(given.hosts)]
    tasks = [f"task {number}" for number in range(given.tasks)]
    without, _ = measured(lambda event: None, hosts, tasks)
    with tempfile.TemporaryDirectory() as folder:
        wall, cpu, size = recorded(Path(folder), hosts, tasks)
    share = (cpu - without) / (given.hosts * given.host_ms / 1000 + without)
    figures = {
        "hosts": given.hosts, "tasks": given.tasks, "events": 2 * given.hosts * given.tasks, "megabytes": size >> 20,
        "seconds": round(wall, 2), "cpu": round(cpu, 2), "cpu_without": round(without, 2), "share": round(share, 4),
    }  # fmt: skip
    print(json.dumps(figures))


def recorded(folder: Path, hosts: list[str], tasks: list[str]) -> tuple[float, float, int]:
    """Wall and CPU seconds with a journal, until all is on the disk; and its size."""
    (folder / "runs").mkdir()
    runs = Runs(folder / "runs", SqliteDatabase(folder / "store.db"), described)
    run = runs.new()
    asked = Asked(run, "site", Request("/site.sloth"), {}, Owner.me())
    journal = Journal.begin(runs.journal(run), asked.plain())
    began = time.perf_counter()
    with Recorder(journal, runs, History(asked, asked.owner), print, Mask()) as recorder:
        cpu, _ = measured(recorder.publish, hosts, tasks, recorder.kept)
    recorder.check()
    return time.perf_counter() - began, cpu, runs.journal(run).stat().st_size


def measured(
    publish: Callable[[Event], None], hosts: list[str], tasks: list[str], kept: Callable[[], object] = bool
) -> tuple[float, int]:
    """CPU seconds of this process for all events of a fleet, and how many there were."""
    count, began = 0, time.process_time()
    publish(RunStarted("", "site", "/site.sloth", False, dict.fromkeys(hosts, tasks), time.time()))
    for event in fleet(hosts, tasks):
        publish(event)
        count += 1
    publish(RunFinished("", "site", {host: {"ok": len(tasks)} for host in hosts}, 0, 1.0))
    kept()
    return time.process_time() - began, count


def fleet(hosts: list[str], tasks: list[str]) -> Iterator[Event]:
    """Events as hosts send them, in turn."""
    for task in tasks:
        for host in hosts:
            yield parse(host, {"type": "task_started", "task": task, "handler": False})
            yield parse(
                host,
                {
                    "type": "task_finished", "task": task, "status": "ok", "message": "", "outputs": {"n": 1},
                    "changes": [], "diff": [], "duration": 0.0123, "failure": {}, "attempts": 1, "handler": False,
                    "ignored": False, "blocks": False, "notified": [],
                },
            )  # fmt: skip


if __name__ == "__main__":
    main()
