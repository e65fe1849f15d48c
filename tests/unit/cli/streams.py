"""Streams that stand for a terminal or a pipe."""

from __future__ import annotations

import io

from sloth.cli.render.screen import Screen


class Terminal(io.StringIO):
    """What a person looks at."""

    def isatty(self) -> bool:
        return True


class ClosedPipe(io.StringIO):
    """A pipe whose reader is gone."""

    def write(self, text: str) -> int:
        raise BrokenPipeError


def screen(*, colour: bool = False, width: int = 0) -> tuple[Screen, io.StringIO]:
    """A screen, and what is on it."""
    stream = io.StringIO()
    return Screen(stream, colour=colour, width=width), stream
