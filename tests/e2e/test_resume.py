"""A run that is killed at any point is taken up again, and nothing that was done is done twice.

Each task writes a line to its host's own file; that file is the oracle.
"""

from __future__ import annotations

import os
import random
import signal
import subprocess
import time
from collections import Counter
from pathlib import Path

import pytest

from tests.e2e.sloth import SLOTH, Folder

HOSTS = ("h1", "h2", "h3")
TASKS = 12
KILLS = int(os.environ.get("SLOTH_KILLS", "6"))  # more for a long look
INVENTORY = "all:\n  vars: { sloth_connection: local }\n  hosts:\n" + "".join(f"    {host}: {{}}\n" for host in HOSTS)
SITE = f"""
local tasks = {{}}
for number = 1, {TASKS} do
  local name = "t" .. number
  local one = task(name):notify("restart"):command(function(this, params, deps)
    exec.run("sleep 0.02; echo " .. name .. " >> " .. vars.log .. "/" .. inventory_hostname)
    if name == vars.broken then return false, "broken" end
    if name == vars.stop then exec.run("touch " .. vars.log .. "/stopped-" .. inventory_hostname); sleep(60) end
    return true, "", {{ number = number, sum = number + (number > 1 and deps["t" .. (number - 1)].sum or 0) }}
  end)
  if number > 1 then one = one:depends_on("t" .. (number - 1)) end
  tasks[number] = one:build()
end
workflow.define("site"):tasks(tasks):handlers({{
  handler("restart", function() exec.run("echo restart >> " .. vars.log .. "/" .. inventory_hostname) end),
}})
"""


class Site(Folder):
    """A project whose tasks leave lines in a directory."""

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        self.write("site.sloth", SITE)
        self.write("hosts.yml", INVENTORY)
        self.write("values.yml", f"log: {path}/log\n")
        (path / "log").mkdir()

    def lines(self, host: str) -> list[str]:
        """What was done on a host."""
        path = self.path / "log" / host
        return path.read_text().split() if path.exists() else []

    def apply(self, *words: str) -> subprocess.Popen[bytes]:
        """The run, in the background."""
        command = ["apply", "-i", "hosts.yml", "--values", "values.yml", "--lock-timeout", "60s", "site.sloth", *words]
        return self.start(*command)

    def start(self, *words: str) -> subprocess.Popen[bytes]:
        """A command in the background."""
        with (self.path / "out").open("ab") as out:
            return subprocess.Popen(
                [*SLOTH, *words], cwd=self.path, env=self.environ, stdin=subprocess.DEVNULL, stdout=out, stderr=out
            )

    def runs(self) -> list[str]:
        """The ids of those that there were."""
        return [path.parent.name for path in self.path.glob("home/runs/*/journal.jsonl")]


@pytest.fixture
def site(tmp_path: Path) -> Site:
    return Site(tmp_path)


def ended(process: subprocess.Popen[bytes], seconds: float) -> bool:
    try:
        process.wait(seconds)
    except subprocess.TimeoutExpired:
        return False
    return True


def wait_for(path: Path) -> None:
    until = time.monotonic() + 30
    while not path.exists():
        assert time.monotonic() < until, path
        time.sleep(0.01)


@pytest.mark.parametrize("number", range(KILLS))
def test_a_run_killed_at_any_point_ends_as_if_nothing_had_happened(site: Site, number: int):
    chance = random.Random(f"{number}{os.environ.get('SLOTH_SEED', '')}")
    deaths = 0
    process = site.apply()
    while not ended(process, chance.uniform(0.4, 1.4) if deaths < 4 else 60):
        process.send_signal(signal.SIGKILL)
        process.wait()
        deaths += 1
        runs = site.runs()
        process = site.start("resume", runs[0]) if runs else site.apply()
    assert process.returncode == 0, (site.path / "out").read_text()
    for host in HOSTS:
        counts = Counter(site.lines(host))
        assert counts.keys() == {f"t{number}" for number in range(1, TASKS + 1)} | {"restart"}
        assert sum(counts.values()) - len(counts) <= deaths, f"{host}: {site.lines(host)}"  # but for those in flight
        in_order = list(dict.fromkeys(site.lines(host)))
        assert in_order == [f"t{number}" for number in range(1, TASKS + 1)] + ["restart"]
