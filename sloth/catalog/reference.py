"""The reference of modules as pages of Markdown, made from the manual."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence

from sloth.catalog.manuals import ActionManual, ModuleManual, ParameterManual
from sloth.runtime.action import COMMON

INDEX = "README.md"


def pages(modules: Sequence[ModuleManual]) -> dict[str, str]:
    """Name of the file → text: a page for each module, and one that lists them."""
    listed = "\n".join(f"- [{one.name}]({one.name}.md): {one.summary}" for one in modules)
    found = {INDEX: f"# Modules\n\n{listed}\n"}
    return found | {f"{one.name}.md": page(one) for one in modules}


def page(module: ModuleManual) -> str:
    """The page of one module."""
    lines = [f"# {module.name}", "", module.summary, ""]
    for action in module.actions:
        lines += _action(action)
    common = ", ".join(f"`{name}`" for name in COMMON)
    takes = f"Every call also takes {common}. " if any(one.takes_common for one in module.actions) else ""
    return "\n".join([*lines, f"{takes}A query returns its value, and `nil, why` when it fails.", ""])


def _action(action: ActionManual) -> Iterator[str]:
    yield f"## {action.name}"
    yield ""
    yield action.summary
    yield ""
    yield f"*{action.modes[:1].upper()}{action.modes[1:]}.*"
    yield ""
    if action.synonyms:
        yield "Also known as " + ", ".join(f"`{name}`" for name in action.synonyms) + "."
        yield ""
    if action.details:
        yield from (action.details, "")
    if action.parameters:
        yield "| argument | takes | meaning |"
        yield "|---|---|---|"
        yield from map(_row, action.parameters)
        yield ""
    if action.examples:
        yield from ("```lua", *action.examples, "```", "")


def _row(parameter: ParameterManual) -> str:
    takes = [parameter.type]
    if parameter.required:
        takes.append("**required**")
    elif parameter.default not in {None, ""} if isinstance(parameter.default, str | int | float | None) else False:
        takes.append(f"default `{json.dumps(parameter.default)}`")
    if parameter.rest:
        takes.append("all further values")
    names = ", ".join(f"`{name}`" for name in (parameter.name, *parameter.synonyms))
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in (names, "; ".join(takes), parameter.meaning)) + " |"
