"""What goes wrong in real fleets, on real hosts: others finish, the recap tells the truth, nothing stays behind."""

from __future__ import annotations

import secrets
import signal
import time
from pathlib import Path

import pytest

from tests.e2e.sloth import Run, lock_is_free, until
from tests.lab.fleet import Lab
from tests.lab.host import Host

pytestmark = pytest.mark.lab

NAP = f"sleep {secrets.randbelow(10**6) + 10**6}"  # nobody else's, whatever else is tried on these hosts
SLOW = f"""
local a = task("sleep"):command("{NAP}"):build()
local b = task("after"):command("true"):build()
workflow.define("w"):tasks({{ a, b }})
"""


@pytest.fixture
def site(tmp_path: Path):
    def write(text: str) -> Path:
        path = tmp_path / "site.sloth"
        path.write_text(text)
        return path

    return write


def sleepers(host: Host) -> int:
    return len(host.exec("pgrep", "-f", f"{NAP[:-1]}[{NAP[-1]}]", check=False).stdout.split())


def runtimes(host: Host) -> int:
    return len(host.exec("pgrep", "-f", "python3 -I -S -B", check=False).stdout.split())


def is_clean(host: Host) -> bool:
    return not sleepers(host) and not runtimes(host)


def test_an_unreachable_host_does_not_hold_back_the_others(lab, lab_hosts, lab_inventory, site, tmp_path):
    lab_inventory.write_text(
        lab_inventory.read_text() + "    gone:\n      sloth_host: 10.77.1.250\n      sloth_connect_timeout: 2\n"
    )
    run = Run(tmp_path / "home", "apply", "-i", lab_inventory, site('task("a"):command("true"):build()'))
    assert run.end() == 3
    assert run.of_host("gone") == ["unreachable"]
    assert [run.of_host(host.name) for host in lab_hosts] == [["changed"]] * 3


def test_a_host_that_loses_power_is_unreachable_and_the_others_finish(
    lab: Lab, lab_hosts, lab_inventory, site, tmp_path
):
    nap = f'inventory_hostname == vars.victim and "{NAP}" or "sleep 3"'
    text = f'task("wait"):command(function() return exec.check({nap}) end):build()'
    victim = lab_hosts[2]
    run = Run(tmp_path / "home", "apply", "-i", lab_inventory, "-e", f"victim={victim.name}", site(text))
    until(lambda: sleepers(victim))
    victim.kill()
    try:
        assert run.end(timeout=120) == 3
        assert run.of_host(victim.name) == ["unreachable"]
        assert [one["message"] for one in run.finished if one["host"] == victim.name] == [f"{victim.name}: the connection ended"]
        assert [run.of_host(host.name) for host in lab_hosts[:2]] == [["changed"]] * 2
    finally:
        lab.up([victim.index])


def test_ctrl_c_leaves_no_process_on_any_host(lab_hosts, lab_inventory, site, tmp_path):
    run = Run(tmp_path / "home", "apply", "-i", lab_inventory, site(SLOW))
    until(lambda: all(sleepers(host) for host in lab_hosts))
    run.signal(signal.SIGINT)
    assert run.end(timeout=15) == 130
    assert set(run.statuses.values()) == {"cancelled"}
    until(lambda: all(is_clean(host) for host in lab_hosts))


def test_a_second_ctrl_c_hangs_up_at_once_and_leaves_no_process_either(lab_hosts, lab_inventory, site, tmp_path):
    text = SLOW.replace(NAP, f'trap \\"\\" TERM; {NAP}; {NAP}')
    run = Run(tmp_path / "home", "apply", "-i", lab_inventory, site(text))
    until(lambda: all(sleepers(host) for host in lab_hosts))
    run.signal(signal.SIGINT)
    time.sleep(0.3)
    run.signal(signal.SIGINT)
    assert run.end(timeout=10) == 130
    until(lambda: all(is_clean(host) for host in lab_hosts))


def test_ctrl_c_does_not_wait_for_hosts_that_are_still_connecting(lab_hosts, lab_inventory, site, tmp_path):
    lab_inventory.write_text(
        lab_inventory.read_text() + "    gone:\n      sloth_host: 10.77.1.250\n      sloth_connect_timeout: 60\n"
    )
    mark = "/tmp/" + NAP.replace("sleep ", "sloth-")
    run = Run(tmp_path / "home", "apply", "-i", lab_inventory, site(f'task("a"):command("touch {mark}"):build()'))
    for host in lab_hosts:  # they end; one is waited for
        until(lambda: host.exec("rm", mark, check=False).returncode == 0)  # noqa: B023  # called at once
        until(lambda: not runtimes(host))  # noqa: B023  # likewise
    began = time.monotonic()
    run.signal(signal.SIGINT)
    assert run.end(timeout=15) == 130
    assert time.monotonic() - began < 2  # a second for Python to leave
    assert run.of_host("gone") == ["cancelled"]
    assert [run.of_host(host.name) for host in lab_hosts] == [["changed"]] * 3


def test_ctrl_c_does_not_wait_for_the_lock_of_a_busy_host(lab_hosts, lab_inventory, site, tmp_path):
    host = lab_hosts[0]
    first = Run(tmp_path / "home", "apply", "-i", lab_inventory, "-l", host.name, site(SLOW))
    until(lambda: sleepers(host))
    second = Run(
        tmp_path / "other", "apply", "-i", lab_inventory, "-l", host.name, "--lock-timeout", "60s",
        site('task("a"):command("true"):build()'),
    )  # fmt: skip
    until(lambda: runtimes(host) > 1)
    time.sleep(1)
    began = time.monotonic()
    second.signal(signal.SIGINT)
    assert second.end(timeout=15) == 130
    assert time.monotonic() - began < 2
    assert second.of_host(host.name) == ["cancelled"]
    assert sleepers(host)  # the first goes on
    first.signal(signal.SIGINT)
    first.end()


