"""What only root can try: owners, links of other users, mounts, attributes, files that nobody may touch.

Numbers are those of the list of behaviours.
"""

from __future__ import annotations

import os
import shutil
import struct
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from sloth.engine.files import Files
from sloth.runtime.failure import ActionFailed
from sloth.runtime.host import Host
from sloth.runtime.modules import fs
from sloth.runtime.wire import STREAM
from tests.actions import actions_of
from tests.doubles import real_host
from tests.prerequisites import skip_or_fail

file_ops = actions_of("file_ops")


pytestmark = pytest.mark.needs_root

ALICE, BOB = 64001, 64002


@pytest.fixture
def home(tmp_path):
    """A directory that ALICE owns, with root's file next to it."""
    for path in (tmp_path, *tmp_path.parents[:-1]):
        if path.stat().st_uid == 0 and path != Path("/tmp"):
            path.chmod(0o755)
    (tmp_path / "secret").write_text("root's\n")
    (tmp_path / "secret").chmod(0o600)
    alice = tmp_path / "alice"
    alice.mkdir()
    os.chown(alice, ALICE, ALICE)
    return alice


def plant(link, target, owner=ALICE):
    link.symlink_to(target)
    os.chown(link, owner, owner, follow_symlinks=False)


@pytest.mark.parametrize(
    "act",
    [
        pytest.param(lambda path: file_ops.lineinfile(real_host(), path=path, line="x"), id="lineinfile"),
        pytest.param(lambda path: file_ops.permissions(real_host(), path=path, mode="0666"), id="permissions"),
        pytest.param(lambda path: file_ops.permissions(real_host(), path=path, owner=ALICE), id="owner"),
        pytest.param(lambda path: file_ops.copy(real_host(), content="x", dest=path, follow=True), id="copy"),
        pytest.param(lambda path: file_ops.touch(real_host(), path=path), id="touch"),
        pytest.param(lambda path: fs.write(real_host(), path=path, content="x"), id="fs.write"),
        pytest.param(lambda path: fs.append(real_host(), path=path, content="x"), id="fs.append"),
        pytest.param(lambda path: fs.copy(real_host(), src=path, dest=f"{path}.copy"), id="fs.copy"),
    ],
)
def test_root_follows_no_link_of_a_user_to_what_is_not_the_users(home, act):
    secret = home.parent / "secret"
    before = (secret.read_text(), secret.stat())
    plant(home / "link", secret)
    with pytest.raises(ActionFailed, match="refused to follow the symbolic link"):
        act(f"{home}/link")
    assert (secret.read_text(), secret.stat()) == before
    assert [path.name for path in home.iterdir()] == ["link"]


@pytest.mark.parametrize("name", ["x", "new/x"])
def test_nor_through_a_directory(home, name):
    (home.parent / "etc").mkdir()
    plant(home / "conf", home.parent / "etc")
    with pytest.raises(ActionFailed, match="refused to follow"):
        file_ops.copy(real_host(), content="x", dest=f"{home}/conf/{name}")
    with pytest.raises(ActionFailed, match="refused to follow"):
        file_ops.directory(real_host(), path=f"{home}/conf/made")
    assert not list((home.parent / "etc").iterdir())


def test_a_dangling_link_of_a_user_makes_no_file_of_root(home):
    plant(home / "link", home.parent / "made")
    with pytest.raises(ActionFailed, match="refused to follow"):
        file_ops.touch(real_host(), path=f"{home}/link")
    assert not (home.parent / "made").exists()


def test_links_of_a_user_to_the_users_own_files_are_followed(home):
    (home / "releases").mkdir()
    (home / "releases/x").write_text("old\n")
    for path in (home / "releases", home / "releases/x"):
        os.chown(path, ALICE, ALICE)
    plant(home / "current", "releases")
    plant(home / "x", "current/x")
    file_ops.lineinfile(real_host(), path=f"{home}/x", line="new")
    assert (home / "releases/x").read_text() == "old\nnew\n"


def test_a_link_of_another_user_is_not_followed_to_a_third_ones_file(home):
    (home / "x").write_text("")
    os.chown(home / "x", ALICE, ALICE)
    plant(home / "link", "x", owner=BOB)
    with pytest.raises(ActionFailed, match="refused to follow"):
        file_ops.permissions(real_host(), path=f"{home}/link", mode="0600")


