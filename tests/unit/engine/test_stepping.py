"""Asking before each task: once for all hosts, in order, and not about what has ended anyway."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import pytest
from msgspec.structs import replace

from sloth.core.events import TaskFinished
from sloth.core.model import Delegated, HostPlan, Plan, Task, Workflow
from sloth.engine.stepping import Answer, Steps, stepped
from tests.e2e.sloth import until

YES, NO, CONTINUE = Answer.YES, Answer.NO, Answer.CONTINUE
TASKS = tuple(Task(name, "f:1", depends_on=needs) for name, needs in (("c", ("b",)), ("a", ()), ("b", ())))
TOGETHER = (HostPlan("h1", {"a": (), "c": ()}), HostPlan("h2", {"b": (), "c": ("b",)}))
ROLLING = (TOGETHER[0], replace(TOGETHER[1], batch=1))
WORKFLOW = Workflow("w", "f:1", tasks=TASKS)


class Person:
    """Gives these answers; each task that is let through ends on its hosts at once."""

    def __init__(self, *answers: Answer, hosts: tuple[HostPlan, ...] = TOGETHER) -> None:
        self.asked: list[str] = []
        self.gates: dict[str, bool] = {}
        self.answers = list(answers)
        self.steps = Steps(Plan(WORKFLOW, hosts), self._open, self._ask)

    def _ask(self, task: str, is_over: Callable[[], bool]) -> Answer:
        if not self.answers:
            until(is_over)
            return NO
        self.asked.append(task)
        return self.answers.pop(0)

    def _open(self, gate: Mapping[str, object]) -> None:
        task = str(gate["name"]).removeprefix("step: ")
        self.gates[task] = gate["left_out"] is True
        self.ended(task, "h1", "h2")

    def ended(self, task: str, *hosts: str) -> None:
        for host in hosts:
            self.steps.take(TaskFinished(host, task, "ok"))

    def goes_through(self, batch: int, *, to: int) -> None:
        with self.steps.of(batch):
            until(lambda: len(self.gates) == to)


@pytest.mark.parametrize(("answers", "asked", "left_out"), [
    pytest.param([YES, YES, YES], ["a", "b", "c"], [], id="yes"),
    pytest.param([YES, NO, YES], ["a", "b", "c"], ["b"], id="no"),
    pytest.param([NO, CONTINUE], ["a", "b"], ["a"], id="continue"),
])  # fmt: skip
def test_each_task_is_asked_about_once_with_dependencies_first(answers, asked, left_out):
    person = Person(*answers)
    person.goes_through(0, to=3)
    assert person.asked == asked
    assert [task for task, out in person.gates.items() if out] == left_out


def test_a_later_batch_is_asked_about_what_is_new_to_it():
    person = Person(YES, YES, YES, hosts=ROLLING)
    person.goes_through(0, to=2)
    assert person.asked == ["a", "c"]
    person.goes_through(1, to=3)
    assert person.asked == ["a", "c", "b"]


def test_nobody_is_asked_about_a_task_that_has_ended_on_all_hosts():
    person = Person(YES, YES)
    person.ended("a", "h1")  # it was lost, say
    person.goes_through(0, to=2)
    assert person.asked == ["b", "c"]


def test_a_run_that_ends_waits_for_no_answer():
    person = Person()
    with person.steps.of(0):
        pass
    assert person.gates == {}


def test_each_task_has_a_gate_beside_those_that_it_has():
    host = HostPlan("h1", {"a": (), "b": ("a",)}, {"b": ("other",)})
    plan = stepped(Plan(WORKFLOW, (host,), gates={"other": (("h9", "other"),)}))
    assert plan.hosts[0].gates == {"a": ("step: a",), "b": ("other", "step: b")}
    assert plan.gates == {"other": (("h9", "other"),), "step: a": (), "step: b": ()}


def test_a_task_that_is_delegated_for_each_host_is_asked_about_once():
    delegated = {f"a for {host}": Delegated("a", host) for host in ("web1", "web2")}
    person = Person(YES, YES, hosts=(HostPlan("lb", dict.fromkeys(delegated, ()), delegated=delegated),))
    person.goes_through(0, to=1)
    assert person.asked == ["a"]
