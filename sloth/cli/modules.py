"""`sloth modules`: what workflows can call."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from typer import Argument, Option

from sloth.catalog import manual
from sloth.catalog.library import Library, check_name
from sloth.catalog.luals import definitions
from sloth.cli import completing
from sloth.cli.command import application
from sloth.cli.options import FormatOption
from sloth.cli.render import manuals, notes
from sloth.cli.render.format import Format
from sloth.core.errors import UsageError
from sloth.workflow import skeleton

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
    name: Annotated[
        str,
        Argument(metavar="NAME", help="A module (pkg) or an action (pkg.install).", autocompletion=completing.modules),
    ],
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


@app.command()
def luals() -> int:
    """Print definitions for LuaLS, so that editors complete and check workflows.

    \b
    example: sloth modules luals > .luals/sloth.lua
    """
    notes.text(definitions(manual.modules(_library())))
    return 0


@app.command()
def new(
    name: Annotated[str, Argument(metavar="NAME", help="The module's name.")],
    lua: Annotated[bool, Option("--lua", help="Write it in Lua, out of calls of other modules.")] = False,
) -> int:
    """Begin a module of your own: the file in modules/ with its manual, and its test in tests/.

    \b
    example: sloth modules new greet && sloth test tests/greet_test.sloth
    """
    check_name(name)
    if _library().path(name):
        raise UsageError(f"there is a module called {name!r} already", hint=f"`sloth modules show {name}`")
    written = skeleton.write("lua" if lua else "module", name, Path())
    notes.written(written, f"sloth test tests/{name}_test.sloth")
    return 0


def _library() -> Library:
    """The modules of the project that we stand in."""
    from sloth.engine import reading

    return reading.project(Path()).library