def test_22_the_owner_mode_and_attributes_of_a_replaced_file_are_kept(home):
    path = home / "x"
    path.write_text("old")
    os.chown(path, ALICE, BOB)
    path.chmod(0o4751)
    try:
        os.setxattr(path, "user.note", b"kept")
    except OSError:
        skip_or_fail("this file system has no extended attributes")
    file_ops.copy(real_host(), content="new", dest=str(path))
    found = path.stat()
    assert (found.st_uid, found.st_gid, found.st_mode & 0o7777) == (ALICE, BOB, 0o4751)
    assert os.getxattr(path, "user.note") == b"kept"


def acl(user: int) -> bytes:
    """An access list as the kernel keeps it: rw for the owner, r for this user, nothing for others."""
    entries = ((0x01, 6, -1), (0x02, 4, user), (0x04, 0, -1), (0x10, 4, -1), (0x20, 0, -1))
    return struct.pack("<I", 2) + b"".join(struct.pack("<HHi", *entry) for entry in entries)


def test_10_a_line_goes_into_the_file_behind_a_link_which_keeps_all_that_it_had(home):
    path, link = home / "x", home.parent / "link"
    path.write_text("old\n")
    os.chown(path, ALICE, BOB)
    link.symlink_to("alice/x")
    try:
        os.setxattr(path, "user.note", b"kept")
        os.setxattr(path, "system.posix_acl_access", acl(BOB))
    except OSError:
        skip_or_fail("this file system has no extended attributes or no access lists")
    result = file_ops.lineinfile(real_host(), path=str(link), line="new", backup=True)
    assert (link.is_symlink(), path.read_text()) == (True, "old\nnew\n")
    backup = Path(str(result["backup"]))
    assert (backup.parent, backup.read_text()) == (home, "old\n")
    for one in (path, backup):
        found = one.stat()
        assert (found.st_uid, found.st_gid, found.st_mode & 0o7777) == (ALICE, BOB, 0o640)
        assert os.getxattr(one, "user.note") == b"kept"
        assert os.getxattr(one, "system.posix_acl_access") == acl(BOB)


def test_14_recurse_sets_the_owner_of_all_and_of_nothing_that_a_link_leads_to(home):
    (home.parent / "tree/sub").mkdir(parents=True)
    (home.parent / "tree/sub/x").write_text("")
    (home.parent / "tree/link").symlink_to(home.parent / "secret")
    (home.parent / "tree/way").symlink_to("/etc")
    for first in (True, False):
        host = real_host()
        file_ops.directory(host, path=f"{home.parent}/tree", owner=ALICE, group=BOB, recurse=True)
        assert bool(host.changes) is first
    found = [path.lstat() for path in [home.parent / "tree", *(home.parent / "tree").rglob("*")]]
    assert {(one.st_uid, one.st_gid) for one in found} == {(ALICE, BOB)}
    assert ((home.parent / "secret").stat().st_uid, Path("/etc").stat().st_uid) == (0, 0)


def test_16_a_link_in_a_sticky_directory_is_roots_to_make_and_to_redirect_whoever_owns_it(home):
    os.chown(home, BOB, BOB)
    home.chmod(0o1777)
    (home / "target").write_text("")
    plant(home / "link", "elsewhere")
    for src in ("target", "../secret"):
        for first in (True, False):
            host = real_host()
            file_ops.link(host, src=src, dest=f"{home}/link")
            assert bool(host.changes) is first
        assert str((home / "link").readlink()) == src


def test_20_owner_and_group_are_seen_to_where_the_content_is_the_same(home):
    for changes in (1, 0):
        host = real_host()
        file_ops.copy(host, content="x", dest=f"{home}/x", owner=ALICE, group=BOB, mode="0640")
        assert len(host.changes) == changes
    found = (home / "x").stat()
    assert (found.st_uid, found.st_gid) == (ALICE, BOB)
    host = real_host()
    file_ops.copy(host, content="x", dest=f"{home}/x", owner="root")
    assert host.changes == [f"owner {home}/x {ALICE} -> root"]


