"""Lua's source as tokens with their lines: enough to see which names a file uses, and what stands in its calls.

The source is known to be valid: the sandbox has compiled it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from msgspec import Struct

NAME, STRING, NUMBER, SIGN, WORD = "name", "string", "number", "sign", "word"
_WORDS = """
    and break do else elseif end false for function goto if in local nil not or repeat return then true until while
"""
WORDS = frozenset(_WORDS.split())

_TOKEN = re.compile(
    r"""(?P<blank>\s+|\#![^\n]*)
      | (?P<long>(?:--)?\[(?P<level>=*)\[.*?\](?P=level)\])
      | (?P<comment>--[^\n]*)
      | (?P<string>"(?:\\z\s*|\\.|[^"\\])*"|'(?:\\z\s*|\\.|[^'\\])*')
      | (?P<number>0[xX][0-9a-fA-F.]+(?:[pP][+-]?\d+)?|(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)
      | (?P<name>[A-Za-z_]\w*)
      | (?P<sign>\.\.\.|\.\.|==|~=|<=|>=|//|::|<<|>>|.)""",
    re.VERBOSE | re.DOTALL,
)
_ESCAPE = re.compile(r"\\(z\s*|x[0-9a-fA-F]{2}|\d{1,3}|u\{[0-9a-fA-F]+\}|.)", re.DOTALL)
_SHORT = {"n": "\n", "t": "\t", "r": "\r", "a": "\a", "b": "\b", "f": "\f", "v": "\v"}


class Token(Struct, frozen=True):
    """kind: one of the words above. text: of a string, its value."""

    kind: str
    text: str
    line: int


def tokens(source: str) -> list[Token]:
    """All tokens but comments."""
    return list(_tokens(source))


def _tokens(source: str) -> Iterator[Token]:
    line = 1
    for found in _TOKEN.finditer(source):
        text = found[0]
        kind = found.lastgroup
        if found["long"] and not text.startswith("--"):
            size = len(found["level"]) + 2
            yield Token(STRING, text[size:-size].removeprefix("\n"), line)
        elif kind == "string":
            yield Token(STRING, _ESCAPE.sub(_unescaped, text[1:-1]), line)
        elif kind == "number":
            yield Token(NUMBER, text, line)
        elif kind == "name":
            yield Token(WORD if text in WORDS else NAME, text, line)
        elif kind == "sign":
            yield Token(SIGN, text, line)
        line += text.count("\n")


def _unescaped(found: re.Match[str]) -> str:
    word = found[1]
    if word[0] == "z":
        return ""
    if word[0] == "x":
        return chr(int(word[1:], 16))
    if word[0] == "u":
        return chr(int(word[2:-1], 16))
    if word.isdigit():
        return chr(int(word))
    return _SHORT.get(word, word)
