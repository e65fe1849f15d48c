"""`sloth verify`: the checks of a workflow, reported as tests."""

from __future__ import annotations

from typing import Annotated

from msgspec.structs import replace
from typer import Option

from sloth.cli.command import EXIT_CODES, application, flat
from sloth.cli.options import (
    ChoiceOptions,
    File,
    RunOptions,
    TargetOptions,
    VariableOptions,
    request,
)
from sloth.cli.render import tests
from sloth.cli.render.tests import TestFormat
from sloth.engine.here import configured

app = application()


@app.command(epilog=EXIT_CODES)
@flat
def verify(
    file: File, targets: TargetOptions, choice: ChoiceOptions, variables: VariableOptions, *,
    verbose: Annotated[bool, Option("--verbose", "-v", help="Show what tasks have logged whose checks hold.")] = False,
    form: Annotated[TestFormat, Option("--format", help="For people, for programs, or for CI.")] = TestFormat.TEXT,
) -> int:  # fmt: skip
    """Run the checks of a workflow (infra_test) on its hosts, and report each as a test. Nothing is changed.

    It goes through the workflow as check mode does, but a check that does not hold is a failure, and the next ones
    are made all the same. The exit code is 2 when one does not hold.

    \b
    example: sloth verify -i inventory.yml site.sloth
             sloth verify -i inventory.yml site.sloth -t nginx --format junit > results.xml
    """
    from sloth.engine import root

    asked = request(file, targets, choice, variables, RunOptions(), configured())
    with tests.showing(form, verbose=verbose) as watch:
        return root.verify(replace(asked, check=True, verify=True), watch)
