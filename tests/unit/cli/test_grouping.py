"""When the results of a task are told, and which of them in one line."""

from __future__ import annotations

from sloth.cli.render.grouping import PATIENCE, Groups
from sloth.cli.render.results import Detail, look
from sloth.core.events import TaskFinished


def result(host, task="nginx", status="ok", **more):
    return TaskFinished(host, task, status, **more)


EVERYTHING = Detail(2, diff=True)


def collect(planned, detail=EVERYTHING):
    return Groups(planned, lambda one: look(one, detail))


def hosts(groups):
    return [[one.host for one in group] for group in groups]


def test_a_task_is_told_when_all_its_hosts_have_a_result():
    groups = collect({"a": ["nginx", "other"], "b": ["nginx"], "c": ["other"]})
    assert groups.add(result("a"), 0.0) == []
    assert hosts(groups.add(result("b"), 1.0)) == [["a", "b"]]


def test_equal_results_are_one_group_whatever_their_duration():
    groups = collect({"a": ["nginx"], "b": ["nginx"], "c": ["nginx"]})
    groups.add(result("a", duration=1.0), 0.0)
    groups.add(result("b", status="failed"), 0.0)
    assert hosts(groups.add(result("c", duration=9.0), 0.0)) == [["a", "c"], ["b"]]


def test_a_difference_anywhere_keeps_results_apart():
    differences = {"message": "x", "failure": {"stderr": "x"}, "diff": ({"path": "/x"},), "changes": ("x",)}
    for name, value in differences.items():
        groups = collect({"a": ["nginx"], "b": ["nginx"]})
        groups.add(result("a"), 0.0)
        assert hosts(groups.add(result("b", **{name: value}), 0.0)) == [["a"], ["b"]]


def test_a_difference_that_is_not_shown_keeps_nothing_apart():
    groups = collect({"a": ["nginx"], "b": ["nginx"]}, Detail())
    groups.add(result("a", changes=("a.conf",), outputs={"port": 1}, diff=({"path": "/a"},)), 0.0)
    assert hosts(groups.add(result("b"), 0.0)) == [["a", "b"]]


def test_a_slow_host_does_not_hold_back_the_others_for_ever():
    groups = collect({"a": ["nginx"], "slow": ["nginx"]})
    groups.add(result("a"), 10.0)
    assert groups.overdue(10.0 + PATIENCE / 2) == []
    assert hosts(groups.overdue(10.0 + PATIENCE)) == [["a"]]
    assert hosts(groups.add(result("slow"), 60.0)) == [["slow"]]


def test_a_handler_waits_for_others_that_may_be_notified():
    groups = collect({"a": ["nginx"], "b": ["nginx"]})
    assert groups.add(result("a", "restart", handler=True), 0.0) == []
    assert hosts(groups.rest()) == [["a"]]


def test_a_handler_of_every_host_is_told_at_once():
    groups = collect({"a": ["nginx"], "b": ["nginx"]})
    groups.add(result("a", "restart", handler=True), 0.0)
    assert hosts(groups.add(result("b", "restart", handler=True), 0.0)) == [["a", "b"]]


def test_the_end_tells_what_is_left_and_only_once():
    groups = collect({"a": ["nginx"], "b": ["nginx"]})
    groups.add(result("a"), 0.0)
    assert hosts(groups.rest()) == [["a"]]
    assert groups.rest() == []


def test_in_a_rolling_run_a_task_is_told_when_its_batch_has_results_and_what_is_left_out_at_the_end():
    groups = collect({"a": ["nginx"], "b": ["nginx"], "c": ["nginx"], "d": ["nginx"]})
    groups.expect({"a": ["nginx"]})
    assert hosts(groups.add(result("a"), 0.0)) == [["a"]]
    groups.expect({"b": ["nginx"]})
    assert hosts(groups.add(result("b", status="failed"), 0.0)) == [["b"]]
    assert [groups.add(result(host, status="skipped"), 0.0) for host in "cd"] == [[], []]
    assert hosts(groups.rest()) == [["c", "d"]]
