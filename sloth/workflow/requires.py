"""Modules under the names that a file gives them, as in `local sh = require("exec")`."""

from __future__ import annotations

from collections.abc import Sequence
from collections.abc import Set as AbstractSet

from sloth.workflow.names import is_field, is_key, is_use
from sloth.workflow.tokens import NAME, STRING, WORD, Token


def resolved(file: Sequence[Token], modules: AbstractSet[str]) -> list[Token]:
    """The tokens of a file without such lines, and with the modules' own names where it calls them.

    A name that the file uses for more than calls is left as it is: it may be anything there.
    """
    found = {place: one for place in range(len(file)) if (one := _required(file, place)) and one[1] in modules}
    inside = {place + step for place, (_, _, length) in found.items() for step in range(length)}
    others = {token.text for place, token in enumerate(file) if place not in inside and _is_more(file, place)}
    names = {name: module for name, module, _ in found.values() if name not in others}
    dropped = {place + step for place, (name, _, length) in found.items() if name in names for step in range(length)}
    return [
        Token(NAME, names[token.text], token.line) if token.text in names and is_use(file, place) else token
        for place, token in enumerate(file)
        if place not in dropped
    ]


def _is_more(file: Sequence[Token], place: int) -> bool:
    roles = (is_field, is_use, is_key)
    return file[place].kind == NAME and not any(role(file, place) for role in roles)


def _required(file: Sequence[Token], place: int) -> tuple[str, str, int] | None:
    """(name, module, how many tokens) when `local name = require("module")` stands there, and no more."""
    texts = [token.text for token in file[place : place + 5]]
    if len(texts) < 5 or texts[0] != "local" or texts[2:4] != ["=", "require"]:
        return None
    brackets = 1 if texts[4] == "(" else 0
    said, end = place + 4 + brackets, place + 5 + 2 * brackets
    if said >= len(file) or file[said].kind != STRING or not _begins_anew(file, end):
        return None
    return texts[1], file[said].text, end - place


def _begins_anew(file: Sequence[Token], place: int) -> bool:
    """Whether a new statement stands there."""
    if place >= len(file):
        return True
    token = file[place]
    return token.kind == NAME or token.text == ";" or (token.kind == WORD and token.text not in {"and", "or"})
