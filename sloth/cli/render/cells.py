"""How many columns of a terminal a text takes: letters of East Asia and most emoji take two, marks none."""

from __future__ import annotations

import unicodedata
from itertools import takewhile


def cells(text: str) -> int:
    """The columns of a text on one line."""
    return len(text) if text.isascii() else sum(map(_cell, text))


def padded(text: str, width: int) -> str:
    """The text, and behind it spaces up to so many columns."""
    return text + " " * (width - cells(text))


def first_cells(text: str, width: int) -> str:
    """As much of its beginning as fits into so many columns."""
    return _fitting(text, width)


def last_cells(text: str, width: int) -> str:
    """As much of its end as fits into so many columns."""
    return _fitting(text[::-1], width)[::-1]


def _fitting(text: str, width: int) -> str:
    room = width

    def fits(letter: str) -> bool:
        nonlocal room
        room -= _cell(letter)
        return room >= 0

    return "".join(takewhile(fits, text))


def _cell(letter: str) -> int:
    if unicodedata.category(letter) in {"Mn", "Me", "Cf"}:
        return 0
    return 2 if unicodedata.east_asian_width(letter) in {"W", "F"} else 1
