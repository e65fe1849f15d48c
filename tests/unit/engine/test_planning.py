"""Laying a workflow out over hosts."""

from __future__ import annotations

import pytest

from sloth.core.errors import WorkflowError
from sloth.core.model import Task, Workflow
from sloth.engine.planning import check_tags, lay_out

GROUPS = {"web": ["h1", "h2"], "db": ["h3"]}
HOSTS = ["h1", "h2", "h3"]


def task(name: str, *needs: str, hosts: str | None = None, tags: tuple[str, ...] = ()) -> Task:
    return Task(name, f"site.sloth:{name}", depends_on=needs, hosts=hosts, tags=tags)


def plan(*tasks: Task, **options):
    return lay_out(Workflow("site", "site.sloth:1", tasks=tasks), HOSTS, GROUPS.__getitem__, **options)


def test_each_task_runs_on_each_host_in_file_order():
    assert [(host.host, host.tasks) for host in plan(task("b"), task("a")).hosts] == [(h, ("b", "a")) for h in HOSTS]


def test_a_task_that_narrows_runs_only_there_and_hosts_with_nothing_to_do_are_left_out():
    assert [(host.host, host.tasks) for host in plan(task("a", hosts="db")).hosts] == [("h3", ("a",))]


def test_a_plan_stands_in_the_order_in_which_it_runs():
    laid_out = plan(task("last", "first"), task("other"), task("first"))
    assert laid_out.hosts[0].tasks == ("other", "first", "last")


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


def test_a_dependency_on_a_task_of_other_hosts_only_is_refused():
    with pytest.raises(WorkflowError, match="'b' on h1 depends on 'a', which runs only on h3"):
        plan(task("a", hosts="db"), task("b", "a", hosts="web"))
