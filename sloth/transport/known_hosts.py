"""Host keys as users' known_hosts files have them, line by line: what cannot be read costs one line, not the file.

Understood: names, wildcards and negation, hashed names, `[host]:port`, `@revoked`. A line with `@cert-authority` is
known for what it is: a host that only such a line covers is refused with that reason.
"""

from __future__ import annotations

import base64
import binascii
import fcntl
import hashlib
import hmac
import os
import re
import secrets
import threading
from collections.abc import Iterable, Iterator
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING

from msgspec import Struct, field

from sloth.core.writing import make_folder
from sloth.runtime.writing import append_all

if TYPE_CHECKING:
    from paramiko import PKey

SSH_PORT = 22
_MARKERS = {"@revoked", "@cert-authority"}


class Entry(Struct, frozen=True):
    """One line. `names`: as written, without the hashed ones; `hashed`: (salt, digest) or None."""

    marker: str
    names: str
    hashed: tuple[bytes, bytes] | None
    kind: str
    key: bytes
    where: str

    def covers(self, name: str) -> bool:
        """Whether the line is about the name (`host`, or `[host]:port`)."""
        if self.hashed is not None:
            salt, digest = self.hashed
            return hmac.compare_digest(hmac.new(salt, name.encode(), hashlib.sha1).digest(), digest)
        patterns = self.names.lower().split(",")
        if any(pattern.startswith("!") and _matches(pattern[1:], name) for pattern in patterns):
            return False
        return any(not pattern.startswith("!") and _matches(pattern, name) for pattern in patterns)


class Known(Enum):
    """What the files say of a key."""

    YES = "known"
    NO = "unknown"
    CHANGED = "changed"
    REVOKED = "revoked"
    AUTHORITY = "signed by an authority"


class Verdict(Struct, frozen=True):
    """`where`: the line that decided."""

    known: Known
    where: str = ""


class _File(Struct):
    """One file, with its lines by exact name and those that have to be tried one by one."""

    signature: tuple[int, int, int]
    exact: dict[str, list[Entry]] = field(default_factory=dict)
    loose: list[Entry] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)

    def about(self, name: str) -> Iterator[Entry]:
        yield from self.exact.get(name, ())
        for entry in self.loose:
            if entry.covers(name):
                yield entry


