"""The Pythons of this machine that are not the one running the tests: hosts have all of them."""

from __future__ import annotations

import shutil
from pathlib import Path

MINORS = range(6, 14)


def interpreters() -> dict[str, Path]:
    """Version (`3.6`) to interpreter, for each from 3.6 to 3.13 that is found in pyenv or on PATH."""
    found: dict[str, Path] = {}
    for minor in MINORS:
        version = f"3.{minor}"
        candidates = sorted(Path.home().glob(f".pyenv/versions/{version}.*/bin/python"))
        on_path = shutil.which(f"python{version}")
        if candidates:
            found[version] = candidates[-1]
        elif on_path:
            found[version] = Path(on_path)
    return found


def old_interpreters() -> dict[str, Path]:
    """Those older than the controller may be."""
    return {version: path for version, path in interpreters().items() if int(version[2:]) < 11}
