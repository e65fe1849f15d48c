"""Where sloth keeps its own files on the controller: one directory, ours alone.

`SLOTH_HOME` says it; else `.sloth` beside the `sloth.toml` of the project that we stand in; else the user's state
directory.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Mapping
from pathlib import Path

from msgspec import Struct

from sloth.core.errors import SettingsError
from sloth.core.userpath import user_path
from sloth.core.writing import make_folder


class Places(Struct, frozen=True):
    """Directories are made, with mode 0700, when they are asked for."""

    home: Path

    @classmethod
    def find(cls, environ: Mapping[str, str], directory: Path) -> Places:
        """The places for a command that runs in the directory."""
        if environ.get("SLOTH_HOME"):
            return cls(user_path(environ["SLOTH_HOME"]).absolute())
        user = Path(environ["HOME"]) if environ.get("HOME") else Path.home()
        for above in (directory, *directory.parents):
            if (above / "sloth.toml").is_file():
                return cls(above / ".sloth")
            if (above / ".git").exists() or above == user:
                break
        state = environ.get("XDG_STATE_HOME", "")
        return cls((Path(state) if state.startswith("/") else user / ".local" / "state") / "sloth")

    @property
    def bundles(self) -> Path:
        """Bundles, packed for the wire."""
        return private(self.home, "bundles")

    @property
    def inventories(self) -> Path:
        """What inventory programs answered not long ago."""
        return private(self.home, "inventories")

    @property
    def facts(self) -> Path:
        """What hosts said of themselves not long ago."""
        return private(self.home, "facts")

    @property
    def artifacts(self) -> Path:
        """What tasks left for others, a directory for each run."""
        return private(self.home, "artifacts")

    @property
    def lua(self) -> Path:
        """Lua extensions for hosts whose Python is another than ours."""
        return private(self.home, "lua")

    @property
    def store(self) -> Path:
        """The file of the store: state, locks, the index of runs."""
        return private(self.home) / "store.db"

    @property
    def runs(self) -> Path:
        """The journals of runs, a directory for each."""
        return private(self.home, "runs")

    @property
    def backups(self) -> Path:
        """Copies of the store."""
        return private(self.home, "backups")

    @property
    def pending(self) -> Path:
        """Handlers that were notified and have not run yet."""
        return private(self.home, "pending")


def private(home: Path, name: str = "") -> Path:
    """A directory in home (or home itself), made if it is missing. SettingsError when others may write to it.

    A home that was there before stays readable for whom it was: it may be somebody's whole home, or more. What is made
    in it is for nobody else.
    """
    path = home / name
    try:
        make_folder(home.parent)
        for directory in (home, path):
            directory.mkdir(mode=0o700, exist_ok=True)
            _check(directory)
        if name and stat.S_IMODE(path.stat().st_mode) & 0o055:
            path.chmod(0o700)
    except OSError as error:
        hint = "set SLOTH_HOME to a directory that you may write to"
        raise SettingsError(f"cannot use {path}: {str(error.strerror).lower()}", hint=hint) from error
    return path


def _check(directory: Path) -> None:
    found = directory.lstat()
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.geteuid():
        raise SettingsError(f"{directory} is not a directory of yours", hint="set SLOTH_HOME to one that is")
    if stat.S_IMODE(found.st_mode) & 0o022:
        raise SettingsError(f"others may write to {directory}", hint=f"chmod 700 {directory}")
