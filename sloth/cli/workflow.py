"""`sloth workflow`: what workflow files say."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from typer import Argument

from sloth.cli.command import application, flat
from sloth.cli.options import File, FormatOption, SecretOptions, VariableOptions
from sloth.cli.render import problems, watching, workflows
from sloth.cli.render.format import Format
from sloth.core.errors import ModuleError, SlothError, WorkflowError
from sloth.core.model import WorkflowFile
from sloth.engine.here import configured
from sloth.engine.request import Request, Targets

app = application("Workflow files: list, show, validate.")


@app.command("list")
def list_(
    directory: Annotated[
        Path,
        Argument(
            metavar="[DIRECTORY]",
            help="Where to look (default: here).",
            show_default=False,
            exists=True,
            file_okay=False,
        ),
    ] = Path(),
    form: FormatOption = Format.TEXT,
) -> int:
    """List workflow files and what is in them: *.sloth, and *.lua in which there is a workflow.

    \b
    example: sloth workflow list
             sloth workflow list playbooks --format json
    """
    found = {str(path): file for path in _files(directory) if (file := _load_or_error(path)) is not None}
    workflows.show_files(directory, found, form)
    return 0


@app.command()
@flat
def show(
    file: File, variables: VariableOptions, secrets: SecretOptions, form: FormatOption = Format.TEXT
) -> int:
    """Show a file: its workflows, tasks, dependencies.

    \b
    example: sloth workflow show site.sloth
             sloth workflow show site.sloth --format json
    """
    workflows.show(_load(file, variables, secrets), form)
    return 0


@app.command()
@flat
def validate(
    files: Annotated[list[str], Argument(metavar="FILE...", help="The workflow files.")],
    variables: VariableOptions,
    secrets: SecretOptions,
) -> int:
    """Check files, without connecting anywhere: what they declare, and the modules, actions and arguments they call.

    The exit code is 0 when all files are sound, and 1 when not. Warnings are no errors.

    \b
    example: sloth workflow validate site.sloth
             sloth workflow validate playbooks/*.sloth
    """
    return max([_validated(_request(file, variables, secrets)) for file in files])


def _validated(request: Request) -> int:
    """The exit code for one file. What is wrong with it keeps nobody from checking the next."""
    from sloth.engine import root

    try:
        return workflows.show_validated(*root.validate(request, watching.to_stderr()))
    except (WorkflowError, ModuleError) as error:
        problems.show(error)
        return error.exit_code


def _load(file: str, variables: VariableOptions, secrets: SecretOptions) -> WorkflowFile:
    from sloth.engine import root

    return root.load(_request(file, variables, secrets), watching.to_stderr())


def _request(file: str, variables: VariableOptions, secrets: SecretOptions) -> Request:
    targets = Targets(unlocking=secrets.unlocking(configured()))
    return Request(file, targets, values=tuple(variables.values or ()), extra=tuple(variables.extra or ()))


def _load_or_error(path: Path) -> WorkflowFile | SlothError | None:
    """What is in a file; None for Lua that is no workflow: a library, a module, or what is none of our business."""
    try:
        return _load(str(path), VariableOptions(), SecretOptions())
    except (WorkflowError, ModuleError) as error:
        return None if path.suffix == ".lua" else error


def _files(directory: Path) -> list[Path]:
    """Every workflow file below, but for hidden directories and the parts of roles."""
    return sorted(
        path
        for path in directory.rglob("*")
        if path.suffix in {".sloth", ".lua"}
        and not {part[0] for part in path.relative_to(directory).parts} & {"."} and "roles" not in path.parts[:-1]
    )
