"""fstab and mounts: what is written, and which programs are called."""

from __future__ import annotations

from pathlib import Path

import pytest

from sloth.runtime.failure import BadArguments
from sloth.runtime.modules import mount
from sloth.runtime.mounts import Mount, entry, mounted, with_entry
from tests.doubles import FakeHost

FSTAB = "# by hand\nUUID=1 / ext4 errors=remount-ro 0 1\nLABEL=d  /srv/my\\040data xfs noatime 0 2"
DATA = Mount("LABEL=d", "/srv/my data", "xfs", ["noatime"], 0, 2)


@pytest.mark.parametrize(
    ("path", "new", "after"),
    [
        pytest.param("/srv/my data", DATA, FSTAB, id="the same, however it is spaced"),
        pytest.param("/srv/my data", Mount("LABEL=e", "/srv/my data", "xfs", []),
                     FSTAB.replace("LABEL=d  /srv/my\\040data xfs noatime 0 2", "LABEL=e /srv/my\\040data xfs defaults 0 0\n"),
                     id="in its place"),
        pytest.param("/tmp", Mount("tmpfs", "/tmp", "tmpfs", ["size=1g", "nosuid"]),
                     FSTAB + "\ntmpfs /tmp tmpfs size=1g,nosuid 0 0\n", id="at the end, with the newline that was missing"),
        pytest.param("/srv/my data", None, FSTAB.rpartition("LABEL")[0], id="gone"),
        pytest.param("/nowhere", None, FSTAB, id="not there"),
    ],
)  # fmt: skip
def test_an_entry_is_known_by_its_path_and_all_else_stays(path, new, after):
    assert with_entry(FSTAB, path, new) == after


def test_words_of_fstab_and_of_the_kernel_are_read():
    found = entry("//host/a\\040b /mnt/ü cifs ro,user=x")
    assert found is not None
    assert (found.source, found.path, found.options, found.order) == ("//host/a b", "/mnt/ü", ["ro", "user=x"], 0)
    line = "36 35 98:0 /mnt1 /mnt\\0402 rw,noatime master:1 - ext3 /dev/root rw,errors=continue\n"
    assert [(one.path, one.kind, one.options) for one in mounted(line)] == [
        ("/mnt 2", "ext3", ["rw", "noatime", "errors=continue"]),
    ]  # fmt: skip


@pytest.mark.parametrize("check", [False, True])
def test_what_is_not_mounted_is_mounted_and_written(tmp_path, check):
    host, fstab, place = FakeHost(check=check), tmp_path / "fstab", tmp_path / "new"
    fstab.write_text(FSTAB)
    mount.mount(host, path=str(place), src="tmpfs", fstype="tmpfs", opts=["size=1m"], file=str(fstab))
    assert host.changes[-1] == f"mount -t tmpfs -o size=1m -- tmpfs {place}"
    assert place.is_dir() != check
    assert (f"tmpfs {place} tmpfs size=1m 0 0\n" in fstab.read_text()) != check


def test_what_is_mounted_stays_or_is_remounted():
    host = FakeHost()
    mount.mount(host, path="/proc", src="proc", fstype="proc", opts=["rw"], fstab=False)
    assert host.changes == []
    mount.mount(host, path="/proc", src="proc", fstype="proc", opts=["ro"], fstab=False)
    assert host.changes == ["mount -o remount,ro -- /proc"]


def test_unmount_takes_what_is_there(tmp_path):
    host, fstab = FakeHost(), tmp_path / "fstab"
    mount.unmount(host, path="/nowhere")
    assert host.changes == []
    fstab.write_text("proc /proc proc defaults 0 0\n")
    mount.unmount(host, path="/proc", fstab=True, lazy=True, file=str(fstab))
    assert host.changes == [f"write {fstab}", "umount -l -- /proc"]
    assert mount.is_mounted(host, path="/proc")


def test_fstab_alone(tmp_path: Path):
    fstab = tmp_path / "fstab"
    for changes in (1, 0):
        host = FakeHost()
        mount.fstab(host, path="/a", src="LABEL=a", fstype="ext4", order=2, file=str(fstab))
        assert len(host.changes) == changes
    assert fstab.read_text() == "LABEL=a /a ext4 defaults 0 2\n"
    mount.fstab(FakeHost(), path="/a", state="absent", file=str(fstab))
    assert fstab.read_text() == ""


@pytest.mark.parametrize(
    "arguments",
    [{"path": "a", "src": "x", "fstype": "y"}, {"path": "/a/../b", "src": "x", "fstype": "y"}, {"path": "/a"}],
    ids=["relative", "with ..", "no source"],
)
def test_what_is_no_mount_is_refused(arguments, tmp_path):
    with pytest.raises(BadArguments):
        mount.fstab(FakeHost(), file=str(tmp_path / "fstab"), **arguments)
