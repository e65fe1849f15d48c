"""The audit trail of one environment: who did what with which secret, and when; never a value.

A line of JSON for each entry, signed together with the signature before it, by a key that lies sealed among the
secrets. So nobody who lacks the passphrase can change, insert or leave out an entry. Those of the last change stand
in the document as well: they tell when entries were cut off, and bring back what a crash kept from the trail.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from msgspec import Struct

from sloth.core.errors import SecretsDamaged, SecretsError
from sloth.secrets import sealing
from sloth.secrets.document import sync_folder


class Entry(Struct, frozen=True):
    """What happened. what: set, get, use, delete, import, rotate. name: of a secret, if it is about one."""

    number: int
    when: str
    who: str
    what: str
    name: str
    version: int
    by: str


_PARTS = ("number", "when", "who", "what", "name", "version", "by")


def entry(key: str, last: Mapping[str, Any], when: str, who: str, what: str, name: str, version: int, by: str) -> Any:
    """The entry that follows the last one, signed."""
    plain = {
        "number": int(last.get("number", 0)) + 1, "when": when, "who": who, "what": what, "name": name,
        "version": version, "by": by,
    }  # fmt: skip
    return {**plain, "mac": sealing.signature(bytes.fromhex(key), "entry", plain, str(last.get("mac", "")))}


def complete(path: Path, entries: Sequence[Mapping[str, Any]]) -> None:
    """Bring the entries of the last change into the trail, as far as they are not there."""
    end, kept = _end(path)
    known = end.get("number") if isinstance(end, dict) else 0
    missing = [one for one in entries if not isinstance(known, int) or one["number"] > known]
    if missing:
        _append(path, missing, kept)


def _end(path: Path) -> tuple[object, int]:
    """The last whole line as data, and where it ends."""
    try:
        with path.open("rb") as stream:
            size = stream.seek(0, os.SEEK_END)
            start = max(0, size - (64 << 10))
            stream.seek(start)
            raw = stream.read()
    except FileNotFoundError:
        return None, 0
    except OSError as error:
        raise _unusable(path, error) from error
    whole, _, torn = raw.rpartition(b"\n")
    return _parsed(whole.rpartition(b"\n")[2]), size - len(torn)


def _append(path: Path, entries: Sequence[Mapping[str, Any]], at: int) -> None:
    """Write lines where the last whole one ends."""
    try:
        is_new = not path.exists()
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT, 0o600), "wb") as stream:
            stream.truncate(at)
            stream.seek(at)
            stream.writelines(sealing.canonical(one) + b"\n" for one in entries)
            stream.flush()
            os.fsync(stream.fileno())
        if is_new:
            sync_folder(path.parent)
    except OSError as error:
        raise _unusable(path, error) from error


def verified(path: Path, key: str, entries: Sequence[Mapping[str, Any]]) -> Sequence[Entry]:
    """The whole trail, whose end these entries are. SecretsDamaged when it is not what was written."""
    try:
        lines = path.read_bytes().splitlines()
    except OSError as error:
        raise _unusable(path, error) from error
    before = ""
    found = []
    for number, line in enumerate(lines, 1):
        said = _parsed(line)
        plain: dict[str, Any] = {part: said.get(part) for part in _PARTS} if isinstance(said, dict) else {}
        proof = sealing.signature(bytes.fromhex(key), "entry", plain, before)
        if not isinstance(said, dict) or not sealing.is_same(said.get("mac"), proof) or plain["number"] != number:
            raise _broken(path, number)
        before = proof
        found.append(Entry(**plain))
    if before != entries[-1]["mac"]:
        raise _broken(path, len(lines) + 1)
    return found


def _parsed(line: bytes) -> object:
    try:
        return json.loads(line)
    except (ValueError, RecursionError):
        return None


def _broken(path: Path, number: int) -> SecretsDamaged:
    hint = "entries from here on were changed, or left out; compare with a backup"
    return SecretsDamaged("the audit trail is not as it was written", where=f"{path}:{number}", hint=hint)


def _unusable(path: Path, error: OSError) -> SecretsError:
    return SecretsError(f"cannot keep the audit trail: {str(error.strerror).lower()}", where=str(path))
