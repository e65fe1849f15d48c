"""What a tree holds, in the same words on both sides of a session: entries in order, and one sum over all of them."""

import fnmatch
import json
import re

from sloth.runtime.hashing import sha256

MYPY = False
if MYPY:
    from collections.abc import Iterable, Sequence

FILE, DIRECTORY, LINK = "f", "d", "l"
LIMIT = 64 << 20  # bytes of a manifest
OTHER = "o"  # a pipe or a device: the same as nothing that a manifest has


class Item:
    """One file (mode, size, sha256), directory (mode) or link (target). path: from the top of its tree."""

    def __init__(
        self, kind: str, path: str, mode: int = 0, size: int = 0, sum_: str = "", target: str = ""
    ) -> None:
        self.kind = kind
        self.path = path
        self.mode = mode
        self.size = size
        self.sha256 = sum_
        self.target = target

    def has_content_of(self, other: "Item") -> bool:
        """Whether both are the same but for their modes."""
        return (self.kind, self.size, self.sha256, self.target) == (other.kind, other.size, other.sha256, other.target)

    def plain(self) -> "list[object]":
        """For the wire."""
        if self.kind == LINK:
            return [self.kind, self.path, self.target]
        if self.kind == DIRECTORY:
            return [self.kind, self.path, self.mode]
        return [self.kind, self.path, self.mode, self.size, self.sha256]

    @classmethod
    def from_plain(cls, plain: object) -> "Item":
        """Off the wire. Raises ValueError for what is none, or leads out of the tree."""
        if not isinstance(plain, list) or len(plain) < 3 or not isinstance(plain[1], str):
            raise ValueError("no entry of a tree")
        kind, path = plain[0], plain[1]
        if not path or path.startswith("/") or "\0" in path or not {"", ".", ".."}.isdisjoint(path.split("/")):
            raise ValueError(f"{path!r} is no path in a tree")
        if kind == LINK and isinstance(plain[2], str):
            return cls(LINK, path, target=plain[2])
        if not isinstance(plain[2], int) or not 0 <= plain[2] <= 0o7777:
            raise ValueError(f"{path!r} has no mode")
        if kind == DIRECTORY:
            return cls(DIRECTORY, path, plain[2])
        if kind == FILE and len(plain) == 5 and isinstance(plain[3], int) and isinstance(plain[4], str):
            return cls(FILE, path, plain[2], plain[3], plain[4])
        raise ValueError(f"{path!r} is nothing that a tree holds")


def written(items: "Iterable[Item]") -> bytes:
    """A manifest, as it crosses: equal where the trees are."""
    return json.dumps([item.plain() for item in ordered(items)], separators=(",", ":")).encode("ascii")


def read(chunks: "Iterable[bytes]") -> "list[Item]":
    """The entries of a manifest, in order. Raises ValueError for what is none."""
    text = bytearray()
    for chunk in chunks:
        text += chunk
        if len(text) > LIMIT:
            raise ValueError(f"it has more than {LIMIT} bytes")
    try:
        plain = json.loads(text.decode("ascii"))
        return ordered(map(Item.from_plain, plain))
    except (RecursionError, TypeError) as error:
        raise ValueError("no manifest") from error


def sum_of(manifest: bytes) -> str:
    """One sum over all."""
    summed = sha256()
    summed.update(manifest)
    return summed.hexdigest()


def ordered(items: "Iterable[Item]") -> "list[Item]":
    """A directory before what it holds."""
    return sorted(items, key=lambda item: item.path.split("/"))


class Excluded:
    """Patterns of what is left alone on both sides: `*.pyc` is any such name, `build/cache` a path from the top."""

    def __init__(self, patterns: "Sequence[str]") -> None:
        stripped = [pattern.rstrip("/") for pattern in patterns]
        self._name = _any_of([pattern for pattern in stripped if "/" not in pattern])
        self._path = _any_of([pattern.lstrip("/") for pattern in stripped if "/" in pattern])

    def __contains__(self, path: str) -> bool:
        name = path.rpartition("/")[2]
        return (self._name is not None and self._name.match(name) is not None) or (
            self._path is not None and self._path.match(path) is not None
        )


def _any_of(patterns: "Sequence[str]") -> "re.Pattern[str] | None":
    return re.compile("|".join(map(fnmatch.translate, patterns))) if patterns else None
