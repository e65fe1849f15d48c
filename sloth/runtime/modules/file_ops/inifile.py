"""The text of INI files: one option set or taken away, all else kept to the byte."""

import re

from sloth.runtime import lines
from sloth.runtime.place import raw

_SECTION = re.compile(rb"^\s*\[\s*(.*?)\s*\]\s*(?:[#;].*)?$")
_COMMENT = re.compile(rb"^\s*[#;]")


def with_option(content: bytes, section: str, option: str, value: str, spaced: bool) -> bytes:
    """The content with this value: in the place of the option, else at the end of its section, which is made."""
    rows = lines.split(content)
    newline = lines.newline(content)
    new = raw(f"{option} = {value}" if spaced else f"{option}={value}")
    start, stop = _bounds(rows, section)
    if start is None:
        body = [raw(f"[{section}]") + newline] if section else []
        gap = [newline] if rows and section and rows[-1].strip() else []
        return b"".join([*_ended(rows, newline), *gap, *body, new + newline])
    places = _places(rows[start:stop], option)
    if not places:
        at = stop
        while at > start and not rows[at - 1].strip():
            at -= 1  # before the empty lines that part it from the next
        return b"".join([*_ended(rows[:at], newline), new + newline, *rows[at:]])
    first = start + places[0]
    if _value(rows[first]) != raw(value):
        rows[first] = new + (lines.end(rows[first]) or (b"" if first == len(rows) - 1 else newline))
    doubled = {start + place for place in places[1:]}
    return b"".join(row for at, row in enumerate(rows) if at not in doubled)


def without_option(content: bytes, section: str, option: "str | None") -> bytes:
    """The content without an option, or without a whole section."""
    rows = lines.split(content)
    start, stop = _bounds(rows, section)
    if start is None:
        return content
    if option is None:
        return b"".join(rows[: max(0, start - 1) if section else 0] + rows[stop:])
    gone = {start + place for place in _places(rows[start:stop], option)}
    return b"".join(row for at, row in enumerate(rows) if at not in gone)


def _bounds(rows: "list[bytes]", section: str) -> "tuple[int | None, int]":
    """From behind a section's heading to the next one; section "" is what comes before the first."""
    matches = [(at, _SECTION.match(lines.body(row))) for at, row in enumerate(rows)]
    heads = [(at, match.group(1)) for at, match in matches if match is not None]
    if not section:
        return 0, heads[0][0] if heads else len(rows)
    for number, (at, name) in enumerate(heads):
        if name == raw(section):
            return at + 1, heads[number + 1][0] if number + 1 < len(heads) else len(rows)
    return None, 0


def _places(rows: "list[bytes]", option: str) -> "list[int]":
    start = re.compile(rb"^\s*" + re.escape(raw(option)) + rb"\s*(?:[=:]|$)")
    return [at for at, row in enumerate(rows) if not _COMMENT.match(row) and start.match(lines.body(row))]


def _value(row: bytes) -> bytes:
    return re.split(rb"[=:]", lines.body(row), maxsplit=1)[-1].strip()


def _ended(rows: "list[bytes]", newline: bytes) -> "list[bytes]":
    """The lines, the last one with an end."""
    return [*rows[:-1], rows[-1] if lines.end(rows[-1]) else rows[-1] + newline] if rows else []
