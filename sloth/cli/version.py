"""`sloth version`: which sloth this is."""

from __future__ import annotations

from sloth import __version__
from sloth.cli.command import application
from sloth.cli.render import notes

app = application()


@app.command()
def version() -> int:
    """Show the version of sloth.

    \b
    example: sloth version
    """
    notes.say(f"sloth {__version__}")
    return 0
