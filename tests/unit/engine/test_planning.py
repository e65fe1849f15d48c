"""Laying a workflow out over hosts."""

from __future__ import annotations

import time

import pytest
from msgspec.structs import replace

from sloth.core.errors import WorkflowError
from sloth.core.model import Task, Workflow
from sloth.engine.planning import Choice, check_tags, lay_out, starting_at

GROUPS = {"web": ["h1", "h2"], "db": ["h3"]}
HOSTS = ["h1", "h2", "h3"]


def task(name: str, *needs: str, hosts: str | None = None, tags: tuple[str, ...] = ()) -> Task:
    return Task(name, f"site.sloth:{name}", depends_on=needs, hosts=hosts, tags=tags)


def plan(*tasks: Task, **options):
    return lay_out(Workflow("site", "site.sloth:1", tasks=tasks), HOSTS, GROUPS.__getitem__, choice=Choice(**options))


def test_each_task_runs_on_each_host_in_file_order():
    assert [(host.host, host.tasks) for host in plan(task("b"), task("a")).hosts] == [(h, ("b", "a")) for h in HOSTS]


def test_a_task_that_narrows_runs_only_there_and_hosts_with_nothing_to_do_are_left_out():
    assert [(host.host, host.tasks) for host in plan(task("a", hosts="db")).hosts] == [("h3", ("a",))]


def test_a_plan_stands_in_the_order_in_which_it_runs():
    laid_out = plan(task("last", "first"), task("other"), task("first"))
    assert laid_out.hosts[0].tasks == ("other", "first", "last")


def test_the_first_of_the_file_that_can_run_does():
    tasks = [task("e", "d", "b"), task("d", "c"), task("b"), task("a", "d"), task("c")]
    assert plan(*tasks).hosts[0].tasks == ("b", "c", "d", "e", "a")


def test_thousands_of_tasks_that_stand_in_the_wrong_order_are_put_right_in_a_moment():
    many = [task(f"t{number}", f"t{number + 1}") for number in range(5000)]
    began = time.process_time()
    laid = plan(*many, task("t5000"))
    assert time.process_time() - began < 3
    assert laid.hosts[0].tasks[:2] == ("t5000", "t4999")


def test_what_is_not_selected_by_tags_counts_as_met():
    only = plan(task("a", tags=("base",)), task("b", "a", tags=("web",)), tags=["web"])
    assert only.hosts[0].needs == {"b": ()}


def test_skip_tags_win_over_tags():
    assert plan(task("a", tags=("x", "slow")), task("b", tags=("x",)), tags=["x"], skip_tags=["slow"]).hosts[
        0
    ].tasks == ("b",)


def test_a_cycle_is_shown_whole_and_in_the_direction_of_waiting():
    with pytest.raises(WorkflowError, match=r"a → c → b → a|c → b → a → c|b → a → c → b") as caught:
        plan(task("a", "c"), task("b", "a"), task("c", "b"))
    assert caught.value.where.startswith("site.sloth:")


def test_an_unknown_tag_is_an_error_with_a_near_match():
    with pytest.raises(WorkflowError, match="has the tag 'wbe'") as caught:
        check_tags([Workflow("w", "", tasks=(task("a", tags=("web",)),))], ["wbe"])
    assert "web" in caught.value.hint


def test_a_dependency_on_a_task_of_other_hosts_is_a_gate():
    laid = plan(task("a", hosts="db"), task("b", "a", hosts="web"))
    assert [(host.host, dict(host.gates)) for host in laid.hosts] == [
        ("h1", {"b": ("a",)}),
        ("h2", {"b": ("a",)}),
        ("h3", {}),
    ]


def test_thousands_of_hosts_that_wait_for_thousands_of_others_are_laid_out_in_a_moment():
    hosts = {kind: [f"{kind}{number}" for number in range(3000)] for kind in ("db", "web")}
    workflow = Workflow("site", "site.sloth:1", tasks=(task("a", hosts="db"), task("b", "a", hosts="web")))
    began = time.process_time()
    laid = lay_out(workflow, [*hosts["web"], *hosts["db"]], hosts.__getitem__)
    assert time.process_time() - began < 1
    assert laid.gates == {"a": tuple((host, "a") for host in hosts["db"])}


