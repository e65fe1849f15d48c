"""Short answers on standard output."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence

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
