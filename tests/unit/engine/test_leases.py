"""The leases of a run: renewed while it lives, told when they are lost."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from sloth.core.connection import Connection
from sloth.core.errors import LockBusy
from sloth.engine.leases import Leases, place
from sloth.runtime.deadline import Timer
from sloth.runtime.failure import ActionFailed
from sloth.store import Clock, Locks, SqliteDatabase
from tests.stateful import stateful_for


class Alarms(Timer):
    """A timer that tests ring."""

    def __init__(self) -> None:
        self.due: list[tuple[float, Callable[[], None]]] = []

    def after(self, seconds: float, callback: Callable[[], None]) -> int:
        self.due.append((seconds, callback))
        return len(self.due)

    def ring(self) -> None:
        self.due.pop(0)[1]()


class World:
    def __init__(self, folder: Path) -> None:
        self.now = 0.0
        self.said: list[str] = []
        self.alarms = Alarms()
        clock = Clock(lambda: self.now, lambda: self.now, "boot")
        self.locks = Locks(SqliteDatabase(folder / "store.db"), clock=clock, sleep=self.sleep)
        self.leases = Leases(self.locks, self.alarms, self.said.append)

    def sleep(self, seconds: float) -> None:
        self.now += seconds

    def take(self, name: str, wait: float = 0.0, wanted: Callable[[], bool] = lambda: True):
        return self.leases.take(name, "ada", wait=wait, wanted=wanted, ttl=60.0)


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path)


def test_a_lease_is_renewed_until_it_is_given_back(world: World):
    lease = world.take("deploy")
    for _ in range(4):
        assert world.alarms.due[0][0] == 20.0
        world.now += 50
        world.alarms.ring()
    assert [one.owner for one in world.locks.held()] == ["ada"]
    assert world.leases.give_back(lease)
    world.alarms.ring()
    assert (world.alarms.due, world.locks.held(), world.said) == ([], [], [])


def test_a_lease_that_is_lost_is_told_once(world: World):
    lease = world.take("deploy")
    world.locks.force("deploy", "bob")
    world.alarms.ring()
    assert len(world.said) == 1 and "'deploy' was lost" in world.said[0]
    assert world.alarms.due == []
    assert not world.leases.give_back(lease)


def test_who_is_wanted_no_more_stops_waiting(world: World):
    world.take("deploy")
    with pytest.raises(LockBusy):
        world.take("deploy", wait=3600, wanted=lambda: world.now < 2.5)
    assert world.now == pytest.approx(3.0)


def test_who_waits_for_a_host_is_told_for_whom(world: World):
    web = Connection("web1", "10.0.0.1")
    other = Leases(world.locks, world.alarms, print)
    with other.host(web, "bob", "7f3a", wait=0, wanted=lambda: True):
        waiting = world.leases.host(web, "ada", "0000", wait=5, wanted=lambda: True)
        with pytest.raises(LockBusy), waiting:
            raise AssertionError("two have it")
    assert len(world.said) == 1 and "bob works on 10.0.0.1" in world.said[0] and world.said[0].endswith("; waiting")


def test_nothing_is_held_when_the_run_is_over(world: World):
    world.take("deploy")
    world.leases.close()
    assert world.locks.held() == []


def test_a_host_is_given_back_at_the_end(world: World):
    web = Connection("web1", "10.0.0.1")
    with world.leases.host(web, "ada", "7f3a", wait=0, wanted=lambda: True):
        assert [(one.name, one.note) for one in world.locks.held()] == [("host/10.0.0.1", "web1, run 7f3a")]
        second = Leases(world.locks, world.alarms, print).host(web, "bob", "0000", wait=0, wanted=lambda: True)
        with pytest.raises(LockBusy, match=r"ada works on 10\.0\.0\.1 since .* \(web1, run 7f3a\)"), second:
            raise AssertionError("two have it")
    assert world.locks.held() == []


def test_parts_of_one_run_share_a_host(world: World):
    web = Connection("web1", "10.0.0.1")
    with world.leases.host(web, "ada", "7f3a", wait=0, wanted=lambda: True):
        with world.leases.host(web, "ada", "7f3a", wait=0, wanted=lambda: True):
            assert len(world.locks.held()) == 1
        assert len(world.locks.held()) == 1
    assert world.locks.held() == []


@pytest.mark.parametrize("ends_well", [True, False])
def test_locks_of_a_host_are_given_back_when_it_has_ended_well(world: World, tmp_path: Path, ends_well: bool):
    stateful = stateful_for(SqliteDatabase(tmp_path / "store.db"), world.leases, "web1")
    with stateful.part() as ended:
        with stateful.part():
            stateful.answer({"do": "lock", "name": "deploy", "ttl": 60})
        assert [one.name for one in world.locks.held()] == ["deploy"]
        if ends_well:
            ended()
    assert len(world.locks.held()) == (0 if ends_well else 1)
    world.now += 60
    world.alarms.ring()
    assert world.locks.held() == []


def test_what_was_given_back_at_the_end_of_a_batch_is_not_held_in_the_next(world: World, tmp_path: Path):
    stateful = stateful_for(SqliteDatabase(tmp_path / "store.db"), world.leases, "web1", most=1)
    for _ in range(2):
        with stateful.part() as ended:
            stateful.answer({"do": "lock", "name": "deploy", "ttl": 60})  # raises where one too many is held
            ended()
    with pytest.raises(ActionFailed, match="'deploy' is not locked by this host"):
        stateful.answer({"do": "unlock", "name": "deploy"})


@pytest.mark.parametrize("ttl", [float("nan"), float("inf"), -1, "60"])
def test_a_host_that_lies_about_time_gets_no_lock(world: World, tmp_path: Path, ttl: object):
    stateful = stateful_for(SqliteDatabase(tmp_path / "store.db"), world.leases, "web1")
    with pytest.raises(ActionFailed):
        stateful.answer({"do": "lock", "name": "deploy", "ttl": ttl})
    assert world.locks.held() == []


def test_a_host_cannot_have_us_renew_a_lock_all_the_time(world: World, tmp_path: Path):
    stateful = stateful_for(SqliteDatabase(tmp_path / "store.db"), world.leases, "web1")
    stateful.answer({"do": "lock", "name": "deploy", "ttl": 1e-9})
    assert world.alarms.due[0][0] > 0.3


def test_a_host_holds_so_many_locks_and_no_more(world: World, tmp_path: Path):
    stateful = stateful_for(SqliteDatabase(tmp_path / "store.db"), world.leases, "web1", most=2)
    for name in ("a", "b"):
        stateful.answer({"do": "lock", "name": name})
    with pytest.raises(ActionFailed, match="holds 2 locks already"):
        stateful.answer({"do": "lock", "name": "c"})
    stateful.answer({"do": "unlock", "name": "a"})
    stateful.answer({"do": "lock", "name": "c"})


@pytest.mark.parametrize(
    ("connection", "name"),
    [
        pytest.param(Connection("a", "10.0.0.1"), "10.0.0.1", id="address"),
        pytest.param(Connection("a", "10.0.0.1", 22), "10.0.0.1", id="the usual port"),
        pytest.param(Connection("a", "10.0.0.1", 2222), "10.0.0.1:2222", id="another port"),
        pytest.param(Connection("a", "10.0.0.1", jump="gate"), "10.0.0.1 via gate", id="behind a jump host"),
        pytest.param(Connection("a", "localhost", connection="local"), "this machine", id="here"),
    ],
)
def test_a_host_is_what_it_is_reached_by(connection: Connection, name: str):
    assert place(connection) == name
