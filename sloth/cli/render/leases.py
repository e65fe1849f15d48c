"""Locks: who has which, for how long, and which were taken away."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from msgspec import to_builtins

from sloth.cli.render.format import Format
from sloth.cli.render.notes import standard_output
from sloth.cli.render.screen import Part
from sloth.cli.render.wording import clock, duration, moment
from sloth.core.near import near
from sloth.store import HOST, Forced, Lease


def show_leases(held: Sequence[tuple[Lease, float]], form: Format) -> None:
    """All that are held, with the seconds that each has left unless it is renewed."""
    screen = standard_output()
    if form is Format.JSON:
        for lease, left in held:
            screen.json({**lease.plain(), "left": round(left, 3)})
        return
    rows: list[list[Part]] = [
        [
            ("host" if lease.name.startswith(HOST) else "lock", "dim"), (lease.name.removeprefix(HOST), "bold"),
            (f"{duration(left)} left", "dim"),
            f"{lease.owner} since {clock(lease.taken)}{f', {lease.note}' if lease.note else ''}",
        ]
        for lease, left in held
    ]  # fmt: skip
    screen.table(rows)
    if not held:
        screen.line("nobody holds anything")


def show_record(forced: Sequence[Forced], form: Format) -> None:
    """Which locks were taken away."""
    screen = standard_output()
    if form is Format.JSON:
        for one in forced:
            screen.json(to_builtins(one))
        return
    rows: list[list[Part]] = [
        [
            (moment(one.at), "dim"), (one.name, "bold"),
            f"of {one.owner}", f"by {one.by}", one.reason,
        ]
        for one in forced
    ]  # fmt: skip
    screen.table(rows)
    if not forced:
        screen.line("no lock was ever taken away")


def show_token(lease: Lease, form: Format) -> None:
    """The token alone, for scripts."""
    screen = standard_output()
    if form is Format.JSON:
        screen.json(lease.plain())
    else:
        screen.line(str(lease.token))


def show_given_back(name: str) -> None:
    """A lock is free again."""
    standard_output().line((name, "bold"), " is given back")


def show_forced(name: str, lease: Lease | None, held: Iterable[str]) -> None:
    """A lock was taken away. held: the names of those that are."""
    screen = standard_output()
    if lease is None:
        hint = near(name, [one.removeprefix(HOST) for one in held])
        screen.line((name, "bold"), " was free", f"; {hint}" if hint else "")
    else:
        screen.line((name, "bold"), f" was taken away from {lease.owner}")
