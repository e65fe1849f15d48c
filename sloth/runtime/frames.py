"""Frames: what crosses the wire between controller and host, as bytes.

A frame is a 4-byte big-endian body length, one byte of kind, and the body: `J` is a JSON object, `B` is a chunk of a
stream (4-byte number of the stream, then data; no data ends it). Text that is no UTF-8 crosses as lone surrogates (JSON
is pure ASCII). Everything from the other side is checked against limits of length and depth before anybody looks at it.
"""

import json
import re
import struct

MYPY = False
if MYPY:
    Message = dict[str, object]

JSON_LIMIT = 16 << 20
CHUNK = 1 << 18
CHUNK_LIMIT = CHUNK + 4
DEPTH_LIMIT = 64
HEADER = struct.Struct(">IB")
JSON, BYTES = ord("J"), ord("B")
_ENCODER = json.JSONEncoder(separators=(",", ":"))  # made once: that takes as long as a message
_STRINGS = rb'"(?:[^"\\]|\\.)*"'
_NO_BRACKETS = bytes(byte for byte in range(256) if byte not in b"[]{}")


class WireError(Exception):
    """The other side broke the protocol, or is gone."""


def encode(message: "Message") -> bytes:
    """A JSON body. WireError when it is over the limit that the other side keeps."""
    body = _ENCODER.encode(message).encode("ascii")
    if len(body) > JSON_LIMIT:
        raise WireError(f"a message of {len(body)} bytes is over the limit of {JSON_LIMIT}")
    return body


def framed(message: "Message") -> bytes:
    """A whole frame, for who writes past a Peer."""
    body = encode(message)
    return HEADER.pack(len(body), JSON) + body


def decode(body: bytes) -> "Message":
    """The object in a JSON body, or WireError when it is none, or too deep."""
    try:
        if max(body.count(b"["), body.count(b"{")) > DEPTH_LIMIT // 2 and _depth(body) > DEPTH_LIMIT:
            raise ValueError(f"nested more than {DEPTH_LIMIT} deep")
        message = json.loads(body.decode("ascii"))
    except ValueError as error:
        raise WireError(f"bad JSON in a frame: {error}") from error
    if not isinstance(message, dict):
        raise WireError("a frame that is no object")
    return message


def _depth(body: bytes) -> int:
    depth = deepest = 0
    for byte in re.sub(_STRINGS, b"", body).translate(None, _NO_BRACKETS):
        depth += 1 if byte in b"[{" else -1
        deepest = max(deepest, depth)
    return deepest