def test_sigterm_stops_as_cleanly(lab_hosts, lab_inventory, site, tmp_path):
    run = Run(tmp_path / "home", "apply", "-i", lab_inventory, site(SLOW))
    until(lambda: all(sleepers(host) for host in lab_hosts))
    run.signal(signal.SIGTERM)
    assert run.end(timeout=15) == 143
    until(lambda: all(is_clean(host) for host in lab_hosts))


def test_a_killed_controller_leaves_no_process_and_no_lock(lab_hosts, lab_inventory, site, tmp_path):
    run = Run(tmp_path / "home", "apply", "-i", lab_inventory, site(SLOW))
    until(lambda: all(sleepers(host) for host in lab_hosts))
    assert not lock_is_free(lab_hosts[0])
    run.signal(signal.SIGKILL)
    run.end()
    until(lambda: all(is_clean(host) for host in lab_hosts))
    assert all(lock_is_free(host) for host in lab_hosts)


def test_a_frozen_host_does_not_stretch_its_time_limit(lab_hosts, lab_inventory, site, tmp_path):
    frozen = lab_hosts[0]
    text = SLOW.replace('task("sleep")', 'task("sleep"):timeout("4s")')
    run = Run(tmp_path / "home", "apply", "-i", lab_inventory, site(text))
    until(lambda: sleepers(frozen))
    frozen.pause()
    try:
        assert run.end() == 2
        assert run.of_host(frozen.name) == ["timed_out", "unreachable"]
        assert [run.of_host(host.name) for host in lab_hosts[1:]] == [["timed_out", "changed"]] * 2
    finally:
        frozen.resume()
    until(lambda: is_clean(frozen), timeout=90)


def test_two_time_limits_hold_within_a_second_also_as_another_user(lab_hosts, lab, site, tmp_path):
    host = lab_hosts[0]
    inventory = tmp_path / "deploy.yml"
    inventory.write_text(lab.inventory([host], user="deploy") + "      sloth_become_password: deploy\n")
    text = f"""
        local loop = task("loop"):timeout("2s"):command(function() while true do end end):build()
        local sleep = task("sleep"):become(true):timeout("1s"):command(function() exec.run("{NAP}") end):build()
        workflow.define("w"):tasks({{ loop, sleep }}):config({{ max_parallel_tasks = 2 }})
    """
    run = Run(tmp_path / "home", "apply", "-i", inventory, site(text))
    assert run.end() == 2
    assert {task: event["status"] for event in run.finished for task in [event["task"]]} == {
        "loop": "timed_out",
        "sleep": "timed_out",
    }
    durations = {event["task"]: event["duration"] for event in run.finished}
    assert 2.0 <= durations["loop"] < 3.0
    assert 1.0 <= durations["sleep"] < 2.0
    until(lambda: is_clean(host))


def test_two_runs_do_not_touch_one_host_at_once(lab_hosts, lab_inventory, site, tmp_path):
    first = Run(tmp_path / "home", "apply", "-i", lab_inventory, "-l", lab_hosts[0].name, site(SLOW))
    until(lambda: sleepers(lab_hosts[0]))
    second = Run(tmp_path / "other", "apply", "-i", lab_inventory, site('task("a"):command("true"):build()'))
    assert second.end() == 6
    busy = next(event for event in second.finished if event["host"] == lab_hosts[0].name)
    assert "works on this host since" in busy["message"]
    assert second.of_host(lab_hosts[1].name) == ["changed"]
    first.signal(signal.SIGINT)
    first.end()


def test_check_mode_takes_no_lock(lab_hosts, lab_inventory, site, tmp_path):
    first = Run(tmp_path / "home", "apply", "-i", lab_inventory, "-l", lab_hosts[0].name, site(SLOW))
    until(lambda: sleepers(lab_hosts[0]))
    second = Run(
        tmp_path / "other",
        "apply",
        "-C",
        "-i",
        lab_inventory,
        "-l",
        lab_hosts[0].name,
        site('task("a"):command("true"):build()'),
    )
    assert second.end() == 0
    assert second.of_host(lab_hosts[0].name) == ["would_run"]
    first.signal(signal.SIGINT)
    first.end()


def test_a_command_that_exits_255_has_failed_and_its_host_is_reachable(lab_hosts, lab_inventory, site, tmp_path):
    run = Run(tmp_path / "home", "apply", "-i", lab_inventory, site('task("a"):command("exit 255"):build()'))
    assert run.end() == 2
    assert set(run.statuses.values()) == {"failed"}


def test_a_host_that_talks_without_end_costs_no_memory_and_the_run_ends(lab_hosts, lab_inventory, site, tmp_path):
    text = 'task("a"):command(function() local r = exec.run("head -c 300000000 /dev/zero"); return true, "", { size = #r.stdout } end):build()'
    run = Run(tmp_path / "home", "apply", "-i", lab_inventory, "-l", lab_hosts[0].name, site(text))
    assert run.end() == 0
    assert run.finished[0]["outputs"]["size"] < 3_000_000
