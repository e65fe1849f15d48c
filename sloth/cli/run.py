"""`sloth run`: a workflow file on this machine, unless -i names others."""

from __future__ import annotations

from sloth.cli.apply import look, perform
from sloth.cli.command import EXIT_CODES, application, flat
from sloth.cli.options import (
    ChoiceOptions,
    File,
    ListOptions,
    RunOptions,
    ShowOptions,
    TargetOptions,
    VariableOptions,
    request,
)
from sloth.engine.here import configured

app = application()


@app.command(epilog=EXIT_CODES)
@flat
def run(
    file: File, targets: TargetOptions, choice: ChoiceOptions, variables: VariableOptions, run: RunOptions,
    lists: ListOptions, show: ShowOptions,
) -> int:  # fmt: skip
    """Run a workflow file on this machine, or on the hosts of -i.

    The inventory of sloth.toml is not asked: without -i it is always this machine.

    \b
    example: sloth run quickstart.sloth
             sloth run quickstart.sloth --check --diff
             sudo sloth run site.sloth --tags nginx -e port=8080
    """
    asked = request(file, targets, choice, variables, run, configured().without("inventory"))
    return look(asked, lists, show) if lists.wanted else perform(asked, run, show)
