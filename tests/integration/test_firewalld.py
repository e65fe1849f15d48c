"""The real firewalld on a real host: its words are understood, denials come first, and nobody is shut out."""

from __future__ import annotations

import socket
from collections.abc import Iterator

import pytest

from tests.applying import Act, Remote, remote
from tests.lab.base import MIRROR
from tests.lab.fleet import Lab
from tests.lab.host import Host
from tests.lab.shell import LabError, call
from tests.prerequisites import skip_or_fail

pytestmark = pytest.mark.lab

DEBS = "/srv/firewalld"
# Hosts reach no mirror, so the packages are fetched from outside, with lists and a cache of their own. netbase has the
# names of protocols, which firewalld wants and does not depend on.
FETCH = f"""
mkdir -p {DEBS}/lists {DEBS}/archives/partial
echo 'deb {MIRROR} bookworm main' >{DEBS}/sources
set -- -qq -o Dir::Etc::SourceList={DEBS}/sources -o Dir::Etc::SourceParts=/dev/null \\
    -o Dir::State::Lists={DEBS}/lists -o Dir::Cache={DEBS}
apt-get "$@" update
apt-get "$@" -y --no-install-recommends --download-only install firewalld netbase
"""
# Installing it does not start it: rules come before the door is shut.
INSTALL = f"""
ln -s /dev/null /etc/systemd/system/firewalld.service
DEBIAN_FRONTEND=noninteractive dpkg -i {DEBS}/archives/*.deb >/dev/null 2>&1
rm /etc/systemd/system/firewalld.service
systemctl daemon-reload
"""
CLEAN = f"""
systemctl disable --now firewalld 2>/dev/null
for deb in {DEBS}/archives/*.deb; do dpkg-deb -f $deb Package; done | xargs dpkg --purge >/dev/null 2>&1
rm -rf {DEBS} /etc/firewalld
"""


@pytest.fixture(scope="module")
def walled(lab: Lab, lab_hosts: list[Host], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Remote]:
    """A host with firewalld, off."""
    host = lab_hosts[0]
    try:
        call("chroot", str(host.root), "sh", "-e", text=FETCH)
    except LabError as error:
        skip_or_fail(f"needs firewalld from {MIRROR}: {error}")
    with remote(lab, host, tmp_path_factory.mktemp("project")) as one:
        try:
            one.sh(INSTALL)
            yield one
        finally:
            one.host.exec("sh", "-c", CLEAN, check=False)


def answer(host: Host, port: int) -> str:
    """What comes of a connection to a port."""
    try:
        socket.create_connection((host.address, port), timeout=0.5).close()
    except TimeoutError:
        return "nothing"
    except OSError:  # a reject is told as one of several errors
        return "refused"
    return "connected"


def settles(remote: Remote, action: str, /, **named: object) -> None:
    """Check mode foretells a change; then it is made; a second time there is none."""
    one = Act(action, named)
    for check, status in ((True, "would_change"), (False, "changed"), (False, "ok")):
        ended = remote.acts([one], check=check).finished[action]
        assert ended.status == status, ended.message


def test_rules_are_kept_while_it_is_off_and_hold_when_it_is_on(walled):
    settles(walled, "firewall.allow", port=[8081, 22])
    settles(walled, "firewall.allow", **{"port": "5432", "from": "10.0.0.0/8"})
    settles(walled, "firewall.enable")
    for action, arguments in (
        ("firewall.rule", {"action": "reject", "port": 113}),
        ("firewall.deny", {"from": "203.0.113.7", "first": True}),
        ("firewall.allow", {"port": "8090-8095"}),
    ):
        settles(walled, action, **arguments)
    walled.sh("firewall-cmd --reload")  # what holds now and what holds after a boot are the same
    assert walled.act("firewall.enable").status == "ok"
    assert [answer(walled.host, port) for port in (8081, 8090, 113, 8082, 22)] == [
        "refused", "refused", "refused", "nothing", "connected",
    ]  # fmt: skip
    status = walled.act("firewall.status").outputs["value"]
    assert (status["backend"], status["active"], status["default"]) == ("firewalld", True, "deny")
    verdicts = [rule["action"] for rule in status["rules"]]  # firewalld keeps no order among denials
    assert (set(verdicts[:2]), verdicts[2:]) == ({"deny", "reject"}, ["allow"] * 4)
    settles(walled, "firewall.allow", port=8081, state="absent")
    assert answer(walled.host, 8081) == "nothing"


def test_no_denial_shuts_out_the_session_that_makes_it_though_a_rule_before_it_lets_ssh_in(walled):
    walled.act("firewall.enable")
    for arguments in ({"port": "22"}, {"from": "10.77.0.0/16"}):
        refused = walled.acts([Act("firewall.deny", arguments)]).finished["firewall.deny"]
        assert (refused.status, list(refused.changes)) == ("failed", [])
        assert "would shut out SSH on port 22" in refused.message
    settles(walled, "firewall.disable")
    settles(walled, "firewall.deny", **{"from": "10.77.0.0/16"})  # it is off
    refused = walled.act("firewall.enable")
    assert (refused.status, list(refused.changes)) == ("failed", [])
    settles(walled, "firewall.deny", **{"from": "10.77.0.0/16", "state": "absent"})
