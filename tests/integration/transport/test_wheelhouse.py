"""Wheels for Pythons that are not ours come out of a folder, by way of pip."""

from __future__ import annotations

from pathlib import Path

import pytest

from sloth.core.errors import NoLua
from sloth.transport.lua import LuaParts


def test_an_empty_wheelhouse_is_named(tmp_path: Path):
    with pytest.raises(NoLua, match="cannot be had") as raised:
        LuaParts(tmp_path, tmp_path).extension("cp38-manylinux_aarch64")
    assert "bundle.wheelhouse" in raised.value.hint


def test_no_pip_of_the_folder_that_we_are_in_is_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    (tmp_path / "pip.py").write_text("import pathlib; pathlib.Path('ran').touch()")
    monkeypatch.chdir(tmp_path)
    with pytest.raises(NoLua):
        LuaParts(tmp_path, tmp_path).extension("cp38-manylinux_aarch64")
    assert not (tmp_path / "ran").exists()
