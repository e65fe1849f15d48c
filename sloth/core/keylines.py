"""Lines of the keys of TOML and JSON texts.

The parsers of the standard library keep none, and only errors and explanations want them: so the text is
gone through once more when a line is asked for, and the keys on the way are compared with the wanted path.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence

_HEADER = re.compile(r"\s*\[+([^\[\]]*)\]+\s*(?:#.*)?$")
_WORD = r"""(?:[\w-]+|"[^"]*"|'[^']*')"""
_KEY = re.compile(rf"\s*({_WORD}(?:\s*\.\s*{_WORD})*)\s*=")
_PART = re.compile(r""""([^"]*)"|'([^']*)'|([\w-]+)""")
_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*"|[{}\[\],]')

Keys = tuple[str, ...]


def of_toml(text: str, keys: Sequence[str]) -> int | None:
    """The line of what is nearest to a path from above; inline tables have the line that they stand on."""
    return _nearest(_toml_paths(text), tuple(keys))


def of_json(text: str, keys: Sequence[str]) -> int | None:
    """The line of what is nearest to a path from above; a number in it counts a list's items."""
    found = ((path, position) for path, position in _json_paths(text) if path == tuple(keys)[: len(path)])
    position = _nearest(found, tuple(keys))
    return None if position is None else text.count("\n", 0, position) + 1


def _nearest(paths: Iterator[tuple[Keys, int]], wanted: Keys) -> int | None:
    best, best_length = None, 0
    for path, place in paths:
        common = next((n for n, (one, other) in enumerate(zip(path, wanted, strict=False)) if one != other), None)
        length = min(len(path), len(wanted)) if common is None else common
        if length > best_length:
            best, best_length = place, length
    return best


def _toml_paths(text: str) -> Iterator[tuple[Keys, int]]:
    """Every header and key with its line."""
    table: Keys = ()
    for number, line in enumerate(text.splitlines(), start=1):
        if header := _HEADER.match(line):
            table = _toml_path(header[1])
            yield table, number
        elif key := _KEY.match(line):
            yield (*table, *_toml_path(key[1])), number


def _toml_path(text: str) -> Keys:
    return tuple(double or single or bare for double, single, bare in _PART.findall(text))


def _json_paths(text: str) -> Iterator[tuple[Keys, int]]:
    """Every key with its position. The text is known to be JSON."""
    path: list[str] = []
    closing: list[str] = []
    is_key = False
    for token in _TOKEN.finditer(text):
        mark = token[0]
        if mark in "{[":
            closing.append("}" if mark == "{" else "]")
            path.append("0")
            is_key = mark == "{"
        elif mark in "}]":
            closing.pop()
            path.pop()
            is_key = False
        elif mark == ",":
            is_key = closing[-1] == "}"
            if not is_key:
                path[-1] = str(int(path[-1]) + 1)
        elif is_key:
            path[-1] = json.loads(mark)
            is_key = False
            yield tuple(path), token.start()
