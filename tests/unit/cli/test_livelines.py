"""Lines of many hosts while they work: equal ones together, each host's in their order."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from sloth.cli.render.livelines import PATIENCE, Line, LiveLines


def said(lines: Sequence[Line]) -> list[tuple[str, str]]:
    return [(line.text, ",".join(line.hosts)) for line in lines]


def heard(hosts: int, *spoken: tuple[str, str]) -> list[tuple[str, str]]:
    """What is told of lines that come at one moment, (host, text) each."""
    lines = LiveLines(hosts)
    told = [line for host, text in spoken for line in lines.add(host, "t", text, "plain", 0.0)]
    return said([*told, *lines.rest()])


@pytest.mark.parametrize(("hosts", "spoken", "told"), [
    pytest.param(1, [("a", "1"), ("a", "2")], [("1", "a"), ("2", "a")], id="one host"),
    pytest.param(2, [("a", "1"), ("b", "1"), ("a", "2"), ("b", "2")], [("1", "a,b"), ("2", "a,b")], id="in step"),
    pytest.param(2, [("a", "1"), ("a", "2"), ("b", "1"), ("b", "2")], [("1", "a,b"), ("2", "a,b")], id="one behind"),
    pytest.param(2, [("a", "1"), ("a", "2"), ("b", "2"), ("b", "1")], [("1", "a"), ("2", "a,b"), ("1", "b")],
                 id="another order"),
    pytest.param(2, [("a", "1"), ("a", "1"), ("b", "1")], [("1", "a,b"), ("1", "a")], id="the same line twice"),
    pytest.param(3, [("a", "1"), ("b", "2"), ("c", "1")], [("1", "a,c"), ("2", "b")], id="one differs"),
])  # fmt: skip
def test_equal_lines_are_one_and_each_host_keeps_its_order(hosts, spoken, told):
    assert heard(hosts, *spoken) == told


def test_a_line_waits_a_moment_for_other_hosts():
    lines = LiveLines(2)
    assert lines.add("a", "t", "1", "plain", 0.0) == []
    assert lines.overdue(PATIENCE / 2) == []
    assert said(lines.overdue(PATIENCE)) == [("1", "a")]


def test_lines_of_another_style_are_others():
    lines = LiveLines(2)
    lines.add("a", "t", "1", "plain", 0.0)
    lines.add("b", "t", "1", "red", 0.0)
    assert said(lines.rest()) == [("1", "a"), ("1", "b")]


def test_only_so_many_lines_wait():
    lines = LiveLines(2)
    told = [line for number in range(1500) for line in lines.add("a", "t", str(number), "plain", 0.0)]
    assert [line.text for line in told] == [str(number) for number in range(500)]


def test_lines_of_a_task_come_before_how_it_ended_and_those_of_others_wait_on():
    lines = LiveLines(2)
    for task in ("one", "two", "one", "two"):
        lines.add("a", task, "x", "plain", 0.0)
    assert [line.task for line in lines.before("one")] == ["one", "two", "one"]
    assert [line.task for line in lines.rest()] == ["two"]
