"""Paths as people write them."""

from __future__ import annotations

import os
from pathlib import Path


def user_path(text: str) -> Path:
    """The path, with `~` and `~ann` as homes; of a user who is not there it stays as written, and leads nowhere."""
    return Path(os.path.expanduser(text))  # noqa: PTH111  # Path.expanduser raises where there is no such user
