"""Settings as a table: value, origin, meaning."""

from __future__ import annotations

from sloth.cli.render.format import Format
from sloth.cli.render.notes import standard_output
from sloth.cli.render.screen import Part
from sloth.core.settings import DEFAULT, KEYS, Settings


def show(settings: Settings, form: Format) -> None:
    """All settings."""
    screen = standard_output()
    if form is Format.JSON:
        found = {name: {"value": one.value, "origin": one.origin} for name, one in settings.by_key.items()}
        screen.json({"file": str(settings.file) if settings.file else None, "settings": found})
        return
    rows: list[list[Part]] = [[(head, "dim") for head in ("key", "value", "origin", "meaning")]]
    for key in KEYS:
        one = settings.by_key[key.name]
        origin = (one.origin, "dim" if one.origin == DEFAULT else "cyan")
        rows.append([(key.name, "bold"), _value(one.value), origin, key.meaning])
    screen.table(rows)
    screen.line(("file: ", "dim"), str(settings.file) if settings.file else "no sloth.toml applies here")


def _value(value: object) -> str:
    if value is None or value == ():
        return "-"
    return ", ".join(map(str, value)) if isinstance(value, tuple) else str(value)
