"""Jobs: what a host is told of the others."""

from __future__ import annotations

from sloth.core.model import HostPlan, Plan, Task, Workflow, WorkflowFile
from sloth.engine.jobs import JobMaker, Variables
from sloth.engine.request import Request


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
    assert {step["name"]: step["awaited"] for step in steps} == {"db": True, "log": False, "turn": True, "web": False}
