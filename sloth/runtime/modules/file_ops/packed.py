"""What is in a tar or zip file, one entry after the other, and the writing of both as a stream.

An entry is refused when its name, or where a link leads, is outside of the tree that is unpacked, and when it is
neither file, directory nor link. Rights beyond rwx (setuid and its like) and owners are not taken over.
"""

import os
import stat
import threading

from sloth.runtime.checksum import CHUNK
from sloth.runtime.failure import ActionFailed, BadArguments
from sloth.runtime.place import raw

MYPY = False
if MYPY:
    import tarfile
    import zipfile
    from collections.abc import Callable, Iterator
    from typing import IO

ENDINGS = {".tar": "", ".tar.gz": "gz", ".tgz": "gz", ".tar.bz2": "bz2", ".tbz2": "bz2", ".tar.xz": "xz", ".txz": "xz",
           ".zip": "zip"}  # fmt: skip
COUNT_LIMIT = 1000000
_SYMLINK = 0o120000


class Entry:
    """One entry. parts: of its path below the tree. open(): its content."""

    def __init__(
        self, parts: "list[str]", kind: str, mode: int, size: int, target: str, open_: "Callable[[], IO[bytes]]"
    ) -> None:
        self.parts = parts
        self.kind = kind
        self.mode = mode & 0o777
        self.size = size
        self.target = target
        self._open = open_

    @property
    def path(self) -> str:
        """Below the tree."""
        return "/".join(self.parts)

    def chunks(self) -> "Iterator[bytes]":
        """Its content."""
        with self._open() as stream:
            while True:
                data = stream.read(CHUNK)
                if not data:
                    return
                yield data


def entries(stream: "IO[bytes]", name: str, strip: int) -> "Iterator[Entry]":
    """What is in an archive. strip: how many leading parts of each path are left out, as tar does it."""
    import tarfile
    import zipfile

    try:
        if zipfile.is_zipfile(stream):
            stream.seek(0)
            with zipfile.ZipFile(stream) as packed:
                yield from _checked((_of_zip(packed, info) for info in packed.infolist()), strip)
            return
        stream.seek(0)
        with tarfile.open(fileobj=stream, mode="r:*") as tar:
            yield from _checked((_of_tar(tar, info) for info in tar), strip)
    except (tarfile.TarError, zipfile.BadZipFile, EOFError, RuntimeError, NotImplementedError) as error:
        raise ActionFailed(f"{name} is no archive that can be read: {error}") from error


def _checked(found: "Iterator[Entry]", strip: int) -> "Iterator[Entry]":
    for number, entry in enumerate(found):
        if number >= COUNT_LIMIT:
            raise ActionFailed(f"the archive has more than {COUNT_LIMIT} entries")
        if ".." in entry.parts or any("\0" in part for part in entry.parts):
            raise ActionFailed(f"the archive has an entry outside of itself: {entry.path}")
        if entry.kind == "link":
            _check_link(entry)
        entry.parts = entry.parts[strip:]
        if entry.parts:
            yield entry


def _check_link(entry: Entry) -> None:
    whole = os.path.normpath(os.path.join("/".join(entry.parts[:-1]), entry.target))
    if entry.target.startswith("/") or whole == ".." or whole.startswith("../"):
        raise ActionFailed(f"the archive has a link that leads out of it: {entry.path} -> {entry.target}")


def _parts(name: str) -> "list[str]":
    if name.startswith("/"):
        raise ActionFailed(f"the archive has an entry outside of itself: {name}")
    return [part for part in name.split("/") if part not in {"", "."}]


def _of_tar(tar: "tarfile.TarFile", info: "tarfile.TarInfo") -> Entry:
    if not (info.isfile() or info.isdir() or info.issym() or info.islnk()):
        raise ActionFailed(f"the archive has something that is neither file, directory nor link: {info.name}")
    kind = "directory" if info.isdir() else "link" if info.issym() else "file"
    origin = tar.getmember(info.linkname) if info.islnk() else info

    def content() -> "IO[bytes]":
        stream = tar.extractfile(origin)
        if stream is None:
            raise ActionFailed(f"the archive has no content for {info.name}")
        return stream

    return Entry(_parts(info.name), kind, info.mode, origin.size, info.linkname, content)


def _of_zip(packed: "zipfile.ZipFile", info: "zipfile.ZipInfo") -> Entry:
    mode = info.external_attr >> 16
    kind = "directory" if info.filename.endswith("/") else "link" if stat.S_IFMT(mode) == _SYMLINK else "file"
    target = packed.read(info).decode("utf-8", "surrogateescape") if kind == "link" and info.file_size < 4096 else ""
    usual = 0o755 if kind == "directory" else 0o644
    return Entry(_parts(info.filename), kind, mode or usual, info.file_size, target, lambda: packed.open(info))


def packer(dest: str) -> "Callable[[list[tuple[str, str]], IO[bytes]], None]":
    """Writes (path, name in the archive) pairs as an archive whose form the ending of `dest` tells."""
    ending = next((one for one in sorted(ENDINGS, key=len, reverse=True) if dest.endswith(one)), None)
    if ending is None:
        raise BadArguments(f"file_ops.archive: the name tells the form, one of {', '.join(ENDINGS)}; got {dest}")
    form = ENDINGS[ending]
    return _pack_zip if form == "zip" else lambda pairs, sink: _pack_tar(pairs, sink, form)


def _pack_tar(pairs: "list[tuple[str, str]]", sink: "IO[bytes]", form: str) -> None:
    import bz2
    import gzip
    import lzma
    import tarfile

    wrapped = sink
    if form == "gz":  # without a time, so that the same files give the same bytes
        wrapped = gzip.GzipFile(fileobj=sink, mode="wb", mtime=0, filename="")  # type: ignore[assignment]  # it writes
    elif form == "bz2":
        wrapped = bz2.BZ2File(sink, "wb")
    elif form == "xz":
        wrapped = lzma.LZMAFile(sink, "wb")  # noqa: SIM115  # closed below, when the archive is whole
    with tarfile.open(fileobj=wrapped, mode="w|", format=tarfile.PAX_FORMAT) as tar:
        for path, name in pairs:
            tar.add(raw(path).decode("utf-8", "surrogateescape"), name, recursive=False)
    if wrapped is not sink:
        wrapped.close()


def _pack_zip(pairs: "list[tuple[str, str]]", sink: "IO[bytes]") -> None:
    import zipfile

    with zipfile.ZipFile(sink, "w", zipfile.ZIP_DEFLATED) as packed:
        for path, name in pairs:
            if not os.path.islink(raw(path)) and (os.path.isdir(raw(path)) or os.path.isfile(raw(path))):
                packed.write(path, name)


def streamed(write: "Callable[[IO[bytes]], None]") -> "Iterator[bytes]":
    """What a function writes, piece by piece."""
    read_fd, write_fd = os.pipe()
    failed = []  # type: list[BaseException]

    def run() -> None:
        try:
            with os.fdopen(write_fd, "wb") as sink:
                write(sink)
        except BaseException as error:  # noqa: BLE001  # told to whoever reads, in whose thread it belongs
            failed.append(error)

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    with os.fdopen(read_fd, "rb") as source:
        while True:
            data = source.read(CHUNK)
            if not data:
                break
            yield data
    thread.join()
    if failed:
        raise failed[0]
