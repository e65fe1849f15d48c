"""Much goes wrong at once on many hosts: each limit holds, others finish, the recap tells the truth.

Accounts of two machines stand for the hosts. Those of one lose their link; of the other's some freeze, some run away,
some wait for themselves. What becomes of a host without a limit for its task, test_fleet_faults.py shows.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from tests.e2e.sloth import Run, until
from tests.lab.crowd import Member, crowd
from tests.lab.fleet import Lab
from tests.lab.host import Host

pytestmark = pytest.mark.lab

NAP = f"sleep {secrets.randbelow(10**6) + 10**6}"  # nobody else's, whatever else is tried on these hosts
EACH = 4
KINDS = ("fine", "frozen", "loops", "stuck")  # of the first machine
WORKFLOW = f"""
    local nap = task("nap"):hosts("frozen:cut"):timeout("8s"):command("{NAP}"):build()
    local loop = task("loop"):hosts("loops"):timeout("2s"):command(function() while true do end end):build()
    local stuck = task("stuck"):hosts("stuck"):command(function()
      local channel = goroutine.channel()
      channel:receive()
    end):build()
    local fine = task("fine"):hosts("all:!frozen:!cut"):command("true"):build()
    local waits = task("waits"):hosts("fine"):depends_on(nap):command("true"):build()
    workflow.define("w"):tasks({{ nap, loop, stuck, fine, waits }})
"""


@pytest.fixture
def members(lab_hosts: list[Host]) -> Iterator[dict[str, Sequence[Member]]]:
    """The hosts by their fate."""
    with crowd(lab_hosts[:2], 2 * EACH * len(KINDS)) as everybody:
        first = [one for one in everybody if one.address == lab_hosts[0].address]
        fates = {kind: first[number * EACH : (number + 1) * EACH] for number, kind in enumerate(KINDS)}
        yield {**fates, "cut": [one for one in everybody if one.address == lab_hosts[1].address]}


@pytest.fixture
def inventory(lab: Lab, members: dict[str, Sequence[Member]], tmp_path: Path) -> Path:
    lines = ["all:", "  vars:", f"    sloth_private_key: {lab.key}", f"    sloth_known_hosts: {lab.known_hosts}"]
    lines += ["  children:"]
    for kind, some in members.items():
        lines += [f"    {kind}:", "      hosts:"]
        lines += [
            f"        {kind}{number}: {{ sloth_host: {one.address}, sloth_user: {one.user} }}"
            for number, one in enumerate(some)
        ]
    path = tmp_path / "hosts.yml"
    path.write_text("\n".join(lines) + "\n")
    return path


def naps(host: Host) -> int:
    return len(host.exec("pgrep", "-f", f"{NAP[:-1]}[{NAP[-1]}]", check=False).stdout.split())


def test_many_hosts_that_freeze_run_away_or_are_cut_off_hold_up_nobody(
    lab_hosts: list[Host], members: dict[str, Sequence[Member]], inventory: Path, tmp_path: Path
):
    first, second = lab_hosts[:2]
    site = tmp_path / "site.sloth"
    site.write_text(WORKFLOW)
    count = sum(map(len, members.values()))
    run = Run(tmp_path / "home", "apply", "-f", str(count), "-i", inventory, site)
    frozen = ",".join(one.user for one in members["frozen"])
    try:
        until(lambda: naps(first) >= EACH and naps(second) >= len(members["cut"]), timeout=40)
        first.exec("pkill", "-STOP", "-u", frozen)
        second.cut()
        assert run.end(timeout=40) == 2
    finally:
        first.exec("pkill", "-CONT", "-u", frozen, check=False)
        second.mend()
    assert statuses(run) == {
        ("fine", "fine"): {"changed"}, ("fine", "waits"): {"skipped"},
        ("frozen", "nap"): {"timed_out"}, ("cut", "nap"): {"timed_out"},
        ("loops", "loop"): {"timed_out"}, ("loops", "fine"): {"changed"},
        ("stuck", "stuck"): {"failed"}, ("stuck", "fine"): {"changed"},
    }  # fmt: skip
    took = {kind: [event["duration"] for event in run.finished if event["task"] == kind] for kind in ("loop", "nap")}
    assert 2.0 <= min(took["loop"]) <= max(took["loop"]) < 3.0
    assert 8.0 <= min(took["nap"]) <= max(took["nap"]) < 9.0
    told = [event["message"] for event in run.finished if event["task"] == "stuck"]
    assert all("deadlock: no goroutine can go on" in text for text in told)
    assert run.events[-1]["counts"] == counted(run)
    until(lambda: not naps(first) and not naps(second))


def statuses(run: Run) -> dict[tuple[str, str], set[str]]:
    """(kind of host, task) → how it ended there."""
    found: dict[tuple[str, str], set[str]] = {}
    for (host, task), status in run.statuses.items():
        found.setdefault((host.rstrip("0123456789"), task), set()).add(status)
    return found


def counted(run: Run) -> dict[str, dict[str, int]]:
    """Host → status → how often: the recap, as the ends of the tasks tell it."""
    counts: dict[str, dict[str, int]] = {}
    for event in run.finished:
        of_host = counts.setdefault(event["host"], {})
        of_host[event["status"]] = of_host.get(event["status"], 0) + 1
    return counts
