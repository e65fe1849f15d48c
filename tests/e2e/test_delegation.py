"""Tasks that another host runs, and the rolling update that is made of them. On real hosts."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import pytest

from tests.e2e.sloth import Run
from tests.lab.fleet import Lab
from tests.lab.host import Host

pytestmark = pytest.mark.lab

NINE = [f"n{number}" for number in range(1, 10)]
ROLLING = """
local drain = task("drain")
  :delegate_to(function(host) return vars.balancer end)
  :command(function() exec.check("echo out " .. inventory_hostname .. " >> " .. vars.log) end)
  :build()
local update = task("update"):depends_on(drain)
  :command(function()
      fs.write("/tmp/sloth-rolled-" .. inventory_hostname, "new")
      return inventory_hostname ~= vars.bad, "broken"
  end)
  :build()
local enable = task("enable"):depends_on(update)
  :delegate_to({ host = "{{ balancer }}", per_host = true })
  :command(function() exec.check("echo in " .. inventory_hostname .. " >> " .. vars.log) end)
  :build()
workflow.define("roll"):hosts("web"):tasks({ drain, update, enable })
  :config({ serial = { 1, 2, "34%" }, max_fail = 0 })
"""


class Fleet:
    """Nine web servers, which three machines stand for, and their balancer, which is the controller."""

    def __init__(self, lab: Lab, hosts: list[Host], folder: Path) -> None:
        self.hosts = hosts
        self._folder = folder
        self.log = folder / "balancer.log"
        self.inventory = folder / "nine.yml"
        names = "".join(
            f"        {name}: {{sloth_host: {hosts[number % 3].address}}}\n" for number, name in enumerate(NINE)
        )
        self.inventory.write_text(
            f"all:\n  vars: {{sloth_user: root, sloth_private_key: {lab.key}, sloth_known_hosts: {lab.known_hosts},\n"
            f"         balancer: localhost, log: {self.log}}}\n"
            f"  children:\n    web:\n      hosts:\n{names}"
        )

    def apply(self, text: str, *words: str) -> Run:
        site = self._folder / "site.sloth"
        site.write_text(text)
        patience = ("--lock-timeout", "60s")  # the controller may be somebody's host meanwhile
        run = Run(self._folder / "home", "apply", *patience, "-i", self.inventory, site, *words)
        run.code = run.end()
        return run

    def touched(self) -> set[str]:
        found = {name for host in self.hosts for name in host.exec("sh", "-c", "ls /tmp").stdout.split()}
        return {name.removeprefix("sloth-rolled-") for name in found if name.startswith("sloth-rolled-")}


@pytest.fixture
def fleet(lab: Lab, lab_hosts: list[Host], tmp_path: Path) -> Iterator[Fleet]:
    yield Fleet(lab, lab_hosts, tmp_path)
    for host in lab_hosts:
        host.exec("sh", "-c", "rm -f /tmp/sloth-rolled-*")


def test_a_rolling_update_of_nine_hosts_stops_at_its_canary_and_once_mended_reaches_all(fleet):
    failed = fleet.apply(ROLLING, "-e", "bad=n1")
    assert failed.code == 5
    assert fleet.touched() == {"n1"}
    assert fleet.log.read_text() == "out n1\n"
    assert [failed.of_host(name) for name in NINE] == [["failed"], *[["skipped"]] * 8]
    assert failed.statuses["localhost", "enable for n1"] == "skipped"

    mended = fleet.apply(ROLLING, "-e", "bad=nobody")
    assert mended.code == 0
    assert fleet.touched() == set(NINE)
    lines = fleet.log.read_text().splitlines()[1:]
    assert sorted(lines) == sorted(f"{word} {name}" for name in NINE for word in ("in", "out"))
    order = {line: number for number, line in enumerate(lines)}
    assert all(order[f"out {name}"] < order[f"in {name}"] for name in NINE)
    batches = (NINE[:1], NINE[1:3], NINE[3:6], NINE[6:])
    assert all(
        max(order[f"in {name}"] for name in batch) < min(order[f"out {name}"] for name in following)
        for batch, following in pairwise(batches)
    )


def test_a_host_whose_delegate_fails_counts_as_failed(fleet):
    text = ROLLING.replace('exec.check("echo out', 'exec.check("exit 1; echo out')
    run = fleet.apply(text, "-l", "n1:n2:n3")
    assert run.code == 5
    assert run.statuses["localhost", "drain for n1"] == "failed"
    assert [run.of_host(name) for name in NINE[:3]] == [["skipped"]] * 3
    assert "1 of 1 hosts of the batch before failed" in run.finished[-1]["message"]


def test_a_delegated_task_runs_once_outside_of_the_limit_and_its_outputs_are_there_for_all(fleet):
    text = """
        local ask = task("ask"):delegate_to("n3"):command(function(this) return true, "", { by = inventory_hostname } end):build()
        local use = task("use"):hosts("web"):depends_on(ask)
          :command(function(this, params, deps) return true, deps.ask.by end):build()
        local sum = task("sum"):depends_on(use):delegate_to("localhost"):command(function(this, params, deps)
          local names = {}
          for name in pairs(deps.use) do names[#names + 1] = name end
          table.sort(names)
          return true, this.agent .. " " .. table.concat(names, " ")
        end):build()
        workflow.define("w"):tasks({ ask, use, sum })
    """
    run = fleet.apply(text, "-l", "n1:n2", "-f", "1")
    assert run.code == 0
    said = {(event["host"], event["task"]): event["message"] for event in run.finished}
    assert said == {
        ("n3", "ask"): "", ("n1", "use"): "n3", ("n2", "use"): "n3", ("localhost", "sum"): "localhost n1 n2",
    }  # fmt: skip


def test_several_delegates_give_a_table_by_host(fleet):
    text = """
        local ask = task("ask"):delegate_to({ "n2", "n3" }):command(function(this) return true, "", { at = this.agent } end):build()
        local use = task("use"):depends_on(ask)
          :command(function(this, params, deps) return true, deps.ask.n2.at .. deps.ask.n3.at end):build()
        workflow.define("w"):hosts("n1:n2"):tasks({ ask, use })
    """
    run = fleet.apply(text)
    assert run.code == 0
    assert [event["message"] for event in run.finished if event["task"] == "use"] == ["n2n3"] * 2


GONE = """
    local ask = task("ask"):delegate_to(%s):command("true"):build()
    local use = task("use"):depends_on(ask):command("true"):build()
    local other = task("other"):command("true"):build()
    workflow.define("w"):hosts("n1"):tasks({ ask, use, other })
"""


def test_a_delegate_that_cannot_be_reached_holds_back_what_waits_for_it_alone(fleet):
    with fleet.inventory.open("a") as file:
        file.write("    far:\n      hosts:\n        gone: {sloth_host: 10.77.1.250, sloth_connect_timeout: 2}\n")
    run = fleet.apply(GONE % '"gone"')
    assert run.code == 3
    assert run.statuses == {("gone", "ask"): "unreachable", ("n1", "use"): "skipped", ("n1", "other"): "changed"}
    local = fleet.apply(GONE % '{ host = "gone", fallback = "local" }', "-v")
    assert local.code == 0
    assert set(local.statuses.values()) == {"changed"}
    assert "what was delegated to it runs on localhost instead" in local.stderr


def test_in_check_mode_a_delegate_changes_nothing_either(fleet):
    run = fleet.apply(ROLLING, "-C", "-e", "bad=nobody")
    assert run.code == 0
    assert run.statuses["localhost", "drain for n1"] == "would_run"
    assert fleet.touched() == set()
    assert not fleet.log.exists()
