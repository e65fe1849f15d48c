"""A file's content is swapped in one step, and a swap that is cut off leaves nothing behind.

Numbers are those of the list of behaviours.
"""

from __future__ import annotations

import errno
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from sloth.runtime.attributes import Wanted
from sloth.runtime.failure import Stopped
from sloth.runtime.place import locate
from sloth.runtime.swap import replace
from tests.doubles import real_host


def test_22_until_its_last_byte_the_old_content_stays(tmp_path: Path):
    path = tmp_path / "file"
    path.write_text("old")

    def chunks() -> Iterator[bytes]:
        yield b"new "
        assert path.read_text() == "old"
        yield b"content"

    with locate(str(path), follow=True) as place:
        replace(real_host(), place, chunks(), Wanted())
    assert path.read_text() == "new content"
    assert list(tmp_path.iterdir()) == [path]


def test_22_a_content_is_on_the_disk_before_it_takes_the_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    path, steps = tmp_path / "file", []
    path.write_text("old")

    def fsync(fd: int) -> None:
        steps.append((Path(f"/proc/self/fd/{fd}").read_text(), path.read_text()))

    monkeypatch.setattr(os, "fsync", fsync)
    with locate(str(path)) as place:
        replace(real_host(), place, [b"new"], Wanted())
    assert (steps, path.read_text()) == ([("new", "old")], "new")


@pytest.mark.parametrize("old", [None, 0o600], ids=["new", "replaced"])
def test_23_nobody_else_can_read_a_content_while_it_is_written(tmp_path: Path, old: int | None):
    path, seen = tmp_path / "file", []
    if old is not None:
        path.write_text("old")
        path.chmod(old)

    def chunks() -> Iterator[bytes]:
        for part in (b"a secret ", b"of two parts"):
            yield part
            seen.append({one.stat().st_mode & 0o077 for one in tmp_path.iterdir()})

    with locate(str(path)) as place:
        replace(real_host(), place, chunks(), Wanted("0600"))
    assert seen == [{0}, {0}]
    assert path.stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("number", [errno.EBUSY, errno.EXDEV], ids=["busy", "across devices"])
def test_22_where_a_rename_cannot_be_the_file_is_overwritten_and_the_person_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int
):
    path, host = tmp_path / "file", real_host()
    path.write_text("old and longer")

    def refuse(*_: object, **__: object) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(os, "rename", refuse)
    with locate(str(path)) as place:
        replace(host, place, [b"new"], Wanted())
    assert (path.read_text(), list(tmp_path.iterdir())) == ("new", [path])
    assert f"overwritten in place, not in one step: a rename is not possible: {os.strerror(number)}" in host.warnings[0]


def test_22_a_program_that_runs_is_replaced_and_goes_on(tmp_path: Path):
    path = tmp_path / "program"
    path.write_bytes(Path("/bin/sleep").read_bytes())
    path.chmod(0o755)
    with subprocess.Popen([path, "60"]) as running:
        try:
            with locate(str(path)) as place:
                replace(real_host(), place, [b"#!/bin/sh\n"], Wanted())
            assert (path.read_text(), path.stat().st_mode & 0o777, running.poll()) == ("#!/bin/sh\n", 0o755, None)
        finally:
            running.kill()


def test_24_a_file_system_without_modes_is_no_failure(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    path, host = tmp_path / "file", real_host()
    path.write_text("old")

    def refuse(*_: object) -> None:
        raise PermissionError(errno.EPERM, os.strerror(errno.EPERM))

    monkeypatch.setattr(os, "fchmod", refuse)
    with locate(str(path)) as place:
        replace(host, place, [b"new"], Wanted())
    assert (path.read_text(), list(tmp_path.iterdir())) == ("new", [path])


def test_when_the_right_to_act_is_gone_the_temporary_file_is_gone_at_once(tmp_path: Path):
    path = tmp_path / "file"
    path.write_text("old")
    host = real_host()

    def chunks() -> Iterator[bytes]:
        yield b"half"
        assert len(list(tmp_path.iterdir())) == 2
        host.token.stop("the controller is gone")
        assert list(tmp_path.iterdir()) == [path]
        yield b"more"

    with locate(str(path), follow=True) as place, pytest.raises(Stopped):
        replace(host, place, chunks(), Wanted())
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize(
    ("want", "first", "last"),
    [
        pytest.param(Wanted("0644"), 0o644, 0o644, id="as in the end"),
        pytest.param(Wanted("u=rw,g=r,o="), 0o640, 0o640, id="symbolic"),
        pytest.param(Wanted("0444"), 0o644, 0o444, id="read-only in the end"),
        pytest.param(Wanted("4755"), 0o755, 0o4755, id="setuid in the end"),
        pytest.param(Wanted("0666"), 0o644, 0o666, id="more than the umask leaves"),
        pytest.param(Wanted("0644", os.getuid(), os.getgid()), 0o600, 0o644, id="for an owner"),
    ],
)
def test_a_new_file_shows_no_more_while_it_is_written_than_in_the_end(tmp_path, want, first, last):
    path = tmp_path / "file"
    seen: list[int] = []

    def chunks() -> Iterator[bytes]:
        seen.extend(one.stat().st_mode & 0o7777 for one in tmp_path.iterdir())
        yield b"content"

    before = os.umask(0o022)
    try:
        with locate(str(path)) as place:
            replace(real_host(), place, chunks(), want)
    finally:
        os.umask(before)
    assert (seen, path.stat().st_mode & 0o7777) == ([first], last)
