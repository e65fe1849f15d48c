"""Facts of hosts: as YAML under the name of each, or a line of JSON for each."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sloth.cli.render.format import Format
from sloth.cli.render.notes import standard_output


def show(found: Mapping[str, Mapping[str, Any]], form: Format) -> None:
    """Show the facts of each host."""
    screen = standard_output()
    for host, facts in found.items():
        if form is Format.JSON:
            screen.json({"host": host, "facts": facts})
            continue
        screen.line((host, "bold"))
        screen.block(_text(facts), "plain", indent="  ")


def _text(facts: Mapping[str, Any]) -> str:
    import yaml

    if not facts:
        return "nothing of that"
    return yaml.safe_dump(dict(facts), allow_unicode=True, sort_keys=False, default_flow_style=None, width=100).rstrip()
