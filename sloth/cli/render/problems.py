"""What went wrong, on standard error: what, where, and what to do about it."""

from __future__ import annotations

import os
import sys
from contextlib import suppress

from sloth.cli.render.screen import Screen
from sloth.core.errors import OutputLost, SlothError


def warn(message: str, *, hint: str = "", where: str = "") -> None:
    """Something that a person should know, and that stops nothing."""
    _show(("warning: ", "yellow"), message, where, hint)


def show(error: SlothError) -> None:
    """An error that ends the command."""
    _show(("error: ", "bold red"), str(error), error.where, error.hint)


def show_bug(trace: str) -> None:
    """A fault of sloth itself. trace: empty when the person did not ask for it."""
    screen = Screen.of(sys.stderr, os.environ)
    if trace:
        screen.block(trace, indent="")
    hint = "" if trace else "run it again with SLOTH_DEBUG=1 to see where, and please report that"
    _show(("error: ", "bold red"), "this is a bug in sloth", "", hint)


def _show(label: tuple[str, str], message: str, where: str, hint: str) -> None:
    screen = Screen.of(sys.stderr, os.environ)
    with suppress(OutputLost):  # then only the exit code is left to tell
        screen.line(label, message)
        if where:
            screen.line(("  at ", "dim"), where)
        if hint:
            screen.line(("  hint: ", "dim"), hint)
