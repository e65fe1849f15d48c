"""`sloth plan`: hosts, tasks and their order, before anything connects."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from typer import Option

from sloth.cli.command import application, flat
from sloth.cli.options import (
    ChoiceOptions,
    File,
    FormatOption,
    Limit,
    RunOptions,
    SecretOptions,
    Sources,
    VariableOptions,
    request,
)
from sloth.cli.render import plans, watching
from sloth.cli.render.format import Format
from sloth.engine.here import configured

app = application()


@app.command()
@flat
def plan(
    file: File, *, inventory: Sources = None, limit: Limit = None, choice: ChoiceOptions, variables: VariableOptions,
    output: Annotated[
        Path | None, Option("--output", "-o", metavar="PLAN", help="Keep the plan in a file, for `sloth apply PLAN`.")
    ] = None,
    secrets: SecretOptions,
    form: FormatOption = Format.TEXT,
) -> int:  # fmt: skip
    """Show what a run would do: which tasks on which hosts, in which order. Nothing connects.

    Without -i and without an inventory in sloth.toml it is the plan for this machine.

    \b
    example: sloth plan -i inventory.yml site.sloth
             sloth plan -i inventory.yml site.sloth --tags nginx --format json
             sloth plan -i inventory.yml site.sloth -o monday.plan
    """
    from sloth.engine import root

    asked = request(file, secrets.of_targets(inventory, limit), choice, variables, RunOptions(), configured())
    found = root.plan(asked, watching.to_stderr(), output)
    plans.show(found, form, output)
    return 0
