"""A plan on paper: what is alike is told once."""

from __future__ import annotations

import json
import time

import pytest

from sloth.cli.render import plans
from sloth.cli.render.format import Format
from sloth.core.model import Delegation, Plan, Task, Workflow
from sloth.engine.planning import lay_out

HOSTS = [f"web{number}" for number in range(1, 13)]


def task(name: str, *needs: str, per_host: bool | None = None) -> Task:
    delegation = None if per_host is None else Delegation("site.sloth:1", hosts=("lb",), per_host=per_host)
    return Task(name, "site.sloth:1", depends_on=needs, delegate_to=delegation)


def plan(*tasks: Task, serial: tuple[int, ...] = ()) -> Plan:
    workflow = Workflow("w", "site.sloth:1", tasks=tasks, serial=serial)
    return lay_out(workflow, HOSTS, lambda pattern: HOSTS, lambda task, host, load: ["lb"])


ROLLING = (task("drain", per_host=True), task("update", "drain"), task("enable", "update", per_host=True))


@pytest.mark.parametrize("serial", [(), (5,)])
def test_what_a_delegate_does_for_each_host_is_one_line(capsys, serial):
    plans.show([plan(*ROLLING, serial=serial)], Format.TEXT)
    lines = capsys.readouterr().out.splitlines()
    assert lines[1:6] == [
        "  web[1:12] (12 hosts)",
        "    1  update  after drain on lb",
        "  lb",
        "    1  drain for web[1:12] (12 hosts)",
        "    2  enable for web[1:12] (12 hosts)  after update on web[1:12] (12 hosts)",
    ]


def test_what_runs_once_for_all_stands_at_its_delegate(capsys):
    plans.show([plan(task("a"), task("tell", "a", per_host=False))], Format.TEXT)
    lines = capsys.readouterr().out.splitlines()
    assert lines[3:] == ["  lb", "    1  tell  after a on web[1:12] (12 hosts)"]


def test_tasks_that_hosts_run_in_turns_are_named(capsys):
    workflow = Workflow("w", "site.sloth:1", tasks=(task("a"), Task("restart", "site.sloth:2", serial=(1, "50%"))))
    laid = lay_out(workflow, HOSTS, lambda pattern: HOSTS)
    plans.show([laid], Format.TEXT)
    assert capsys.readouterr().out.splitlines()[-1] == "  in turns: restart (1, 50%)"
    plans.show([laid], Format.JSON)
    assert json.loads(capsys.readouterr().out)["workflows"][0]["turns"] == {"restart": [1, "50%"]}


def test_of_many_batches_the_first_are_shown(capsys):
    plans.show([plan(task("a"), serial=(1,))], Format.TEXT)
    assert capsys.readouterr().out.splitlines()[-1].endswith("· web10 · …")


def test_of_many_tasks_that_one_waits_for_the_first_are_shown(capsys):
    many = [task(f"t{number}") for number in range(1, 21)]
    plans.show([plan(*many, task("last", *(one.name for one in many)))], Format.TEXT)
    lines = capsys.readouterr().out.splitlines()
    assert lines[-2:] == ["    20  t20", "    21  last  after t1, t2, t3, t4, t5, t6, … (20 tasks)"]


def test_what_thousands_wait_for_behind_one_gate_is_put_into_words_in_a_moment(capsys):
    hosts = {kind: [f"{kind}{number}" for number in range(3000)] for kind in ("db", "web")}
    waits = Task("b", "site.sloth:2", hosts="web", depends_on=("a",))
    workflow = Workflow("w", "site.sloth:1", tasks=(Task("a", "site.sloth:1", hosts="db"), waits))
    laid = lay_out(workflow, [*hosts["web"], *hosts["db"]], hosts.__getitem__)
    began = time.process_time()
    plans.show([laid], Format.TEXT)
    assert time.process_time() - began < 3
    assert "1  b  after a on db[0:2999] (3000 hosts)" in capsys.readouterr().out
