"""Skeletons to begin with: folders of files in `skeletons/`, copied with a name put in. Nothing is ever overwritten.

`@NAME@` becomes the name, also in names of files; `dot-` there a dot, and an ending `.txt` goes, which keeps tools off.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path, PurePosixPath

from sloth.core.errors import UsageError
from sloth.core.writing import make_folder

KINDS = ("project", "workflow", "role", "module", "lua")
_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_-]*")
_WORD = re.compile(r"[A-Za-z][A-Za-z0-9_]*")


def write(kind: str, name: str, folder: Path) -> list[Path]:
    """Write the files of a skeleton into a folder; what was written. Raises UsageError when one of them exists.

    kind: one of KINDS
    """
    wanted = _WORD if kind in {"module", "lua"} else _NAME
    if not wanted.fullmatch(name):
        raise UsageError(f"{name!r} is no name for this", hint="letters, digits and _, a letter first")
    made = {
        folder / path: text
        for path, text in _files(files("sloth.workflow") / "skeletons" / kind, name, PurePosixPath())
    }
    for path in made:
        if path.exists() or path.is_symlink():
            raise UsageError(f"{path} exists already, and nothing is overwritten", hint="choose another name")
    for path, text in made.items():
        try:
            make_folder(path.parent)
            with path.open("x", encoding="utf-8") as file:
                file.write(text)
        except OSError as error:
            raise UsageError(f"cannot write {path}: {str(error.strerror).lower()}") from error
    return list(made)


def _files(folder: Traversable, name: str, above: PurePosixPath) -> Iterator[tuple[PurePosixPath, str]]:
    for entry in sorted(folder.iterdir(), key=lambda one: one.name):
        path = above / _filled(entry.name, name).replace("dot-", ".").removesuffix(".txt")
        if entry.is_dir():
            yield from _files(entry, name, path)
        else:
            yield path, _filled(entry.read_text(encoding="utf-8"), name)


def _filled(text: str, name: str) -> str:
    return text.replace("@NAME@", name).replace("@VARIABLE@", name.replace("-", "_"))
