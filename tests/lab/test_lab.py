"""The lab does to its hosts what it says, and nothing to those of others."""

from __future__ import annotations

import socket
from collections.abc import Iterator

import pytest

from tests.applying import on_each_release
from tests.lab.base import RELEASES
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


@on_each_release
def test_a_host_is_of_the_release_that_was_asked_for(lab_hosts, release):
    assert lab_hosts[0].exec("sh", "-c", ". /etc/os-release; echo $VERSION_CODENAME").stdout == f"{release}\n"
    assert lab_hosts[0].release == release


def test_where_none_was_asked_for_there_are_three_of_the_first_release(lab_hosts):
    assert [host.release for host in lab_hosts] == [RELEASES[0]] * 3


def test_a_disk_stays_of_its_release(own, host):
    assert host.release == RELEASES[0]
    with pytest.raises(LabError, match="discard it first"):
        own.up([OWN], RELEASES[1])


def test_a_release_that_the_lab_does_not_know_is_refused(own):
    with pytest.raises(LabError, match="the lab has no sarge, only bookworm and trixie"):
        own.up([OWN + 1], "sarge")


def test_a_host_that_goes_off_while_it_boots_is_not_waited_for(tmp_path):
    (tmp_path / "console.log").write_text("no inotify for you\n")
    with pytest.raises(LabError, match=r"went off while it booted.*no inotify for you"):
        Host(OWN + 1, tmp_path).wait()


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
