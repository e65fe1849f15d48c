"""Files that tasks left with us, for other tasks of the run: kept by run, host, task and path, so that none collide.

What a host says of a file is data: its name is no path of ours before it was checked, and a file that is not what was
announced is not kept. Beside the folder of a run lies the list of what is in it, so that a run that is taken up again,
and a person later, find what was kept, and see when it is not what it was.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import threading
from collections.abc import Mapping, Sequence
from fnmatch import fnmatchcase
from pathlib import Path, PurePosixPath
from typing import Any, BinaryIO

from msgspec import Struct, ValidationError, convert
from msgspec.structs import asdict

from sloth.core.errors import AnswerError, StoreError, UsageError
from sloth.engine.allowance import Allowance
from sloth.engine.receiving import below, for_us_alone, segment, write
from sloth.runtime.linefile import LineFile, encoded

ARTIFACT = "artifact:"
COUNT_LIMIT = 100_000
PATH_LIMIT = 4096  # characters that are kept of where a file was
LIST = ".jsonl"


class Artifact(Struct, frozen=True):
    """A file that is kept. name: relative to the task's workdir. path: where it was on its host."""

    id: str
    name: str
    task: str
    host: str
    path: str
    size: int
    sha256: str

    def plain(self) -> dict[str, object]:
        """For a host."""
        return asdict(self)

    def answers(self, wanted: str) -> bool:
        """Whether a name of `consumes` means this one: its task, its name, its file name, or a pattern of these."""
        names = (self.name, PurePosixPath(self.name).name)
        return wanted == self.task or any(fnmatchcase(name, wanted) for name in names)


class Artifacts:
    """The artifacts of one run. folder: where they are kept; made with the first of them."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._lock = threading.Lock()
        self._list = LineFile(f"{folder}{LIST}")
        self._kept: dict[str, tuple[Artifact, Path]] = {}
        try:
            for _, entry in self._list.entries():
                kept = convert(entry, Artifact)
                self._kept[kept.id] = kept, folder / kept.id.removeprefix(ARTIFACT)
        except ValidationError as error:
            raise StoreError(f"the list of artifacts {self._list.path} is damaged: {error}") from error
        except OSError as error:
            raise StoreError(f"cannot read {self._list.path}: {str(error.strerror).lower()}") from error

    def keep(self, host: str, said: Mapping[str, Any], allowance: Allowance) -> Artifact:
        """Take a file in. said: what its host says of it, with its content. Raises AnswerError."""
        name, task = str(said.get("name")), str(said.get("task"))
        if len(self._kept) >= COUNT_LIMIT:
            raise AnswerError(f"the run has {COUNT_LIMIT} artifacts already")
        place = self._folder / segment(host) / segment(task) / below(name)
        key = str(place.relative_to(self._folder))
        try:
            size = write(place, said.get("stream") or (), str(said.get("sha256")), allowance)
            mode = said.get("mode")
            place.chmod((mode if isinstance(mode, int) else 0) & 0o777 | 0o600)
            path, sha256 = str(said.get("path"))[:PATH_LIMIT], str(said.get("sha256"))
            kept = Artifact(ARTIFACT + key, name, task, host, path, size, sha256)
            with self._lock:
                self._note(kept)
                self._kept[kept.id] = kept, place
        except OSError as error:
            raise AnswerError(f"artifact {name!r} cannot be kept in {place.parent}: {error.strerror}") from error
        return kept

    def _note(self, kept: Artifact) -> None:
        if not self._list.is_open:
            self._list.open()
            if not self._list.hold():
                raise AnswerError(f"another process writes {self._list.path}")
        self._list.write(encoded(kept.plain()))

    def find(self, names: Sequence[str] | None) -> list[Artifact]:
        """Those that the names mean, in the order in which they came; None means all."""
        with self._lock:
            kept = [artifact for artifact, _ in self._kept.values()]
        return [one for one in kept if names is None or any(one.answers(name) for name in names)]

    def path(self, key: str) -> Path:
        """Where the artifact of that id is kept. Raises AnswerError."""
        with self._lock:
            if key not in self._kept:
                raise AnswerError(f"there is no artifact {key!r} in this run")
            return self._kept[key][1]

    def copy(self, wanted: Mapping[Path, Artifact]) -> None:
        """Copy to places of a person's, none if one of them is taken. Raises UsageError when one is not what it was,
        or cannot be written.
        """
        for dest in wanted:
            if os.path.lexists(dest):
                raise _taken(dest)
        for dest, kept in wanted.items():
            self._copy(kept, dest)

    def _copy(self, kept: Artifact, dest: Path) -> None:
        source = self.path(kept.id)
        try:
            with source.open("rb") as stream:
                if hashlib.file_digest(stream, "sha256").hexdigest() != kept.sha256:
                    raise UsageError(f"{source} is not what {kept.host} sent: its checksum is another one")
                stream.seek(0)
                with open(dest, "xb", opener=for_us_alone) as copied:
                    _fill(copied, stream)
            shutil.copymode(source, dest)
        except FileExistsError as error:
            raise _taken(dest) from error
        except OSError as error:
            raise UsageError(f"cannot copy {source} to {dest}: {str(error.strerror).lower()}") from error

    def remove(self) -> int:
        """Throw them away; how many bytes they were."""
        size = sum(kept.size for kept, _ in self._kept.values())
        try:
            Path(self._list.path).unlink(missing_ok=True)
        except OSError as error:
            raise StoreError(f"cannot remove {self._list.path}: {str(error.strerror).lower()}") from error
        shutil.rmtree(self._folder, ignore_errors=True)
        self._kept.clear()
        return size


def _taken(dest: Path) -> UsageError:
    return UsageError(f"{dest} is there already", hint="name another place with -o")


def names_of_copies(found: Sequence[Artifact]) -> list[str]:
    """What a person's copies are called: as short as tells them apart."""
    names: list[str] = []
    for way in ("{last}", "{one.host}-{last}", "{one.host}-{one.task}-{one.name}"):
        names = [_harmless(way.format(one=one, last=PurePosixPath(one.name).name)) for one in found]
        if len(set(names)) == len(names):
            return names
    return [f"{number}-{name}" for number, name in enumerate(names, 1)]


def _harmless(name: str) -> str:
    """A name that no terminal obeys, no shell takes for an option, and that lies in no folder."""
    plain = "".join(letter if letter.isprintable() and letter != "/" else "_" for letter in name)
    return "_" + plain[1:] if plain.startswith("-") else plain


def _fill(copied: BinaryIO, stream: BinaryIO) -> None:
    """Copy all of a stream into a new file, or leave no file behind."""
    try:
        shutil.copyfileobj(stream, copied)
        copied.flush()
    except BaseException:
        Path(copied.name).unlink()
        raise


def runs_with(folder: Path) -> list[str]:
    """The runs that left artifacts."""
    return sorted(path.name.removesuffix(LIST) for path in folder.glob(f"*{LIST}"))
