"""Files that tasks left, and what became of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from msgspec import to_builtins

from sloth.cli.render.format import Format
from sloth.cli.render.notes import say, standard_output
from sloth.cli.render.screen import Part, one_line
from sloth.cli.render.wording import counted, sized
from sloth.engine.artifacts import Artifact


def show_list(found: Sequence[tuple[str, Artifact]], short: Sequence[str], form: Format) -> None:
    """A line for each."""
    screen = standard_output()
    if form is Format.JSON:
        screen.json({"artifacts": [{"run": run, **to_builtins(one)} for run, one in found]})
        return
    if not found:
        screen.line("no artifacts")
        return
    rows: list[list[Part]] = [[(head, "dim") for head in ("run", "host", "task", "size", "name")]]
    for (_, one), run in zip(found, short, strict=True):
        words = [one_line(one.host), one_line(one.task), sized(one.size).rjust(9), one_line(one.name)]
        rows.append([(run, "bold"), *words])
    screen.table(rows)


def show_copied(found: Sequence[Artifact], places: Sequence[Path], form: Format) -> None:
    """What is where now."""
    if form is Format.JSON:
        copied = [{"host": one.host, "name": one.name, "path": str(at)} for one, at in zip(found, places, strict=True)]
        standard_output().json({"copied": copied})
        return
    for one, place in zip(found, places, strict=True):
        say((str(place), "bold"), f"  {sized(one.size)}  ", (f"of {one_line(one.host)}", "dim"))


def show_pruned(gone: Mapping[str, int], form: Format) -> None:
    """What is no more: run → bytes."""
    if form is Format.JSON:
        standard_output().json({"removed": dict(gone)})
        return
    say(f"what {counted(len(gone), 'run')} left is removed: {sized(sum(gone.values()))}")
