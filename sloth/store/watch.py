"""Watching state: what has been set and what is gone, as it happens.

It looks again and again, so of several changes between two looks only the last is seen.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator

from msgspec import Struct

from sloth.store.state import Entry, State

EVERY = 0.2  # seconds between two looks


class Seen(Struct, frozen=True):
    """A key that was set, or (is_gone) deleted or expired; then the entry is the last that was there."""

    entry: Entry
    is_gone: bool = False


def watch(
    state: State, namespace: str, prefix: str = "", *, sleep: Callable[[float], None] = time.sleep
) -> Iterator[Seen]:
    """Every change from now on, without end."""
    before = {entry.key: entry for entry in state.list(namespace, prefix)}
    while True:
        sleep(EVERY)
        now = {entry.key: entry for entry in state.list(namespace, prefix)}
        for key in sorted(before.keys() | now.keys()):
            if key not in now:
                yield Seen(before[key], is_gone=True)
            elif key not in before or before[key].version != now[key].version:
                yield Seen(now[key])
        before = now
