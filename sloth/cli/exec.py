"""`sloth exec`: one command on many hosts."""

from __future__ import annotations

from typing import Annotated

from typer import Argument

from sloth.cli.command import EXIT_CODES, application, flat
from sloth.cli.options import Pattern, PromptOptions, ShowOptions, TargetOptions
from sloth.cli.render import watching
from sloth.engine.here import configured

app = application()


@app.command(epilog=EXIT_CODES)
@flat
def exec(  # noqa: A001  # the command's name; `sloth A` lives in cli/A.py, function A
    pattern: Pattern,
    argv: Annotated[
        list[str], Argument(metavar="-- COMMAND", help="A program and its arguments; one word is a line for the shell.")
    ],
    *,
    targets: TargetOptions,
    how: PromptOptions,
    show: ShowOptions,
) -> int:
    """Run one command on many hosts, and show what it says. Equal answers are shown once.

    \b
    example: sloth exec -i inventory.yml web -- uptime
             sloth exec -i inventory.yml all -b -- systemctl restart nginx
             sloth exec -i inventory.yml all -- 'df -h / | tail -1'
    """
    from sloth.engine import command, root

    settings = configured()
    asked = command.of_line(targets.targets(settings, targets.sources(settings)), pattern, argv)
    with watching.run(show.form, show.detail(command=True)) as watchers:
        return root.apply(how.applied(asked, targets.forks or settings["forks"]), watchers.subscribers)
