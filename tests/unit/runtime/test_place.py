"""Laws of reaching a path: links are followed as the kernel does, but not those of strangers."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from sloth.runtime.failure import ActionFailed
from sloth.runtime.place import Explained, locate


def where(path, *, follow=False) -> str:
    with locate(str(path), follow) as place:
        directory = Path(f"/proc/self/fd/{place.directory}").readlink()
        return os.path.normpath(directory / os.fsdecode(place.name))


@pytest.mark.parametrize(
    ("path", "follow", "expected"),
    [
        ("file", False, "file"),
        ("missing", False, "missing"),
        ("dir/../file", False, "file"),
        ("./dir//file", False, "dir/file"),
        ("todir/file", False, "dir/file"),
        ("todir/../file", False, "file"),
        ("link", False, "link"),
        ("link", True, "file"),
        ("chain", True, "file"),
        ("absolute", True, "dir/file"),
        ("dangling", True, "dir/none"),
        ("dir/", False, "dir"),
        ("dir/..", False, ""),
        ("dir/up", True, ""),
        ("dir/up/dir/up/file", True, "file"),
    ],
)
def test_a_path_leads_where_the_kernel_would_lead(tmp_path, path, follow, expected):
    (tmp_path / "dir").mkdir()
    (tmp_path / "file").write_text("")
    (tmp_path / "dir/file").write_text("")
    for name, target in {
        "link": "file",
        "chain": "todir/../link",
        "todir": "dir",
        "absolute": f"{tmp_path}/todir/file",
        "dangling": "dir/none",
        "dir/up": "..",
    }.items():
        (tmp_path / name).symlink_to(target)
    assert where(f"{tmp_path}/{path}", follow=follow) == os.path.normpath(f"{tmp_path}/{expected}")


def test_the_root_is_a_place_too():
    assert where("/") == "/"


def test_a_circle_of_links_ends(tmp_path):
    (tmp_path / "a").symlink_to("b")
    (tmp_path / "b").symlink_to("a")
    with pytest.raises(OSError, match="symbolic") as caught:
        locate(f"{tmp_path}/a/x")
    assert caught.value.errno == errno.ELOOP


def test_no_descriptor_stays_open(tmp_path):
    (tmp_path / "link").symlink_to("missing/x")
    before = len(list(Path("/proc/self/fd").iterdir()))
    where(tmp_path / "x")
    with pytest.raises(FileNotFoundError):
        where(tmp_path / "link", follow=True)
    assert len(list(Path("/proc/self/fd").iterdir())) == before


@pytest.mark.parametrize(
    ("number", "uid", "text"),
    [
        (errno.EACCES, 1000, "cannot write /x: Permission denied .*needs become"),
        (errno.EPERM, 0, "immutable"),
        (errno.ENOSPC, 0, "free some space"),
        (errno.EISDIR, 0, "cannot write /x: Is a directory$"),
    ],
)
def test_50_a_refusal_of_the_kernel_says_what_helps(monkeypatch, number, uid, text):
    monkeypatch.setattr(os, "geteuid", lambda: uid)
    with pytest.raises(ActionFailed, match=text), Explained("write", "/x"):
        raise OSError(number, os.strerror(number))
