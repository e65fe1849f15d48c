"""Files that come from the controller: what the host asks, what the controller answers.

The host asks `receive("file", {"src": S, "sha256": H, "content": C})`. S is a path relative to the
workflow's or role's files (or absolute), H the checksum of what the host has at the destination (or
"" for nothing), C whether the content is wanted where it differs (check mode without diff only wants
to know). The controller answers for a file

    {"name": basename, "size": int, "mode": bits, "sha256": hex, "same": sha256 == H}

followed by the content as a stream, empty when `same` or when C is false. For a directory it answers

    {"name": basename, "mode": bits, "directory": [ENTRY, …]}

and no stream; the host then asks `receive("contents", {"src": S, "paths": [path, …]})` for those that differ, and gets
one stream in which they lie behind each other. An ENTRY is
{"path": relative, "kind": "file"|"directory"|"link", "mode": bits, "size", "sha256"} and for a link
its "target"; a directory comes before what it holds. Names that are no UTF-8 are text with
surrogateescape, as everywhere on the wire. A missing file is a failure of the call. (The answering
side is sloth/engine/files.py.)
"""


from sloth.runtime.checksum import sha256_of
from sloth.runtime.failure import ActionFailed

MYPY = False
if MYPY:
    from collections.abc import Iterator, Sequence
    from typing import Protocol

    from sloth.runtime.host import Host

    class Described(Protocol):
        """What is known of a file before it comes. path: within its directory."""

        path: str
        size: int
        sha256: str
        mode: int

AT_ONCE = 10000  # files that are asked for at once: a question has its limit
_KINDS = ("file", "directory", "link")


class Entry:
    """One file, directory or link of a source."""

    def __init__(self, path: str, fields: "dict[str, object]") -> None:
        self.path = path
        self.kind = str(fields.get("kind", "file"))
        self.mode = _number(fields, "mode", 0o755 if self.kind == "directory" else 0o644) & 0o7777
        self.size = _number(fields, "size", 0)
        self.sha256 = str(fields.get("sha256", ""))
        self.target = str(fields.get("target", ""))
        parts = path.split("/")
        if self.kind not in _KINDS or path.startswith("/") or ".." in parts or "\0" in path:
            raise ActionFailed(f"the controller offered something that is no part of a directory: {path!r}")


class Offer:
    """The controller's answer. `entries` is None for a single file, which is then `file`."""

    def __init__(self, src: str, answer: object, chunks: "Iterator[bytes]") -> None:
        if not isinstance(answer, dict):
            raise ActionFailed(f"the controller's answer about {src} is not understood")
        self.src = src
        self.name = str(answer.get("name", ""))
        self.same = answer.get("same") is True
        self.file = Entry("", dict(answer, kind="file"))
        listed = answer.get("directory")
        self.entries = [Entry(str(one.get("path")), one) for one in listed] if isinstance(listed, list) else None
        self._chunks = chunks

    def content(self) -> "Iterator[bytes]":
        """The stream; raises at its end when it is not what was announced, so that nothing takes its name."""
        summed = sha256_of(self.file.size)
        size = 0
        for data in self._chunks:
            summed.update(data)
            size += len(data)
            yield data
        if (size, summed.hexdigest()) != (self.file.size, self.file.sha256):
            raise ActionFailed(
                f"{self.src} arrived damaged, or changed while it was sent: {size} of {self.file.size} bytes; run again"
            )


def ask_for(host: "Host", src: str, present: str, content: bool = True) -> Offer:
    """Ask for a file or directory of the controller. `present`: checksum of what is there already."""
    answer, chunks = host.receive("file", {"src": src, "sha256": present, "content": content})
    return Offer(src, answer, chunks)


def ask_for_all(
    host: "Host", src: str, files: "Sequence[Described]", content: bool = True
) -> "Iterator[Offer]":
    """Ask for files of one directory of the controller: they come in this order, out of one stream."""
    stream = _Stream(_contents(host, src, files) if content else iter(()))
    for one in files:
        part = stream.take(one.size)
        yield Offer(f"{src}/{one.path}", {"size": one.size, "sha256": one.sha256, "mode": one.mode}, part)
        for _ in part:
            pass  # what nobody had a use for lies before what comes next


def _contents(host: "Host", src: str, files: "Sequence[Described]") -> "Iterator[bytes]":
    for start in range(0, len(files), AT_ONCE):
        paths = [one.path for one in files[start : start + AT_ONCE]]
        _, chunks = host.receive("contents", {"src": src, "paths": paths})
        yield from chunks


class _Stream:
    """The contents of many files behind each other."""

    def __init__(self, chunks: "Iterator[bytes]") -> None:
        self._chunks = chunks
        self._chunk = b""
        self._taken = 0

    def take(self, size: int) -> "Iterator[bytes]":
        """The next so many bytes; fewer when the stream ends."""
        while size:
            if self._taken == len(self._chunk):
                self._chunk, self._taken = next(self._chunks, b""), 0
            part = self._chunk[self._taken : self._taken + size]
            if not part:
                return
            self._taken += len(part)
            size -= len(part)
            yield part


def _number(fields: "dict[str, object]", name: str, default: int) -> int:
    value = fields.get(name, default)
    if not isinstance(value, int):
        raise ActionFailed(f"the controller's answer about a file is not understood: {name} is {value!r}")
    return value
