"""`sloth call`: one action of a module on many hosts."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from msgspec.structs import replace
from typer import Argument

from sloth.cli import completing
from sloth.cli.command import EXIT_CODES, application, flat
from sloth.cli.options import Diff, Pattern, PromptOptions, ShowOptions, TargetOptions
from sloth.cli.render import watching
from sloth.engine.here import configured

app = application()


@app.command(epilog=EXIT_CODES)
@flat
def call(
    pattern: Pattern,
    action: Annotated[
        str,
        Argument(
            metavar="MODULE.ACTION", help="What to call; `sloth modules list` shows all.",
            autocompletion=completing.actions,
        ),
    ],
    arguments: Annotated[
        list[str] | None,
        Argument(
            metavar="[NAME=VALUE]...", help="Its arguments; also a JSON object, or `@file`.",
            autocompletion=completing.arguments,
        )
    ] = None,
    *,
    targets: TargetOptions,
    how: PromptOptions,
    diff: Diff = False,
    show: ShowOptions,
) -> int:
    """Call one action of a module on many hosts, and show what it returns. Equal answers are shown once.

    Values are read as the action wants them; lists and tables are JSON. A word that is no NAME=VALUE counts by its
    position, as in a workflow.

    \b
    example: sloth call -i inventory.yml web systemd.restart nginx -b
             sloth call -i inventory.yml all pkg.install 'packages=["vim", "git"]' -b -C -D
             sloth call -i inventory.yml db fs.read /etc/hostname --format json
    """
    from sloth.engine import command, reading, root

    settings = configured()
    catalog = reading.project(Path()).library.catalog
    where = targets.targets(settings, targets.sources(settings))
    asked = command.of_call(where, pattern, action, arguments or (), catalog)
    asked = replace(how.applied(asked, targets.forks or settings["forks"]), diff=diff)
    with watching.run(show.form, show.detail(diff=diff, command=True, check=how.check)) as watchers:
        return root.apply(asked, watchers.subscribers)
