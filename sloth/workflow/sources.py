"""The files that a workflow is made of: itself, what it imports, its roles and Lua modules. Read once, and remembered.

A host evaluates the same files again, so everything that was read travels with the job, under the
key by which the language asked for it: a path relative to the workflow's folder, `role:NAME/…`, `module:NAME/…`, or
`meta:NAME` for what a role says of itself, as JSON.
"""

from __future__ import annotations

from pathlib import Path, PurePosixPath

from msgspec import Struct, field

from sloth.core.errors import SlothError, WorkflowError
from sloth.runtime.failure import ActionFailed
from sloth.workflow import meta
from sloth.workflow.project import Project

ROLE = "role:"
META = "meta:"
MODULE = "module:"


class Sources(Struct):
    """Reads below the workflow's folder, the folders of roles and those of Lua modules only."""

    project: Project
    texts: dict[str, str] = field(default_factory=dict)
    _places: dict[str, str] = field(default_factory=dict)

    def read(self, key: str) -> str | None:
        """The text behind a key, or None when there is no such file.

        Raises WorkflowError, or for an unknown role ActionFailed: it gets the line of the script that wanted it.
        """
        if key in self.texts:
            return self.texts[key]
        try:
            if key.startswith(META):
                return self._keep(key, meta.read(self.project.role(key.removeprefix(META))).json())
            path = self.path(key)
        except SlothError as error:
            where = f"{error.where}: " if error.where else ""
            raise ActionFailed(f"{where}{error}", hint=error.hint) from error
        if path is None or not path.is_file():
            return None
        try:
            text = path.read_text(encoding="utf-8")
        except UnicodeDecodeError as error:
            raise WorkflowError(f"{path} is not UTF-8 text", where=str(path)) from error
        except OSError as error:
            raise WorkflowError(f"cannot read {path}: {str(error.strerror).lower()}", where=str(path)) from error
        return self._keep(key, text)

    def path(self, key: str) -> Path | None:
        """The file that a key names; None when it would lie outside."""
        name, _, inner = key.partition(":")[2].partition("/")
        if key.startswith(ROLE):
            return _below(self.project.role(name), inner)
        if key.startswith(MODULE):
            module = self.project.library.lua.get(name)
            return None if module is None else _below(module.path.parent, inner)
        return _below(self.project.folder, key)

    def place(self, where: str) -> str:
        """A position in the files as a person knows them: `site.sloth:3` → `playbooks/site.sloth:3`."""
        for key in self.texts:
            name = shown(key)
            if where == name or where.startswith(name + ":"):
                if key not in self._places:  # each task and function of the file asks
                    self._places[key] = str(self.path(key))
                return f"{self._places[key]}{where[len(name) :]}"
        return where

    def _keep(self, key: str, text: str) -> str:
        self.texts[key] = text
        return text


def shown(key: str) -> str:
    """How the language calls the file of a key."""
    if key.startswith(MODULE):
        return f"modules/{key.partition('/')[2]}"
    return f"roles/{key.removeprefix(ROLE)}" if key.startswith(ROLE) else key


def _below(folder: Path, relative: str) -> Path | None:
    pure = PurePosixPath(relative)
    if not relative or pure.is_absolute() or ".." in pure.parts:
        return None
    return folder / pure
