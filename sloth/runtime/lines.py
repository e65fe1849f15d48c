"""Editing lines of a file that belongs to somebody: bytes in, bytes out, each untouched line kept to the byte.

Line ends stay what they are, CRLF included; a file without a final newline keeps all its lines apart.
Patterns are Python's `re`, searched in a line without its end.
"""

import re

from sloth.runtime.failure import ActionFailed, BadArguments
from sloth.runtime.place import raw

MYPY = False
if MYPY:
    from re import Pattern

_MULTILINE = re.compile(rb"\\n|\n|\(\?[aiLsux]*m")


class Anchor:
    """Where a new line or block goes: `after` or `before` the last (or `first`) match, EOF or BOF."""

    def __init__(self, after: "str | None", before: "str | None", first: bool = False) -> None:
        if after is not None and before is not None:
            raise BadArguments("insertafter and insertbefore exclude each other")
        self.word = before if before is not None else after or "EOF"
        self.is_before = before is not None
        self.first = first
        self.pattern = None if self.word in {"EOF", "BOF"} else pattern(self.word)

    def index(self, lines: "list[bytes]") -> int:
        """The number of the line before which the new one goes; without a match it goes to the end."""
        if self.pattern is None:
            return 0 if self.word == "BOF" else len(lines)
        found = [number for number, line in enumerate(lines) if self.pattern.search(body(line))]
        if not found and _MULTILINE.search(self.pattern.pattern):
            found = self._spanning(lines)
        if not found:
            return len(lines)
        return (found[0] if self.first else found[-1]) + (0 if self.is_before else 1)

    def _spanning(self, lines: "list[bytes]") -> "list[int]":
        """Line numbers for a pattern that spans lines: of its first line, or of its last."""
        assert self.pattern is not None
        whole = b"".join(lines)
        matches = [match for match in self.pattern.finditer(whole) if match.group()]
        return [whole.count(b"\n", 0, match.start() if self.is_before else match.end() - 1) for match in matches]


def pattern(regexp: str) -> "Pattern[bytes]":
    """A user's pattern, or BadArguments that says where it is wrong."""
    try:
        return re.compile(raw(regexp))
    except (re.error, OverflowError) as error:
        raise BadArguments(f"the pattern {regexp!r} is no regular expression: {error}") from error


def literal(words: str) -> "Pattern[bytes]":
    """The pattern that matches where these words stand."""
    return re.compile(re.escape(raw(words)))


def split(content: bytes) -> "list[bytes]":
    """Lines with their ends; only \\n ends a line."""
    return re.findall(rb"[^\n]*\n|[^\n]+", content)


def body(line: bytes) -> bytes:
    """A line without its end."""
    return line[: -len(end(line))] if end(line) else line


def end(line: bytes) -> bytes:
    """The end of a line: CRLF, LF or nothing."""
    return b"\r\n" if line.endswith(b"\r\n") else b"\n" if line.endswith(b"\n") else b""


def newline(content: bytes) -> bytes:
    """The end that most lines of a file have."""
    crlf = content.count(b"\r\n")
    return b"\r\n" if crlf * 2 > content.count(b"\n") else b"\n"


def with_line(
    content: bytes,
    line: bytes,
    match: "Pattern[bytes] | None",
    anchor: Anchor,
    *,
    first: bool = False,
    backrefs: bool = False
) -> bytes:
    """The content in which a line is: in the place of one that matches, else where the anchor says."""
    lines = split(content)
    if match is not None:
        matching = [number for number, one in enumerate(lines) if match.search(body(one))]
        if matching:
            number = matching[0 if first else -1]
            found = match.search(body(lines[number]))
            new = _expanded(found, line) if backrefs and found is not None else line
            lines[number] = new + end(lines[number])
            return b"".join(lines)
        if backrefs:
            return content
    if any(body(one) == line for one in lines):
        return content
    return _inserted(lines, anchor.index(lines), [line + newline(content)], newline(content))


def without_lines(content: bytes, line: "bytes | None", match: "Pattern[bytes] | None") -> "tuple[bytes, int]":
    """The content without the lines that match (or, without a pattern, equal the line), and how many went."""
    lines = split(content)
    kept = [one for one in lines if not (match.search(body(one)) if match is not None else body(one) == line)]
    return b"".join(kept), len(lines) - len(kept)


def with_block(
    content: bytes,
    block: bytes,
    markers: "tuple[bytes, bytes]",
    anchor: Anchor,
    *,
    blank: "tuple[bool, bool]" = (False, False)
) -> bytes:
    """The content in which a block stands between its two marker lines; an empty block takes them away.

    blank: whether an empty line is wanted before and after the block
    """
    lines = split(content)
    ending = newline(content)
    begin, finish = markers
    start, stop = _marked(lines, begin, finish)
    new = [] if not block else [one + ending for one in [begin, *_bodies(block), finish]]
    if start is None:
        return _inserted(lines, anchor.index(lines), new, ending, blank) if new else content
    if new and stop == len(lines) and not end(lines[-1]):
        new[-1] = finish
    rest = lines[:start] + lines[stop:]
    return _inserted(rest, start, new, ending, blank) if new else b"".join(rest)


def _bodies(block: bytes) -> "list[bytes]":
    return [body(line) for line in split(block)]


def _marked(lines: "list[bytes]", begin: bytes, finish: bytes) -> "tuple[int | None, int]":
    """The range from the last begin marker to the end marker behind it."""
    bodies = [body(line) for line in lines]
    starts = [number for number, one in enumerate(bodies) if one == begin]
    if not starts:
        return None, 0
    for number in range(starts[-1] + 1, len(bodies)):
        if bodies[number] == finish:
            return starts[-1], number + 1
    shown = finish.decode("utf-8", "replace")
    raise ActionFailed(f"the block that begins in line {starts[-1] + 1} has no end: no line {shown!r} follows")


def _inserted(
    lines: "list[bytes]",
    index: int,
    new: "list[bytes]",
    ending: bytes,
    blank: "tuple[bool, bool]" = (False, False),
) -> bytes:
    before, after = list(lines[:index]), lines[index:]
    if before and not end(before[-1]):
        before[-1] += ending
    above = [ending] if blank[0] and before and body(before[-1]) else []
    below = [ending] if blank[1] and after and body(after[0]) else []
    return b"".join([*before, *above, *new, *below, *after])


def _expanded(found: "re.Match[bytes]", line: bytes) -> bytes:
    try:
        return found.expand(line)
    except (re.error, IndexError) as error:
        shown = line.decode("utf-8", "replace")
        raise BadArguments(f"the line {shown!r} refers to a group that the pattern does not have: {error}") from error
