"""Files on file systems that cannot do all that others can: exFAT, one that is read-only, another one, one that is full.

exFAT stands for FAT too: no owners, no modes, no links, no colon in a name. Numbers are those of the list of behaviours.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from sloth.runtime.failure import ActionFailed
from sloth.runtime.modules import fs
from tests.actions import actions_of
from tests.doubles import real_host
from tests.prerequisites import skip_or_fail

file_ops = actions_of("file_ops")

pytestmark = pytest.mark.needs_root


def sh(script: str, *words: object) -> str:
    return subprocess.run(["sh", "-ec", script, "sh", *map(str, words)], check=True, capture_output=True, text=True).stdout


@pytest.fixture
def mounted(tmp_path: Path) -> Iterator[Path]:
    """An empty directory on which a test may mount."""
    path = tmp_path / "mounted"
    path.mkdir()
    yield path
    while path.is_mount():
        sh('umount "$1"', path)


@pytest.fixture
def exfat(mounted: Path) -> Iterator[Path]:
    lacking = [tool for tool in ("mkfs.exfat", "mount.exfat-fuse", "losetup") if shutil.which(tool) is None]
    if lacking or not Path("/dev/fuse").exists():
        skip_or_fail(f"needs {' and '.join(lacking) or '/dev/fuse'}")
    image = mounted.parent / "image"
    sh('truncate -s 8M "$1"; mkfs.exfat "$1"', image)
    device = sh('losetup --find --show "$1"', image).strip()
    try:
        sh('mount.exfat-fuse "$1" "$2"', device, mounted)
        yield mounted
    finally:
        sh('if mountpoint -q "$2"; then umount "$2"; fi; losetup --detach "$1"', device, mounted)


@pytest.fixture
def tmpfs(mounted: Path) -> Path:
    sh('mount -t tmpfs -o size=256k tmpfs "$1"', mounted)
    return mounted


def settle(act, /, **named) -> list[str]:
    """What was changed; a second time there is nothing to do."""
    host, again = real_host(), real_host()
    act(host, **named)
    act(again, **named)
    assert again.changes == []
    return host.changes


def test_24_files_are_written_where_there_are_no_owners_and_modes(exfat):
    path = exfat / "x"
    assert settle(file_ops.copy, content="old\n", dest=str(path))
    assert settle(file_ops.lineinfile, path=str(path), line="new", backup=True)
    assert settle(file_ops.directory, path=str(exfat / "made"))
    assert settle(file_ops.unarchive, src=str(archive(exfat.parent)), dest=str(exfat / "made"), remote=True)
    assert (path.read_text(), (exfat / "made/x").read_text()) == ("old\nnew\n", "packed")
    (backup,) = exfat.glob("x.*~")
    assert backup.read_text() == "old\n"


def archive(folder: Path) -> Path:
    (folder / "packed").mkdir()
    (folder / "packed/x").write_text("packed")
    sh('tar -C "$1/packed" -cf "$1/packed.tar" x', folder)
    return folder / "packed.tar"


def test_24_what_is_copied_keeps_its_mode_where_that_can_be(exfat, tmp_path):
    (tmp_path / "x").write_text("a kernel")
    (tmp_path / "x").chmod(0o600)
    assert settle(fs.copy, src=str(tmp_path / "x"), dest=str(exfat / "x"))
    check = real_host(check=True)
    fs.copy(check, src=str(tmp_path / "x"), dest=str(exfat / "x"))
    assert check.changes == []
    file_ops.permissions(check, path=str(exfat / "x"), mode="0640")
    assert [text.partition(" keeps ")[2] for text in check.warnings] == ["no modes, so it may refuse 0640"]
    assert settle(fs.copy, src=str(tmp_path / "x"), dest=str(tmp_path / "y"))
    assert (tmp_path / "y").stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize(
    ("act", "named", "said"),
    [
        (file_ops.copy, {"content": "new", "dest": "x", "mode": "0600"}, "mode 0600 became 0777"),
        (file_ops.copy, {"content": "new", "dest": "new", "mode": "0600"}, "mode 0600 became 0777"),
        (file_ops.permissions, {"path": "x", "mode": "0640"}, "mode 0640 became 0777"),
        (file_ops.directory, {"path": "new", "mode": "0700"}, "mode 0700 became 0777"),
        (file_ops.permissions, {"path": "x", "owner": "daemon"}, "without owners, modes or links"),
        (file_ops.link, {"src": "x", "dest": "new"}, "cannot link"),
    ],
    ids=["mode", "mode of a new file", "permissions", "directory", "owner", "link"],
)
def test_24_a_mode_or_owner_that_is_asked_for_and_cannot_be_is_a_failure_and_no_endless_change(exfat, act, named, said):
    (exfat / "x").write_text("old")
    with pytest.raises(ActionFailed, match=said):
        act(real_host(workdir=str(exfat)), **named)
    assert {path.name: path.read_text() for path in exfat.iterdir()} == {"x": "old"}


def test_22_a_file_moves_to_another_file_system_with_all_that_it_has(tmpfs, tmp_path):
    old, new = tmp_path / "x", tmpfs / "y"
    old.write_text("content")
    old.chmod(0o2640)
    os.chown(old, 64001, 64002)
    old.chmod(0o2640)
    new.write_text("before")
    assert settle(fs.move, src=str(old), dest=str(new)) == [f"move {old} to {new}"]
    found = new.stat()
    assert (new.read_text(), found.st_uid, found.st_gid, found.st_mode & 0o7777) == ("content", 64001, 64002, 0o2640)
    assert [path.name for path in tmpfs.iterdir()] == ["y"]


def test_22_a_directory_does_not_and_stays_whole(tmpfs, tmp_path):
    (tmp_path / "tree").mkdir()
    (tmp_path / "tree/x").write_text("content")
    with pytest.raises(ActionFailed, match=r"on another file system; fs\.copy and then fs\.rmr do"):
        fs.move(real_host(), src=str(tmp_path / "tree"), dest=str(tmpfs / "tree"))
    assert ((tmp_path / "tree/x").read_text(), list(tmpfs.iterdir())) == ("content", [])


def test_22_a_file_that_finds_no_room_where_it_moves_to_stays_where_it_is(tmpfs, tmp_path):
    (tmp_path / "x").write_bytes(b"x" * 300_000)
    with pytest.raises(ActionFailed, match="free some space"):
        fs.move(real_host(), src=str(tmp_path / "x"), dest=str(tmpfs / "x"))
    assert ((tmp_path / "x").stat().st_size, list(tmpfs.iterdir())) == (300_000, [])


@pytest.mark.parametrize(
    ("act", "named"),
    [
        (file_ops.copy, {"content": "new", "dest": "x"}),
        (file_ops.copy, {"content": "new", "dest": "new"}),
        (file_ops.lineinfile, {"path": "x", "line": "new"}),
        (file_ops.permissions, {"path": "x", "mode": "0640"}),
        (file_ops.directory, {"path": "new"}),
        (file_ops.link, {"src": "x", "dest": "new"}),
        (file_ops.touch, {"path": "x"}),
        (file_ops.absent, {"path": "x"}),
        (fs.write, {"path": "x", "content": "new"}),
        (fs.append, {"path": "x", "content": "new"}),
        (fs.move, {"src": "x", "dest": "new"}),
    ],
    ids=["copy", "new", "lineinfile", "permissions", "directory", "link", "touch", "absent", "write", "append", "move"],
)
def test_22_on_a_read_only_file_system_each_says_so(tmpfs, act, named):
    (tmpfs / "x").write_text("old")
    sh('mount -o remount,ro "$1"', tmpfs)
    with pytest.raises(ActionFailed, match=r"Read-only file system \(`mount` tells why"):
        act(real_host(workdir=str(tmpfs)), **named)
    assert {path.name: path.read_text() for path in tmpfs.iterdir()} == {"x": "old"}


def test_22_a_program_that_runs_is_replaced_but_not_where_only_its_content_can_be(mounted, tmp_path):
    program, target = tmp_path / "program", tmp_path / "target"
    shutil.copy("/bin/sleep", program)
    target.write_text("")
    sh('mount --bind "$1" "$2"', program, target)
    try:
        with subprocess.Popen([target, "60"]) as running:
            try:
                with pytest.raises(ActionFailed, match="Text file busy"):
                    file_ops.copy(real_host(), content="new", dest=str(target))
                file_ops.copy(real_host(), content="new", dest=str(program))
            finally:
                running.kill()
    finally:
        sh('umount "$1"', target)
    assert (program.read_text(), program.stat().st_mode & 0o777) == ("new", 0o755)
