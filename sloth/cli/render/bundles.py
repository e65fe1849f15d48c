"""Bundles and Lua extensions on the controller's disk."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from sloth.cli.render.format import Format
from sloth.cli.render.notes import standard_output
from sloth.cli.render.screen import Part
from sloth.cli.render.wording import sized
from sloth.runtime.lua_parts import PARTS
from sloth.transport.bundle import Kept

_SHOWN = 12
"""Characters of a hash that tell bundles apart for people."""


def show_built(sha: str, size: int, path: Path, lua: Mapping[str, int], form: Format) -> None:
    """A bundle that is ready, and the Lua extensions beside it."""
    screen = standard_output()
    if form is Format.JSON:
        screen.json({"sha256": sha, "size": size, "path": str(path), "lua": dict(lua)})
        return
    screen.line("bundle ", (sha[:_SHOWN], "bold"), f"  {sized(size)}  ", (str(path), "dim"))
    for tag, bytes_ in lua.items():
        screen.line("lua    ", (tag, "bold"), f"  {sized(bytes_)}")


def show_kept(kept: Sequence[Kept], current: str, ready: Sequence[str], form: Format) -> None:
    """All bundles, and every Python that a host may have."""
    screen = standard_output()
    if form is Format.JSON:
        found = [
            {"sha256": one.sha, "size": one.size, "used": one.used.isoformat(), "current": one.sha == current}
            for one in kept
        ]
        screen.json({"bundles": found, "lua": {tag: tag in ready for tag in PARTS}})
        return
    rows: list[list[Part]] = [
        [
            ("bundle", "dim"), (one.sha[:_SHOWN], "bold"), sized(one.size), f"{one.used.astimezone():%Y-%m-%d %H:%M}",
            ("current" if one.sha == current else "", "green"),
        ]
        for one in kept
    ]  # fmt: skip
    rows += [
        [("lua", "dim"), (tag, "bold"), "", "", ("ready", "green") if tag in ready else ("when first needed", "dim")]
        for tag in PARTS
    ]
    screen.table(rows)


def show_pruned(gone: Sequence[Kept], form: Format) -> None:
    """Bundles that are no more."""
    screen = standard_output()
    if form is Format.JSON:
        screen.json({"removed": [one.sha for one in gone]})
        return
    for one in gone:
        screen.line("removed ", (one.sha[:_SHOWN], "bold"), f"  {sized(one.size)}")
    if not gone:
        screen.line("nothing to remove")
