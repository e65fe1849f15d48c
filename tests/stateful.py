"""The controller's side of state and of stacks, as hosts ask for it."""

from __future__ import annotations

from sloth.engine.allowance import STATE, Allowance
from sloth.engine.leases import Leases
from sloth.engine.stack import Stack
from sloth.engine.stateful import HELD_LIMIT, Stateful
from sloth.store import SqliteDatabase, State

STACK = Stack("site", lambda: None)


def stateful_for(
    database: SqliteDatabase, leases: Leases, who: str, *, stack: Stack = STACK, room: int = 1 << 30,
    most: int = HELD_LIMIT,
) -> Stateful:  # fmt: skip
    """As a host of that name has it. room: bytes that it may write."""
    return Stateful(State(database, who, sync=False), leases, who, Allowance(room, STATE), stack, most)
