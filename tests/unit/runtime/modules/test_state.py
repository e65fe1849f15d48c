"""What the module `state` asks of the controller, and what it makes of the answers."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from sloth.engine.leases import Leases
from sloth.runtime.action import Values
from sloth.runtime.deadline import Timer
from sloth.runtime.failure import ActionFailed
from sloth.runtime.host import Host
from sloth.runtime.modules import state
from sloth.store import Locks, SqliteDatabase, State
from tests.doubles import real_host
from tests.stateful import stateful_for

Ask = Callable[[str, dict[str, object]], object]


@pytest.fixture
def controller(tmp_path: Path) -> Callable[[str], Ask]:
    """The controller's side, as the host of a name sees it."""
    database = SqliteDatabase(tmp_path / "store.db")
    leases = Leases(Locks(database), Timer(), print)

    def seen_by(name: str) -> Ask:
        answers = stateful_for(database, leases, name)
        return lambda verb, args: answers.answer(args) if verb == "state" else None

    return seen_by


@pytest.fixture
def host(controller: Callable[[str], Ask]) -> Host:
    return real_host(ask=controller("h1"))


def test_what_was_set_is_there_for_all_hosts(host: Host, controller: Callable[[str], Ask]):
    assert state.set_(host, key="a", value={"x": [1]}) == {"version": 1}
    other = real_host(ask=controller("h2"))
    assert state.get(other, key="a") == {"x": [1]}
    assert state.exists(other, key="a")
    assert state.keys(other) == ["a"]
    assert state.list_(other) == {"a": {"x": [1]}}
    assert host.changes == ["state: set a"] and not other.changes


def test_absence_is_told_from_emptiness(host: Host):
    assert state.get(host, key="a") is None
    assert state.get(host, key="a", default=7) == 7
    state.set_(host, key="a", value=None)
    assert state.exists(host, key="a")
    assert state.get(host, key="a", default=7) is None


@pytest.mark.parametrize(
    ("change", "noted"),
    [
        pytest.param(lambda host: state.set_(host, key="a", value=1), False, id="set to what it is"),
        pytest.param(lambda host: state.set_(host, key="a", value=True), True, id="true is not 1"),
        pytest.param(lambda host: state.set_(host, key="b", value=1), True, id="set"),
        pytest.param(lambda host: state.set_with_ttl(host, key="b", value=1, ttl=60.0), True, id="set with a ttl"),
        pytest.param(lambda host: state.delete(host, key="a"), True, id="delete"),
        pytest.param(lambda host: state.delete(host, key="b"), False, id="delete what is not there"),
        pytest.param(state.clear, True, id="clear"),
        pytest.param(lambda host: state.clear(host, prefix="b"), False, id="clear nothing"),
        pytest.param(lambda host: state.incr(host, key="a"), True, id="add"),
        pytest.param(lambda host: state.decrement(host, key="a"), True, id="take"),
        pytest.param(lambda host: state.cas(host, key="a", expected=1, value=2), True, id="swap"),
        pytest.param(lambda host: state.cas(host, key="a", expected=2, value=3), False, id="no swap"),
    ],
)
def test_check_mode_tells_what_would_change_and_changes_nothing(controller, change, noted: bool):
    state.set_(real_host(ask=controller("h1")), key="a", value=1)
    checked = real_host(ask=controller("h1"), check=True)
    change(checked)
    assert state.list_(checked) == {"a": 1}
    done = real_host(ask=controller("h1"))
    change(done)
    assert checked.changes == done.changes
    assert bool(done.changes) is noted


def test_numbers_and_swaps_come_back_as_plain_values(host: Host):
    assert state.incr(host, key="n") == Values([1])
    assert state.incr(host, key="n", by=4) == Values([5])
    assert state.decrement(host, key="n", by=2) == Values([3])
    assert state.cas(host, key="leader", expected=None, value="h1") == Values([True])
    assert state.cas(host, key="leader", expected=None, value="h2") == Values([False, "leader has another value"])
    assert state.clear(host) == Values([2])


