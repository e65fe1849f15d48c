"""A look through a tree goes through no link, leaves alone what is excluded, and says of what it could not look at."""

from __future__ import annotations

import errno
import hashlib
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from sloth.runtime.checksum import sum_beginning
from sloth.runtime.manifest import DIRECTORY, FILE, LINK, OTHER, Excluded, Item
from sloth.runtime.scan import Scan

SumOf = Callable[[int, os.stat_result], str]


def summed(fd: int, found: os.stat_result) -> str:
    return sum_beginning(fd, found.st_size)


def look(top: Path, *excluded: str, sum_of: SumOf = summed) -> tuple[dict[str, Item], list[str]]:
    scan = Scan(Excluded(excluded), sum_of)
    fd = os.open(top, os.O_RDONLY)
    try:
        return {item.path: item for item in scan.below(fd)}, scan.left_alone
    finally:
        os.close(fd)


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    top = tmp_path / "tree"
    (top / "deep/er").mkdir(parents=True)
    (top / "deep/er/file").write_text("x")
    (top / "deep-").write_text("sorts before deep/er as text, and behind it as a path")
    (top / "out").symlink_to("..")
    os.mkfifo(top / "pipe")
    os.close(os.open(os.fsencode(top) + b"/\xff", os.O_CREAT | os.O_WRONLY))
    (tmp_path / "secret").write_text("x")
    return top


def test_each_thing_is_one_entry_and_links_are_not_followed(tree):
    found, _ = look(tree)
    assert {path: item.kind for path, item in found.items()} == {
        "deep": DIRECTORY, "deep/er": DIRECTORY, "deep/er/file": FILE, "deep-": FILE, "out": LINK, "pipe": OTHER, "\udcff": FILE,
    }  # fmt: skip
    assert found["out"].target == ".."
    assert list(found).index("deep") < list(found).index("deep/er") < list(found).index("deep/er/file")


def test_what_is_excluded_is_not_looked_at(tree):
    (tree / "deep/er").chmod(0)
    try:
        found, left_alone = look(tree, "er", "/deep-", "pipe")
    finally:
        (tree / "deep/er").chmod(0o755)
    assert list(found) == ["deep", "out", "\udcff"]
    assert left_alone == ["deep/er", "deep-", "pipe"]


def refused(error: OSError) -> SumOf:
    def sum_of(fd: int, found: os.stat_result) -> str:
        if found.st_size == 1:
            raise error
        return ""

    return sum_of


def test_an_error_names_the_path(tree):
    with pytest.raises(PermissionError) as caught:
        look(tree, sum_of=refused(PermissionError(errno.EACCES, "Permission denied")))
    assert caught.value.filename == "deep/er/file"


def test_what_has_gone_meanwhile_is_not_there(tree):
    found, _ = look(tree, sum_of=refused(FileNotFoundError(errno.ENOENT, "No such file or directory")))
    assert set(found) == {"deep", "deep/er", "deep-", "out", "pipe", "\udcff"}


def test_a_file_that_grows_is_summed_up_to_what_its_size_was(tmp_path):
    path = tmp_path / "file"
    path.write_bytes(b"as it was, and more")
    with path.open("rb") as stream:
        first = sum_beginning(stream.fileno(), 9)
    path.write_bytes(b"as it was")
    with path.open("rb") as stream:
        assert sum_beginning(stream.fileno(), 9) == first
    with path.open("rb") as stream:
        assert sum_beginning(stream.fileno(), 10) == first  # it shrank


def test_a_large_file_has_the_sum_that_a_small_ones_way_gives(tmp_path):
    path = tmp_path / "large"
    path.write_bytes(os.urandom(3 << 20))
    with path.open("rb") as stream:
        assert sum_beginning(stream.fileno(), 3 << 20) == hashlib.sha256(path.read_bytes()).hexdigest()
