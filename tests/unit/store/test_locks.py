"""The laws of locks, for every backend: one holder at a time, whatever clocks and processes do."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable

import pytest

from sloth.core.errors import LeaseLost, LockBusy, StateError
from sloth.store import Clock, Database, Locks, this_process
from sloth.store.locks import may_be_alive


class Times:
    """A machine whose clocks tests turn; waiting takes no time."""

    def __init__(self) -> None:
        self.wall = 1_000_000.0
        self.steady = 50.0
        self.waited: list[float] = []
        self.meanwhile: Callable[[], object] = lambda: None

    def clock(self, boot: str = "boot") -> Clock:
        return Clock(lambda: self.wall, lambda: self.steady, boot)

    def sleep(self, seconds: float) -> None:
        self.waited.append(seconds)
        self.meanwhile()
        self.go(seconds)

    def go(self, seconds: float) -> None:
        self.wall += seconds
        self.steady += seconds


@pytest.fixture
def times() -> Times:
    return Times()


@pytest.fixture
def locks(database: Database, times: Times) -> Locks:
    return Locks(database, clock=times.clock(), sleep=times.sleep)


def test_a_lock_has_one_holder(locks: Locks):
    lease = locks.acquire("deploy", "ada", note="release 7")
    with pytest.raises(LockBusy, match=r"^ada holds 'deploy' since \d\d:\d\d:\d\d \(release 7\)$") as caught:
        locks.acquire("deploy", "ada")
    assert "expires in 60 s" in caught.value.hint
    assert locks.acquire("other", "bob").token > lease.token
    assert locks.release("deploy", lease.token)
    assert locks.acquire("deploy", "bob").owner == "bob"


def test_tokens_only_grow(locks: Locks, times: Times):
    tokens = []
    for round_ in range(5):
        lease = locks.acquire("deploy", "ada", ttl=10)
        tokens.append(lease.token)
        if round_ % 2:
            locks.release("deploy", lease.token)
        times.go(10)
    assert tokens == sorted(set(tokens))


def test_a_lock_is_free_when_its_time_is_over(locks: Locks, times: Times):
    old = locks.acquire("deploy", "ada", ttl=10)
    times.go(9.9)
    with pytest.raises(LockBusy):
        locks.acquire("deploy", "bob")
    assert [lease.owner for lease in locks.held()] == ["ada"]
    times.go(0.1)
    assert locks.held() == []
    locks.acquire("deploy", "bob")
    assert not locks.release("deploy", old.token)
    with pytest.raises(LeaseLost):
        locks.renew(old)
    assert [lease.owner for lease in locks.held()] == ["bob"]


def test_renewing_prolongs(locks: Locks, times: Times):
    lease = locks.acquire("deploy", "ada", ttl=10)
    for _ in range(5):
        times.go(9)
        lease = locks.renew(lease)
    assert locks.left(lease) == 10
    assert lease.taken == 1_000_000.0
    assert locks.held() == [lease]


def test_what_expired_and_nobody_took_can_be_renewed(locks: Locks, times: Times):
    lease = locks.acquire("deploy", "ada", ttl=10)
    times.go(11)
    locks.renew(lease)
    with pytest.raises(LockBusy):
        locks.acquire("deploy", "bob")


@pytest.mark.parametrize("step", [-1e8, 1e8], ids=["back", "forward"])
def test_a_step_of_the_wall_clock_changes_no_lock(locks: Locks, times: Times, step: float):
    locks.acquire("deploy", "ada", ttl=10)
    times.wall += step
    with pytest.raises(LockBusy):
        locks.acquire("deploy", "bob")
    times.go(10)
    locks.acquire("deploy", "bob")


def test_of_another_start_of_the_machine_the_wall_clock_counts(locks: Locks, database: Database, times: Times):
    locks.acquire("deploy", "ada", ttl=100)
    times.steady = 1.0
    times.wall += 30
    started = Locks(database, clock=times.clock("another boot"), sleep=times.sleep)
    with pytest.raises(LockBusy):
        started.acquire("deploy", "bob")
    times.go(70)
    started.acquire("deploy", "bob")


# waiting


def test_who_waits_gets_the_lock_when_it_is_given_back(locks: Locks, times: Times):
    lease = locks.acquire("deploy", "ada")

    def give_back() -> None:
        if len(times.waited) == 3:
            locks.release("deploy", lease.token)

    times.meanwhile = give_back
    assert locks.acquire("deploy", "bob", wait=30).owner == "bob"
    assert len(times.waited) == 3


def test_who_waits_gives_up_in_time(locks: Locks, times: Times):
    locks.acquire("deploy", "ada")
    with pytest.raises(LockBusy):
        locks.acquire("deploy", "bob", wait=5)
    assert sum(times.waited) == pytest.approx(5)
    assert max(times.waited) <= 0.25


# blocks


def test_a_block_holds_the_lock(locks: Locks):
    with locks.hold("deploy", "ada") as lease:
        assert locks.held() == [lease]
    assert locks.held() == []


def test_a_block_that_fails_gives_the_lock_back(locks: Locks):
    with pytest.raises(ValueError, match="broken"), locks.hold("deploy", "ada"):
        raise ValueError("broken")
    assert locks.held() == []


def test_a_block_that_lost_its_lock_says_so(locks: Locks):
    with pytest.raises(LeaseLost, match="was lost"), locks.hold("deploy", "ada"):
        locks.force("deploy", "bob")


# taking away


def test_what_is_taken_away_is_on_record(locks: Locks, times: Times):
    lease = locks.acquire("deploy", "ada")
    assert locks.force("deploy", "bob", "she left") == lease
    assert locks.force("deploy", "bob") is None
    assert [(one.name, one.token, one.owner, one.by, one.reason, one.at) for one in locks.forced()] == [
        ("deploy", lease.token, "ada", "bob", "she left", times.wall)
    ]
    locks.acquire("deploy", "bob")


# processes


def test_a_lock_of_a_process_ends_with_it(locks: Locks, times: Times):
    gone = _process_that_has_ended()
    locks.acquire("deploy", "ada", process=gone)
    assert locks.held() == []
    locks.acquire("deploy", "bob", process=this_process())
    with pytest.raises(LockBusy):
        locks.acquire("deploy", "cy")


@pytest.mark.parametrize(
    ("change", "alive"),
    [
        pytest.param(lambda space, pid, started: f"{space} {pid} {started}", True, id="ours"),
        pytest.param(lambda space, pid, started: f"{space} {pid} 1", False, id="another of our number"),
        pytest.param(lambda space, pid, started: f"elsewhere {pid} 1", True, id="of another machine"),
    ],
)
def test_whether_a_process_is_there(change: Callable[[str, str, str], str], alive: bool):
    assert may_be_alive(change(*this_process().rsplit(" ", 2))) is alive


def _process_that_has_ended() -> str:
    space, _, started = this_process().rsplit(" ", 2)
    process = subprocess.Popen(["true"])
    process.wait()
    assert process.pid != os.getpid()
    return f"{space} {process.pid} {started}"


@pytest.mark.parametrize(
    ("name", "ttl", "message"),
    [
        pytest.param("", 1.0, "the name of a lock", id="no name"),
        pytest.param("a\n", 1.0, "the name of a lock", id="control character"),
        pytest.param("a", 0.0, "more than 0 seconds", id="no time"),
    ],
)
def test_odd_locks_are_refused(locks: Locks, name: str, ttl: float, message: str):
    with pytest.raises(StateError, match=message):
        locks.acquire(name, "ada", ttl=ttl)
