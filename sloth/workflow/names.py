"""What a name is where it stands in a file: a field, a key of a table, a variable that is called or indexed."""

from __future__ import annotations

from collections.abc import Sequence

from sloth.workflow.literals import is_closing, is_opening
from sloth.workflow.tokens import NAME, SIGN, STRING, WORD, Token

USES = frozenset({".", ":", "(", "{", "["})
"""What follows a variable that is called or indexed, besides a string."""


def is_field(file: Sequence[Token], place: int) -> bool:
    """Whether what stands there is behind a dot or a colon."""
    return place > 0 and file[place - 1].kind == SIGN and file[place - 1].text in {".", ":"}


def is_use(file: Sequence[Token], place: int) -> bool:
    """Whether a variable stands there that is called or indexed."""
    if file[place].kind != NAME or is_field(file, place) or place + 1 == len(file):
        return False
    after = file[place + 1]
    return after.kind == STRING or (after.kind == SIGN and after.text in USES)


def is_key(file: Sequence[Token], place: int) -> bool:
    """Whether a name is a key of a table constructor."""
    if place == 0 or place + 1 == len(file):
        return False
    before, after = file[place - 1], file[place + 1]
    return after.text == "=" and before.kind == SIGN and before.text in {"{", ","} and _in_braces(file, place)


def _in_braces(file: Sequence[Token], place: int) -> bool:
    """Whether the innermost thing that is open around a place is a table."""
    depth = 0
    for token in (file[before] for before in range(place - 1, -1, -1)):
        if is_closing(token):
            depth += 1
        elif is_opening(token):
            if depth == 0:
                return token.text == "{"
            depth -= 1
        elif depth == 0 and token.kind == WORD and token.text == "then":
            return False
    return False
