"""A task with a serial: which of its places wait for which."""

from __future__ import annotations

import pytest

from sloth.core.errors import WorkflowError
from sloth.core.events import TaskFinished
from sloth.core.model import Plan, Task, Workflow
from sloth.engine.gates import Gates
from sloth.engine.planning import lay_out
from sloth.engine.turns import in_turns

HOSTS = ["h1", "h2", "h3", "h4", "h5"]


def planned(*serial: str | int, hosts: list[str] = HOSTS, of_workflow: tuple[int, ...] = ()) -> Plan:
    tasks = (Task("a", "w:1"), Task("restart", "w:2", serial=serial), Task("c", "w:3"))
    return lay_out(Workflow("w", "w:1", tasks=tasks, serial=of_workflow), hosts, lambda _: hosts)


@pytest.mark.parametrize(
    ("serial", "waits"),
    [
        pytest.param((1,), {"h2": "h1", "h3": "h2", "h4": "h3", "h5": "h4"}, id="one by one"),
        pytest.param((2,), {"h3": "h1 h2", "h4": "h1 h2", "h5": "h3 h4"}, id="pairs"),
        pytest.param((1, "100%"), {"h2": "h1", "h3": "h1", "h4": "h1", "h5": "h1"}, id="a first one"),
        pytest.param((5,), {}, id="all at once"),
        pytest.param((), {}, id="no serial"),
    ],
)
def test_a_turn_waits_for_the_one_before(serial, waits):
    plan = in_turns(planned(*serial))
    found = {
        host.host: " ".join(where for where, _ in plan.turns[gate])
        for host in plan.hosts
        for gate in host.gates.get("restart", ())
    }
    assert found == waits
    assert all(set(host.gates) <= {"restart"} for host in plan.hosts)


def test_each_batch_has_turns_of_its_own():
    plan = in_turns(planned(1, of_workflow=(2,)))
    assert [host.host for host in plan.hosts if host.gates] == ["h2", "h4"]


def test_the_next_turn_comes_however_the_one_before_ended():
    plan = in_turns(planned(1, hosts=["h1", "h2"]))
    gates = Gates(plan)
    gates.take(TaskFinished("h1", "restart", "failed", blocks=True, outputs={"x": 1}))
    (turn,) = plan.turns
    assert gates.follow([turn], lambda *_: None) == {turn: {"name": turn, "ok": True, "outputs": {}}}


def test_an_odd_size_is_an_error_of_the_plan():
    with pytest.raises(WorkflowError, match="task 'restart': serial wants a number of hosts or a percentage") as caught:
        planned("200%")
    assert caught.value.where == "w:2"
