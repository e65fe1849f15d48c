"""`sloth new`: something to begin with."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from typer import Argument

from sloth.cli.command import application
from sloth.cli.render import notes
from sloth.workflow import skeleton

app = application("Begin something new: a project, a workflow, a role. Nothing is overwritten.")

Name = Annotated[str, Argument(metavar="NAME", help="Its name.")]


@app.command()
def project(name: Name) -> int:
    """Begin a project in a folder of its own: inventory, workflow, role, tests.

    \b
    example: sloth new project site && cd site && sloth apply site.sloth
    """
    notes.written(skeleton.write("project", name, Path(name)), f"cd {name} && sloth apply site.sloth --check --diff")
    return 0


@app.command()
def workflow(name: Name) -> int:
    """Begin a workflow here, with its test.

    \b
    example: sloth new workflow backup && sloth run backup.sloth --check
    """
    notes.written(skeleton.write("workflow", name, Path()), f"sloth run {name}.sloth --check --diff")
    return 0


@app.command()
def role(name: Name) -> int:
    """Begin a role in roles/: tasks, handlers, defaults, a template, what it takes and needs.

    \b
    example: sloth new role nginx
    """
    notes.written(skeleton.write("role", name, Path()), f'a workflow uses it with :roles({{ "{name}" }})')
    return 0
