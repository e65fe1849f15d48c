"""A file's content is swapped in one step, and a swap that is cut off leaves nothing behind."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from sloth.runtime.attributes import Wanted
from sloth.runtime.failure import Stopped
from sloth.runtime.place import locate
from sloth.runtime.swap import replace
from tests.doubles import real_host


def test_until_its_last_byte_the_old_content_stays(tmp_path: Path):
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