def test_where_a_task_runs_on_ones_own_host_nobody_else_is_waited_for():
    assert all(not host.gates for host in plan(task("a"), task("b", "a")).hosts)


def test_a_task_that_runs_once_does_so_on_the_first_host_and_the_others_wait_for_it():
    laid = plan(replace(task("a"), run_once=True), task("b", "a"))
    assert [host.tasks for host in laid.hosts] == [("a", "b"), ("b",), ("b",)]
    assert [dict(host.gates) for host in laid.hosts] == [{}, {"b": ("a",)}, {"b": ("a",)}]


def test_batches_hold_the_hosts_that_have_something_to_do():
    workflow = Workflow("site", "site.sloth:1", tasks=(task("a", hosts="web"),), serial=(1,))
    assert lay_out(workflow, HOSTS, GROUPS.__getitem__).batches == (("h1",), ("h2",))


def test_a_batch_in_which_nobody_has_anything_to_do_is_not_counted():
    workflow = Workflow("site", "site.sloth:1", tasks=(task("a", hosts="ends"),), serial=(1,))
    laid = lay_out(workflow, HOSTS, {"ends": ["h1", "h3"]}.__getitem__)
    assert laid.batches == (("h1",), ("h3",))
    assert [(host.host, host.batch) for host in laid.hosts] == [("h1", 0), ("h3", 1)]


def test_nobody_waits_for_a_later_batch():
    tasks = (task("a", hosts="db"), task("b", "a", hosts="web"))
    with pytest.raises(WorkflowError, match="'b' on h1 waits for 'a' on h3, which is in a later batch"):
        lay_out(Workflow("site", "site.sloth:1", tasks=tasks, serial=(2,)), HOSTS, GROUPS.__getitem__)
    reverse = Workflow("site", "site.sloth:1", tasks=tasks, serial=(2,), order="reverse_inventory")
    assert lay_out(reverse, HOSTS, GROUPS.__getitem__).batches == (("h3", "h2"), ("h1",))


@pytest.mark.parametrize(
    ("tags", "skip_tags", "chosen"),
    [
        pytest.param([], [], "abd", id="never is left out"),
        pytest.param(["x"], [], "abc", id="always comes along, never when it is asked for by another tag"),
        pytest.param(["never"], [], "bc", id="never by its name"),
        pytest.param(["x"], ["always"], "ac", id="always can be skipped"),
        pytest.param([], ["x"], "bd", id="skipped wins"),
    ],
)
def test_always_and_never(tags, skip_tags, chosen):
    laid = plan(
        task("a", tags=("x",)), task("b", tags=("always",)), task("c", tags=("never", "x")), task("d"),
        tags=tags, skip_tags=skip_tags,
    )  # fmt: skip
    assert "".join(laid.hosts[0].tasks) == chosen


def test_what_stands_before_the_first_task_that_is_wanted_counts_as_met():
    laid_out = plan(task("a"), task("b", "a"), task("c", "b"), task("d", "a"), start_at="b")
    assert laid_out.hosts[0].needs == {"b": (), "c": ("b",), "d": ()}


def test_workflows_before_the_one_with_the_first_task_are_left_out():
    one, two, three = (Workflow(name, "f:1", tasks=(task(name),)) for name in ("one", "two", "three"))
    assert starting_at([one, two, three], "two") == [two, three]
    with pytest.raises(WorkflowError, match="no task 'tow' to start at") as raised:
        starting_at([one, two, three], "tow")
    assert "'two'" in raised.value.hint


def test_a_first_task_that_tags_leave_out_is_an_error():
    with pytest.raises(WorkflowError, match="'a', to start at, is left out"):
        plan(task("a"), task("b", tags=("x",)), tags=["x"], start_at="a")