@pytest.mark.parametrize(
    ("prefix", "keys"),
    [
        ("", ["a/1", "a/2", "b"]),
        ("a/", ["a/1", "a/2"]),
        ("*2", ["a/2"]),
        ("a/?", ["a/1", "a/2"]),
        ("a", ["a/1", "a/2"]),
    ],
)
def test_keys_by_prefix_or_pattern(host: Host, prefix: str, keys: list[str]):
    for key in ("a/1", "a/2", "b"):
        state.set_(host, key=key, value=1)
    assert state.keys(host, prefix=prefix) == keys


def test_namespaces_are_apart(host: Host):
    state.set_(host, key="a", value=1, namespace="one")
    assert state.keys(host) == []
    assert host.changes == ["state one: set a"]


# locks


def test_a_lock_keeps_other_hosts_off(host: Host, controller: Callable[[str], Ask]):
    other = real_host(ask=controller("h2"))
    assert state.lock(host, name="deploy") == Values([True])
    with pytest.raises(ActionFailed, match=r"^state\.lock: h1 holds 'deploy' since"):
        state.lock(other, name="deploy")
    held, why = state.try_lock(other, name="deploy")
    assert not held and "h1 holds 'deploy'" in why
    with pytest.raises(ActionFailed, match="is not locked by this host"):
        state.unlock(other, name="deploy")
    state.unlock(host, name="deploy")
    assert state.try_lock(other, name="deploy") == Values([True])


def test_nobody_is_locked_out_by_a_check(host: Host, controller: Callable[[str], Ask]):
    checked = real_host(ask=controller("h2"), check=True)
    state.lock(host, name="deploy")
    assert state.lock(checked, name="deploy") == Values([True])
    assert state.unlock(checked, name="deploy") == Values([True])


def test_a_change_under_a_lock_that_is_not_held_is_refused(host: Host):
    with pytest.raises(ActionFailed, match="not locked by this host, so nothing was changed"):
        state.set_(host, key="a", value=1, lock="deploy")
    state.lock(host, name="deploy")
    state.set_(host, key="a", value=1, lock="deploy")


def test_hosts_own_leases_are_out_of_reach(host: Host):
    with pytest.raises(ActionFailed, match="are those of hosts"):
        state.lock(host, name="host/10.0.0.1")


# what goes wrong


@pytest.mark.parametrize(
    ("question", "message"),
    [
        pytest.param({"do": "rm -rf"}, "state cannot 'rm -rf'", id="unknown"),
        pytest.param({"do": "set", "namespace": "n", "key": "a\n"}, "printable characters", id="odd key"),
        pytest.param({"do": "incr", "namespace": "n", "key": "a", "by": "1"}, "wants a number", id="text as number"),
        pytest.param({"do": "set", "namespace": "n", "key": "a", "ttl": "1h"}, "number of seconds", id="text as time"),
    ],
)
def test_a_host_that_talks_nonsense_is_refused(controller, question: dict[str, object], message: str):
    with pytest.raises(ActionFailed, match=message):
        controller("h1")("state", question)


def test_a_host_cannot_fill_the_disk(tmp_path: Path):
    database = SqliteDatabase(tmp_path / "store.db")
    leases = Leases(Locks(database), Timer(), print)
    answers = stateful_for(database, leases, "h1", room=10_000)
    question = {"do": "set", "namespace": "n", "value": "x" * 2000}
    for number in range(3):
        answers.answer({**question, "key": f"{number}"})
    with pytest.raises(ActionFailed, match="more than it may in one run"):
        answers.answer({**question, "key": "next"})
    assert len(State(database, "me").list("n")) == 3


def test_an_answer_that_is_no_object_is_a_failure():
    with pytest.raises(ActionFailed, match="not understood"):
        state.get(real_host(ask=lambda *_: None), key="a")
