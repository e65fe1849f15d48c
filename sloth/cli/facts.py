"""`sloth facts`: what hosts are."""

from __future__ import annotations

from typing import Annotated

from typer import Argument, Option

from sloth.cli.command import EXIT_CODES, application, flat
from sloth.cli.options import FormatOption, TargetOptions, length
from sloth.cli.render import facts as rendering
from sloth.cli.render import watching
from sloth.cli.render.format import Format
from sloth.engine.here import configured

app = application()


@app.command(epilog=EXIT_CODES)
@flat
def facts(
    pattern: Annotated[str, Argument(metavar="PATTERN", help="The hosts, as for -l.")],
    names: Annotated[
        list[str] | None, Argument(metavar="[FACT]...", help="Which: names or paths, `os`, `network.default.address`.")
    ] = None,
    *,
    targets: TargetOptions,
    only: Annotated[
        list[str] | None, Option("--filter", metavar="PATH", help="The same as FACT: `os.version`, `*.total`.")
    ] = None,
    cached: Annotated[
        str, Option("--cached", metavar="AGE", help="Do not ask a host whose facts are younger than this: `1h`.")
    ] = "0s",
    form: FormatOption = Format.TEXT,
) -> int:
    """Show what hosts are: system, hardware, network, packages, users …; `sloth modules show facts` lists them.

    \b
    example: sloth facts -i inventory.yml all os memory.total
             sloth facts -i inventory.yml web1
             sloth facts -i inventory.yml all packages.openssl --cached 1d --format json
    """
    from sloth.engine import root

    settings = configured()
    where = targets.targets(settings, targets.sources(settings))
    paths = [*(names or ()), *(only or ())]
    forks = targets.forks or settings["forks"]
    told = root.facts(where, pattern, paths, length(cached, "--cached"), forks, watching.trouble())
    rendering.show(told.facts, form)
    return told.exit_code()
