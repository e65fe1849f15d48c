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

from tests.e2e.sloth import SLOTH, Folder, until
from tests.lab.host import Host

HOSTS = ("h1", "h2", "h3")
TASKS = 12
KILLS = int(os.environ.get("SLOTH_TEST_KILLS", "4"))  # 200 for a long look
INVENTORY = "all:\n  vars: { sloth_connection: local }\n  hosts:\n" + "".join(f"    {host}: {{}}\n" for host in HOSTS)
SITE = f"""
local tasks = {{}}
for number = 1, {TASKS} do
  local name = "t" .. number
  local one = task(name):notify("restart"):command(function(this, params, deps)
    exec.run("sleep " .. (vars.nap or "0.02") .. "; echo " .. name .. " >> " .. vars.log .. "/" .. inventory_hostname)
    if name == vars.broken then return false, "broken" end
    if name == vars.stop then exec.run("touch " .. vars.log .. "/stopped-" .. inventory_hostname); exec.run("sleep 60") end
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
        journals = self.path.glob("home/runs/*/journal.jsonl")
        return [path.parent.name for path in journals if b"\n" in path.read_bytes()]  # else it never began


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
    """Until there is something of that name, which may be a pattern: of hosts that are one machine, any may be first."""
    until = time.monotonic() + 90
    while not list(path.parent.glob(path.name)):
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


def test_what_failed_is_done_after_a_look_and_nothing_else_is(site: Site):
    broken = site.sloth("apply", "-i", "hosts.yml", "--values", "values.yml", "-e", "@more.yml", "site.sloth")
    assert broken.code == 1  # the file is not there yet
    site.write("more.yml", "broken: t5\n")
    failed = site.sloth("apply", "-i", "hosts.yml", "--values", "values.yml", "-e", "@more.yml", "site.sloth")
    assert failed.code == 2
    (run,) = site.runs()
    assert f"sloth resume {run[:4]} --failed" in failed.stdout
    site.write("more.yml", "broken: none\n")
    refused = site.sloth("resume", run, "--failed")
    assert refused.code == 1
    assert "variable broken changed (-e)" in refused.stderr
    assert site.sloth("resume", run, "--failed", "--force").code == 0
    for host in HOSTS:
        counts = Counter(site.lines(host))
        assert counts.pop("t5") == 2
        assert set(counts.values()) == {1} and len(counts) == TASKS  # the rest and the handler
    assert "nothing is left" in site.sloth("resume", run).stderr


def test_a_run_whose_tasks_are_others_by_now_is_refused(site: Site):
    site.write("graph.sloth", 'local a = task("a"):command("test -e ready"):build()\nworkflow.define("w"):tasks({ a })')
    assert site.sloth("run", "graph.sloth").code == 2
    (run,) = site.runs()
    site.write("ready", "")
    site.write(
        "graph.sloth",
        'local a = task("a"):command("test -e ready"):build()\n'
        'local b = task("b"):depends_on(a):command("true"):build()\nworkflow.define("w"):tasks({ a, b })',
    )
    refused = site.sloth("resume", run)
    assert (refused.code, "since run" in refused.stderr, "graph.sloth" in refused.stderr) == (1, True, True), refused.stderr
    resumed = site.sloth("resume", run, "--force")
    assert (resumed.code, "b  changed" in resumed.stdout) == (0, True), resumed.stdout


def test_of_a_rolling_run_the_batches_are_told_that_have_something_left(site: Site):
    site.write(
        "roll.sloth",
        """
        local a = task("a"):command(function()
          return inventory_hostname == "h1" or fs.exists(vars.log .. "/ready"), "not ready"
        end):build()
        workflow.define("w"):tasks({ a }):config({ serial = 1 })
        """,
    )
    words = ("apply", "-i", "hosts.yml", "--values", "values.yml", "roll.sloth")
    assert "batch 3 of 3: h3  not begun" in site.sloth(*words).stdout
    site.write("log/ready", "")
    resumed = site.sloth("resume", site.runs()[0]).stdout
    assert [line for line in resumed.splitlines() if line.startswith("batch")] == ["batch 2 of 3: h2", "batch 3 of 3: h3"]


def test_from_a_task_on_all_is_done_again_and_nothing_before(site: Site):
    assert site.sloth("apply", "-i", "hosts.yml", "--values", "values.yml", "site.sloth").code == 0
    assert site.sloth("resume", site.runs()[0], "--from", f"t{TASKS}").code == 0
    for host in HOSTS:
        counts = Counter(site.lines(host))
        assert (counts[f"t{TASKS}"], counts["t1"], counts["restart"]) == (2, 1, 2)


def test_a_run_that_goes_on_is_not_resumed_but_can_be_watched_and_stopped(site: Site):
    process = site.apply("-e", "stop=t2")
    wait_for(site.path / "log" / "stopped-*")
    (run,) = site.runs()
    busy = site.sloth("resume", run)
    assert busy.code == 6
    assert f"sloth runs attach {run[:4]}" in busy.stderr
    watching = site.start("runs", "attach", run)
    assert site.sloth("runs", "cancel", run).code == 0
    assert process.wait(20) == 143
    assert watching.wait(20) == 130
    assert "cancelled" in site.sloth("runs", "list").stdout


def test_a_check_is_written_down_and_not_resumed(site: Site):
    site.sloth("apply", "-C", "-i", "hosts.yml", "--values", "values.yml", "site.sloth")
    refused = site.sloth("resume", site.runs()[0])
    assert refused.code == 1
    assert "was a check" in refused.stderr


def test_workflows_behind_the_one_that_was_stopped_run_after_it(site: Site):
    site.write(
        "two.sloth",
        """
        local a = task("a"):command("test -e ok && echo a >> log/a"):workdir(vars.here):build()
        local b = task("b"):command("echo b >> log/b"):workdir(vars.here):build()
        workflow.define("first"):tasks({ a })
        workflow.define("second"):tasks({ b })
        """,
    )
    assert site.sloth("run", "two.sloth", "-e", f"here={site.path}").code == 2
    site.write("ok", "")
    assert not (site.path / "log" / "b").exists()
    assert site.sloth("resume", site.runs()[0], "--failed").code == 0
    assert (site.path / "log" / "b").read_text() == "b\n"
    first = next(run for run in site.runs() if "first" in site.sloth("runs", "show", run).stdout)
    assert "nothing is left" in site.sloth("resume", first).stderr
    assert (site.path / "log" / "b").read_text() == "b\n"


def test_what_was_said_of_a_password_is_kept_nowhere_and_said_again(site: Site):
    site.write(
        "secret.sloth",
        """
        local a = task("a"):command(function() return true, "is " .. vars.db_password end):build()
        local b = task("b"):depends_on("a"):command("test -e ready"):build()
        workflow.define("w"):tasks({ a, b })
        """,
    )
    said = ["-e", "db_password=hunter2-hunter2"]
    failed = site.sloth("run", "secret.sloth", *said)
    assert (failed.code, "is ********" in failed.stdout) == (2, True)
    (run,) = site.runs()
    assert "-e 'db_password=********'" in site.sloth("runs", "show", run).stdout
    assert not [path for path in (site.path / "home").rglob("*") if path.is_file() and b"hunter2" in path.read_bytes()]
    site.write("ready", "")
    refused = site.sloth("resume", run)
    assert (refused.code, f"sloth resume {run} -e db_password=…" in refused.stderr) == (1, True)
    other = site.sloth("resume", run, "-e", "db_password=another-one")
    assert (other.code, "variable db_password changed" in other.stderr) == (1, True)
    assert site.sloth("resume", run, *said).code == 0


def test_a_host_with_more_results_than_it_may_send_fails_and_goes_on_with_a_larger_limit(site: Site):
    site.write(
        "big.sloth",
        """
        local a = task("a"):command(function() exec.run("echo a >> " .. vars.log) return true, "", { n = 1 } end):build()
        local b = task("b"):depends_on(a):command(function(this, params, deps)
          return true, "", { text = ("x"):rep(20000 * deps.a.n) }
        end):build()
        workflow.define("w"):tasks({ a, b })
        """,
    )
    site.environ["SLOTH_LIMITS_JOURNAL"] = "10K"
    failed = site.sloth("run", "big.sloth", "-e", "log=log/big")
    assert (failed.code, failed.stderr) == (2, "")
    assert "b  failed" in failed.stdout and "limits.journal is 10K" in failed.stdout
    (run,) = site.runs()
    assert (site.path / "home" / "runs" / run / "journal.jsonl").stat().st_size < 10_000
    site.environ["SLOTH_LIMITS_JOURNAL"] = "1M"
    assert site.sloth("resume", run).code == 0
    assert site.lines("big") == ["a"]


def test_a_full_disk_lets_the_hosts_finish_and_is_an_error_at_the_end(site: Site):
    site.write("small.sloth", 'task("a"):command("true"):build()')
    site.write(
        "big.sloth",
        """
        local tasks = {}
        for number = 1, 6 do
          tasks[number] = task("t" .. number):command(function()
            exec.run("echo done >> " .. vars.log)
            return true, "", { text = ("x"):rep(500000) }
          end):build()
        end
        workflow.define("big"):tasks(tasks)
        """,
    )
    assert site.sloth("run", "small.sloth").code == 0
    (before,) = site.runs()
    blocks = 1500  # of 1024 bytes: no file may grow beyond, as on a disk without room for it
    done = subprocess.run(
        ["bash", "-c", f'ulimit -f {blocks}; exec "$@"', "bash", *SLOTH, "run", "big.sloth", "-e", "log=log/big",
         "--lock-timeout", "60s"],
        cwd=site.path, env=site.environ, text=True, capture_output=True, timeout=120, check=False,
    )  # fmt: skip
    assert done.returncode == 1
    assert "it is not written down any more" in done.stderr
    assert "is not written down completely" in done.stderr
    assert site.lines("big") == ["done"] * 6  # the run went to its end
    assert site.sloth("runs", "show", before).code == 0
    (after,) = set(site.runs()) - {before}
    assert "tasks are done" in site.sloth("runs", "show", after).stdout


# on real hosts: what this is for


@pytest.mark.lab
def test_an_apply_killed_halfway_is_resumed_on_another_terminal_and_ends_as_if_nothing_had_happened(
    lab_hosts, lab_inventory: Path, tmp_path: Path
):
    site = Site(tmp_path)
    site.write("values.yml", "log: /tmp/sloth-resumed\nnap: 0.4\n")
    for host in lab_hosts:
        host.exec("sh", "-c", "rm -rf /tmp/sloth-resumed; mkdir /tmp/sloth-resumed")
    try:
        process = site.start("apply", "-i", str(lab_inventory), "--values", "values.yml", "site.sloth")
        until(lambda: "t3" in done_on(lab_hosts[0]))
        other = Folder(tmp_path, environ={"SLOTH_HOME": str(tmp_path / "other")})
        busy = other.sloth("apply", "-i", lab_inventory, "--lock-timeout", "0s", "--values", "values.yml", "site.sloth")
        assert busy.code == 6 and "works on this host since" in busy.stdout
        process.send_signal(signal.SIGKILL)
        process.wait()
        resumed = site.sloth("resume", site.runs()[0], "--format", "json")
        assert resumed.code == 0, resumed.stderr
        for host in lab_hosts:
            counts = Counter(done_on(host))
            assert list(counts) == [f"t{number}" for number in range(1, TASKS + 1)] + ["restart"]
            assert sum(counts.values()) <= len(counts) + 1  # but for the one in flight
    finally:
        for host in lab_hosts:
            host.exec("rm", "-rf", "/tmp/sloth-resumed")


@pytest.mark.lab
def test_a_host_that_lost_power_is_taken_up_where_it_was(lab, lab_hosts, lab_inventory: Path, tmp_path: Path):
    site, victim = Site(tmp_path), lab_hosts[1]
    site.write("values.yml", "log: /var/tmp/sloth-resumed\nnap: 0.4\n")
    for host in lab_hosts:
        host.exec("sh", "-c", "rm -rf /var/tmp/sloth-resumed; mkdir /var/tmp/sloth-resumed")
    try:
        process = site.start("apply", "-i", str(lab_inventory), "--values", "values.yml", "site.sloth")
        until(lambda: "t3" in done_on(victim, "/var/tmp"))
        victim.kill()
        lab.up([victim.index])
        assert process.wait(120) == 3
        resumed = site.sloth("resume", site.runs()[0], "--failed", "--format", "json")
        assert resumed.code == 0, resumed.stderr
        assert {one["host"] for one in resumed.events if one["type"] == "task_finished"} == {victim.name}
        for host in lab_hosts:
            counts = Counter(done_on(host, "/var/tmp"))
            assert len(counts) == TASKS + 1
            assert sum(counts.values()) <= len(counts) + 1
    finally:
        for host in lab_hosts:
            host.exec("rm", "-rf", "/var/tmp/sloth-resumed")


def done_on(host: Host, folder: str = "/tmp") -> list[str]:
    return str(host.exec("sh", "-c", f"cat {folder}/sloth-resumed/*", check=False).stdout).split()
