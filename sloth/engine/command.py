"""What a person types at a prompt, as a request: one command or call is a workflow of one task."""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Sequence
from pathlib import Path

from msgspec.structs import replace

from sloth.core import varsfile
from sloth.core.errors import UsageError
from sloth.core.near import near
from sloth.engine.request import Request, Targets
from sloth.runtime.action import COMMON, Action
from sloth.runtime.catalog import Catalog
from sloth.runtime.failure import BadArguments

_COMMAND = Path(__file__).with_name("command.sloth")
_CALL = Path(__file__).with_name("call.sloth")
_NAMED = re.compile(r"([A-Za-z_]\w*)=(.*)", re.DOTALL)


def of_line(targets: Targets, pattern: str, argv: Sequence[str]) -> Request:
    """Run one command. One word is a line for the shell; several are a program and its arguments."""
    line = argv[0] if len(argv) == 1 else shlex.join(argv)
    return _request(_COMMAND, targets, pattern, {"sloth_command": line})


def of_call(targets: Targets, pattern: str, name: str, words: Sequence[str], catalog: Catalog) -> Request:
    """Call one action, `module.action`. words: as for `arguments`. Raises UsageError when they do not fit."""
    action = _find(name, catalog)
    positional, named = arguments(action, words)
    options = {key: value for key, value in named.items() if key in COMMON}
    try:
        action.bind(positional, {key: value for key, value in named.items() if key not in options})
    except BadArguments as error:
        raise UsageError(str(error), hint=f"`sloth modules show {action.full_name}` is its manual") from error
    call = {"module": action.module, "action": action.name, "args": positional, "named": named, "query": action.query}
    return _request(_CALL, targets, pattern, {"sloth_call": call})


def arguments(action: Action, words: Sequence[str]) -> tuple[list[object], dict[str, object]]:
    """Positional and named arguments: `name=value`, a JSON object, `@file`; any other word counts by its position.

    A value that stands for a list or a table is JSON.
    """
    positional: list[object] = []
    named: dict[str, object] = {}
    types = {alias: one.type for one in action.parameters for alias in (one.name, *one.synonyms)}
    for word in words:
        pair = _NAMED.fullmatch(word)
        if pair:
            named[pair[1]] = _typed(types.get(pair[1], ""), word, pair[2])
        elif word.startswith(("{", "@")):
            named.update(varsfile.extra_file(word).values)
        else:
            positional.append(_typed(_type_at(action, len(positional)), word, word))
    return positional, named


def _type_at(action: Action, place: int) -> str:
    """What a positional value has to be; text where it is one of the rest."""
    here = action.parameters[place : place + 1]
    return here[0].type if here and here[0].name != action.rest else "str"


def _typed(type_: str, word: str, text: str) -> object:
    members = [member.strip() for member in type_.split("|")]
    as_list = text.startswith("[") and any(member.startswith("list[") for member in members)
    as_table = text.startswith("{") and "str" not in members and ("dict[" in type_ or "object" in members)
    if not as_list and not as_table:
        return text
    try:
        value: object = json.loads(text)
    except ValueError as error:
        raise UsageError(f"{word}: {error}", hint='lists and tables are JSON: \'packages=["vim", "git"]\'') from error
    return value


def _find(name: str, catalog: Catalog) -> Action:
    module, _, action = name.partition(".")
    if not action:
        actions = ", ".join(catalog.module(module)) if module in catalog.names else ""
        known = f"{module} has {actions}" if actions else near(module, catalog.names)
        raise UsageError(f"which action? {name!r} is no module.action", hint=known or "`sloth modules list` shows all")
    try:
        return catalog.find(module, action)
    except BadArguments as error:
        raise UsageError(str(error), hint="`sloth modules list` shows all") from error


def _request(file: Path, targets: Targets, pattern: str, variables: dict[str, object]) -> Request:
    return Request(str(file), replace(targets, pattern=pattern), extra=(json.dumps(variables),), around=".")
