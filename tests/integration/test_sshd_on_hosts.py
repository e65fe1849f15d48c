"""The SSH server of a real host: an option is in use at once, also where systemd starts the server for its socket."""

from __future__ import annotations

import socket
from collections.abc import Iterator

import pytest

from tests.applying import Remote, on_each_release, remote
from tests.lab.fleet import Lab
from tests.lab.host import Host

pytestmark = [pytest.mark.lab, on_each_release]

# A unit that was started five times in ten seconds is refused another start, unless that is forgotten.
START = "systemctl stop ssh.socket ssh.service; systemctl reset-failed ssh.socket ssh.service; systemctl start ssh.$1"


@pytest.fixture(params=["service", "socket"])
def served(lab: Lab, lab_hosts: list[Host], tmp_path_factory: pytest.TempPathFactory, request) -> Iterator[Remote]:
    """A host whose server always runs, or is started for the socket."""
    with remote(lab, lab_hosts[0], tmp_path_factory.mktemp("project")) as one:
        one.sh("cp -a /etc/ssh/sshd_config.d /root/sshd_config.kept")
        one.sh(START, request.param)
        yield one
        one.sh("rm -r /etc/ssh/sshd_config.d; mv /root/sshd_config.kept /etc/ssh/sshd_config.d")
        one.sh(START, "service")
        one.host.wait()


def greeting(host: Host) -> bytes:
    """What the server says first."""
    with socket.create_connection((host.address, 22), timeout=5) as connection:
        return connection.recv(100)


def test_an_option_is_in_use_at_once_and_set_once(served):
    assert b"Debian" in greeting(served.host)
    statuses = [served.act("sshd.option", key="DebianBanner", value=False).status for _ in range(2)]
    assert statuses == ["changed", "ok"]
    assert b"Debian" not in greeting(served.host)


def test_many_options_are_in_use_after_one_reload_that_cuts_no_session(served):
    wanted = {"options": {"DebianBanner": False, "MaxAuthTries": 5}}
    changed = served.act("sshd.options", **wanted)
    assert (changed.status, len(changed.changes)) == ("changed", 2)  # the file, and the server told
    assert served.act("sshd.options", **wanted).status == "ok"
    assert b"Debian" not in greeting(served.host)


@pytest.mark.parametrize("action", ["systemd.reload", "service.reload", "systemd.restart"])
def test_a_reload_of_the_server_by_which_we_came_ends_neither_it_nor_our_session(served, action):
    greeting(served.host)  # where it is started for the socket, it runs now
    assert served.act(action, name="ssh").status == "changed"
    assert served.sh("systemctl is-active ssh").strip() == "active"
    assert b"SSH-" in greeting(served.host)
