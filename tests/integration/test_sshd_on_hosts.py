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
