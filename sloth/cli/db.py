"""`sloth db`: looking after the store."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from typer import Argument, Option

from sloth.cli.command import application
from sloth.cli.options import FormatOption
from sloth.cli.render import stores
from sloth.cli.render.format import Format
from sloth.engine import keeping

app = application("The store of state, locks and runs: look, back up, restore.")


@app.command()
def info(form: FormatOption = Format.TEXT) -> int:
    """Show where the store is, how large, and what it holds.

    \b
    example: sloth db info
    """
    stores.show_info(keeping.info(), form)
    return 0


@app.command()
def migrate() -> int:
    """Bring the tables to the version of this sloth.

    The first command that needs the store does so by itself.

    \b
    example: sloth db migrate
    """
    stores.show_migrated(*keeping.migrate())
    return 0


@app.command()
def vacuum() -> int:
    """Give the space of what is gone back to the disk.

    \b
    example: sloth db vacuum
    """
    stores.show_vacuumed(*keeping.vacuum())
    return 0


@app.command()
def backup(
    file: Annotated[
        Path | None,
        Argument(metavar="FILE", help="What to write, a file that is not there yet (default: in sloth's directory)."),
    ] = None,
) -> int:
    """Copy the store as it is now.

    Whoever works with it goes on meanwhile.

    \b
    example: sloth db backup /backups/sloth.db
    """
    stores.show_backup(keeping.backup(file))
    return 0


@app.command()
def restore(
    file: Annotated[Path, Argument(metavar="FILE", help="What backup wrote.")],
    yes: Annotated[bool, Option("--yes", help="Without asking.")] = False,
) -> int:
    """Put a backup in the place of the store. What was there is backed up first; locks stay as they are.

    \b
    example: sloth db restore /backups/sloth.db
    """
    if not yes:
        stores.confirm(f"put {file} in the place of {keeping.path()}?")
    stores.show_restored(file, keeping.restore(file))
    return 0


@app.command()
def verify(
    file: Annotated[Path | None, Argument(metavar="FILE", help="A backup (default: the store).")] = None,
) -> int:
    """Check that the store, or a backup, is sound. Ends with 2 when it is not.

    \b
    example: sloth db verify
             sloth db verify /backups/sloth.db
    """
    problems = keeping.verify(file)
    stores.show_verdict(file or keeping.path(), problems)
    return 2 if problems else 0
