"""Single values that stand encrypted in inventories and files of variables.

    $SLOTH_SECRET;1;ENVIRONMENT;NAME;RECIPE
    base64 of nonce and ciphertext, in lines

One carries all that is needed but the passphrase. It is bound to its environment and to the variable it was made for.
"""

from __future__ import annotations

import re

from msgspec import Struct

from sloth.core.sealed import STRING_HEADER
from sloth.secrets import sealing
from sloth.secrets.sealing import BadRecipe, Recipe

_FORMAT = "1"
_WIDTH = 80
_WORD = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}")


class BadString(Exception):
    """No value that was encrypted by sloth; str() says why."""


class Header(Struct, frozen=True):
    """What such a text says of itself. name: of the variable it was made for."""

    environment: str
    name: str
    recipe: Recipe
    body: str

    @property
    def bound(self) -> tuple[str, str, str]:
        """What the value is bound to."""
        return ("string", self.environment, self.name)

    def open(self, key: bytes) -> str:
        """The value. Raises BadSeal."""
        return sealing.unseal(key, self.body, *self.bound)


def parse(text: str) -> Header:
    """Raises BadString."""
    first, *lines = text.split()
    words = first.split(";")
    if words[0] != STRING_HEADER or len(words) != 5:
        raise BadString("its first line is no header of an encrypted value")
    if words[1] != _FORMAT:
        raise BadString(f"it has the format {words[1]}, which this sloth does not know")
    if not _WORD.fullmatch(words[2]) or not _WORD.fullmatch(words[3]):
        raise BadString("its first line is damaged")
    try:
        return Header(words[2], words[3], Recipe.of_text(words[4]), "".join(lines))
    except BadRecipe as error:
        raise BadString("its first line is damaged") from error


def write(key: bytes, recipe: Recipe, environment: str, name: str, value: str) -> str:
    """The encrypted text of a value."""
    if not _WORD.fullmatch(name):
        raise BadString(f"{name!r} is no name of a variable")
    body = sealing.seal(key, value, "string", environment, name)
    lines = [body[start : start + _WIDTH] for start in range(0, len(body), _WIDTH)]
    return "\n".join([f"{STRING_HEADER};{_FORMAT};{environment};{name};{recipe}", *lines])
