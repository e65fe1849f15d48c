"""The start of a runtime over SSH: every login shell, every kind of start-up file, every kind of home."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from sloth.core.connection import Connection
from sloth.core.errors import ConnectionLost, ConnectTimeout, NoPython, NoShell
from sloth.runtime.failure import ActionFailed
from sloth.transport.switchboard import SLOW_SHELL
from tests.prerequisites import skip_or_fail

pytestmark = pytest.mark.needs_root

SHELLS = ["/bin/sh", "/bin/bash", "/bin/dash", "/usr/bin/fish", "/bin/tcsh", "/bin/csh", "/bin/zsh"]


@pytest.mark.parametrize("shell", SHELLS)
def test_every_login_shell_starts_the_runtime_and_the_second_start_uploads_nothing(shell, world, sshd, open_session):
    if not Path(shell).exists():
        skip_or_fail(f"{shell} is not installed")
    account = world.account(shell)
    first = open_session(sshd.connection(account.name))
    assert first.hello["user"] == account.name
    assert first.hello["cwd"] == str(account.home)
    assert first.hello["leader"] is True
    assert first.uploads == 1
    assert first.call("echo", {"text": "\udcff ü"}) == {"text": "\udcff ü"}
    second = open_session(sshd.connection(account.name))
    assert (second.uploads, second.channels_opened) == (0, 1)
    assert str(second.hello["archive"]).startswith(f"{account.home}/.cache/sloth/")


@pytest.mark.parametrize(
    "bashrc",
    [
        pytest.param("echo Welcome", id="prints"),
        pytest.param("printf 'no newline at the end'", id="prints half a line"),
        pytest.param("head -c 20000 /dev/urandom", id="prints bytes"),
        pytest.param("echo oops >&2; false", id="complains"),
        pytest.param("read answer", id="reads a line"),
        pytest.param("read a; read b", id="reads two lines"),
        pytest.param("sleep 30 &", id="starts a daemon that keeps our streams"),
        pytest.param("cd /tmp; umask 077; set -u", id="changes things"),
    ],
)
def test_a_start_up_file_does_not_disturb(bashrc, world, sshd, open_session):
    account = world.account()
    account.write(".bashrc", bashrc + "\n")
    session = open_session(sshd.connection(account.name))
    assert session.call("echo", {"a": 1}) == {"a": 1}
    assert session.call("stdin", {}) == 0


@pytest.mark.parametrize(
    ("bashrc", "error", "text"),
    [
        pytest.param("echo bye for now; exit 3", NoShell, "ended before sloth started: bye for now", id="ends"),
        pytest.param("yes", NoShell, "did not start sloth", id="endless noise"),
        pytest.param("sleep 60", ConnectTimeout, "said nothing for 2 s", id="hangs"),
        pytest.param("exec cat >/dev/null", ConnectTimeout, "said nothing", id="swallows"),
        pytest.param("PATH=/nowhere", NoPython, "no Python 3 was found", id="no python on PATH"),
    ],
)  # fmt: skip
def test_a_start_up_file_that_prevents_the_start_is_named(bashrc, error, text, world, sshd, open_session):
    account = world.account()
    account.write(".bashrc", bashrc + "\n")
    with pytest.raises(error, match=text):
        open_session(sshd.connection(account.name, connect_timeout=2.0, python="python3"))


def test_where_the_first_python_is_not_there_others_are_looked_for_over_the_same_connection(world, sshd, open_session):
    account = world.account()
    (account.home / "bin").mkdir()
    (account.home / "bin" / "python3.11").symlink_to("/usr/bin/python3")
    account.write(".bashrc", "PATH=$HOME/bin\n")
    session = open_session(sshd.connection(account.name))
    assert session.channels_opened == 2
    assert session.call("echo", {"a": 1}) == {"a": 1}


def test_an_account_without_a_shell_is_named(world, sshd, open_session):
    with pytest.raises(NoShell, match="This account is currently not available"):
        open_session(sshd.connection(world.account("/usr/sbin/nologin").name))


def test_a_slow_login_shell_is_worth_a_warning(world, sshd, open_session):
    account = world.account()
    account.write(".bashrc", "sleep 1.3\n")
    assert open_session(sshd.connection(account.name)).warnings == [SLOW_SHELL]


def test_where_no_login_shell_takes_part_none_is_blamed(open_session, tmp_path):
    slow = tmp_path / "python3"
    slow.write_text(f'#!/bin/sh\nsleep 1.3\nexec {sys.executable} "$@"\n')
    slow.chmod(0o755)
    session = open_session(Connection("here", "here", connection="local", python=str(slow)))
    assert session.warnings == []


@pytest.mark.parametrize(
    ("python", "text"),
    [
        pytest.param("/nowhere/python3", r"no Python 3 was found at /nowhere/python3 \(sloth_python\)", id="missing"),
        pytest.param("/bin/false", "ended before sloth started", id="not a Python"),
    ],
)
def test_an_interpreter_that_cannot_be_used_is_named(python, text, world, sshd, open_session):
    with pytest.raises((NoPython, NoShell), match=text):
        open_session(sshd.connection(world.account().name, python=python))


def test_a_python_without_its_library_is_named(world, sshd, open_session):
    account = world.account()
    without = "import sys; sys.modules['json'] = None; sys.argv.pop(0); exec(sys.argv.pop(0))"
    script = f'#!/bin/sh\nshift 4\nprogram=$1\nshift\nexec python3 -c "{without}" "$program" -c "$@"\n'
    account.write("python", script).chmod(0o755)
    with pytest.raises(NoPython, match="lacks the module json") as raised:
        open_session(sshd.connection(account.name, python=f"{account.home}/python"))
    assert "python3-minimal" in raised.value.hint


def test_stray_prints_do_not_reach_the_wire(world, sshd, open_session):
    session = open_session(sshd.connection(world.account().name))
    for _ in range(40):
        session.call("print", {})
    assert session.call("echo", {"a": 1}) == {"a": 1}


def test_a_daemon_that_keeps_our_streams_does_not_hold_the_session(world, sshd, open_session):
    session = open_session(sshd.connection(world.account().name))
    session.call("daemon", {"seconds": 20})
    with pytest.raises(ConnectionLost, match="ended with 7"):
        session.call("exit", {"code": 7})


def test_a_read_only_home_means_memory(world, sshd, open_session):
    account = world.account()
    subprocess.run(["chown", "root", account.home], check=True)
    for _ in range(2):
        session = open_session(sshd.connection(account.name))
        assert session.uploads == 1
        assert session.hello["cache"] is None
        assert str(session.hello["archive"]).startswith("/proc/self/fd/")
        assert session.call("lua", {})["value"] == 42


@pytest.mark.parametrize("options", ["size=16k", "size=8m,noexec", "size=8m,ro"])
def test_a_home_that_is_full_or_noexec_or_read_only_still_works(options, world, sshd, open_session):
    account = world.account()
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"{options},mode=777", "tmpfs", account.home], check=True)
    try:
        for _ in range(2):
            session = open_session(sshd.connection(account.name))
            assert session.call("lua", {})["value"] == 42
            session.close()
    finally:
        subprocess.run(["umount", "-l", account.home], check=True)


def test_errors_of_the_runtime_come_back(world, sshd, open_session):
    session = open_session(sshd.connection(world.account().name))
    with pytest.raises(ActionFailed, match="no such thing"):
        session.call("fail", {"text": "no such thing"})
