"""Where sloth was started, and what holds there: the settings, and the places of its own files."""

from __future__ import annotations

import os
from pathlib import Path

from sloth.core import settings
from sloth.core.places import Places
from sloth.core.settings import Settings


def configured() -> Settings:
    """What sloth.toml and the environment say."""
    return settings.load(os.environ, Path.cwd())


def places() -> Places:
    """Where files are kept."""
    return Places.find(os.environ, Path.cwd())
