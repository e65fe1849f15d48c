"""Near matches for what is misspelt."""

from __future__ import annotations

from sloth.core.near import near_file


def test_a_file_that_is_hidden_is_near_only_to_one_that_is_too(tmp_path):
    (tmp_path / ".sloth").mkdir()
    assert near_file(tmp_path / "nofile.sloth") == ""
    (tmp_path / "site.sloth").touch()
    assert near_file(tmp_path / "sight.sloth") == "did you mean 'site.sloth'?"
    assert near_file(tmp_path / ".slot") == "did you mean '.sloth'?"
    assert near_file(tmp_path / "none" / "x") == f"there is no folder {tmp_path / 'none'}"
