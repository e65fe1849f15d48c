"""The manual of a module that is written in Lua, read off its comments.

The first comment of the file says what the module is for; the lines above a function what that does, with
`---@param NAME TYPE MEANING` for its parameters and `--- example: …`.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from sloth.catalog.manuals import CALLS, ActionManual, ModuleManual, ParameterManual

_FUNCTION = re.compile(r"^(?:function\s+\w+[.:](\w+)\s*\(([^)]*)\)|\w+\.(\w+)\s*=\s*function\s*\(([^)]*)\))")
_PARAMETER = re.compile(r"@param\s+(\w+)(\??)\s+(\S+)\s*(.*)")


def manual(name: str, text: str) -> ModuleManual:
    """The module's manual: its first comment, and each function of its table with the comment above it."""
    actions: list[ActionManual] = []
    comment: list[str] = []
    summary = ""
    for line in text.splitlines():
        if line.startswith("--"):
            comment.append(line.lstrip("-").strip())
            continue
        found = _FUNCTION.match(line)
        if found:
            actions.append(_action(name, found[1] or found[3], found[2] or found[4] or "", comment))
        elif comment and not summary and not actions:
            summary = " ".join(comment)
        comment = []
    return ModuleManual(name, summary, tuple(actions))


def _action(module: str, name: str, parameters: str, comment: Sequence[str]) -> ActionManual:
    typed = {found[1]: found for line in comment if (found := _PARAMETER.match(line))}
    plain = [line for line in comment if not line.startswith(("@", "example:"))]
    return ActionManual(
        name=f"{module}.{name}",
        synonyms=(),
        summary=plain[0] if plain else "",
        details="\n".join(plain[1:]),
        query=False,
        several=True,
        check=CALLS,
        diff=None,
        parameters=tuple(_parameter(one, typed.get(one)) for one in re.findall(r"[\w.]+", parameters)),
        examples=tuple(line.removeprefix("example:").strip() for line in comment if line.startswith("example:")),
    )


def _parameter(name: str, found: re.Match[str] | None) -> ParameterManual:
    type_, optional, meaning = (found[3], found[2], found[4]) if found else ("any", "", "")
    return ParameterManual(name, type_, type_, not optional, None, (), name == "...", meaning)