class KnownHosts:
    """The known_hosts files of a run, each read once for all hosts, and again when it has changed."""

    def __init__(self) -> None:
        self._files: dict[Path, _File] = {}
        self._lock = threading.Lock()

    def warnings(self, paths: Iterable[Path]) -> list[str]:
        """Lines that could not be read."""
        return [warning for path in paths for warning in self._file(path).warnings]

    def kinds(self, paths: Iterable[Path], host: str, port: int) -> list[str]:
        """The types of the keys that are known for a host: what it should be asked for first."""
        entries = self._about(list(paths), host, port)
        return list(dict.fromkeys(entry.kind for entry in entries if not entry.marker))

    def judge(self, paths: Iterable[Path], host: str, port: int, key: PKey) -> Verdict:
        """What the files say of the key that a host shows."""
        entries = self._about(list(paths), host, port)
        blob = key.asbytes()
        for entry in entries:
            if entry.marker == "@revoked" and entry.key == blob:
                return Verdict(Known.REVOKED, entry.where)
        plain = [entry for entry in entries if not entry.marker]
        for entry in plain:
            if entry.key == blob:
                return Verdict(Known.YES, entry.where)
        if plain:
            same = [entry for entry in plain if entry.kind == key.get_name()]
            return Verdict(Known.CHANGED, (same or plain)[0].where)
        for entry in entries:
            if entry.marker == "@cert-authority":
                return Verdict(Known.AUTHORITY, entry.where)
        return self._without_port(list(paths), host, port, blob)

    def _without_port(self, paths: list[Path], host: str, port: int, blob: bytes) -> Verdict:
        """As OpenSSH has it: on another port, a key known for the bare host will do; another one says nothing."""
        if port != SSH_PORT:
            for entry in self._about(paths, host, SSH_PORT):
                if entry.key == blob and entry.marker != "@cert-authority":
                    return Verdict(Known.REVOKED if entry.marker else Known.YES, entry.where)
        return Verdict(Known.NO)

    def add(self, path: Path, host: str, port: int, key: PKey, *, hashed: bool) -> Verdict:
        """Append a key, unless somebody has meanwhile; one write under the file's own lock. Returns what now holds."""
        make_folder(path.parent, 0o700)
        fd = os.open(path, os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(fd, fcntl.LOCK_EX)
            verdict = self.judge([path], host, port, key)
            if verdict.known is not Known.NO:
                return verdict
            size = os.fstat(fd).st_size
            gap = b"\n" if size and os.pread(fd, 1, size - 1) != b"\n" else b""
            name = lookup_name(host, port)
            text = f"{_hash(name) if hashed else name} {key.get_name()} {key.get_base64()}\n"
            append_all(fd, gap + text.encode())
        finally:
            os.close(fd)
        return Verdict(Known.YES, str(path))

    def _about(self, paths: list[Path], host: str, port: int) -> list[Entry]:
        name = lookup_name(host, port)
        return [entry for path in paths for entry in self._file(path).about(name)]

    def _file(self, path: Path) -> _File:
        try:
            found = path.stat()
            signature = (found.st_mtime_ns, found.st_size, found.st_ino)
        except OSError:
            return _File((0, 0, 0))
        with self._lock:
            known = self._files.get(path)
            if known is None or known.signature != signature:
                known = self._files[path] = _load(path, signature)
            return known


def lookup_name(host: str, port: int) -> str:
    """What the host at this port is called in known_hosts."""
    host = host.lower()
    return host if port == SSH_PORT else f"[{host}]:{port}"


def _load(path: Path, signature: tuple[int, int, int]) -> _File:
    file = _File(signature)
    try:
        text = path.read_bytes().decode("utf-8", "replace")
    except OSError as error:
        file.warnings.append(f"{path}: {error.strerror}")
        return file
    for number, line in enumerate(text.splitlines(), 1):
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        entry = _parse(line, f"{path}:{number}")
        if entry is None:
            file.warnings.append(f"{path}:{number}: not a line of known_hosts, skipped")
        elif entry.hashed is not None or re.search(r"[*?!]", entry.names):
            file.loose.append(entry)
        else:
            for name in entry.names.lower().split(","):
                file.exact.setdefault(name, []).append(entry)
    return file


def _parse(line: str, where: str) -> Entry | None:
    words = line.split()
    marker = words.pop(0).lower() if words[0].startswith("@") else ""
    if len(words) < 3 or (marker and marker not in _MARKERS):
        return None
    names, kind, text = words[:3]
    try:
        key = base64.b64decode(text, validate=True)
        length = int.from_bytes(key[:4], "big")
        if key[4 : 4 + length].decode("ascii") != kind:
            return None
        hashed = _hashed(names) if names.startswith("|") else None
    except (binascii.Error, ValueError):
        return None
    return Entry(marker, names, hashed, kind, key, where)


def _hashed(name: str) -> tuple[bytes, bytes]:
    _, version, salt, digest = name.split("|")
    if version != "1":
        raise ValueError(name)
    return base64.b64decode(salt, validate=True), base64.b64decode(digest, validate=True)


def _hash(name: str) -> str:
    salt = secrets.token_bytes(20)
    digest = hmac.new(salt, name.encode(), hashlib.sha1).digest()
    return "|".join(("", "1", base64.b64encode(salt).decode(), base64.b64encode(digest).decode()))


def _matches(pattern: str, name: str) -> bool:
    translated = "".join(".*" if char == "*" else "." if char == "?" else re.escape(char) for char in pattern)
    return re.fullmatch(translated, name) is not None
