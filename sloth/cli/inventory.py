"""`sloth inventory`: which hosts there are, and what is known about them."""

from __future__ import annotations

from typing import Annotated

from typer import Argument, Option

from sloth.cli.command import application
from sloth.cli.options import FormatOption, Limit, Sources, TargetOptions, configured
from sloth.cli.render import inventories
from sloth.cli.render.format import Format
from sloth.inventory import Inventory, views

app = application("Hosts and groups: list, graph, show.")


Refresh = Annotated[bool, Option("--refresh", help="Ask inventory programs anew, however young their last answer is.")]


@app.command("list")
def list_(
    sources: Sources = None, limit: Limit = None, refresh: Refresh = False, form: FormatOption = Format.TEXT
) -> int:
    """List hosts: address, groups, how they are reached.

    \b
    example: sloth inventory list -i inventory.yml
             sloth inventory list -i inventory.yml -l 'web:&prod' --format json
    """
    found = _inventory(sources, refresh=refresh)
    hosts = found.hosts if limit is None else found.limit(limit)
    inventories.show_hosts(views.rows(found, hosts), form)
    return 0


@app.command()
def graph(sources: Sources = None, form: FormatOption = Format.TEXT) -> int:
    """Draw groups and hosts as a tree.

    \b
    example: sloth inventory graph -i inventory.yml
    """
    inventories.show_graph(views.graph(_inventory(sources)), form)
    return 0


@app.command()
def show(
    host: Annotated[str, Argument(metavar="HOST", help="The name of a host.")],
    sources: Sources = None,
    form: FormatOption = Format.TEXT,
) -> int:
    """Show a host: variables and where each comes from.

    \b
    example: sloth inventory show -i inventory.yml web1
    """
    inventories.show_host(views.show(_inventory(sources), host), form)
    return 0


def _inventory(sources: list[str] | None, *, refresh: bool = False) -> Inventory:
    from sloth.engine import root

    settings = configured()
    options = TargetOptions(sources)
    return root.inventory(options.targets(settings, options.sources(settings)), refresh=refresh)
