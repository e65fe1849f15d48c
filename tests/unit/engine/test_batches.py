"""Rolling runs: sizes, order, and when they stop."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sloth.core.errors import WorkflowError
from sloth.engine.batches import amount, batches, is_too_many, ordered

TEN = [f"h{number}" for number in range(1, 11)]


@pytest.mark.parametrize(
    ("serial", "sizes"),
    [
        pytest.param([], [10], id="all at once"),
        pytest.param([3], [3, 3, 3, 1], id="a number"),
        pytest.param(["25%"], [2, 2, 2, 2, 2], id="a percentage, rounded down"),
        pytest.param(["1%"], [1] * 10, id="at least one"),
        pytest.param([1, "25%", "100%"], [1, 2, 7], id="a canary, a few, the rest"),
        pytest.param([1, 2], [1, 2, 2, 2, 2, 1], id="the last size repeats"),
        pytest.param([50], [10], id="more than there are"),
    ],
)
def test_sizes(serial, sizes):
    assert [len(batch) for batch in batches(TEN, serial, "", "")] == sizes


@given(st.lists(st.text(min_size=1), unique=True), st.lists(st.integers(1, 20), max_size=4))
def test_every_host_is_in_exactly_one_batch_and_the_order_stays(hosts, serial):
    assert [host for batch in batches(hosts, serial, "", "") for host in batch] == hosts


@pytest.mark.parametrize("odd", [-1, "many", "101%", "-5%", True, 1.5, "%"])
def test_sizes_that_make_no_sense_are_refused(odd):
    with pytest.raises(WorkflowError, match="wants a number of hosts or a percentage"):
        amount(odd, 10, "config.serial", "site.sloth:1")


@pytest.mark.parametrize("none", [0, "0", "0%"])
def test_a_batch_of_no_hosts_is_refused_since_elsewhere_it_means_all(none):
    with pytest.raises(WorkflowError, match="a batch has at least one host") as caught:
        batches(TEN, [1, none], "config.serial", "site.sloth:1")
    assert caught.value.hint == "leave config.serial out for all hosts at once"


@pytest.mark.parametrize(
    ("order", "result"),
    [("inventory", "bac"), ("reverse_inventory", "cab"), ("sorted", "abc"), ("reverse_sorted", "cba")],
)
def test_orders(order, result):
    assert "".join(ordered("bac", order, "")) == result


def test_a_shuffle_loses_nobody():
    assert sorted(ordered(TEN, "shuffle", "")) == sorted(TEN)


def test_an_unknown_order_has_a_near_match():
    with pytest.raises(WorkflowError) as caught:
        ordered(TEN, "shufle", "site.sloth:3")
    assert "shuffle" in caught.value.hint


@pytest.mark.parametrize(
    ("bad", "size", "max_fail", "stops"),
    [
        pytest.param(0, 3, 0, False, id="none failed"),
        pytest.param(1, 3, 0, True, id="none may"),
        pytest.param(1, 3, 1, False, id="one may"),
        pytest.param(2, 3, 1, True, id="two may not"),
        pytest.param(1, 10, "10%", False, id="a tenth may"),
        pytest.param(2, 10, "10%", True, id="two tenths may not"),
        pytest.param(2, 3, None, False, id="unsaid: one is left"),
        pytest.param(3, 3, None, True, id="unsaid: nobody is left"),
        pytest.param(0, 0, None, False, id="an empty batch"),
    ],
)
def test_when_a_rolling_run_stops(bad, size, max_fail, stops):
    assert is_too_many(bad, size, max_fail, "") is stops
