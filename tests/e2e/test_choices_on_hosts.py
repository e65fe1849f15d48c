"""Hosts that a program names, groups that are made, delegates that are chosen, tasks that are picked. On real hosts."""

from __future__ import annotations

import json
import xml.etree.ElementTree as ET
from collections import Counter
from pathlib import Path

import pytest

from tests.e2e.sloth import SLOTH, Folder, Run, environment
from tests.e2e.terminal import typed
from tests.lab.fleet import Lab
from tests.lab.host import Host

pytestmark = pytest.mark.lab


@pytest.fixture
def sources(lab: Lab, lab_hosts: list[Host], tmp_path: Path) -> Path:
    """A folder of sources: a program that prints the hosts, and rules that make their addresses and groups."""
    folder = tmp_path / "sources"
    folder.mkdir()
    known = {
        host.name: {"public_ip": host.address, "rack": f"r{number % 2}", "zone": f"z{number}", "tags": ["lb"]}
        for number, host in enumerate(lab_hosts)
    }
    reach = {"sloth_user": "root", "sloth_private_key": str(lab.key), "sloth_known_hosts": str(lab.known_hosts)}
    answer = {"_meta": {"hostvars": known}, "all": {"vars": reach}, "web": {"hosts": list(known)}}
    program = folder / "10-cloud.py"
    program.write_text(f"#!/usr/bin/env python3\nprint({json.dumps(answer)!r})\n")
    program.chmod(0o755)
    (folder / "20-made.yml").write_text(
        "plugin: constructed\ncompose: {sloth_host: public_ip}\nkeyed_groups: [{key: rack, prefix: rack}]\n"
    )
    return folder


def apply(tmp_path: Path, sources: Path, text: str, *words: str) -> Run:
    site = tmp_path / "site.sloth"
    site.write_text(text)
    run = Run(tmp_path / "home", "apply", "-i", sources, site, *words)
    run.code = run.end()
    return run


def test_hosts_of_a_program_in_groups_that_are_made_are_reached(lab_hosts, sources, tmp_path):
    text = 'local a = task("a"):command("hostname"):build() workflow.define("w"):hosts("rack_r0"):tasks({ a })'
    run = apply(tmp_path, sources, text)
    assert (run.code, set(run.statuses)) == (0, {(host.name, "a") for host in (lab_hosts[0], lab_hosts[2])})


def test_delegates_are_chosen_by_turn_by_load_and_by_zone(lab_hosts, sources, tmp_path):
    names = [host.name for host in lab_hosts]
    chosen = "\n".join(
        f'tasks[#tasks + 1] = task("{strategy} {number}"):command(function() return true, "" end)'
        f':delegate_to({{ tags = {{ "lb" }}, strategy = "{strategy}" }}):build()'
        for strategy in ("round_robin", "least_loaded")
        for number in range(3)
    )
    zone = 'task("near"):command("hostname"):delegate_to({ tags = { "lb" }, strategy = "zone", zone = "z2" }):build()'
    run = apply(tmp_path, sources, f'local tasks = {{ {zone} }}\n{chosen}\nworkflow.define("w"):hosts("web"):tasks(tasks)')
    assert run.code == 0
    places = {task: host for host, task in run.statuses}
    assert places["near"] == names[2]
    assert [places[f"round_robin {number}"] for number in range(3)] == names
    # The third has been chosen by zone, too: it comes when all others have as much.
    assert [places[f"least_loaded {number}"] for number in range(3)] == [names[0], names[1], names[0]]


def test_an_abort_on_one_host_stops_the_others_and_a_retry_is_told_the_error(lab_hosts, sources, tmp_path):
    bad = lab_hosts[1].name
    run = apply(tmp_path, sources, f"""
        local first = task("first"):retries(1, "fixed"):on_retry(function(this, params, err) log.warn("again: " .. err.error) end)
          :command(function()
              exec.check("mkdir /tmp/sloth-tried && echo not yet >&2 && exit 3 || rmdir /tmp/sloth-tried")
          end):build()
        local stop = task("stop"):depends_on(first):command("true")
          :abort_if(function() return inventory_hostname == "{bad}" end):build()
        local last = task("last"):depends_on(stop):command("sleep 30; echo late"):build()
        workflow.define("w"):hosts("web"):tasks({{ first, stop, last }})
    """, "-v")  # fmt: skip
    assert run.code == 2
    assert run.stderr.count("again: ") == len(lab_hosts)
    assert run.statuses[bad, "stop"] == "failed"
    assert {run.statuses[host.name, "last"] for host in lab_hosts} <= {"skipped", "cancelled"}
    assert run.duration < 30


CHAIN = """
    local a = task("a"):command("true"):build()
    local b = task("b"):depends_on(a):command("true"):build()
    local c = task("c"):depends_on(b):command("true"):build()
    workflow.define("w"):hosts("web"):tasks({ a, b, c })
"""


def test_a_run_begins_at_the_task_that_is_named(lab_hosts, sources, tmp_path):
    run = apply(tmp_path, sources, CHAIN, "--start-at-task", "b")
    assert (run.code, {task for _, task in run.statuses}) == (0, {"b", "c"})
    assert len(run.statuses) == 2 * len(lab_hosts)


STEPS = {"a": "y", "b": "y", "c": "n"}


def test_each_task_is_run_when_a_person_says_so(lab_hosts, sources, tmp_path):
    (tmp_path / "site.sloth").write_text(CHAIN)
    words = [*SLOTH, "apply", "-i", str(sources), str(tmp_path / "site.sloth"), "--step"]
    asked = [(f"run task {task}? (N)o, (y)es, (c)ontinue without asking: ", said) for task, said in STEPS.items()]
    code, shown = typed(words, asked, tmp_path, environment(tmp_path / "home"))
    assert code == 0, shown
    results = [line.split()[:2] for line in shown.splitlines() if line.split()[:1] in ([task] for task in STEPS)]
    assert results == [["a", "changed"], ["b", "changed"], ["c", "skipped"]]


def test_results_of_many_hosts_are_one_file_for_a_test_runner(lab_hosts, sources, tmp_path):
    folder = Folder(tmp_path)
    folder.write("site.sloth", CHAIN.replace('depends_on(a):command("true")', 'depends_on(a):command("exit 4")'))
    done = folder.sloth("apply", "-i", str(sources), "site.sloth", "--format", "junit")
    cases = ET.fromstring(done.stdout).iter("testcase")
    found = Counter("failed" if case.find("failure") is not None else "other" for case in cases)
    assert (done.code, found) == (2, {"failed": len(lab_hosts), "other": 2 * len(lab_hosts)})
