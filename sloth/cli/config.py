"""`sloth config`: the settings that hold here."""

from __future__ import annotations

from sloth.cli.command import application
from sloth.cli.options import FormatOption
from sloth.cli.render import settings
from sloth.cli.render.format import Format
from sloth.engine.here import configured

app = application("The settings that hold here, and where each comes from.")


@app.callback()
def config() -> None:
    """Settings come from sloth.toml and the environment; the command line wins over both."""


@app.command()
def show(form: FormatOption = Format.TEXT) -> int:
    """Show every setting, its value and where that comes from.

    \b
    example: sloth config show
             SLOTH_FORKS=10 sloth config show --format json
    """
    settings.show(configured(), form)
    return 0
