"""Inventories on disk, written as a person would."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from textwrap import dedent

import pytest

from sloth.inventory import Inventory, load

Write = Callable[[str, str], Path]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Writes a file beneath the test's directory."""

    def writing(name: str, text: str) -> Path:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(dedent(text))
        return path

    return writing


@pytest.fixture
def of(write: Write) -> Callable[[str], Inventory]:
    """The inventory of a YAML text."""

    def loading(text: str) -> Inventory:
        return load([str(write("hosts.yml", text))])

    return loading
