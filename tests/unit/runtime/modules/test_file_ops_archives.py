"""Archives: made of what is there, unpacked below a directory and nowhere else."""

from __future__ import annotations

import io
import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from sloth.runtime.failure import ActionFailed, BadArguments
from tests.actions import actions_of
from tests.doubles import real_host

file_ops = actions_of("file_ops")


NAMES = ("x.tar", "x.tar.gz", "x.tgz", "x.tar.bz2", "x.tar.xz", "x.zip")


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    top = tmp_path / "tree ü"
    (top / "sub").mkdir(parents=True)
    (top / "one").write_bytes(b"1" * 300000)
    (top / "sub/two").write_text("two")
    (top / "sub/two").chmod(0o4750)
    (top / "link").symlink_to("sub/two")
    (top / "x.log").write_text("log")
    return top


def names(folder: Path) -> list[str]:
    return sorted(str(one.relative_to(folder)) for one in folder.rglob("*"))


@pytest.mark.parametrize("name", NAMES)
def test_an_archive_is_made_once_and_unpacked_once(tmp_path, tree, name):
    packed, out = tmp_path / name, tmp_path / "out/deep"
    for check, changes in ((True, 1), (False, 1), (False, 0)):
        host = real_host(check=check)
        file_ops.archive(host, paths=[str(tree)], dest=str(packed), exclude=["*.log"])
        assert len(host.changes) == changes
        assert packed.exists() != check
    planned = real_host(check=True)
    file_ops.unarchive(planned, src=str(packed), dest=str(out), remote=True)
    assert planned.changes
    assert not out.parent.exists()
    for changed in (True, False):
        host = real_host()
        file_ops.unarchive(host, src=str(packed), dest=str(out), remote=True)
        assert bool(host.changes) == changed
    links = ["tree ü/link"] if name != "x.zip" else []
    assert names(out) == ["tree ü", *links, "tree ü/one", "tree ü/sub", "tree ü/sub/two"]
    assert (out / "tree ü/one").read_bytes() == b"1" * 300000
    assert (out / "tree ü/sub/two").stat().st_mode & 0o7777 == 0o750


def test_what_differs_is_replaced_and_what_is_more_stays(tmp_path, tree):
    packed, out = tmp_path / "x.tgz", tmp_path / "out"
    file_ops.archive(real_host(), paths=[str(tree)], dest=str(packed))
    file_ops.unarchive(real_host(), src=str(packed), dest=str(out), remote=True, strip=1)
    (out / "sub/two").write_text("six")
    (out / "more").touch()
    host = real_host()
    file_ops.unarchive(host, src=str(packed), dest=str(out), remote=True, strip=1)
    assert host.changes == [f"write {out}/sub/two"]
    assert (out / "more").exists()


def test_an_archive_of_the_controller_is_sent_unless_what_it_makes_exists(tmp_path, tree):
    packed = tmp_path / "x.tgz"
    file_ops.archive(real_host(), paths=[str(tree)], dest=str(packed))
    asked: list[dict[str, object]] = []
    host = real_host(files={"app.tgz": packed.read_bytes()}, asked=asked)
    file_ops.unarchive(host, src="app.tgz", dest=str(tmp_path / "out"), strip=1, exclude=["sub", "*.log"])
    assert names(tmp_path / "out") == ["link", "one"]
    result = file_ops.unarchive(host, src="app.tgz", dest=str(tmp_path / "out"), creates=str(tmp_path / "out/o*"))
    assert result["skipped"] is True
    assert len(asked) == 1


def tar_of(*members: tuple[str, str, str]) -> bytes:
    """(name, kind of member, what a link leads to)"""
    whole = io.BytesIO()
    with tarfile.open(fileobj=whole, mode="w") as tar:
        for name, kind, target in members:
            info = tarfile.TarInfo(name)
            info.type = {"file": tarfile.REGTYPE, "link": tarfile.SYMTYPE, "hard": tarfile.LNKTYPE,
                         "device": tarfile.CHRTYPE}[kind]  # fmt: skip
            info.linkname, info.size = target, 1 if kind == "file" else 0
            tar.addfile(info, io.BytesIO(b"x") if kind == "file" else None)
    return whole.getvalue()


def zip_of(name: str) -> bytes:
    whole = io.BytesIO()
    with zipfile.ZipFile(whole, "w") as packed:
        packed.writestr(name, "x")
    return whole.getvalue()


@pytest.mark.parametrize(
    ("make", "why"),
    [
        pytest.param(lambda: tar_of(("../out of it", "file", "")), "outside of itself", id="dots"),
        pytest.param(lambda: tar_of(("a/../../b", "file", "")), "outside of itself", id="dots inside"),
        pytest.param(lambda: tar_of(("/etc/x", "file", "")), "outside of itself", id="absolute"),
        pytest.param(lambda: tar_of(("a", "link", "/etc")), "leads out", id="a link to elsewhere"),
        pytest.param(lambda: tar_of(("d/a", "link", "../../etc")), "leads out", id="a link upwards"),
        pytest.param(lambda: tar_of(("t", "file", ""), ("a", "link", "."), ("a/x", "file", "")), "symbolic link",
                     id="through a link"),
        pytest.param(lambda: tar_of(("dev", "device", "")), "neither file", id="a device"),
        pytest.param(lambda: zip_of("../x"), "outside of itself", id="zip with dots"),
        pytest.param(lambda: b"no archive", "no archive that can be read", id="no archive"),
        pytest.param(lambda: tar_of(("a", "file", ""))[:520], "no archive that can be read", id="cut short"),
    ],
)  # fmt: skip
def test_24_what_would_leave_the_directory_is_refused(tmp_path, make: Callable[[], bytes], why):
    (tmp_path / "x.tar").write_bytes(make())
    with pytest.raises(ActionFailed, match=why):
        file_ops.unarchive(real_host(), src=str(tmp_path / "x.tar"), dest=str(tmp_path / "out"), remote=True)
    assert sorted(one.name for one in tmp_path.iterdir()) == ["out", "x.tar"]


def test_24_a_bomb_is_stopped(tmp_path):
    with zipfile.ZipFile(tmp_path / "x.zip", "w", zipfile.ZIP_DEFLATED) as packed:
        packed.writestr("big", b"\0" * 100000)
    with pytest.raises(ActionFailed, match="more than 1000 bytes"):
        file_ops.unarchive(real_host(), src=str(tmp_path / "x.zip"), dest=str(tmp_path / "out"), remote=True, max_size=1000)
    assert names(tmp_path / "out") == []


def test_a_form_that_nobody_knows_and_a_path_that_is_not_there_are_told(tmp_path):
    with pytest.raises(BadArguments, match="the name tells the form"):
        file_ops.archive(real_host(), paths=[str(tmp_path)], dest=str(tmp_path / "x.rar"))
    with pytest.raises(ActionFailed, match="does not exist"):
        file_ops.archive(real_host(), paths=[str(tmp_path / "none")], dest=str(tmp_path / "x.tar"))
