"""Handshakes: never more than a few at one address, and a growing pause after each that was dropped."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

from sloth.transport.handshakes import AT_ONCE, TRIES, Handshakes, pauses


def test_one_address_has_few_places_and_others_do_not_wait_for_it():
    handshakes, lock, barrier = Handshakes(at_once=2), threading.Lock(), threading.Barrier(2)
    now = most = 0

    def connect(_: int) -> None:
        nonlocal now, most
        with handshakes.place("bastion", 22):
            with lock:
                now += 1
                most = max(most, now)
            barrier.wait(5)
            with lock:
                now -= 1

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(connect, range(8)))
    assert most == 2
    with handshakes.place("bastion", 22), handshakes.place("bastion", 22), handshakes.place("other", 22):
        pass


def test_we_stay_below_what_sshd_allows():
    assert AT_ONCE < 10


def test_pauses_grow_and_end():
    waits = list(pauses())
    assert len(waits) == TRIES - 1
    assert all(0.1 * 2**number <= wait <= 0.3 * 2**number for number, wait in enumerate(waits))