@pytest.mark.parametrize("content", [b"", b"x" * 100_000])
def test_22_labels_of_the_security_system_are_kept(home, content):
    path = home / "x"
    path.write_bytes(content)
    try:
        os.setxattr(path, "security.selinux", b"system_u:object_r:etc_t:s0\0")
    except OSError:
        skip_or_fail("this kernel takes no label of SELinux")
    file_ops.copy(real_host(), content="new", dest=str(path))
    assert os.getxattr(path, "security.selinux") == b"system_u:object_r:etc_t:s0\0"


def test_22_an_immutable_directory_is_an_error_and_its_file_stays(home):
    path = home / "x"
    path.write_text("old")
    if shutil.which("chattr") is None or subprocess.run(["chattr", "+i", home], check=False).returncode:
        skip_or_fail("no immutable directories here")
    try:
        with pytest.raises(ActionFailed, match="immutable"):
            file_ops.copy(real_host(), content="new", dest=str(path))
    finally:
        subprocess.run(["chattr", "-i", home], check=True)
    assert (path.read_text(), [one.name for one in home.iterdir()]) == ("old", ["x"])


def test_a_change_of_owner_keeps_the_setuid_bit(home):
    (home / "x").write_text("")
    (home / "x").chmod(0o4755)
    file_ops.permissions(real_host(), path=f"{home}/x", owner=ALICE)
    assert (home / "x").stat().st_mode & 0o7777 == 0o4755


def test_23_a_new_file_takes_the_group_of_a_setgid_directory(home):
    os.chown(home, 0, BOB)
    home.chmod(0o2775)
    file_ops.copy(real_host(), content="x", dest=f"{home}/x", mode="0640")
    assert (home / "x").stat().st_gid == BOB


def test_22_a_file_that_is_a_mount_point_is_overwritten_in_place(home):
    (home / "under").write_text("old and longer")
    (home / "mounted").write_text("")
    mounted = subprocess.run(["mount", "--bind", home / "under", home / "mounted"], capture_output=True, check=False)
    if mounted.returncode:
        skip_or_fail("no mounts here")
    try:
        host = real_host()
        file_ops.copy(host, content="new", dest=f"{home}/mounted", mode="0600")
        assert (home / "under").read_text() == "new"
        assert (home / "under").stat().st_mode & 0o777 == 0o600
        assert "in place" in host.warnings[0]
    finally:
        subprocess.run(["umount", home / "mounted"], check=True)
    assert sorted(path.name for path in home.iterdir()) == ["mounted", "under"]


def test_22_an_immutable_file_is_an_error_with_a_hint(home):
    path = home / "x"
    path.write_text("old")
    if shutil.which("chattr") is None or subprocess.run(["chattr", "+i", path], check=False).returncode:
        skip_or_fail("no immutable files here")
    try:
        with pytest.raises(ActionFailed, match="immutable"):
            file_ops.copy(real_host(), content="new", dest=str(path))
    finally:
        subprocess.run(["chattr", "-i", path], check=True)
    assert [one.name for one in home.iterdir()] == ["x"]


def as_alice(dest, mode=None, validate=None) -> str:
    """What a copy says in a process of ALICE."""
    return of_alice(
        real_host(), lambda host: file_ops.copy(host, content="new", dest=str(dest), mode=mode, validate=validate)
    )


def of_alice(host: Host, act: Callable[[Host], object]) -> str:
    """What a process of ALICE says that acts: the warnings of its host, or its failure."""
    readable, writable = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            os.setgroups([])
            os.setgid(ALICE)
            os.setuid(ALICE)
            act(host)
            os.write(writable, "; ".join(["done", *host.warnings]).encode())
        except ActionFailed as error:
            os.write(writable, str(error).encode())
        finally:
            os._exit(0)
    os.close(writable)
    os.waitpid(child, 0)
    said = os.read(readable, 4096).decode()
    os.close(readable)
    return said


def test_23_a_plain_user_overwrites_a_world_writable_file_and_its_owner_stays(home):
    (home.parent / "x").write_text("old and longer")
    (home.parent / "x").chmod(0o666)
    assert "in place" in as_alice(home.parent / "x")
    assert (home.parent / "x").read_text() == "new"
    assert (home.parent / "x").stat().st_uid == 0


