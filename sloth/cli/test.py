"""`sloth test`: the tests that authors of workflows write."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from typer import Argument, Option

from sloth.cli.command import application, flat
from sloth.cli.options import VariableOptions
from sloth.cli.render import tests
from sloth.cli.render.tests import TestFormat

app = application()


@app.command("test")
@flat
def run(
    files: Annotated[list[Path], Argument(metavar="FILE...", help="Files with tests, or folders of them.")],
    keyword: Annotated[
        list[str] | None,
        Option("--keyword", "-k", metavar="TEXT", help="Only tests that have this in their name."),
    ] = None,
    workflow: Annotated[
        Path | None, Option("--workflow-file", "-w", metavar="FILE", help="The file whose tasks are played.")
    ] = None,
    verbose: Annotated[bool, Option("--verbose", "-v", help="Show what tests that pass have logged, too.")] = False,
    *,
    variables: VariableOptions,
    form: Annotated[TestFormat, Option("--format", help="For people, for programs, or for CI.")] = TestFormat.TEXT,
) -> int:
    """Run the tests of workflows. Tasks are played on no host: what their modules do is mocked.

    In a folder, tests are in files called NAME_test.sloth or test_NAME.sloth. The exit code is 2 when a test fails.

    \b
    example: sloth test site_test.sloth
             sloth test tests -k nginx
             sloth test tests --format junit > results.xml
    """
    from sloth.engine import root
    from sloth.engine.request import Request

    given = Request("", values=tuple(variables.values or ()), extra=tuple(variables.extra or ()))
    with tests.showing(form, verbose=verbose) as watch:
        return root.test(files, workflow, given, tuple(keyword or ()), watch)
