"""The forms in which things can be printed: all of them as text or JSON, and runs as JUnit's XML too."""

from __future__ import annotations

from enum import StrEnum


class Format(StrEnum):
    """How results are printed."""

    TEXT = "text"
    JSON = "json"


class RunFormat(StrEnum):
    """How a run is told."""

    TEXT = "text"
    JSON = "json"
    JUNIT = "junit"
