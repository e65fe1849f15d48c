"""Files that are written whole, and the folders that they lie in."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from sloth.core.writing import make_folder

DEEP = 1500


def test_a_folder_is_made_however_deep_it_lies(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(tmp_path)
    deep = Path(*["a"] * DEEP)
    make_folder(deep)
    assert deep.is_dir()
    for _ in range(DEEP):  # what removes trees calls itself for each folder, too
        deep.rmdir()
        deep = deep.parent


def test_only_the_last_folder_has_the_mode_and_one_that_is_there_keeps_its_own(tmp_path: Path):
    made = tmp_path / "above" / "folder"
    make_folder(made, 0o700)
    assert stat.S_IMODE(made.stat().st_mode) == 0o700
    assert stat.S_IMODE(made.parent.stat().st_mode) & 0o050
    made.chmod(0o755)
    make_folder(made, 0o700)
    assert stat.S_IMODE(made.stat().st_mode) == 0o755


def test_a_file_in_the_way_is_an_error(tmp_path: Path):
    (tmp_path / "file").write_text("")
    with pytest.raises(OSError, match="file"):
        make_folder(tmp_path / "file" / "folder")
