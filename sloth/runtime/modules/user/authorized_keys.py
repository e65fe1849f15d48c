"""The text of an authorized_keys file: which keys it has, and the same text with keys added or taken out.

A key is its type and its base64; comments and options belong to a line and stay as they are unless others are
asked for. Lines that are no keys stay too.
"""

import binascii
import re

from sloth.runtime.failure import BadArguments

MYPY = False
if MYPY:
    from collections.abc import Sequence

_TYPE = re.compile(r"^(ssh|ecdsa|sk)-[A-Za-z0-9@.-]+$")
_OPTIONS = re.compile(r'^((?:[^\s"]|"(?:\\.|[^"\\])*")+)\s+(.*)$')


class Key:
    """One line with a key."""

    def __init__(self, type_: str, blob: str, options: str = "", comment: str = "") -> None:
        self.type = type_
        self.blob = blob
        self.options = options
        self.comment = comment

    def is_same(self, other: "Key | None") -> bool:
        """Whether both are one key."""
        return other is not None and (self.type, self.blob) == (other.type, other.blob)

    @property
    def line(self) -> str:
        """As it stands in a file."""
        return " ".join(part for part in (self.options, self.type, self.blob, self.comment) if part)


def parse_line(line: str) -> "Key | None":
    """The key of a line; None for a comment, an empty line, or what is no key."""
    text = line.strip()
    if not text or text.startswith("#"):
        return None
    options = ""
    if not _TYPE.match(text.split(None, 1)[0]):
        match = _OPTIONS.match(text)
        if match is None:
            return None
        options, text = match.group(1), match.group(2)
    fields = [*text.split(None, 2), ""]
    if len(fields) < 3 or not _TYPE.match(fields[0]):
        return None
    return Key(fields[0], fields[1], options, fields[2].strip())


def parse_wanted(texts: "Sequence[str]", options: "str | None") -> "list[Key]":
    """The keys that a caller wrote, a line each; BadArguments for what is none."""
    if options is not None and "\n" in options:
        raise BadArguments("options of a key must be one line")
    keys = []
    for line in (line.strip() for text in texts for line in text.splitlines()):
        if not line or line.startswith("#"):
            continue
        key = parse_line(line)
        if key is None or not _is_whole(key):
            shown = line if len(line) < 40 else line[:37] + "..."
            raise BadArguments(f"{shown!r} is no public key; it reads like: ssh-ed25519 AAAAC3Nz... comment")
        if options is not None:
            key.options = options
        keys.append(key)
    return keys


def merge(text: str, keys: "Sequence[Key]", *, keep_options: bool, exclusive: bool) -> str:
    """The text with these keys in it; with `exclusive`, and no other."""
    lines = []
    for line in text.splitlines():
        there = parse_line(line)
        wanted = next((key for key in keys if key.is_same(there)), None)
        if there is not None and wanted is not None:
            lines.append(_updated(line, there, wanted, keep_options=keep_options))
        elif not exclusive or not line.strip() or line.lstrip().startswith("#"):
            lines.append(line)
    present = [parse_line(line) for line in lines]
    added = {key.line: None for key in keys if not any(key.is_same(one) for one in present)}
    return _joined(text, [*lines, *added])


def without(text: str, keys: "Sequence[Key]") -> str:
    """The text with none of these keys in it."""
    return _joined(text, [line for line in text.splitlines() if not any(key.is_same(parse_line(line)) for key in keys)])


def _updated(line: str, there: Key, wanted: Key, *, keep_options: bool) -> str:
    if (keep_options and not wanted.options) or there.options == wanted.options:
        return line
    return Key(there.type, there.blob, wanted.options, there.comment or wanted.comment).line


def _joined(before: str, lines: "list[str]") -> str:
    return before if lines == before.splitlines() else "".join(line + "\n" for line in lines)


def _is_whole(key: Key) -> bool:
    """Whether the base64 is complete and says the same type: a key that lost a piece on its way is none."""
    try:
        data = binascii.a2b_base64(key.blob.encode("ascii"))
    except (binascii.Error, UnicodeEncodeError):
        return False
    name = key.type.encode()
    return data.startswith(len(name).to_bytes(4, "big") + name) and len(data) > len(name) + 4
