"""Plain data between Python and Lua: JSON text, so that no object of one side is ever seen by the other.

A str crosses as UTF-8 and comes back as it was, bytes that are no UTF-8 too (surrogateescape). A
dict's keys become strings. None is nil; inside a list it is the value `null`, which keeps its place.
Integral floats come out of Lua as int. An empty Lua table comes out as {}, as Lua does not tell an
empty list from it, except where it came in as a list.
"""

import json

LIMIT = 16 << 20  # bytes that one value may take as text


class NotPlain(ValueError):
    """A value that cannot enter Lua: no plain data, nested too deeply, or too large."""


def _bytes_as_text(value: object) -> str:
    if isinstance(value, (bytes, bytearray)):
        return value.decode("utf-8", "surrogateescape")
    raise NotPlain(f"a {type(value).__name__} cannot enter Lua")


_ENCODER = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), default=_bytes_as_text)


def dump(value: object) -> bytes:
    """A value as the text that Lua reads. Raises NotPlain."""
    try:
        text = _ENCODER.encode(value)
    except (RecursionError, TypeError, ValueError) as error:
        raise NotPlain(f"no plain data: {error}") from error
    try:
        encoded = text.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:  # half a surrogate pair, which is no text in any encoding
        encoded = text.encode("utf-8", "replace")
    if len(encoded) > LIMIT:
        raise NotPlain(f"a value of {len(encoded)} bytes is too large for Lua")
    return encoded


def parse(text: bytes) -> object:
    """The value that Lua wrote."""
    return json.loads(text.decode("utf-8", "surrogateescape"))
