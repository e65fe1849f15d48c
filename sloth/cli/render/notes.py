"""Short answers on standard output."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from pathlib import Path

from sloth.cli.render.screen import Part, Screen


def say(*parts: Part) -> None:
    """One line."""
    standard_output().line(*parts)


def table(rows: Sequence[Sequence[Part]]) -> None:
    """Columns."""
    standard_output().table(rows)


def standard_output() -> Screen:
    """The screen for results."""
    return Screen.of(sys.stdout, os.environ)


def written(paths: Sequence[Path], then: str) -> None:
    """Files that were made, and what to do next."""
    screen = standard_output()
    for path in paths:
        screen.line(str(path))
    screen.line(("next: ", "dim"), then)


def text(whole: str) -> None:
    """A text as it is, for a file."""
    standard_output().line(whole.rstrip("\n"))
