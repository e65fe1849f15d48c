"""How long a host is busy with telling all its facts at once, and one alone; and Ansible's setup beside it.

python -m tests.bench.facts --first 14 --rounds 9          the goal: all in 60 ms of the host's time

A host's time is that of its task; of Ansible's setup, what its run takes longer than one of `ping`. Needs root, for the lab.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import tempfile
import time
from collections import defaultdict
from contextlib import ExitStack
from pathlib import Path

from tests.bench.__main__ import lay_out
from tests.bench.contenders import BIN, HERE, Field
from tests.lab.fleet import Lab

WORKFLOW = """\
local tasks = { task("all of them"):command(function() return facts.all() ~= nil end):build() }
for _, name in ipairs { "os", "memory", "network", "disk", "packages", "services", "processes" } do
  tasks[#tasks + 1] = task(name):command(function() return facts.get(name) ~= nil end):build()
end
workflow.define("facts"):tasks(tasks)
"""


def main() -> None:
    parser = argparse.ArgumentParser(
        prog="python -m tests.bench.facts", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--first", type=int, default=1, help="the number of the host")
    parser.add_argument("--rounds", type=int, default=9)
    args = parser.parse_args()
    lab = Lab()
    try:
        with tempfile.TemporaryDirectory() as scratch, ExitStack() as links:
            os.environ.update(SLOTH_HOME=scratch, SLOTH_CONFIG=os.devnull)
            field = lay_out(lab, lab.up([args.first]), Path(scratch), 0, links)
            (field.folder / "facts.sloth").write_text(WORKFLOW)
            report(times(field, args.rounds))
    finally:
        lab.down()


def times(field: Field, rounds: int) -> dict[str, list[float]]:
    """What was measured → seconds. The tools take turns."""
    hosts = str(field.folder / "hosts.yml")
    sloth, ansible = str(BIN / "sloth"), str(BIN / "ansible")
    found: dict[str, list[float]] = defaultdict(list)
    for number in range(rounds + 1):  # the first fills caches
        for name, seconds in of_tasks([sloth, "apply", "-i", hosts, "--format", "json", str(field.folder / "facts.sloth")]):
            found[f"host: {name}"] += [seconds] * bool(number)
        found["sloth facts all"] += [wall([sloth, "facts", "-i", hosts, "all"])] * bool(number)
        if number and Path(ansible).exists():
            setup, ping = (wall([ansible, "-i", hosts, "all", "-m", module]) for module in ("setup", "ping"))
            found["ansible -m setup"].append(setup)
            found["host: Ansible's setup"].append(setup - ping)
    return found


def of_tasks(command: list[str]) -> list[tuple[str, float]]:
    """The tasks of a run, and the seconds that each took on its host."""
    events = [json.loads(line) for line in said(command).splitlines()]
    return [(event["task"], event["duration"]) for event in events if event["type"] == "task_finished"]


def wall(command: list[str]) -> float:
    began = time.perf_counter()
    said(command)
    return time.perf_counter() - began


def said(command: list[str]) -> str:
    """What a command prints. Raises SystemExit with it when the command fails."""
    environment = {**os.environ, "ANSIBLE_CONFIG": str(HERE / "ansible/ansible.cfg")}
    environment.pop("PYTHONDONTWRITEBYTECODE", None)
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"{' '.join(command)} ended with {done.returncode}:\n{done.stdout[-3000:]}{done.stderr[-3000:]}")
    return done.stdout


def report(found: dict[str, list[float]]) -> None:
    print(f"{'milliseconds':24}{'median':>9}{'best':>9}{'worst':>9}")
    for name, seconds in sorted(found.items()):
        row = (statistics.median(seconds), min(seconds), max(seconds))
        print(f"{name:24}" + "".join(f"{1000 * value:9.1f}" for value in row))


if __name__ == "__main__":
    main()
