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
    "str": "string|number", "int": "integer", "float": "number", "bool": "boolean", "object": "any",
    "Duration": "number|string", "Mode": "string",
}  # fmt: skip
_FORMS = {  # that the language adds
    "metrics.timer": ["---@overload fun(name: string, measured: function): ..."],
    "state": [
        "--- A lock that is held for the length of a function, whose values are returned.",
        "---@param name string", "---@param held function", "---@param wait? number|string", "---@return any ...",
        "function state.with_lock(name, held, wait) end", "",
    ],
}  # fmt: skip
_COUNTED = 3  # arguments whose places people remember
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
        yield "---@overload fun(command: string, options?: table): sloth.CommandResult, any, any"
    if module.name == "stack":
        yield "---@overload fun(name: string): sloth.stack"
    yield f"{module.name} = {{}}"
    yield ""
    for action in module.actions:
        yield from _action(action)
        for other in action.synonyms:
            yield f"{other} = {action.name}"
        yield ""
    yield from _FORMS.get(module.name, ())


def _action(action: ActionManual) -> Iterator[str]:
    """The class of its options, and the function: by position, or with one table."""
    class_name = f"sloth.{action.name}.Options"
    yield f"---@class {class_name}"
    for one in action.parameters:
        for name in (one.name, *one.synonyms):
            yield f"---@field {_field(name, lua_type(one.annotation))}{_told(one.meaning)}"
    if action.takes_common:
        yield from _COMMON
    yield ""
    yield f"--- {_line(action.summary)}"
    yield from ("---", f"--- *{action.modes}*")
    for example in action.examples:
        yield from ("---", "--- ```lua", *(f"--- {line}" for line in example.splitlines()), "--- ```")
    by_place, last = _by_place(action), "options"
    yield from (_param(one, class_name) for one in by_place)
    for one in (one for one in action.parameters if one.rest):
        last = "..."
        types = "any" if "object" in one.annotation else f"{lua_type(one.annotation)}|{class_name}"
        yield f"---@param ... {types}{_told(one.meaning)}"
    if last == "options":
        yield f"---@param options? {class_name}"
    yield from _FORMS.get(action.name, ())
    returns = _returns(action)
    yield from (f"---@return {one}" for one in returns)
    yield f"---@overload fun(options: {class_name}): {', '.join(one.split()[0] for one in returns)}"
    yield f"function {action.name}({', '.join([*map(_name, by_place), last])}) end"


def _param(one: ParameterManual, class_name: str) -> str:
    """A value by its place. In the place of one that may be left out may be the table of options."""
    optional, types = ("", "") if one.required else ("?", f"|{class_name}")
    return f"---@param {_name(one)}{optional} {lua_type(one.annotation)}{types}{_told(one.meaning)}"


def _by_place(action: ActionManual) -> list[ParameterManual]:
    """What calls give by position: all that are required, and what people do not count off."""
    before = list(itertools.takewhile(lambda one: not one.rest, action.parameters))
    count = max((place for place, one in enumerate(before, 1) if one.required), default=0)
    return before[: max(count, _COUNTED)]


def _returns(action: ActionManual) -> list[str]:
    """What comes behind a value is any: `f(g())` hands it on to the next argument of f, which takes it for nothing."""
    if action.name.startswith("exec."):
        return ["sloth.CommandResult result", "any stderr", "any failed"]
    return ["any value", "any why"] if action.query or action.several else ["sloth.Result result", "string message"]


def _name(parameter: ParameterManual) -> str:
    return parameter.name + "_" if parameter.name in KEYWORDS else parameter.name


def _field(name: str, type_: str) -> str:
    """A field. It may be left out, as its value may be given by place. Some names are words of these comments."""
    return f'["{name}"] {type_}|nil' if name in MODIFIERS else f"{name}? {type_}"


def _told(meaning: str) -> str:
    return f" # {_line(meaning)}" if meaning else ""


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
