"""The laws of state, for every backend."""

from __future__ import annotations

import threading
from collections.abc import Callable

import pytest

from sloth.core.errors import LeaseLost, StateConflict, StateError
from sloth.store import Clock, Database, Fence, Locks, State


class Wall:
    """A wall clock that tests turn."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def wall() -> Wall:
    return Wall()


@pytest.fixture
def state(database: Database, wall: Wall) -> State:
    return State(database, "ada", sync=False, clock=wall)


@pytest.mark.parametrize(
    "value",
    [None, True, 0, -1.5, 1 << 80, "", "text", "\x00\udcff ☃", [], {}, [1, [2, {"a": None}]], {"a": {"b": [1]}}],
    ids=repr,
)
def test_any_json_value_comes_back(state: State, value: object):
    state.set("n", "key", value)
    found = state.get("n", "key")
    assert found is not None
    assert (found.value, type(found.value)) == (value, type(value))


def test_an_entry_tells_who_and_when(state: State, database: Database, wall: Wall):
    state.set("n", "key", 1)
    wall.now = 2000.0
    State(database, "bob", clock=wall).set("n", "key", 2, ttl=5)
    found = state.get("n", "key")
    assert found is not None
    assert found.plain() == {
        "namespace": "n", "key": "key", "value": 2, "version": 2, "owner": "bob", "created": 1000.0, "updated": 2000.0,
        "expires": 2005.0,
    }  # fmt: skip


def test_namespaces_are_apart(state: State):
    state.set("a", "key", 1)
    state.set("b", "key", 2)
    assert [state.get(name, "key").value for name in "ab"] == [1, 2]  # type: ignore[union-attr]  # both are there
    assert state.namespaces() == {"a": 1, "b": 1}
    assert state.clear("a") == 1
    assert state.namespaces() == {"b": 1}


def test_what_has_expired_is_gone_for_everyone(state: State, database: Database, wall: Wall):
    state.set("n", "short", 1, ttl=10)
    state.set("n", "long", 1, ttl=100)
    state.set("n", "ever", 1)
    wall.now += 10
    assert state.get("n", "short") is None
    assert [entry.key for entry in state.list("n")] == ["ever", "long"]
    assert (state.namespaces(), state.stats()["keys"]) == ({"n": 2}, 2)
    assert not state.delete("n", "short")
    assert state.set("n", "short", 2, ttl=1).created == wall.now


def test_what_has_expired_leaves_the_disk_with_a_later_change(state: State, database: Database, wall: Wall):
    state.set("n", "short", "remains", ttl=10)
    wall.now += 100
    state.set("n", "other", 1)
    assert database.read("SELECT key FROM state") == [("other",)]


@pytest.mark.parametrize("ttl", [0, -1])
def test_a_time_to_live_is_positive(state: State, ttl: float):
    with pytest.raises(StateError, match="more than 0 seconds"):
        state.set("n", "key", 1, ttl=ttl)
    assert state.get("n", "key") is None


@pytest.mark.parametrize("prefix", ["", "a", "a/", "ä", "b"])
def test_keys_are_listed_by_what_they_begin_with(state: State, prefix: str):
    keys = ["a", "a/1", "a/2", "a0", "ab", "b", "ä/1", "ä☃"]
    for key in keys:
        state.set("n", key, 1)
    assert [entry.key for entry in state.list("n", prefix)] == sorted(key for key in keys if key.startswith(prefix))
    assert state.clear("n", prefix) == len([key for key in keys if key.startswith(prefix)])
    assert [entry.key for entry in state.list("n")] == sorted(key for key in keys if not key.startswith(prefix))


# compare and swap


def test_a_version_grows_with_each_change_and_over_deletions(state: State, wall: Wall):
    versions = [state.set("n", "key", 1).version, state.set("n", "key", 1).version]
    state.delete("n", "key")
    versions.append(state.set("n", "key", 1, ttl=1).version)
    wall.now += 100
    state.set("n", "other", 1)  # takes it off the disk
    versions.append(state.set("n", "key", 1).version)
    assert versions == sorted(set(versions))


@pytest.mark.parametrize(
    ("condition", "there"),
    [
        pytest.param({"version": 1}, True, id="version"),
        pytest.param({"expected": "old"}, True, id="value"),
        pytest.param({"version": 0}, False, id="no version"),
        pytest.param({"expected": None}, False, id="no value"),
    ],
)
def test_cas_changes_what_is_as_expected(state: State, condition, there: bool):
    if there:
        state.set("n", "key", "old")
    assert state.cas("n", "key", "new", **condition).value == "new"


@pytest.mark.parametrize(
    ("condition", "there"),
    [
        pytest.param({"version": 2}, 1, id="another version"),
        pytest.param({"version": 1}, None, id="nothing there"),
        pytest.param({"version": 0}, 1, id="something there"),
        pytest.param({"expected": True}, 1, id="true is not 1"),
        pytest.param({"expected": [True]}, [1], id="nor inside"),
    ],
)
def test_cas_leaves_alone_what_is_not(state: State, condition, there: object):
    if there is not None:
        state.set("n", "key", there)
    with pytest.raises(StateConflict) as caught:
        state.cas("n", "key", "new", **condition)
    assert caught.value.there == state.get("n", "key")
    with pytest.raises(StateConflict):
        state.delete("n", "key", version=7)
    found = state.get("n", "key")
    assert (found and found.value) == there


def test_of_many_that_compare_and_swap_none_is_lost(state: State):
    def work() -> None:
        for _ in range(25):
            while True:
                there = state.get("n", "list")
                try:
                    state.cas("n", "list", [*(there.value if there else []), 1], version=there.version if there else 0)
                    break
                except StateConflict:
                    continue

    _at_once(work)
    found = state.get("n", "list")
    assert found is not None
    assert (len(found.value), found.version) == (100, 100)


# counters


def test_counters_count(state: State):
    assert state.incr("n", "hits").value == 1
    assert state.incr("n", "hits", 4).value == 5
    assert state.incr("n", "hits", -0.5).value == 4.5


def test_of_many_that_count_none_is_lost(state: State):
    _at_once(lambda: [state.incr("n", "hits") for _ in range(50)])
    assert state.incr("n", "hits", 0).value == 200


@pytest.mark.parametrize("value", ["1", True, None, [1]], ids=repr)
def test_only_numbers_count(state: State, value: object):
    state.set("n", "key", value)
    with pytest.raises(StateError, match="nothing can be added"):
        state.incr("n", "key")


def test_a_counter_keeps_its_time_to_live(state: State, wall: Wall):
    state.incr("n", "hits", ttl=10)
    wall.now += 5
    assert state.incr("n", "hits").expires == 1010.0
    assert state.incr("n", "hits", ttl=10).expires == 1015.0


# what cannot be kept


@pytest.mark.parametrize(
    ("namespace", "key", "value", "message"),
    [
        pytest.param("", "key", 1, "a namespace has 1 to 512 printable characters", id="no namespace"),
        pytest.param("n", "", 1, "a key has 1 to 512 printable characters", id="no key"),
        pytest.param("n", "a\nb", 1, "printable", id="control character"),
        pytest.param("n", "\udcff", 1, "printable", id="no UTF-8"),
        pytest.param("n", "k" * 513, 1, "printable", id="long key"),
        pytest.param("n", "key", float("nan"), "no JSON", id="not a number"),
        pytest.param("n", "key", object(), "no JSON", id="object"),
        pytest.param("n", "key", "x" * (1 << 20), "at most 1 MiB", id="large"),
    ],
)
def test_what_cannot_be_kept_is_refused(state: State, namespace: str, key: str, value: object, message: str):
    with pytest.raises(StateError, match=message):
        state.set(namespace, key, value)
    assert state.stats()["keys"] == 0


@pytest.mark.parametrize("look", [lambda state: state.get("n", "\udcff"), lambda state: state.list("n", "\udcff")])
def test_odd_names_are_refused_to_those_who_look(state: State, look: Callable[[State], object]):
    with pytest.raises(StateError, match="printable"):
        look(state)


# under a lock


def test_who_has_lost_a_lock_changes_nothing_under_it(state: State, database: Database):
    locks = Locks(database, clock=Clock(lambda: 0, lambda: 0, "boot"))
    old = locks.acquire("deploy", "ada")
    state.set("n", "key", "ada's", fence=old.fence)
    locks.force("deploy", "bob")
    new = locks.acquire("deploy", "bob")
    state.set("n", "key", "bob's", fence=new.fence)
    for late in (
        lambda: state.set("n", "key", "late", fence=old.fence),
        lambda: state.cas("n", "key", "late", expected="bob's", fence=old.fence),
        lambda: state.incr("n", "key", fence=old.fence),
        lambda: state.delete("n", "key", fence=old.fence),
        lambda: state.clear("n", fence=old.fence),
        lambda: state.set("n", "key", "late", fence=Fence("unheld", 1)),
    ):
        with pytest.raises(LeaseLost, match="not ours any more"):
            late()
    found = state.get("n", "key")
    assert found is not None
    assert found.value == "bob's"


# moving house


def test_what_was_listed_can_be_loaded_elsewhere(state: State, wall: Wall):
    state.set("n", "a", {"x": 1})
    state.set("n", "b", 2, ttl=10)
    state.set("n", "c", 3, ttl=1)
    entries = [entry.plain() for entry in state.list("n")]
    state.clear("n")
    wall.now += 5
    assert state.load(entries) == 2
    assert [(entry.key, entry.value, entry.expires) for entry in state.list("n")] == [
        ("a", {"x": 1}, None),
        ("b", 2, 1010.0),
    ]


def test_a_load_is_all_or_nothing(state: State):
    with pytest.raises(StateError):
        state.load([{"namespace": "n", "key": "a", "value": 1}, {"namespace": "n", "key": "\n", "value": 1}])
    assert state.list("n") == []


def _at_once(work: Callable[[], object]) -> None:
    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
