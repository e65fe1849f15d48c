"""Rolling runs: in which order and in which batches hosts take part, and how many may fail before it stops. Pure."""

from __future__ import annotations

import random
from collections.abc import Sequence
from typing import TypeVar

from sloth.core.errors import WorkflowError
from sloth.core.near import near

Item = TypeVar("Item")

ORDERS = ("inventory", "reverse_inventory", "sorted", "reverse_sorted", "shuffle")


def ordered(hosts: Sequence[str], order: str, where: str, seed: str = "") -> list[str]:
    """The hosts in the workflow's order. Raises WorkflowError for an unknown one. seed: shuffles alike when alike."""
    match order:
        case "inventory":
            return list(hosts)
        case "reverse_inventory":
            return list(reversed(hosts))
        case "sorted":
            return sorted(hosts)
        case "reverse_sorted":
            return sorted(hosts, reverse=True)
        case "shuffle":
            return random.Random(seed).sample(list(hosts), len(hosts))  # noqa: S311  # an order is no secret
    hint = near(order, ORDERS) or f"there are {', '.join(ORDERS)}"
    raise WorkflowError(f"config.order: unknown order {order!r}", where=where, hint=hint)


def batches(hosts: Sequence[Item], serial: Sequence[str | int], what: str, where: str) -> tuple[tuple[Item, ...], ...]:
    """The hosts, or whatever there is of them, cut into batches.

    what: the name of the setting. serial: the size of each batch, a number or a percentage of all hosts ("25%"; at
    least one host); the last size repeats. Empty: one batch. Raises WorkflowError for a size that makes no sense.
    """
    if not serial:
        return (tuple(hosts),) if hosts else ()
    sizes = [_size(size, len(hosts), what, where) for size in serial]
    cut: list[tuple[Item, ...]] = []
    start = 0
    while start < len(hosts):
        size = sizes[min(len(cut), len(sizes) - 1)]
        cut.append(tuple(hosts[start : start + size]))
        start += size
    return tuple(cut)


def _size(value: str | int, total: int, what: str, where: str) -> int:
    """A batch's. None at all is an error, as it means all hosts at once in other tools."""
    if amount(value, 100, what, where) == 0:
        hint = f"leave {what} out for all hosts at once"
        raise WorkflowError(f"{what}: a batch has at least one host, got {value!r}", where=where, hint=hint)
    return max(1, amount(value, total, what, where))


def amount(value: str | int, total: int, what: str, where: str) -> int:
    """A number of hosts: as it is, or a percentage of `total`, rounded down. Raises WorkflowError."""
    if isinstance(value, int) and not isinstance(value, bool) and value >= 0:
        return value
    if isinstance(value, str):
        number = value.removesuffix("%").strip()
        if number.isdecimal() and not value.endswith("%"):
            return int(number)
        if number.isdecimal() and int(number) <= 100:
            return total * int(number) // 100
    raise WorkflowError(f'{what} wants a number of hosts or a percentage such as "25%", got {value!r}', where=where)


def is_too_many(bad: int, size: int, max_fail: str | int | None, where: str) -> bool:
    """Whether so many failed or unreachable hosts out of `size` forbid the next batch.

    Without max_fail only a batch of which nothing is left does.
    """
    if max_fail is None:
        return bad == size > 0
    return bad > amount(max_fail, size, "config.max_fail", where)
