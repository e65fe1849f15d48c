"""Artifacts from one real host to others, as the tasks' settings say it, through both placements."""

from __future__ import annotations

from pathlib import Path

import pytest

from sloth.core.events import Event, TaskFinished
from sloth.engine.request import Request, Targets
from sloth.engine.root import apply

SITE = """workflow.define("w", {{ tasks = {{
  {{ name = "make", hosts = "h1", workdir = "{work}", artifacts = {{ "*.bin", "sub" }},
    command = "mkdir -p sub; head -c 3000000 /dev/urandom > big.bin; echo small > sub/x; sha256sum < big.bin" }},
  {{ name = "use", hosts = "h2", depends_on = "make", workdir = "{work}", consumes = {{ "make" }},
    command = "sha256sum < big.bin; cat sub/x" }},
}}, workdir = "{work}", create_workdir_before_run = true, clean_workdir_after_run = true }})
"""


@pytest.mark.lab
@pytest.mark.parametrize("placement", ["target", "controller"])
def test_a_task_of_one_host_gets_what_a_task_of_another_left(lab, lab_hosts, tmp_path: Path, monkeypatch, placement):
    monkeypatch.setenv("SLOTH_HOME", str(tmp_path / "home"))
    hosts = lab_hosts[:2]
    inventory = tmp_path / "lab.yml"
    inventory.write_text(lab.inventory(hosts))
    site = tmp_path / "site.sloth"
    names = [host.name for host in hosts]
    work = f"/tmp/sloth-test-{tmp_path.name}"
    site.write_text(SITE.format(work=work).replace('"h1"', f'"{names[0]}"').replace('"h2"', f'"{names[1]}"'))
    events: list[Event] = []
    targets = Targets(inventory=(str(inventory),), user="root")
    extra = (f"sloth_placement={placement}",)
    code = apply(Request(str(site), targets, extra=extra, lock_wait=60.0), [events.append])
    finished = {event.task: event for event in events if isinstance(event, TaskFinished)}
    assert code == 0, finished
    made, used = (str(finished[task].outputs["stdout"]).split() for task in ("make", "use"))
    assert used == [made[0], "-", "small"]
    for host in hosts:
        host.exec("test", "!", "-e", work)
