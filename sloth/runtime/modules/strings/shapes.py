"""Texts made of others: padded, indented, repeated, quoted."""

import re

from sloth.runtime.action import action
from sloth.runtime.failure import ActionFailed

MYPY = False
if MYPY:
    from sloth.runtime.host import Host

_LIMIT = 1 << 20  # characters that a text may be made to have


@action(query=True)
def indent(host: "Host", *, text: str, spaces: int = 2) -> str:
    """The text with spaces before each of its lines that has something in it.

    text: the text
    spaces: how many

    example: local block = strings.indent(text, 4)
    """
    return re.sub(r"(?m)^(?=.*\S)", " " * _width(spaces), text)


@action(query=True)
def pad_left(host: "Host", *, text: str, width: int, fill: str = " ") -> str:
    """The text with enough before it to be that wide.

    text: the text
    width: how many characters it shall have at least
    fill: what to fill up with

    example: print(strings.pad_left("web", 10))
    """
    return text.rjust(_width(width), _one(fill))


@action(query=True)
def pad_right(host: "Host", *, text: str, width: int, fill: str = " ") -> str:
    """The text with enough behind it to be that wide.

    text: the text
    width: how many characters it shall have at least
    fill: what to fill up with

    example: print(strings.pad_right("web", 10))
    """
    return text.ljust(_width(width), _one(fill))


@action(query=True)
def center(host: "Host", *, text: str, width: int, fill: str = " ") -> str:
    """The text in the middle of that width.

    text: the text
    width: how many characters it shall have at least
    fill: what to fill up with

    example: print(strings.center("web", 10))
    """
    return text.center(_width(width), _one(fill))


@action(query=True)
def rep(host: "Host", *, text: str, count: int) -> str:
    """The text several times.

    text: the text
    count: how often

    example: print(strings.rep("-", 40))
    """
    if len(text) * count > _LIMIT:
        raise ActionFailed(f"strings.rep: that would be {len(text) * count} characters")
    return text * count


@action(query=True)
def reverse(host: "Host", *, text: str) -> str:
    """The text from its end to its start.

    text: the text

    example: local back = strings.reverse("abc")
    """
    return text[::-1]


@action(query=True)
def replace(host: "Host", *, text: str, old: str, new: str, count: int = -1) -> str:
    """The text with another in the place of a part, as it is written: no pattern.

    text: the text
    old: what to take out
    new: what to put there
    count: how often at most; without it everywhere

    example: local path = strings.replace(path, "/", "-")
    """
    return text.replace(old, new, count)


@action(query=True)
def quote(host: "Host", *, text: str) -> str:
    """The text in quotes as a POSIX shell reads it.

    text: the text

    example: local line = "ls " .. strings.quote(path)
    """
    return "'" + text.replace("'", "'\"'\"'") + "'"


def _width(number: int) -> int:
    if number > _LIMIT:
        raise ActionFailed(f"strings: a width of {number} characters")
    return number


def _one(fill: str) -> str:
    if len(fill) != 1:
        raise ActionFailed(f"strings: fill is one character, not {fill!r}")
    return fill
