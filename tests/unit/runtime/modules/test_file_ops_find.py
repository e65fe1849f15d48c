"""file_ops.find: by name, kind, age, size and content."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.actions import actions_of
from tests.doubles import real_host

file_ops = actions_of("file_ops")


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    (tmp_path / "sub/.git").mkdir(parents=True)
    (tmp_path / "a.log").write_text("one\nerror: x\n")
    (tmp_path / "sub/b.log").write_text("fine\n" * 100)
    (tmp_path / "sub/.hidden").touch()
    (tmp_path / "sub/.git/c.log").touch()
    (tmp_path / "link").symlink_to("/etc")
    os.utime(tmp_path / "a.log", (0, 0))
    return tmp_path


@pytest.mark.parametrize(
    ("arguments", "names"),
    [
        pytest.param({}, ["a.log", "b.log"], id="files"),
        pytest.param({"hidden": True}, ["a.log", ".hidden", "b.log", "c.log"], id="hidden, too"),
        pytest.param({"recurse": False}, ["a.log"], id="not below"),
        pytest.param({"patterns": ["b*", "c*"]}, ["b.log"], id="by name"),
        pytest.param({"kind": "directory"}, ["sub"], id="directories"),
        pytest.param({"kind": "link"}, ["link"], id="links, not followed"),
        pytest.param({"older_than": 3600.0}, ["a.log"], id="older"),
        pytest.param({"newer_than": 3600.0}, ["b.log"], id="newer"),
        pytest.param({"min_size": 100}, ["b.log"], id="larger"),
        pytest.param({"max_size": 100}, ["a.log"], id="smaller"),
        pytest.param({"contains": "^error"}, ["a.log"], id="by content"),
        pytest.param({"patterns": ["*.txt"]}, [], id="none"),
    ],
)
def test_what_fits_is_found(tree, arguments, names):
    found = file_ops.find(real_host(), paths=[str(tree)], **arguments)
    assert sorted(Path(one["path"]).name for one in found) == sorted(names)
    assert all(one["exists"] for one in found)


def test_a_directory_that_is_not_there_is_an_error(tmp_path):
    with pytest.raises(FileNotFoundError):
        file_ops.find(real_host(), paths=[str(tmp_path / "none")])
