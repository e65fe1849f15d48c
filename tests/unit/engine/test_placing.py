"""Delegated tasks in a plan: where they stand, what they wait for, in which batch."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pytest
from msgspec.structs import replace

from sloth.core.errors import WorkflowError
from sloth.core.model import Delegation, Plan, Task, Workflow
from sloth.engine.planning import lay_out

HOSTS = ["w1", "w2", "w3"]


def task(name: str, *needs: str, at: str | None = None, per_host: bool = False, run_once: bool = False) -> Task:
    delegation = None if at is None else Delegation("site.sloth:1", hosts=tuple(at.split()), per_host=per_host)
    return Task(name, f"site.sloth:{name}", depends_on=needs, delegate_to=delegation, run_once=run_once)


def by_name(task: Task, host: str | None, load: Mapping[str, int]) -> Sequence[str]:
    assert task.delegate_to is not None
    return task.delegate_to.hosts


def plan(*tasks: Task, serial: tuple[int, ...] = ()) -> Plan:
    return lay_out(Workflow("w", "site.sloth:1", tasks=tasks, serial=serial), HOSTS, lambda pattern: HOSTS, by_name)


def tasks(laid: Plan) -> list[tuple[int, str, tuple[str, ...]]]:
    return [(host.batch, host.host, host.tasks) for host in laid.hosts]


ROLLING = (
    task("drain", at="lb", per_host=True),
    task("update", "drain"),
    task("enable", "update", at="lb", per_host=True),
)


def test_a_delegated_task_runs_once_and_its_dependents_wait_for_it():
    laid = plan(task("a", at="lb"), task("b", "a"))
    assert tasks(laid) == [(0, "w1", ("b",)), (0, "w2", ("b",)), (0, "w3", ("b",)), (0, "lb", ("a",))]
    assert [dict(host.gates) for host in laid.hosts] == [{"b": ("a",)}] * 3 + [{}]
    assert laid.gates == {"a": (("lb", "a"),)}


def test_it_waits_for_all_hosts_of_what_it_depends_on():
    laid = plan(task("a"), task("b", "a", at="lb"))
    assert laid.gates == {"a": (("w1", "a"), ("w2", "a"), ("w3", "a"))}


def test_a_list_of_delegates_is_waited_for_as_a_whole_also_by_one_of_them():
    laid = plan(task("a", at="w1 lb"), task("b", "a"))
    assert laid.gates == {"a": (("w1", "a"), ("lb", "a"))}
    assert dict(laid.hosts[0].gates) == {"b": ("a",)}
    assert laid.hosts[0].needs["b"] == ()


def test_one_of_the_workflows_hosts_that_is_the_delegate_needs_no_gate_for_itself():
    laid = plan(task("a", at="w2"), task("b", "a"))
    assert [(host.host, dict(host.needs), dict(host.gates)) for host in laid.hosts][1] == (
        "w2", {"a": (), "b": ("a",)}, {},
    )  # fmt: skip


def test_run_once_takes_the_first_delegate_and_the_first_host():
    assert tasks(plan(task("a", at="x y", run_once=True))) == [(0, "x", ("a",))]
    assert tasks(plan(task("a", at="x", per_host=True, run_once=True))) == [(0, "x", ("a for w1",))]


def test_for_each_host_there_is_one_task_that_waits_for_that_host_alone():
    laid = plan(*ROLLING, serial=(1, 2))
    assert tasks(laid) == [
        (0, "w1", ("update",)),
        (0, "lb", ("drain for w1", "enable for w1")),
        (1, "w2", ("update",)),
        (1, "w3", ("update",)),
        (1, "lb", ("drain for w2", "drain for w3", "enable for w2", "enable for w3")),
    ]
    assert laid.batches == (("w1",), ("w2", "w3"))
    assert dict(laid.hosts[3].gates) == {"update": ("drain for w3",)}
    assert laid.gates["drain for w3"] == (("lb", "drain for w3"),)
    assert dict(laid.hosts[4].gates) == {"enable for w2": ("update on w2",), "enable for w3": ("update on w3",)}
    assert laid.gates["update on w2"] == (("w2", "update"),)
    assert laid.hosts[4].deps["enable for w2"] == {"update": "update on w2"}


def test_its_failure_is_that_of_its_host():
    laid = plan(*ROLLING)
    delegate = laid.hosts[-1]
    assert [delegate.owner(name) for name in delegate.tasks] == ["w1", "w2", "w3"] * 2


def test_tasks_of_one_host_at_one_delegate_wait_for_each_other_without_a_gate():
    laid = plan(task("a", at="lb", per_host=True), task("b", "a", at="lb", per_host=True))
    assert laid.hosts[0].needs["b for w2"] == ("a for w2",)
    assert laid.gates == {}


@pytest.mark.parametrize(
    ("tasks", "batch"),
    [
        pytest.param((task("u"), task("a", at="lb")), 0, id="that waits for nothing: the first"),
        pytest.param((task("u"), task("a", "u", at="lb")), 2, id="that waits for all hosts: the last"),
        pytest.param((task("f", at="x"), task("a", "f", at="lb"), task("u", "a")), 0, id="before the hosts"),
    ],
)
def test_the_batch_of_a_task_that_serves_all_hosts(tasks, batch):
    laid = plan(*tasks, serial=(1,))
    assert next(host.batch for host in laid.hosts if "a" in host.tasks) == batch


def test_who_serves_all_hosts_before_and_after_them_takes_part_in_two_batches():
    laid = plan(task("first", at="lb"), task("u", "first"), task("last", "u", "first", at="lb"), serial=(1,))
    assert [(host.batch, host.tasks) for host in laid.hosts if host.host == "lb"] == [(0, ("first",)), (2, ("last",))]
    assert dict(laid.hosts[-1].gates) == {"last": ("u", "first")}


def test_nobody_waits_for_a_delegated_task_of_a_later_batch():
    with pytest.raises(WorkflowError, match="'b' on w1 waits for 'sum' on lb, which is in a later batch"):
        plan(task("u"), task("sum", "u", at="lb"), task("b", "sum"), serial=(1,))


def test_a_task_for_which_no_host_takes_part_is_not_delegated_either():
    laid = lay_out(Workflow("w", "", tasks=(task("a", at="lb"),)), [], lambda pattern: [], by_name)
    assert laid.hosts == ()


def test_a_made_up_name_that_a_task_has_is_an_error():
    with pytest.raises(WorkflowError, match="'a for w1' is the name of a task"):
        plan(task("a", at="lb", per_host=True), task("a for w1"))


def test_only_a_host_whose_tasks_all_say_so_is_stood_in_for():
    def may(name: str) -> Task:
        return replace(task(name, at="lb"), delegate_to=Delegation("", hosts=("lb",), fallback=True))

    assert plan(may("a"), may("b")).hosts[0].fallback
    assert not plan(may("a"), task("b", at="lb")).hosts[0].fallback


def test_thousands_of_hosts_are_placed_in_a_moment():
    many = [f"h{number}" for number in range(3000)]
    laid = lay_out(Workflow("w", "", tasks=ROLLING), many, lambda pattern: many, by_name)
    assert len(laid.hosts) == 3001
    assert len(laid.gates) == 6000
