"""Where text goes: a stream on which nothing that a host sends can act, coloured where a person looks.

A line is made of parts: plain text, or text with a style. Every part is made inert on its way out, so
that no caller can forget it; styles are the only escapes that reach the terminal.
"""

from __future__ import annotations

import io
import re
import shutil
import textwrap
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import TextIO

from sloth.cli.render.cells import cells
from sloth.core.errors import OutputLost

Part = str | tuple[str, str]
"""Text, or (text, style)."""

Aside = Callable[[], AbstractContextManager[None]]

_STYLES = {
    "green": "32", "yellow": "33", "red": "31", "cyan": "36", "bold": "1", "dim": "2", "bold red": "1;31", "plain": "",
}  # fmt: skip
_ESCAPES = re.compile(
    "(?:\x1b\\]|\x9d)[^\x07\x1b\x9c\n]*(?:\x07|\x1b\\\\|\x9c)?"  # OSC: titles, links, the clipboard
    "|(?:\x1b[PX^_]|[\x90\x98\x9e\x9f])[^\x1b\x9c\n]*(?:\x1b\\\\|\x9c)?"  # DCS, SOS, PM, APC
    "|(?:\x1b\\[|\x9b)[0-?]*[ -/]*[@-~]?"  # CSI: colours, cursor
    "|\x1b[ -/]*[0-~]?"
)
# Besides controls, what turns the direction of text around and so shows what is not there.
_CONTROLS = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]")
_SURROGATES = re.compile("[\ud800-\udfff]")
_MINIMUM_COLUMN = 20


def inert(text: str) -> str:
    """The text without anything that a terminal would obey; line ends and tabs stay."""
    if text.isprintable():  # neither controls nor surrogates, nor what turns text around
        return text
    text = _ESCAPES.sub("", text.replace("\r\n", "\n").replace("\r", "\n"))
    return _SURROGATES.sub("\N{REPLACEMENT CHARACTER}", _CONTROLS.sub("", text))


def one_line(text: str) -> str:
    """The text inert and on one line."""
    return " ".join(inert(text).split())


class Screen:
    """One of the two output streams. width 0 means that lines may be as long as they are."""

    def __init__(self, stream: TextIO, *, colour: bool = False, width: int = 0, aside: Aside = nullcontext) -> None:
        """aside: what writing happens inside of, where others draw on the same terminal."""
        self.is_read = True  # until whoever read has gone
        self.stream = stream
        self.colour = colour
        self.width = width
        self.aside = aside

    @classmethod
    def of(cls, stream: TextIO, environ: Mapping[str, str], aside: Aside = nullcontext) -> Screen:
        """The stream as its terminal, if it is one, and the environment want it."""
        terminal = is_terminal(stream)
        colour = terminal and not environ.get("NO_COLOR") and environ.get("TERM") != "dumb"
        width = shutil.get_terminal_size().columns if terminal else 0
        return cls(stream, colour=colour, width=width, aside=aside)

    def line(self, *parts: Part) -> None:
        """One line; a part that has line ends of its own makes it several."""
        self._write("".join(map(self._styled, parts)) + "\n")

    def block(self, text: str, style: str = "plain", indent: str = "    ") -> None:
        """Text as it is, line by line, set off from sloth's own lines."""
        for line in inert(text).rstrip("\n").split("\n"):
            self.line(indent, (line, style))

    def table(self, rows: Sequence[Sequence[Part]], indent: str = "") -> None:
        """Columns, as wide as they must be; the last one is wrapped to the width."""
        if not rows:
            return
        lengths = [max(cells(_plain(row[column])) for row in rows) for column in range(len(rows[0]) - 1)]
        start = len(indent) + sum(lengths) + 2 * len(lengths)
        for row in rows:
            filled = _filled(row)
            parts: list[Part] = [indent]
            for cell, length in zip(filled[:-1], lengths, strict=False):
                parts += [cell, " " * (length - cells(_plain(cell)) + 2)]
            first, *others = self._wrapped(filled[-1], start) if len(filled) == len(row) else filled[-1:]
            self.line(*parts, first)
            for part in others:
                self.line(" " * start, part)

    def _wrapped(self, cell: Part, start: int) -> list[Part]:
        text, style = cell if isinstance(cell, tuple) else (cell, "plain")
        width = max(self.width - start, _MINIMUM_COLUMN) if self.width else 0
        lines = textwrap.wrap(text, width) if width and len(text) > width else [text]
        return [(line, style) for line in lines or [""]]

    def _styled(self, part: Part) -> str:
        if isinstance(part, str):
            return inert(part)
        text, style = part
        code = _STYLES[style] if self.colour else ""
        return f"\x1b[{code}m{inert(text)}\x1b[0m" if code and text else inert(text)

    def _write(self, text: str) -> None:
        encoding = self.stream.encoding or "utf-8"
        try:
            with self.aside():
                self.stream.write(text.encode(encoding, "replace").decode(encoding))
                self.stream.flush()
        except BrokenPipeError:
            # Nobody reads any more (`| head`); what sloth does on hosts goes on.
            self.stream, self.is_read = io.StringIO(), False
        except OSError as error:
            self.stream = io.StringIO()
            raise OutputLost(f"the results cannot be written: {str(error.strerror).lower()}") from error

    def exact(self, data: bytes) -> None:
        """Bytes as they are, whatever the stream's encoding."""
        try:
            self.stream.flush()
            self.stream.buffer.write(data)
            self.stream.flush()
        except BrokenPipeError:
            self.stream = io.StringIO()
        except OSError as error:
            raise OutputLost(f"the result cannot be written: {str(error.strerror).lower()}") from error

    def raw(self, text: str) -> None:
        """Text of ours that is not for terminals."""
        self._write(text)

    def json(self, value: object) -> None:
        """One JSON value on a line of its own."""
        import json

        text = json.dumps(value, ensure_ascii=False, default=list)
        text = _SURROGATES.sub("\N{REPLACEMENT CHARACTER}", text)
        self._write(re.sub("[\x7f-\x9f]", lambda found: f"\\u{ord(found[0]):04x}", text) + "\n")


def is_terminal(stream: TextIO) -> bool:
    """Whether a person looks at the stream."""
    return not stream.closed and stream.isatty()


def is_live(stream: TextIO, environ: Mapping[str, str]) -> bool:
    """Whether the stream is a terminal whose lines can be drawn again."""
    return is_terminal(stream) and environ.get("TERM", "dumb") != "dumb"


def _filled(row: Sequence[Part]) -> Sequence[Part]:
    """A row without the empty cells at its end, of which nothing is to be seen. One always stays."""
    end = len(row)
    while end > 1 and not _plain(row[end - 1]).strip():
        end -= 1
    return row[:end]


def _plain(cell: Part) -> str:
    return inert(cell if isinstance(cell, str) else cell[0])
