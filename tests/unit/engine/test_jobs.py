"""Jobs: what a host is told of the others."""

from __future__ import annotations

from sloth.core.model import HostPlan, Plan, Retry, Task, Workflow, WorkflowFile
from sloth.engine.jobs import JobMaker, Variables
from sloth.engine.request import Request
from sloth.runtime.job import Step


def test_a_host_knows_which_of_its_tasks_others_wait_for():
    workflow = Workflow("w", "w:1", tasks=tuple(Task(name, "w:1") for name in ("db", "log", "web", "turn")))
    hosts = (
        HostPlan("h1", {"db": (), "log": (), "turn": ()}),
        HostPlan("h2", {"web": ()}, {"web": ("db",)}),
    )
    plan = Plan(workflow, hosts, (), {"db": (("h1", "db"),)}, turns={"next": (("h1", "turn"),)})
    file = WorkflowFile("w.sloth", "w.sloth", {}, (workflow,))
    maker = JobMaker("r", file, plan, Request("w.sloth"), Variables({}, {}), {})
    steps = [step for host in hosts for step in maker.job(host, lambda _: {})["steps"]]
    assert {step["name"] for step in steps if step.get("awaited")} == {"db", "turn"}


def test_of_a_task_a_host_is_told_what_it_does_not_take_for_granted():
    tasks = (Task("plain", "w:1"), Task("tried again", "w:2", retry=Retry(3), timeout=5.0, ignore_errors=True))
    workflow, host = Workflow("w", "w:1", tasks=tasks), HostPlan("h1", {"plain": (), "tried again": ("plain",)})
    maker = JobMaker(
        "r", WorkflowFile("w.sloth", "w.sloth", {}, (workflow,)), Plan(workflow, (host,)), Request("w.sloth"),
        Variables({}, {}), {},
    )  # fmt: skip
    job = maker.job(host, lambda _: {})
    plain, tried = job["steps"]
    assert plain == {"task": "plain", "name": "plain", "host": host.owner("plain")}
    assert (tried["retries"]["count"], tried["timeout"], tried["needs"]) == (3, 5.0, ["plain"])
    heard = [Step(step) for step in job["steps"]]
    assert [(step.retries.count, step.retries.delay) for step in heard] == [(0, 1.0), (3, 1.0)]
