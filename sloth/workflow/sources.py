"""The files that a workflow is made of: itself, what it imports, its roles. Read once, and remembered.

A host evaluates the same files again, so everything that was read travels with the job, under the
key by which the language asked for it: a path relative to the workflow's folder, or `role:NAME/…`.
"""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

from sloth.core.errors import WorkflowError
from sloth.core.near import near
from sloth.runtime.failure import ActionFailed

ROLE = "role:"


@dataclass(slots=True)
class Sources:
    """Reads below the workflow's folder and its roles folders only."""

    folder: Path
    texts: dict[str, str] = field(default_factory=dict)

    @property
    def roles_path(self) -> tuple[Path, ...]:
        """Where roles are looked for, first match first."""
        return (self.folder / "roles", Path(os.path.normpath(self.folder / ".." / "roles")))

    def read(self, key: str) -> str | None:
        """The text behind a key, or None when there is no such file.

        Raises WorkflowError, or for an unknown role ActionFailed: it gets the line of the script that wanted it.
        """
        if key in self.texts:
            return self.texts[key]
        try:
            path = self.path(key)
        except WorkflowError as error:
            raise ActionFailed(str(error), hint=error.hint) from error
        if path is None or not path.is_file():
            return None
        try:
            text = path.read_text(encoding="utf-8")
        except UnicodeDecodeError as error:
            raise WorkflowError(f"{path} is not UTF-8 text", where=str(path)) from error
        except OSError as error:
            raise WorkflowError(f"cannot read {path}: {str(error.strerror).lower()}", where=str(path)) from error
        self.texts[key] = text
        return text

    def path(self, key: str) -> Path | None:
        """The file that a key names; None when it would lie outside."""
        if key.startswith(ROLE):
            role, _, rest = key.removeprefix(ROLE).partition("/")
            return _below(self.role_folder(role), rest)
        return _below(self.folder, key)

    def place(self, where: str) -> str:
        """A position in the files as a person knows them: `site.sloth:3` → `playbooks/site.sloth:3`."""
        for key in self.texts:
            if where == key or where.startswith(key + ":"):
                return f"{self.path(key)}{where[len(key) :]}"
        return where

    def role_folder(self, role: str) -> Path:
        """The folder of a role. Raises WorkflowError with a near match when there is none."""
        for folder in self.roles_path:
            if _below(folder, role) is not None and (folder / role).is_dir():
                return folder / role
        known = {
            found.name for folder in self.roles_path if folder.is_dir() for found in folder.iterdir() if found.is_dir()
        }
        places = " or ".join(str(folder) for folder in self.roles_path)
        raise WorkflowError(f"there is no role {role!r} in {places}", hint=near(role, known))


def _below(folder: Path, relative: str) -> Path | None:
    pure = PurePosixPath(relative)
    if not relative or pure.is_absolute() or ".." in pure.parts:
        return None
    return folder / pure
