"""Heartbeats: for all, and nobody waits for the dead."""

from __future__ import annotations

import threading

from sloth.transport.heart import SILENCE, Heart


class Patient:
    def __init__(self, last_sign: float) -> None:
        self.last_sign = last_sign
        self.beats = 0
        self.lost = ""
        self.gone = threading.Event()

    def beat(self) -> None:
        self.beats += 1

    def lose(self, reason: str) -> None:
        self.lost = reason
        self.gone.set()


def test_the_living_get_a_beat_and_the_silent_are_lost():
    heart = Heart(clock=lambda: 1000.0)
    living, silent = Patient(1000.0 - SILENCE), Patient(1000.0 - SILENCE - 1)
    heart.add(living)
    heart.add(silent)
    heart.beat()
    assert silent.gone.wait(5)
    heart.beat()
    heart.stop()
    assert (living.beats, living.lost) == (2, "")
    assert (silent.beats, silent.lost) == (0, "no sign of life for 60 s")


def test_who_is_removed_gets_no_more():
    heart, patient = Heart(clock=lambda: 0.0), Patient(0.0)
    heart.add(patient)
    heart.remove(patient)
    heart.beat()
    heart.stop()
    assert patient.beats == 0


def test_a_controller_that_was_stopped_itself_hears_first_what_was_said_meanwhile():
    heart = Heart(clock=lambda: 1000.0)
    spoke, silent = Patient(1000.0 - SILENCE - 1), Patient(1000.0 - SILENCE - 1)
    heart.add(spoke)
    heart.add(silent)
    heart.beat(late=True)
    spoke.last_sign = 1000.0
    heart.beat()
    assert silent.gone.wait(5)
    heart.stop()
    assert (spoke.beats, spoke.lost, silent.beats) == (2, "", 1)


def test_letting_go_of_a_link_that_takes_no_beat_holds_nobody_up():
    class Broken(Patient):
        let_go = threading.Event()

        def beat(self) -> None:
            raise BrokenPipeError("the link is closed")

        def lose(self, reason: str) -> None:
            assert self.let_go.wait(5)
            super().lose(reason)

    heart = Heart(clock=lambda: 0.0)
    broken, living = Broken(0.0), Patient(0.0)
    heart.add(broken)
    heart.add(living)
    heart.beat()
    assert living.beats == 1
    broken.let_go.set()
    assert broken.gone.wait(5)
    heart.stop()
    assert broken.lost == "the link is closed"
