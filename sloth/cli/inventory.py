"""`sloth inventory`: which hosts there are, and what is known about them."""

from __future__ import annotations

from typing import Annotated

from typer import Argument, Option

from sloth.cli import completing
from sloth.cli.command import application, flat
from sloth.cli.options import FormatOption, Limit, SecretOptions, Sources, VariableOptions
from sloth.cli.render import inventories, watching
from sloth.cli.render.format import Format
from sloth.engine.here import configured
from sloth.engine.request import Request
from sloth.inventory import Inventory, views

app = application("Hosts and groups: list, graph, show, explain.")


Refresh = Annotated[bool, Option("--refresh", help="Ask inventory programs anew, however young their last answer is.")]


@app.command("list")
@flat
def list_(
    *, sources: Sources = None, limit: Limit = None, refresh: Refresh = False, secrets: SecretOptions,
    form: FormatOption = Format.TEXT,
) -> int:  # fmt: skip
    """List hosts: address, groups, how they are reached.

    \b
    example: sloth inventory list -i inventory.yml
             sloth inventory list -i inventory.yml -l 'web:&prod' --format json
    """
    found = _inventory(sources, secrets, refresh=refresh)
    hosts = found.hosts if limit is None else found.limit(limit)
    inventories.show_hosts(views.rows(found, hosts), form)
    return 0


@app.command()
@flat
def graph(*, sources: Sources = None, secrets: SecretOptions, form: FormatOption = Format.TEXT) -> int:
    """Draw groups and hosts as a tree.

    \b
    example: sloth inventory graph -i inventory.yml
    """
    inventories.show_graph(views.graph(_inventory(sources, secrets)), form)
    return 0


@app.command()
@flat
def show(
    host: Annotated[str, Argument(metavar="HOST", help="The name of a host.", autocompletion=completing.hosts)],
    *,
    sources: Sources = None,
    secrets: SecretOptions,
    form: FormatOption = Format.TEXT,
) -> int:
    """Show a host: variables and where each comes from.

    \b
    example: sloth inventory show -i inventory.yml web1
    """
    inventories.show_host(views.show(_inventory(sources, secrets), host), form)
    return 0


@app.command()
@flat
def explain(
    host: Annotated[str, Argument(metavar="HOST", help="The name of a host.", autocompletion=completing.hosts)],
    variable: Annotated[str, Argument(metavar="VAR", help="The name of a variable.")],
    *,
    sources: Sources = None,
    file: Annotated[
        str, Option("--workflow-file", "-w", metavar="FILE", help="A workflow file: its variables and roles count too.")
    ] = "",
    variables: VariableOptions,
    secrets: SecretOptions,
    form: FormatOption = Format.TEXT,
) -> int:
    """Tell who gives a host a variable: the winner first, then those that it wins over.

    With -w, and without -i and an inventory in sloth.toml, it is about this machine: localhost.

    \b
    example: sloth inventory explain -i inventory.yml web1 http_port
             sloth inventory explain -i inventory.yml web1 http_port -w site.sloth -e http_port=81
    """
    from sloth.engine import root

    settings = configured()
    options = secrets.of_targets(sources)
    named = tuple(sources or settings["inventory"]) if file else options.sources(settings)
    targets = options.targets(settings, named)
    asked = Request(file, targets, values=tuple(variables.values or ()), extra=tuple(variables.extra or ()))
    inventories.show_explanation(root.explain(asked, host, variable, watching.to_stderr()), form)
    return 0


def _inventory(sources: list[str] | None, secrets: SecretOptions, *, refresh: bool = False) -> Inventory:
    from sloth.engine import reading

    settings = configured()
    options = secrets.of_targets(sources)
    return reading.inventory(options.targets(settings, options.sources(settings)), refresh=refresh)
