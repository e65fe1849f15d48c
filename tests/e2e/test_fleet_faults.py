"""Everything that goes wrong in a fleet at once, and what the recap says of it. On real hosts."""

from __future__ import annotations

import secrets
import signal
import subprocess
import time
from pathlib import Path

import pytest

from tests.e2e.sloth import SLOTH, Run, environment, lock_is_free, until
from tests.lab.fleet import Lab
from tests.lab.host import Host

pytestmark = pytest.mark.lab

NAP = f"sleep {secrets.randbelow(10**6) + 10**6}"  # nobody else's, whatever else is tried on these hosts


def naps(host: Host) -> bool:
    return host.exec("pgrep", "-f", f"{NAP[:-1]}[{NAP[-1]}]", check=False).returncode == 0


def test_a_frozen_host_and_a_cut_link_hold_up_nobody_and_the_recap_tells_the_truth(
    lab: Lab, lab_hosts: list[Host], lab_inventory: Path, tmp_path: Path
):
    frozen, cut, loops = lab_hosts
    text = f"""
        local nap = task("nap"):hosts("{frozen.name}:{cut.name}"):command("{NAP}"):build()
        local loop = task("loop"):hosts("{loops.name}"):timeout("2s"):command(function() while true do end end):build()
        local quick = task("quick"):hosts("{loops.name}"):command("true"):build()
        local after = task("after"):hosts("{loops.name}"):depends_on(nap):command("true"):build()
        workflow.define("w"):tasks({{ nap, loop, quick, after }}):config({{ max_parallel_tasks = 2 }})
    """
    site = tmp_path / "site.sloth"
    site.write_text(text)
    run = Run(tmp_path / "home", "apply", "-i", lab_inventory, site)
    until(lambda: naps(frozen) and naps(cut))
    frozen.pause()
    cut.cut()
    began = time.monotonic()
    try:
        assert run.end(timeout=110) == 2
        assert 45 < time.monotonic() - began < 90  # both sides give up after 60 s without a sign
        until(lambda: not naps(cut) and lock_is_free(cut), timeout=90)  # on its own, while the link is still cut
    finally:
        frozen.resume()
        cut.mend()
    assert run.statuses == {
        (loops.name, "quick"): "changed",
        (loops.name, "loop"): "timed_out",
        (frozen.name, "nap"): "unreachable",
        (cut.name, "nap"): "unreachable",
        (loops.name, "after"): "skipped",
    }
    looped = next(event for event in run.finished if event["task"] == "loop")
    assert 2.0 <= looped["duration"] < 3.0
    assert run.events[-1]["counts"] == {
        loops.name: {"changed": 1, "timed_out": 1, "skipped": 1},
        frozen.name: {"unreachable": 1},
        cut.name: {"unreachable": 1},
    }
    until(lambda: not naps(frozen), timeout=90)


def test_hosts_end_their_work_when_the_controller_is_suspended(lab_hosts, lab_inventory, tmp_path):
    host = lab_hosts[0]
    site = tmp_path / "site.sloth"
    site.write_text(f'task("nap"):command("{NAP}"):build()')
    run = Run(tmp_path / "home", "apply", "-i", lab_inventory, "-l", host.name, site)
    until(lambda: naps(host))
    run.signal(signal.SIGSTOP)
    try:
        until(lambda: not naps(host), timeout=90)
    finally:
        run.signal(signal.SIGCONT)
    assert run.end(timeout=60) == 2
    assert [(event["status"], event["message"]) for event in run.finished] == [
        ("cancelled", "no heartbeat from the controller")
    ]


def test_a_runtime_that_is_killed_is_a_lost_host_and_leaves_nothing_behind(lab_hosts, lab_inventory, tmp_path):
    host = lab_hosts[0]
    site = tmp_path / "site.sloth"
    site.write_text(f'task("nap"):command("{NAP}"):build()')
    run = Run(tmp_path / "home", "apply", "-i", lab_inventory, "-l", host.name, site)
    until(lambda: naps(host) and host.exec("pgrep", "-f", "read -r [_]", check=False).returncode == 0)
    host.exec("sh", "-c", "kill -9 $(pgrep -f 'python3 -I -S -[B]')", check=False)
    assert run.end(timeout=20) == 3
    assert run.of_host(host.name) == ["unreachable"]
    assert "a signal has ended its runtime; has it run out of memory?" in run.finished[0]["message"]
    until(lambda: not naps(host))


def test_the_text_of_a_run_tells_who_was_lost_and_why(lab_hosts, lab_inventory, tmp_path):
    lab_inventory.write_text(
        lab_inventory.read_text() + "    gone:\n      sloth_host: 10.77.1.250\n      sloth_connect_timeout: 1\n"
    )
    site = tmp_path / "site.sloth"
    site.write_text('task("a"):command("true"):build()')
    done = subprocess.run(
        [*SLOTH, "apply", "-i", lab_inventory, site], env=environment(tmp_path / "home"), text=True,
        capture_output=True, timeout=60, check=False,
    )  # fmt: skip
    assert done.returncode == 3
    assert "gone  unreachable  cannot connect to 10.77.1.250 port 22: no answer within 1 s" in done.stdout
    recap = done.stdout.splitlines()[-6:]
    assert any(line.split()[:1] == ["gone"] and line.split()[-1] == "1" for line in recap)
