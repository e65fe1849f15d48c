"""Watching sees each key's last change between two looks."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from sloth.store import Database, State, watch


def test_a_watch_sees_what_is_set_deleted_and_expires(database: Database):
    now = 0.0
    state = State(database, "ada", sync=False, clock=lambda: now)
    state.set("n", "a/old", 1)
    state.set("n", "a/brief", 1, ttl=10)

    def third() -> None:
        nonlocal now
        now = 20.0

    steps: Iterator[Callable[[], object]] = iter(
        [
            lambda: [state.set("n", "a/new", 1), state.set("n", "a/new", 2), state.set("n", "b", 1)],
            lambda: [state.set("n", "a/old", 1), state.delete("n", "a/new")],
            third,
        ]
    )

    def sleep(_: float) -> None:
        next(steps)()

    seen = watch(state, "n", "a/", sleep=sleep)
    found = [next(seen) for _ in range(4)]
    assert [(one.entry.key, one.entry.value, one.is_gone) for one in found] == [
        ("a/new", 2, False),
        ("a/new", 2, True),
        ("a/old", 1, False),
        ("a/brief", 1, True),
    ]
