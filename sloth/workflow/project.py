"""What lies around a workflow file: its folder, where its roles are, and the modules that all of these bring."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from pathlib import Path

from msgspec import Struct, field

from sloth.catalog import library
from sloth.catalog.library import Library
from sloth.core.errors import WorkflowError
from sloth.core.near import near
from sloth.core.sealed import OpenFile
from sloth.core.varsfile import closed


class Project(Struct, frozen=True):
    """folder: of the workflow file. roles: folders that hold roles, first match first.

    open_file: opens files of variables that are encrypted as a whole
    """

    folder: Path
    roles: tuple[Path, ...] = ()
    library: Library = field(default_factory=Library)
    open_file: OpenFile = closed

    @classmethod
    def around(cls, folder: Path, roles_path: Sequence[str] = (), modules_path: Sequence[str] = ()) -> Project:
        """The project of a workflow's folder: what is beside the workflow, beside its folder, and configured.

        Raises ModuleError for a module that cannot be used.
        """
        above = Path(os.path.normpath(folder / ".."))
        roles = (folder / "roles", above / "roles", *map(Path, roles_path))
        places = dict.fromkeys((folder / "modules", above / "modules", *map(Path, modules_path)))
        return cls(folder, roles, library.find([*places, *_of_roles(roles)], folder))

    def role(self, name: str) -> Path:
        """The folder of a role. Raises WorkflowError with a near match when there is none."""
        is_name = bool(name) and "/" not in name and not name.startswith(".")
        for folder in self.roles:
            if is_name and os.path.isdir(folder / name):  # noqa: PTH112  # see _folders
                return folder / name
        known = {found.name for folder in self.roles for found in _folders(folder)}
        places = " or ".join(str(folder) for folder in self.roles)
        raise WorkflowError(f"there is no role {name!r} in {places}", hint=near(name, known))


def _of_roles(roles: Sequence[Path]) -> Iterator[Path]:
    """The modules folders of all roles; of two roles of one name only the first can ever be used."""
    seen: set[str] = set()
    for folder in roles:
        for role in _folders(folder):
            if role.name not in seen:
                seen.add(role.name)
                yield role / "modules"


def _folders(folder: Path) -> list[Path]:
    if not (os.path.isdir(folder) and os.access(folder, os.R_OK)):  # noqa: PTH112  # False for what we may not look into
        return []
    return sorted(found for found in folder.iterdir() if found.is_dir())
