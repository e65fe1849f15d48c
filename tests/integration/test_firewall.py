"""A firewall on a real host: who comes in, who does not, after a boot too; and SSH, by which we came, always does."""

from __future__ import annotations

import socket
from collections.abc import Iterator

import pytest

from tests.applying import BECOME, DEPLOY, Act, Remote, on_each_release, remote
from tests.lab.fleet import Lab
from tests.lab.host import Host
from tests.prerequisites import skip_or_fail

pytestmark = pytest.mark.lab

CLEAN = """
nft delete table inet sloth 2>/dev/null
apt-get -qq -y purge nftables libnftables1 libnftnl11 libjansson4 >/dev/null 2>&1
rm -rf /etc/nftables.d /etc/nftables.conf
"""


@pytest.fixture
def walled(lab: Lab, lab_hosts: list[Host], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Remote]:
    """A host with nftables, off."""
    host = lab_hosts[0]
    if not list(host.root.glob("srv/repo/nftables_*.deb")):
        skip_or_fail("needs nftables in the lab's repository")
    with remote(lab, host, tmp_path_factory.mktemp("project")) as one:
        one.sh(CLEAN + "apt-get -qq update && apt-get -qq -y install nftables >/dev/null 2>&1")
        yield one
        one.sh(CLEAN)


def answer(host: Host, port: int) -> str:
    """What comes of a connection to a port where nothing listens."""
    try:
        socket.create_connection((host.address, port), timeout=0.5).close()
    except TimeoutError:
        return "nothing"
    except ConnectionRefusedError:
        return "refused"
    return "connected"


def rules(remote: Remote) -> str:
    return remote.sh("nft list ruleset; cat /etc/nftables.conf /etc/nftables.d/* 2>/dev/null; true")


@on_each_release
def test_only_what_is_allowed_comes_in_and_so_it_is_after_a_boot(walled):
    before = rules(walled)
    for action, arguments in (("firewall.allow", {"port": [8081, 22]}), ("firewall.enable", {})):
        foretold = walled.act(action, check=True, **arguments)
        assert (foretold.status, bool(foretold.diff)) == ("would_change", True)
    assert rules(walled) == before

    for action, arguments in (("firewall.allow", {"port": [8081, 22]}), ("firewall.enable", {})):
        assert walled.act(action, **arguments).status == "changed"
        assert walled.act(action, **arguments).status == "ok"
        assert walled.act(action, check=True, **arguments).status == "ok"
    assert [answer(walled.host, port) for port in (8081, 8082, 22)] == ["refused", "nothing", "connected"]

    walled.sh("nft flush ruleset; systemctl restart nftables")  # as at a boot
    assert walled.sh("systemctl is-enabled nftables").strip() == "enabled"
    assert answer(walled.host, 8082) == "nothing"
    assert walled.act("firewall.enable").status == "ok"

    walled.sh("nft insert rule inet sloth input tcp dport 8082 accept")  # opened by hand
    calls = [Act("firewall.allow", {"port": 8081}), Act("firewall.allow", {"port": 22}, "ssh"), Act("firewall.enable", {})]
    foretold, made = walled.acts(calls, check=True).statuses, walled.acts(calls).statuses
    assert list(foretold.values()) == ["would_change", "ok", "ok"]
    assert list(made.values()) == ["changed", "ok", "ok"]
    assert answer(walled.host, 8082) == "nothing"

    walled.sh("nft delete table inet sloth")
    assert walled.act("firewall.enable").status == "changed"
    assert walled.act("firewall.disable").status == "changed"
    assert answer(walled.host, 8082) == "refused"


@pytest.mark.parametrize("login", [None, BECOME], ids=["root", "sudo"])
def test_no_rule_shuts_out_the_session_that_makes_it(walled, login):
    who = {"login": login} if login else {}
    opened = walled.act("firewall.enable", **who)
    assert opened.status == "changed"
    status = walled.act("firewall.status").outputs["value"]
    assert status["rules"] == [{"action": "allow", "port": "22", "proto": "tcp", "from": ""}]
    for action, arguments in (
        ("firewall.deny", {"port": "22"}),
        ("firewall.deny", {"from": "10.77.0.0/16", "first": True}),
        ("firewall.allow", {"port": "ssh", "state": "absent"}),
    ):
        refused = walled.act(action, **arguments, **who)
        assert (refused.status, list(refused.changes)) == ("failed", [])
        assert "would shut out SSH on port 22" in refused.message


def test_without_root_it_says_what_it_needs_and_changes_nothing(walled):
    before = rules(walled)
    for action, arguments in (
        ("firewall.allow", {"port": 8081}), ("firewall.deny", {"port": 8081}), ("firewall.rule", {"action": "deny", "port": 8081}),
        ("firewall.enable", {}), ("firewall.disable", {}), ("host.reboot", {}),
    ):  # fmt: skip
        refused = walled.act(action, login=DEPLOY, **arguments)
        assert (refused.status, list(refused.changes)) == ("failed", []), action
        assert "needs become" in refused.message, action
    assert rules(walled) == before
