"""`sloth modules`: what workflows can call."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from typer import Argument

from sloth.catalog import manual
from sloth.catalog.library import Library
from sloth.cli.command import application
from sloth.cli.options import FormatOption
from sloth.cli.render import manuals
from sloth.cli.render.format import Format

app = application("The manual of the modules that workflows call.")


@app.command("list")
def list_(form: FormatOption = Format.TEXT) -> int:
    """List all modules and their actions: those of sloth, of the project here, of installed packages.

    \b
    example: sloth modules list
    """
    manuals.show_all(manual.modules(_library()), form)
    return 0


@app.command()
def show(
    name: Annotated[str, Argument(metavar="NAME", help="A module (pkg) or an action (pkg.install).")],
    form: FormatOption = Format.TEXT,
) -> int:
    """Show the manual of a module or of one action: arguments, defaults, examples.

    \b
    example: sloth modules show pkg
             sloth modules show file_ops.copy --format json
    """
    if "." in name:
        manuals.show_action(manual.action(name, _library()), form)
    else:
        manuals.show_module(manual.module(name, _library()), form)
    return 0


def _library() -> Library:
    """The modules of the project that we stand in."""
    from sloth.engine import root

    return root.project(Path()).library
