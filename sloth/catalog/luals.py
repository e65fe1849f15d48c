"""Definitions for LuaLS (lua-language-server), so that editors complete and check what workflows call.

Those of the language itself stand in language.lua; those of modules are made from the manual.
"""

from __future__ import annotations

import itertools
import json
import re
from collections.abc import Iterator, Sequence
from importlib.resources import files

from sloth.catalog.manuals import ActionManual, ModuleManual, ParameterManual
from sloth.runtime.coercion import choices

OF_THE_LANGUAGE = frozenset({"facts", "secrets"})
"""Modules that are something else in a workflow; language.lua has them."""
KEYWORDS = frozenset({"end", "repeat", "in", "not", "and", "or", "function", "local", "then", "until", "goto", "nil"})
MODIFIERS = frozenset({"public", "private", "protected", "package"})

_TYPES = {
    "str": "string", "int": "integer", "float": "number", "bool": "boolean", "object": "any",
    "Duration": "number|string", "Mode": "string",
}  # fmt: skip
_COMMON = (
    "---@field timeout? number|string within which the call has to end",
    "---@field ignore_errors? boolean go on when it fails",
    "---@field become? boolean|string as root, or as that user",
)


def definitions(modules: Sequence[ModuleManual]) -> str:
    """All of them, as one file of Lua."""
    language = files("sloth.catalog").joinpath("language.lua").read_text(encoding="utf-8")
    parts = [language]
    parts += ["\n".join(_module(one)) for one in modules if one.name not in OF_THE_LANGUAGE]
    return "\n".join(parts)


def _module(module: ModuleManual) -> Iterator[str]:
    yield f"--- {module.summary}"
    yield f"---@class sloth.{module.name}"
    if module.name == "exec":
        yield "---@overload fun(command: string, options?: table): sloth.CommandResult, string, boolean"
    yield f"{module.name} = {{}}"
    yield ""
    for action in module.actions:
        yield from _action(action)
        for other in action.synonyms:
            yield f"{other} = {action.name}"
        yield ""


def _action(action: ActionManual) -> Iterator[str]:
    """The class of its options, and the function: by position, or with one table."""
    class_name = f"sloth.{action.name}.Options"
    yield f"---@class {class_name}"
    for one in action.parameters:
        optional = "" if one.required and not one.synonyms else "?"
        for name in (one.name, *one.synonyms):
            yield f"---@field {_field(name, optional)} {lua_type(one.annotation)} {_line(one.meaning)}".rstrip()
    if action.takes_common:
        yield from _COMMON
    yield ""
    yield f"--- {_line(action.summary)}"
    yield from ("---", f"--- *{action.modes}*")
    for example in action.examples:
        yield from ("---", "--- ```lua", *(f"--- {line}" for line in example.splitlines()), "--- ```")
    returns = _returns(action)
    by_place, last = _by_place(action), "options"
    for one in by_place:
        optional = "" if one.required else "?"
        yield f"---@param {_name(one)}{optional} {lua_type(one.annotation)} {_line(one.meaning)}".rstrip()
    for one in (one for one in action.parameters if one.rest):
        last = "..."
        types = "any" if "object" in one.annotation else f"{lua_type(one.annotation)}|{class_name}"
        yield f"---@param ... {types} {_line(one.meaning)}".rstrip()
    if last == "options":
        yield f"---@param options? {class_name}"
    yield from (f"---@return {one}" for one in returns)
    yield f"---@overload fun(options: {class_name}): {', '.join(one.split()[0] for one in returns)}"
    yield f"function {action.name}({', '.join([*map(_name, by_place), last])}) end"


def _by_place(action: ActionManual) -> list[ParameterManual]:
    """What calls give by position: all up to the last that is required, at least one; the rest comes behind these."""
    before = list(itertools.takewhile(lambda one: not one.rest, action.parameters))
    count = max((place for place, one in enumerate(before, 1) if one.required), default=1)
    return before[:count]


def _returns(action: ActionManual) -> list[str]:
    if action.name.startswith("exec."):
        return ["sloth.CommandResult result", "string stderr", "boolean failed"]
    return ["any value", "string? why"] if action.query else ["sloth.Result result", "string message"]


def _name(parameter: ParameterManual) -> str:
    return parameter.name + "_" if parameter.name in KEYWORDS else parameter.name


def _field(name: str, optional: str) -> str:
    """The name of a field; some are words of these comments themselves."""
    return f'["{name}"]' if name in MODIFIERS else name + optional


def _line(text: str) -> str:
    return " ".join(text.split())


def lua_type(annotation: str) -> str:
    """An annotation of an action, as LuaLS writes types."""
    members = [member.strip() for member in re.split(r"\|(?![^\[]*\])", annotation)]
    return "|".join(dict.fromkeys(_member(member) for member in members if member != "None"))


def _member(member: str) -> str:
    if member.startswith("Literal["):
        return "|".join(json.dumps(word) for word in choices(member))
    if member.startswith("list["):
        inner = lua_type(member[5:-1])
        if inner == "any":
            return "any[]"  # or any one value; but a union with any checks nothing
        return f"({inner})[]|{inner}" if "|" in inner else f"{inner}[]|{inner}"
    if member.startswith("dict["):
        return f"table<string, {lua_type(member[5:-1].partition(',')[2].strip())}>"
    return _TYPES.get(member, member)  # of a module in Lua the annotation is LuaLS's own
