"""The two forms in which everything can be printed."""

from __future__ import annotations

from enum import StrEnum


class Format(StrEnum):
    """How results are printed."""

    TEXT = "text"
    JSON = "json"
