"""Hosts that depend on each other: batches, limits, gates, tasks that run once. On real hosts."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import pytest

from tests.e2e.sloth import Run

pytestmark = pytest.mark.lab


def apply(tmp_path: Path, inventory: Path, text: str, *words: str) -> Run:
    site = tmp_path / "site.sloth"
    site.write_text(text)
    run = Run(tmp_path / "home", "apply", "-i", inventory, site, *words)
    run.code = run.end()
    return run


def test_a_failing_canary_stops_the_rolling_run_and_the_rest_is_untouched(lab_hosts, lab_inventory, tmp_path):
    canary, *rest = [host.name for host in lab_hosts]
    text = """
        local a = task("update"):command(function()
          fs.write("/tmp/sloth-rolled", "x")
          return inventory_hostname ~= vars.bad, "broken"
        end):build()
        workflow.define("w"):tasks({ a }):config({ serial = { 1, "100%" }, max_fail = 0 })
    """
    run = apply(tmp_path, lab_inventory, text, "-e", f"bad={canary}")
    try:
        assert run.code == 5
        assert run.of_host(canary) == ["failed"]
        assert [run.of_host(host) for host in rest] == [["skipped"]] * 2
        assert "1 of 1 hosts of the batch before failed" in run.finished[-1]["message"]
        left_out = [one for one in run.events if one["type"] == "batches_left_out"]
        assert [one["hosts"] for one in left_out] == [rest]
        touched = [host.exec("test", "-e", "/tmp/sloth-rolled", check=False).returncode == 0 for host in lab_hosts]
        assert touched == [True, False, False]
        fixed = apply(tmp_path, lab_inventory, text, "-e", "bad=nobody")
        assert fixed.code == 0
        assert [one["hosts"] for one in fixed.events if one["type"] == "batch_started"] == [[canary], rest]
        order = [event["host"] for event in fixed.finished]
        assert order[0] == canary
    finally:
        for host in lab_hosts:
            host.exec("rm", "-f", "/tmp/sloth-rolled")


def test_a_canary_that_cannot_be_reached_stops_the_rolling_run_too(lab_hosts, lab_inventory, tmp_path):
    lab_inventory.write_text(
        lab_inventory.read_text().replace(
            "  hosts:\n", "  hosts:\n    gone: {sloth_host: 10.77.1.250, sloth_connect_timeout: 1}\n", 1
        )
    )
    text = """
        local a = task("update"):command("true"):build()
        workflow.define("w"):tasks({ a }):config({ serial = { 1, "100%" }, max_fail = 0 })
    """
    run = apply(tmp_path, lab_inventory, text)
    assert run.code == 5
    assert run.of_host("gone") == ["unreachable"]
    assert [run.of_host(host.name) for host in lab_hosts] == [["skipped"]] * 3


def test_max_fail_counts_over_all_batches_too(lab_hosts, lab_inventory, tmp_path):
    first, second, third = [host.name for host in lab_hosts]
    text = f"""
        local a = task("update"):command(function() return inventory_hostname == "{third}", "broken" end):build()
        workflow.define("w"):tasks({{ a }}):config({{ serial = 1, max_fail = "34%" }})
    """
    run = apply(tmp_path, lab_inventory, text)
    assert run.code == 5
    assert (run.of_host(first), run.of_host(second)) == (["failed"], ["skipped"])  # 34% of one host is none
    run = apply(tmp_path, lab_inventory, text.replace('"34%"', "1"))
    assert run.code == 5
    assert [run.of_host(host.name) for host in lab_hosts] == [["failed"], ["failed"], ["skipped"]]
    assert "2 of 3 hosts in all failed" in run.finished[-1]["message"]


def test_a_task_waits_for_another_hosts_task_and_gets_its_outputs(lab_hosts, lab_inventory, tmp_path):
    db, web, other = [host.name for host in lab_hosts]
    text = f"""
        local d = task("db"):hosts("{db}"):command(function()
          exec.check("sleep 0.5", {{ changed_if = false }})
          return true, "", {{ port = 5432 }}
        end):build()
        local w = task("web"):hosts("{web}:{other}"):depends_on("db"):command(function(this, params, deps)
          return true, "db at " .. deps.db.port
        end):build()
        workflow.define("w"):tasks({{ d, w }})
    """
    run = apply(tmp_path, lab_inventory, text, "-f", "1")
    assert run.code == 0
    assert [event["message"] for event in run.finished if event["task"] == "web"] == ["db at 5432"] * 2


def test_what_waits_for_a_failed_task_of_another_host_is_skipped(lab_hosts, lab_inventory, tmp_path):
    db, web, _ = [host.name for host in lab_hosts]
    text = f"""
        local d = task("db"):hosts("{db}"):command("false"):build()
        local w = task("web"):hosts("{web}"):depends_on("db"):command("true"):build()
        workflow.define("w"):tasks({{ d, w }})
    """
    run = apply(tmp_path, lab_inventory, text)
    assert run.code == 2
    assert run.statuses == {(db, "db"): "failed", (web, "web"): "skipped"}


def test_a_task_that_runs_once_serves_all_hosts(lab_hosts, lab_inventory, tmp_path):
    text = """
        local t = task("token"):run_once():command(function() return true, "", { word = inventory_hostname } end):build()
        local u = task("use"):depends_on("token"):command(function(this, params, deps) return true, deps.token.word end):build()
        workflow.define("w"):tasks({ t, u })
    """
    run = apply(tmp_path, lab_inventory, text)
    assert run.code == 0
    assert [event["host"] for event in run.finished if event["task"] == "token"] == [lab_hosts[0].name]
    assert {event["message"] for event in run.finished if event["task"] == "use"} == {lab_hosts[0].name}


@pytest.mark.parametrize("forks", ["1", "5"])
def test_a_task_with_a_serial_is_at_work_on_one_host_at_a_time_also_after_a_failure(
    lab_hosts, lab_inventory, tmp_path, forks
):
    text = f"""
        local before = task("before"):command("true"):build()
        local restart = task("restart"):serial(1):depends_on("before"):command(function()
          exec.check("date +%s%N >/tmp/sloth-turn; sleep 0.2; date +%s%N >>/tmp/sloth-turn")
          return inventory_hostname ~= "{lab_hosts[1].name}", "broken"
        end):build()
        workflow.define("w"):tasks({{ before, restart }})
    """
    try:
        run = apply(tmp_path, lab_inventory, text, "-f", forks)
        assert run.code == 2
        assert [run.of_host(host.name)[-1] for host in lab_hosts] == ["changed", "failed", "changed"]
        turns = [tuple(map(int, host.exec("cat", "/tmp/sloth-turn").stdout.split())) for host in lab_hosts]
        assert all(ended <= begun for (_, ended), (begun, _) in pairwise(turns))
    finally:
        for host in lab_hosts:
            host.exec("rm", "-f", "/tmp/sloth-turn")


def test_hosts_that_wait_for_each_other_with_few_places_do_not_deadlock(lab_hosts, tmp_path, lab):
    names = [f"n{number}" for number in range(10)]
    lines = [f"    {name}: {{sloth_host: {lab_hosts[number % 3].address}}}" for number, name in enumerate(names)]
    inventory = tmp_path / "ten.yml"
    inventory.write_text(
        f"all:\n  vars: {{sloth_user: root, sloth_private_key: {lab.key}, sloth_known_hosts: {lab.known_hosts}}}\n"
        "  hosts:\n" + "\n".join(lines) + "\n"
    )
    odd, even = ":".join(names[1::2]), ":".join(names[0::2])
    text = f"""
        local e = task("even"):hosts("{even}"):command(function() exec.run("sleep 0.1", {{ changed_if = false }}) end):build()
        local o = task("odd"):hosts("{odd}"):depends_on("even"):command(function() end):build()
        workflow.define("w"):tasks({{ e, o }}):config({{ order = "reverse_inventory" }})
    """
    # three machines stand for ten hosts, and each has one lock: check mode takes none
    run = apply(tmp_path, inventory, text, "-f", "3", "-C")
    assert run.code == 0
    assert len(run.finished) == 10
    refused = apply(tmp_path, inventory, text.replace("order =", "serial = 2, order ="), "-C")
    assert refused.code == 1
    assert "in a later batch" in refused.stderr
