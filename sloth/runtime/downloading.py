"""Files from addresses: fetched when they are not there, checked before they take their name."""

import hashlib
import os
from urllib.parse import unquote, urlsplit

from sloth.runtime import copying, files, web
from sloth.runtime.attributes import Wanted, apply
from sloth.runtime.failure import ActionFailed, BadArguments

MYPY = False
if MYPY:
    from collections.abc import Iterator

    from sloth.runtime.host import Host
    from sloth.runtime.place import Place

_ALGORITHMS = {32: "md5", 40: "sha1", 64: "sha256", 128: "sha512"}  # by the length of a sum in hexadecimal


def download(
    host: "Host", asked: "web.Request", dest: str, checksum: "str | None", want: Wanted, *, force: bool = False
) -> "dict[str, object]":
    """Have the file of an address; the fields of the result."""
    algorithm, wanted = _checksum(checksum)
    path = copying.destination(host, dest, _name(asked.url))
    place = files.reach(host, path, follow=True)
    result = {"dest": path}  # type: dict[str, object]
    if place is None:
        files.announce(host, f"download {asked.url} to {path}")
        return result
    with place:
        there = place.stat() is not None
        if there and not force and (not wanted or files.digest(host, place, algorithm) == wanted):
            apply(host, place, want)
        elif host.check:
            host.unknown = host.unknown or (there and not wanted)
            host.effect(f"download {asked.url} to {path}", lambda: None)
        else:
            _fetch(host, place, asked, _Sum(algorithm, wanted), want)
    return result


class _Sum:
    """The sum that a content shall have, or any."""

    def __init__(self, algorithm: str, wanted: str) -> None:
        self.algorithm = algorithm
        self.wanted = wanted

    def check(self, url: str, found: str) -> None:
        """Refuse another content."""
        if self.wanted and found != self.wanted:
            raise ActionFailed(f"{url}: its {self.algorithm} is {found}, wanted {self.wanted}; the file is as it was")


def _fetch(host: "Host", place: "Place", asked: "web.Request", wanted: _Sum, want: Wanted) -> None:
    response = web.send(host, asked)
    if not 200 <= response.status < 300:
        raise ActionFailed(f"GET {asked.url}: status {response.status}", status=response.status)
    summed = hashlib.new(wanted.algorithm)

    def content() -> "Iterator[bytes]":
        for data in response.chunks():
            summed.update(data)
            yield data

    def approve(_path: str) -> None:
        found = summed.hexdigest()
        wanted.check(asked.url, found)
        if place.stat() is not None and files.digest(host, place, wanted.algorithm) == found:
            raise _Same

    try:
        files.put(host, place, content(), want, approve=approve)
    except _Same:
        apply(host, place, want)


class _Same(Exception):
    """What was fetched is what is there."""


def _name(url: str) -> str:
    name = os.path.basename(unquote(urlsplit(url).path).rstrip("/"))
    return name if name not in ("", ".", "..") and "/" not in name else "index.html"


def _checksum(checksum: "str | None") -> "tuple[str, str]":
    """(algorithm, sum); no sum when none is wanted."""
    if not checksum:
        return "sha256", ""
    algorithm, colon, value = checksum.strip().rpartition(":")
    value = value.strip().lower()
    algorithm = algorithm.lower() if colon else _ALGORITHMS.get(len(value), "")
    lengths = {name: length for length, name in _ALGORITHMS.items()}
    if lengths.get(algorithm) != len(value) or any(sign not in "0123456789abcdef" for sign in value):
        raise BadArguments(f"checksum wants sha256:… in hexadecimal (or md5, sha1, sha512), got {checksum!r}")
    return algorithm, value
