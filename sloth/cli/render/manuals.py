"""The manual of modules and actions."""

from __future__ import annotations

import json
from collections.abc import Sequence

from msgspec import to_builtins

from sloth.catalog.manuals import ActionManual, ModuleManual, ParameterManual
from sloth.cli.render.format import Format
from sloth.cli.render.notes import standard_output
from sloth.cli.render.screen import Screen
from sloth.runtime.action import COMMON


def show_all(modules: Sequence[ModuleManual], form: Format) -> None:
    """Every module in a line or two."""
    screen = standard_output()
    if form is Format.JSON:
        screen.json({"modules": [to_builtins(one) for one in modules]})
        return
    for one in modules:
        screen.line((one.name, "bold"), "  ", one.summary, (f"  {one.path}" if one.path else "", "cyan"))
        actions = ", ".join(action.name.partition(".")[2] for action in one.actions)
        screen.table([["", (actions, "dim")]], indent="  ")


def show_module(module: ModuleManual, form: Format) -> None:
    """One module, all of its actions."""
    screen = standard_output()
    if form is Format.JSON:
        screen.json(to_builtins(module))
        return
    screen.line((module.name, "bold"), ": ", module.summary, (f"  {module.path}" if module.path else "", "cyan"))
    for action in module.actions:
        screen.line()
        _show_action(screen, action)
    _show_common(screen, module.actions)


def show_action(action: ActionManual, form: Format) -> None:
    """One action."""
    screen = standard_output()
    if form is Format.JSON:
        screen.json(to_builtins(action))
        return
    _show_action(screen, action)
    _show_common(screen, [action])


def _show_action(screen: Screen, action: ActionManual) -> None:
    screen.line((action.name, "bold"), "  ", action.summary)
    screen.line("  ", (action.modes, "dim"))
    if action.synonyms:
        screen.line("  also known as ", ", ".join(action.synonyms))
    if action.details:
        screen.block(action.details, indent="  ")
    for parameter in action.parameters:
        screen.line("  ", (parameter.name, "cyan"), (f"  {_kind(parameter)}", "dim"))
        screen.table([["", parameter.meaning]], indent="    ")
    for example in action.examples:
        screen.block(example, "green", indent="  > ")


def _show_common(screen: Screen, actions: Sequence[ActionManual]) -> None:
    """What calls take besides; functions of Lua take what they say."""
    if any(one.takes_common for one in actions):
        screen.line()
        screen.line((f"every call also takes {', '.join(COMMON)}", "dim"))


def _kind(parameter: ParameterManual) -> str:
    remarks = [parameter.type]
    if parameter.required:
        remarks.append("required")
    elif parameter.default not in (None, "", [], {}, ()):
        remarks.append(f"default {json.dumps(parameter.default)}")
    if parameter.rest:
        remarks.append("takes all further values")
    if parameter.synonyms:
        remarks.append(f"also known as {', '.join(parameter.synonyms)}")
    return "; ".join(remarks)
