"""`sloth bundle`: what hosts get from us, prepared before they ask."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from typer import Argument

from sloth.cli.command import application
from sloth.cli.options import FormatOption
from sloth.cli.render import bundles
from sloth.cli.render.format import Format
from sloth.core.errors import StoreError, UsageError
from sloth.core.near import near
from sloth.engine import here
from sloth.runtime.lua_parts import PARTS
from sloth.transport import bundle as transport
from sloth.transport.lua import LuaParts

app = application("What sloth sends to hosts: build, list, prune.")


@app.command()
def build(
    tags: Annotated[
        list[str] | None, Argument(metavar="[TAG]...", help="Hosts' Pythons, as `sloth bundle list` names them.")
    ] = None,
    form: FormatOption = Format.TEXT,
) -> int:
    """Pack the bundle, and fetch Lua for hosts' Pythons.

    Runs do this by themselves; it is for controllers that will have no network.

    \b
    example: sloth bundle build
             sloth bundle build cp311-manylinux_x86_64
    """
    for tag in tags or ():
        if tag not in PARTS:
            hint = near(tag, PARTS) or "`sloth bundle list` names all"
            raise UsageError(f"there is no Lua for a Python called {tag!r}", hint=hint)
    made = transport.Bundle.build(here.places().bundles, {})
    packed = made.packed()
    lua = _lua()
    sizes = {tag: len(lua.extension(tag)) for tag in tags or ()}
    if not made.path.exists() or not sizes.keys() <= set(lua.ready()):
        hint = "is the disk full? runs send it all the same"
        raise StoreError(f"cannot write into {made.path.parent.parent}", hint=hint)
    bundles.show_built(made.sha, len(packed), made.path, sizes, form)
    return 0


@app.command("list")
def list_(form: FormatOption = Format.TEXT) -> int:
    """List packed bundles, and the Pythons that have Lua.

    \b
    example: sloth bundle list
    """
    directory = here.places().bundles
    current = transport.Bundle.build(directory, {}).sha
    bundles.show_kept(transport.kept(directory), current, _lua().ready(), form)
    return 0


@app.command()
def prune(form: FormatOption = Format.TEXT) -> int:
    """Remove old bundles from this machine; the last three stay.

    \b
    example: sloth bundle prune
    """
    bundles.show_pruned(transport.prune(here.places().bundles), form)
    return 0


def _lua() -> LuaParts:
    wheelhouse = here.configured()["bundle.wheelhouse"]
    return LuaParts(here.places().lua, Path(wheelhouse) if wheelhouse else None)