def test_23_the_same_in_a_directory_of_the_users_own(home):
    (home / "x").write_text("old")
    (home / "x").chmod(0o666)
    assert "in place" in as_alice(home / "x")
    assert ((home / "x").read_text(), (home / "x").stat().st_uid) == ("new", 0)
    assert [path.name for path in home.iterdir()] == ["x"]


def test_50_who_may_not_write_is_told_so_before_a_validator_is_asked_that_wants_to_be_root(home):
    (home.parent / "x").write_text("old")
    said = as_alice(home.parent / "x", validate="sh -c 'echo no hostkeys available; exit 1' %s")
    assert "needs become" in said
    assert "hostkeys" not in said
    assert (home.parent / "x").read_text() == "old"


def test_50_what_a_plain_user_may_do_needs_nothing_more(home):
    assert as_alice(home / "new", mode="0600") == "done"
    assert (home / "new").stat().st_uid == ALICE


def test_23_a_mode_of_which_the_kernel_takes_a_bit_is_a_failure_and_no_endless_change(home):
    os.chown(home, ALICE, BOB)
    home.chmod(0o2775)  # so that a new file gets a group that is not ALICE's
    assert "mode 2750 became 0750" in as_alice(home / "new", mode="2750")
    assert list(home.iterdir()) == []


@pytest.mark.parametrize("name", ["new", "secret"])
def test_50_a_plain_user_is_told_to_become(home, name):
    assert "needs become" in as_alice(home.parent / name)


def copied(host: Host, source: str, dest: str) -> object:
    return file_ops.copy(host, src=f"{source}/", dest=dest, mode="preserve", remote_src=True)


def synced(host: Host, source: str, dest: str) -> object:
    files = Files()

    def receive(verb, asked):
        if verb == "tree":
            answer = files.tree(Path(source), asked["exclude"], b"".join(asked[STREAM]).decode)
        else:
            answer = files.contents(Path(source), asked["paths"])
        return answer.value, answer.chunks

    host.receive = receive
    return file_ops.sync(host, src=source, dest=dest, delete=True)


@pytest.mark.parametrize("act", [copied, synced])
@pytest.mark.parametrize("outer", [0o555, 0o755])
def test_a_plain_user_fills_and_changes_directories_that_shall_be_closed_to_him(home, act, outer):
    source, dest = home.parent / "source", home / "dest"
    (source / "inner").mkdir(parents=True)
    files = [source / "file", source / "inner/file"]
    for content in ("first", "other, longer"):
        for file in files:
            file.write_text(content)
            file.chmod(0o444)
        (source / "inner").chmod(0o555)
        source.chmod(outer)
        assert of_alice(real_host(), lambda host: act(host, str(source), str(dest))) == "done"
        assert [(dest / file.relative_to(source)).read_text() for file in files] == [content, content]
        assert [path.stat().st_mode & 0o777 for path in (dest, dest / "inner", dest / "file")] == [outer, 0o555, 0o444]
        (source / "inner" / f"more of {content[:5]}").mkdir()
        (source / "inner/link").unlink(missing_ok=True)
        (source / "inner/link").symlink_to(content)
    before = (dest / "inner").stat().st_ctime_ns
    for again in range(2):
        assert of_alice(real_host(), lambda host: act(host, str(source), str(dest))) == "done"
        assert again == 0 or (dest / "inner").stat().st_ctime_ns == before
        before = (dest / "inner").stat().st_ctime_ns


def test_what_fails_leaves_directories_closed_as_they_were(home):
    source, dest = home.parent / "source", home / "dest"
    for top in (source, dest):
        top.mkdir()
        (top / "file").write_text(top.name)
        (top / "inner").mkdir()
    (source / "inner").rmdir()
    (source / "inner").write_text("a file, where a directory is")
    for path in (dest, dest / "file", dest / "inner"):
        os.chown(path, ALICE, ALICE)
    source.chmod(0o555)
    dest.chmod(0o555)
    assert "cannot" in of_alice(real_host(), lambda host: copied(host, str(source), str(dest)))
    assert (dest.stat().st_mode & 0o777, (dest / "file").read_text()) == (0o555, "source")
