"""The store as a file: what it holds, where it was copied to, whether it is sound."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

import typer

from sloth.cli.render.format import Format
from sloth.cli.render.notes import standard_output
from sloth.cli.render.screen import Part, is_terminal
from sloth.cli.render.wording import counted, sized
from sloth.core.errors import UsageError
from sloth.store.upkeep import Info


def show_info(info: Info, form: Format) -> None:
    """Where, how large, what."""
    screen = standard_output()
    if form is Format.JSON:
        screen.json(info.plain())
        return
    version = f"{info.version}" if info.version == info.newest else f"{info.version}, to become {info.newest}"
    rows: list[list[Part]] = [
        [("file", "dim"), info.path], [("size", "dim"), sized(info.size)], [("version", "dim"), version],
        [("sqlite", "dim"), info.sqlite],
    ]  # fmt: skip
    screen.table(rows)
    screen.table([[(name, "bold"), counted(count, "row")] for name, count in info.rows.items()])


def show_migrated(before: int, after: int) -> None:
    """From which version to which."""
    same = f"the tables have version {after} already"
    standard_output().line(same if before == after else f"the tables have version {after} now, they had {before}")


def show_vacuumed(before: int, after: int) -> None:
    """How much was gained."""
    standard_output().line(f"{sized(before)} before, {sized(after)} now")


def show_backup(path: Path) -> None:
    """Where the copy is."""
    standard_output().line("backed up to ", (str(path), "bold"))


def confirm(question: str) -> None:
    """Raises UsageError when the answer is not yes, or nobody is there to give one."""
    try:
        is_wanted = typer.confirm(question, err=True)
    except typer.Abort:
        if is_terminal(sys.stdin):
            raise  # Ctrl-C
        typer.echo(err=True)
        is_wanted = False
    if not is_wanted:
        raise UsageError("nothing was done", hint="--yes does it without asking")


def show_restored(source: Path, kept: Path | None) -> None:
    """What is there now, and where it went what was."""
    screen = standard_output()
    screen.line("restored from ", (str(source), "bold"))
    if kept is not None:
        screen.line("what was there is now ", (str(kept), "bold"))


def show_verdict(path: Path, problems: Sequence[str]) -> None:
    """Whether it is sound, and what is wrong with it."""
    screen = standard_output()
    if not problems:
        screen.line((str(path), "bold"), " is sound")
    for problem in problems:
        screen.line((problem, "red"))
