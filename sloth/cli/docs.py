"""`sloth docs`: the reference of modules as Markdown."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from typer import Argument, Option

from sloth.catalog import manual, reference
from sloth.cli.command import application
from sloth.cli.render import notes
from sloth.core.errors import UsageError
from sloth.core.writing import make_folder

app = application()


@app.command()
def docs(
    names: Annotated[list[str] | None, Argument(metavar="[MODULE]...", help="Only these (default: all).")] = None,
    output: Annotated[
        Path | None, Option("--output", "-o", metavar="FOLDER", help="Write a page for each module there.")
    ] = None,
) -> int:
    """Print the reference of modules as Markdown: those of sloth, and those of the project here.

    \b
    example: sloth docs pkg systemd
             sloth docs -o reference
    """
    from sloth.engine import reading

    library = reading.project(Path()).library
    modules = [manual.module(name, library) for name in names] if names else manual.modules(library)
    if output is None:
        notes.text("\n".join(map(reference.page, modules)))
        return 0
    try:
        make_folder(output)
        for name, text in reference.pages(modules).items():
            (output / name).write_text(text, encoding="utf-8")
    except OSError as error:
        raise UsageError(f"cannot write to {output}: {str(error.strerror).lower()}") from error
    notes.say(f"{len(modules)} pages and {reference.INDEX} in {output}")
    return 0
