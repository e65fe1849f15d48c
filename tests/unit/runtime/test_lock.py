"""The host's lock: one run at a time, told who holds it, and no longer waited for than one wants."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from sloth.runtime.failure import ActionFailed
from sloth.runtime.lock import held, resource_lock
from sloth.runtime.token import Token


class Waiting(Token):
    """One that does not sleep: this happens instead, once."""

    def __init__(self, happens: Callable[[], object]) -> None:
        super().__init__()
        self.happens = [happens]

    def sleep(self, seconds: float) -> None:
        self.happens.pop()()


@pytest.fixture
def path(tmp_path):
    return str(tmp_path / "lock")


def test_a_second_run_learns_who_holds_the_host(path):
    busy = pytest.raises(ActionFailed, match=r"ann@desk works on this host since .* \(run r1\)")
    with held(path, "r1", "ann@desk", 0.0, Token()), busy as caught, held(path, "r2", "", 0.0, Token()):
        pass
    assert caught.value.result["kind"] == "lock_busy"


def test_the_lock_is_free_once_its_run_is_over(path):
    for run in ("r1", "r2"):
        with held(path, run, "", 0.0, Token()):
            assert Path(path).read_text()


def test_who_waits_gets_it_when_it_is_free(path):
    first = held(path, "r1", "", 0.0, Token())
    first.__enter__()
    with held(path, "r2", "", 10.0, Waiting(lambda: first.__exit__(None, None, None))):
        pass


def test_a_cancelled_wait_ends_at_once(path):
    token, began = Token(), time.monotonic()
    threading.Timer(0.02, lambda: token.stop("stopped by Ctrl-C")).start()
    stopped = pytest.raises(ActionFailed, match=r"stopped by Ctrl-C")
    with held(path, "r1", "", 0.0, Token()), stopped as caught, held(path, "r2", "", 60.0, token):
        pass
    assert caught.value.result["kind"] == "cancelled"
    assert time.monotonic() - began < 5


def test_two_names_of_one_machine_in_one_run_are_told_as_that(path):
    busy = pytest.raises(ActionFailed, match="this run already works on this machine, under another name")
    with held(path, "r1", "", 0.0, Token()), busy, held(path, "r1", "", 0.0, Token()):
        pass


def test_a_lock_that_cannot_be_made_is_named(tmp_path):
    missing = str(tmp_path / "gone" / "lock")
    with pytest.raises(ActionFailed, match=f"cannot take the lock of this host, {missing}: No such"), held(missing, "r1", "", 0.0, Token()):
        pass


@pytest.mark.needs_root  # nobody else locks what only root changes
def test_so_is_one_of_what_belongs_to_all_of_a_host():
    refused = pytest.raises(ActionFailed, match="cannot take the lock of the gone/packages of this host, /run/sloth/gone/packages: No such")
    with refused, resource_lock("gone/packages", Token().sleep):
        pass
