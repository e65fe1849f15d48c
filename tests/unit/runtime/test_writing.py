"""What the kernel takes a part of only is written as a whole, or not at all."""

from __future__ import annotations

import os
import resource
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from sloth.runtime.failure import ActionFailed
from sloth.runtime.modules import fs
from sloth.runtime.writing import append_all, make_room, write_all
from tests.doubles import real_host

LIMIT = 1000


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """A file that can grow by 10 bytes while files are limited."""
    path = tmp_path / "file"
    path.write_bytes(b"x" * (LIMIT - 10))
    return path


@contextmanager
def limited() -> Iterator[None]:
    """Of what is more the kernel takes a part, and then none. No longer than needed: what pytest says may go to a file."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (LIMIT, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def test_what_is_not_taken_whole_is_an_error_and_not_a_part(file):
    fd = os.open(file, os.O_WRONLY | os.O_APPEND)
    with pytest.raises(OSError, match="too large"), limited():
        write_all(fd, b"y" * 20)
    os.close(fd)
    assert file.stat().st_size == LIMIT


@pytest.mark.parametrize(("size", "fits"), [(10, True), (11, False), (5000, False)])
def test_what_cannot_be_appended_whole_is_not_appended(file, size, fits):
    fd = os.open(file, os.O_WRONLY | os.O_APPEND)
    try:
        with limited():
            append_all(fd, b"y" * size)
    except OSError:
        assert not fits
    os.close(fd)
    assert file.read_bytes() == b"x" * (LIMIT - 10) + (b"y" * size if fits else b"")


def test_what_others_have_appended_meanwhile_stays(file, monkeypatch):
    fd, write = os.open(file, os.O_WRONLY | os.O_APPEND), os.write

    def with_another(number: int, data: bytes) -> int:
        if file.read_bytes().endswith(b"other"):
            raise OSError(28, "No space left on device")
        written = write(number, data[:2])
        with file.open("ab") as other:
            other.write(b"other")
        return written

    monkeypatch.setattr(os, "write", with_another)
    with pytest.raises(OSError, match="No space"), limited():
        append_all(fd, b"mine")
    os.close(fd)
    assert file.read_bytes().endswith(b"xmiother")


@pytest.mark.parametrize(("size", "fits"), [(5, True), (LIMIT, True), (LIMIT + 1, False)])
def test_room_is_made_before_a_content_is_overwritten(file, size, fits):
    fd = os.open(file, os.O_WRONLY)
    try:
        with limited():
            make_room(fd, size)
    except OSError:
        assert not fits
    os.close(fd)
    assert file.stat().st_size == (LIMIT if size == LIMIT else LIMIT - 10)


def test_fs_append_adds_all_or_nothing(file):
    with pytest.raises(ActionFailed, match="cannot append to"), limited():
        fs.append(real_host(), path=str(file), content="y" * 20)
    assert file.read_bytes() == b"x" * (LIMIT - 10)
