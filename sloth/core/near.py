"""Near matches for names that nobody knows."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path


def near(name: str, known: Iterable[str]) -> str:
    """A hint such as "did you mean 'web'?", or an empty string when nothing is close."""
    from difflib import get_close_matches

    found = get_close_matches(name, list(known), n=1, cutoff=0.6)
    return f"did you mean {found[0]!r}?" if found else ""


def near_file(path: Path) -> str:
    """A hint for a path that leads to nothing: what its folder has that is near, or that there is no such folder."""
    if not path.parent.is_dir():
        return f"there is no folder {path.parent}"
    siblings = path.parent.iterdir() if os.access(path.parent, os.R_OK) else ()
    hidden = path.name.startswith(".")
    return near(path.name, [found.name for found in siblings if found.name.startswith(".") == hidden])
