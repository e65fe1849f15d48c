"""SSH keys of a user: made once, never through a link, never over one that is there.

Numbers are those of the list of behaviours.
"""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from sloth.runtime.failure import ActionFailed, BadArguments
from tests.actions import actions_of
from tests.doubles import real_host

user = actions_of("user")


pytestmark = pytest.mark.needs_root
NAME = f"sloth-key-{os.getpid()}"  # tests run side by side


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Path]:
    """The home of a user of this machine, for one test."""
    subprocess.run(["useradd", "-M", "-d", str(tmp_path / "home"), NAME], check=True)
    (tmp_path / "home").mkdir()
    shutil.chown(tmp_path / "home", NAME)
    yield tmp_path / "home"
    subprocess.run(["userdel", NAME], check=True, capture_output=True)


def test_31_a_pair_is_made_once_and_is_the_users(home):
    check = real_host(check=True)
    user.ssh_key(check, user=NAME)
    assert len(check.changes) == 2
    assert list(home.iterdir()) == []
    first = user.ssh_key(real_host(), user=NAME, comment="ü 'x'")
    again = real_host()
    assert user.ssh_key(again, user=NAME) == first
    assert again.changes == []
    assert str(first["public_key"]).endswith("ü 'x'")
    private, public = home / ".ssh/id_ed25519", home / ".ssh/id_ed25519.pub"
    modes = [path.stat().st_mode & 0o777 for path in (home / ".ssh", private, public)]
    assert modes == [0o700, 0o600, 0o644]
    assert {path.stat().st_uid for path in (home / ".ssh", private, public)} == {pwd.getpwnam(NAME).pw_uid}
    assert private.read_text().startswith("-----BEGIN OPENSSH PRIVATE KEY")


def test_31_what_is_there_is_left_unless_told_otherwise(home):
    (home / ".ssh").mkdir()
    private, public = home / ".ssh/id_rsa", home / ".ssh/id_rsa.pub"
    private.write_text("mine")
    host = real_host()
    user.ssh_key(host, user=NAME, kind="rsa", bits=2048)
    assert (host.changes, private.read_text(), public.exists()) == ([], "mine", False)
    private.unlink()
    public.write_text("public")
    with pytest.raises(ActionFailed, match="without its private key"):
        user.ssh_key(real_host(), user=NAME, kind="rsa")
    user.ssh_key(real_host(), user=NAME, kind="rsa", bits=2048, force=True)
    assert public.read_text().startswith("ssh-rsa ")


@pytest.mark.parametrize("link", [".ssh", ".ssh/id_ed25519", ".ssh/id_ed25519.pub"])
def test_31_no_link_of_the_user_is_followed(home, tmp_path, link):
    target = tmp_path / "target"
    if link == ".ssh":
        target.mkdir()
    else:
        (home / ".ssh").mkdir()
        target.write_text("theirs")
    (home / link).symlink_to(target)
    with pytest.raises(ActionFailed, match="symbolic link"):
        user.ssh_key(real_host(), user=NAME, force=True)
    assert target.is_dir() or target.read_text() == "theirs"


def test_31_no_leftovers_and_no_name_out_of_the_folder(home):
    before = set(Path("/tmp").glob(".sloth-*"))
    user.ssh_key(real_host(), user=NAME, file="deploy")
    assert set(Path("/tmp").glob(".sloth-*")) <= before
    assert sorted(path.name for path in (home / ".ssh").iterdir()) == ["deploy", "deploy.pub"]
    with pytest.raises(BadArguments):
        user.ssh_key(real_host(), user=NAME, file="../x")
