"""The lab does to its hosts what it says, and nothing to those of others."""

from __future__ import annotations

import socket
from collections.abc import Iterator

import pytest

from tests.lab.fleet import Lab
from tests.lab.host import Host
from tests.lab.shell import LabError

pytestmark = pytest.mark.lab
OWN = 90  # a host that no other test, and no fleet booted by hand, uses


@pytest.fixture(scope="module")
def own() -> Iterator[Lab]:
    lab = Lab()
    yield lab
    lab.down()


@pytest.fixture
def host(own: Lab) -> Host:
    return own.up([OWN])[0]


def _speaks(host: Host) -> bool:
    try:
        with socket.create_connection((host.address, 22), timeout=0.5) as connection:
            return connection.recv(4) == b"SSH-"
    except OSError:
        return False


def test_a_command_runs_inside(host):
    assert host.exec("uname", "-n").stdout == f"{host.name}\n"


def test_a_paused_host_is_silent_until_it_resumes(host):
    host.pause()
    silent = not _speaks(host)
    host.resume()
    assert silent
    assert _speaks(host)


def test_a_cut_host_is_out_of_reach_until_its_link_is_mended(host):
    host.cut()
    out_of_reach = not _speaks(host)
    host.mend()
    host.wait()
    assert out_of_reach


def test_a_host_keeps_its_disk_through_a_power_loss(own, host):
    host.exec("sh", "-c", "echo kept > /root/kept")
    host.kill()
    assert host.pid is None
    own.up([OWN])
    assert host.exec("cat", "/root/kept").stdout == "kept\n"


def test_a_fresh_host_has_the_disk_of_the_base(own, host):
    host.exec("touch", "/root/gone")
    own.fresh(host)
    assert host.exec("test", "-e", "/root/gone", check=False).returncode == 1


def test_what_was_running_before_stays_when_another_lab_goes_down(host):
    guest = Lab()
    guest.up([OWN])
    guest.down()
    assert host.pid is not None


def test_a_host_of_others_keeps_its_disk(host):
    with pytest.raises(LabError, match="in use by others"):
        Lab().fresh(host)
    assert host.pid is not None


def test_the_inventory_names_address_account_and_keys(host):
    lab = Lab()
    text = lab.inventory([host], user="deploy")
    assert f"    {host.name}:\n      sloth_host: {host.address}\n" in text
    assert "sloth_user: deploy" in text
    assert host.address in lab.known_hosts.read_text()
