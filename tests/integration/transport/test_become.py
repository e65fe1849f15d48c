"""sudo, for a whole run and for single calls: with and without password, with requiretty, to users without a home."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from sloth.core.connection import Connection
from sloth.core.errors import BecomeFailed
from sloth.runtime.failure import ActionFailed

pytestmark = pytest.mark.needs_root

PASSWORD = "s3cret wörd"
FREE = "{} ALL=(ALL) NOPASSWD: ALL"
ASKS = "{} ALL=(ALL) ALL"
TTY = "Defaults:{} requiretty"
QUIET = ["Defaults:{} passwd_tries=3", "Defaults:{} timestamp_timeout=0"]


@pytest.mark.parametrize("user", ["root", "nobody"])
@pytest.mark.parametrize(
    ("sudoers", "password", "channels"),
    [
        pytest.param([FREE], None, 1, id="without a password"),
        pytest.param([FREE], PASSWORD, 1, id="with one that is not needed"),
        pytest.param([ASKS, *QUIET], PASSWORD, 1, id="with a password"),
        pytest.param([FREE, TTY], None, 2, id="requiretty"),
        pytest.param([ASKS, TTY, *QUIET], PASSWORD, 2, id="requiretty and a password"),
        pytest.param([ASKS, *QUIET, "Defaults:{} use_pty"], PASSWORD, 1, id="use_pty"),
    ],
)
def test_a_whole_run_as_another_user(user, sudoers, password, channels, world, sshd, open_session):
    account = world.account(password=PASSWORD)
    world.sudoers(account, *sudoers)
    connection = sshd.connection(account.name, become=True, become_user=user, become_password=password)
    session = open_session(connection)
    assert session.hello["user"] == user
    assert session.channels_opened == channels
    assert session.call("echo", {"text": "x" * 100000}) == {"text": "x" * 100000}
    assert not _mentions(PASSWORD)


@pytest.mark.parametrize(
    ("sudoers", "password", "text"),
    [
        pytest.param([ASKS, *QUIET], None, "asks for a password", id="none given"),
        pytest.param([ASKS, *QUIET], "wrong", "wrong sudo password", id="wrong"),
        pytest.param([ASKS, "Defaults:{} passwd_tries=1"], "wrong", "wrong sudo password", id="wrong, one try"),
        pytest.param([], PASSWORD, "not in the sudoers file", id="not allowed"),
    ],
)
def test_what_sudo_refuses_is_named_and_the_password_tried_once(sudoers, password, text, world, sshd, open_session):
    account = world.account(password=PASSWORD)
    world.sudoers(account, *sudoers)
    with pytest.raises(BecomeFailed, match=text):
        open_session(sshd.connection(account.name, become=True, become_password=password))


def test_a_user_that_does_not_exist_is_named(world, sshd, open_session):
    account = world.account()
    world.sudoers(account, FREE)
    with pytest.raises(BecomeFailed, match=r"unknown user:? nosuchuser"):
        open_session(sshd.connection(account.name, become=True, become_user="nosuchuser"))


def test_a_shell_that_echoes_the_start_line_does_not_get_the_password(world, sshd, open_session):
    account = world.account("/bin/tcsh", password=PASSWORD)
    world.sudoers(account, FREE)
    account.write(".tcshrc", "set echo\nset verbose\n")
    session = open_session(sshd.connection(account.name, become=True, become_password=PASSWORD))
    assert session.call("echo", {"a": 1}) == {"a": 1}


def test_the_local_connection_becomes_another_user_too(open_session):
    session = open_session(Connection("here", "here", connection="local", become=True, become_user="nobody"))
    assert session.hello["user"] == "nobody"


@pytest.mark.parametrize(
    ("sudoers", "password"),
    [
        pytest.param([FREE], None, id="without a password"),
        pytest.param([ASKS, *QUIET], PASSWORD, id="with a password"),
        pytest.param([ASKS, *QUIET, TTY], PASSWORD, id="requiretty"),
        pytest.param([ASKS, *QUIET, "Defaults:{} use_pty"], PASSWORD, id="use_pty"),
    ],
)
@pytest.mark.parametrize("user", ["root", "nobody"])
def test_a_single_call_as_another_user(sudoers, password, user, world, sshd, open_session):
    account = world.account(password=PASSWORD)
    world.sudoers(account, *sudoers)
    session = open_session(sshd.connection(account.name), {"password": lambda args: password})
    answer = session.call("become", {"user": user})
    assert answer["user"] == user
    assert not Path("/nonexistent").exists()


@pytest.mark.parametrize(
    ("sudoers", "password", "user", "text"),
    [
        pytest.param([ASKS, *QUIET], "wrong", "root", "become root: wrong sudo password", id="wrong password"),
        pytest.param([], PASSWORD, "root", "become root: .*not in the sudoers file", id="not allowed"),
        pytest.param([FREE], "", "nosuchuser", "become nosuchuser: .*unknown user", id="no such user"),
    ],
)
def test_a_single_call_that_may_not_become_another_user_fails(sudoers, password, user, text, world, sshd, open_session):
    account = world.account(password=PASSWORD)
    world.sudoers(account, *sudoers)
    session = open_session(sshd.connection(account.name), {"password": lambda args: password})
    with pytest.raises(ActionFailed, match=text):
        session.call("become", {"user": user})
    assert session.call("echo", {"a": 1}) == {"a": 1}


def _mentions(secret: str) -> list[str]:
    """Processes that show the secret in their command line or environment."""
    found = []
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit() or int(entry.name) == os.getpid():
            continue
        for name in ("cmdline", "environ"):
            try:
                if secret.encode() in (entry / name).read_bytes():
                    found.append(str(entry / name))
            except OSError:
                continue
    return found
