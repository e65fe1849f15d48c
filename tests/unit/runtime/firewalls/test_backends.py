"""Each firewall by its own commands: what it is asked, how its answers are read, and that a second time does nothing.

The words are those of the real programs on Debian 12.
"""

from __future__ import annotations

import pytest

from sloth.runtime.failure import ActionFailed
from sloth.runtime.firewalls.choice import NoFirewall, firewall_of
from sloth.runtime.firewalls.firewalld import Firewalld
from sloth.runtime.firewalls.iptables import Iptables
from sloth.runtime.firewalls.nftables import Nftables
from sloth.runtime.firewalls.rules import Caller, Rule, State
from sloth.runtime.firewalls.ufw import Ufw
from sloth.runtime.process import Done
from tests.doubles import FakeHost

SSH, WEB = Rule("allow", "22", "tcp"), Rule("allow", "443", "tcp")
DB, BAD = Rule("allow", "5432", "tcp", "10.0.0.0/8"), Rule("deny", "", "any", "203.0.113.7")
RANGE, SIX = Rule("reject", "8000-8010", "tcp"), Rule("deny", "25", "tcp", "2001:db8::/32")
ALL = [SSH, DB, BAD, RANGE, SIX]
ADDED = """\
Added user rules (see 'ufw status' for running firewall):
ufw allow 22/tcp
ufw allow from 10.0.0.0/8 to any port 5432 proto tcp
ufw deny from 203.0.113.7
ufw reject 8000:8010/tcp
ufw deny from 2001:db8::/32 to any port 25 proto tcp
"""
UFW = {"ufw status": "Status: active\n", "cat /etc/default/ufw": 'DEFAULT_INPUT_POLICY="DROP"\n', "ufw show added": ADDED}


def words(state: State) -> tuple[bool, str, list[str]]:
    return state.active, state.default, [rule.words for rule in state.rules]


# ufw


def test_ufw_tells_how_it_is_and_is_left_so():
    host = FakeHost(UFW)
    state = Ufw(host).look()
    assert words(state) == (True, "deny", [rule.words for rule in ALL])
    Ufw(host).settle(state, state)
    assert host.made == []


@pytest.mark.parametrize(
    ("wanted", "made"),
    [
        pytest.param([*ALL, WEB], ["ufw allow 443/tcp"], id="added"),
        pytest.param([WEB, *ALL], ["ufw prepend allow 443/tcp"], id="added as the first"),
        pytest.param([Rule("deny", "22", "tcp"), *ALL[1:]], ["ufw deny 22/tcp"], id="in the place of another"),
        pytest.param(ALL[1:], ["ufw delete allow 22/tcp"], id="removed"),
        pytest.param(
            [SSH, BAD, RANGE, SIX], ["ufw delete allow from 10.0.0.0/8 to any port 5432 proto tcp"], id="in its own words"
        ),
    ],
)
def test_ufw_does_only_what_differs(wanted, made):
    host = FakeHost(UFW)
    Ufw(host).settle(State("deny", ALL, active=True), State("deny", wanted, active=True))
    assert host.made == made


def test_ufw_gets_its_rules_before_it_shuts_the_door():
    host = FakeHost({**UFW, "ufw status": "Status: inactive\n", "ufw show added": "Added user rules\n(None)\n"})
    before = Ufw(host).look()
    assert words(before) == (False, "deny", [])
    Ufw(host).settle(before, State("reject", [SSH], active=True))
    assert host.made == ["ufw allow 22/tcp", "ufw default reject incoming", "ufw --force enable"]


def test_ufws_other_ways_to_let_ssh_in_count_and_what_is_more_than_a_rule_of_ours_is_left_alone():
    odd = "ufw allow OpenSSH\nufw limit 2222/tcp\nufw allow in on eth0\nufw allow 53 comment 'the name server'\n"
    host = FakeHost({**UFW, "ufw show added": odd})
    state = Ufw(host).look()
    said = ["allow 22/tcp", "allow 22/udp", "allow 2222/tcp", "allow 53/tcp", "allow 53/udp"]
    assert [rule.words for rule in state.rules] == said
    Ufw(host).settle(state, state.without([Rule("allow", "2222", "tcp")]))
    assert host.made == ["ufw delete limit 2222/tcp"]


def test_what_ufw_refuses_to_tell_is_an_error_and_no_empty_firewall():
    host = FakeHost({"ufw show added": Done(1, b"", b"ERROR: You need to be root to run this script\n")})
    with pytest.raises(ActionFailed, match="need to be root"):
        Ufw(host).look()


# nftables


def nft(tmp_path, **answers):
    host = FakeHost({"nft list": Done(1, b"", b"Error: No such file or directory\n"), "nft -c": 0, **answers})
    return host, Nftables(host, str(tmp_path))


def test_nftables_keeps_rules_in_a_file_and_turns_on_by_it(tmp_path):
    host, firewall = nft(tmp_path, **{"systemctl is-enabled": 1})
    (tmp_path / "nftables.conf").write_text("flush ruleset\n")
    firewall.settle(firewall.look(), State("deny", ALL, active=False))
    assert host.made == []
    assert (tmp_path / "nftables.conf").read_text() == "flush ruleset\n"
    state = firewall.look()
    assert words(state) == (False, "deny", [rule.words for rule in ALL])

    firewall.settle(state, State("deny", ALL, active=True))
    file = tmp_path / "nftables.d/sloth.nft"
    assert host.made == [f"nft -f {file}", "systemctl enable nftables"]
    assert (tmp_path / "nftables.conf").read_text() == f'flush ruleset\ninclude "{file}"\n'
    assert 'ip saddr 10.0.0.0/8 tcp dport 5432 accept comment "allow 5432/tcp from 10.0.0.0/8"' in file.read_text()
    assert "ip6 saddr 2001:db8::/32 tcp dport 25 drop comment" in file.read_text()


def test_nftables_loads_its_file_again_only_when_the_kernel_has_something_else(tmp_path):
    _, firewall = nft(tmp_path)
    firewall.settle(firewall.look(), State("reject", [SSH], active=False))
    text = (tmp_path / "nftables.d/sloth.nft").read_text()
    (tmp_path / "nftables.conf").write_text(f'include "{tmp_path}/nftables.d/sloth.nft"\n')
    other, opened = text.replace("allow 22/tcp", "allow 23/tcp"), text.replace("iif lo", "tcp dport 9 accept\niif lo")
    for live, made in ((text, []), (other, ["nft"]), (opened, ["nft"])):
        host, firewall = nft(tmp_path, **{"nft list": live, "systemctl is-enabled": 0})
        state = firewall.look()
        assert words(state) == (True, "reject", ["allow 22/tcp"])
        firewall.settle(state, state)
        assert [line.split()[0] for line in host.made] == made


def test_a_table_that_nft_refuses_is_not_written(tmp_path):
    _, firewall = nft(tmp_path, **{"nft -c": Done(1, b"", b"Error: syntax error\n")})
    with pytest.raises(ActionFailed, match="syntax error"):
        firewall.settle(firewall.look(), State("deny", [SSH], active=False))
    assert list((tmp_path / "nftables.d").iterdir()) == []


def test_nftables_goes_off_and_keeps_its_rules(tmp_path):
    _, firewall = nft(tmp_path)
    firewall.settle(firewall.look(), State("deny", [SSH], active=False))
    (tmp_path / "nftables.conf").write_text(f'x\ninclude "{tmp_path}/nftables.d/sloth.nft"\n')
    host, firewall = nft(tmp_path, **{"nft list": "policy drop"})
    firewall.settle(firewall.look(), State("deny", [SSH], active=False))
    assert host.made == ["nft delete table inet sloth"]
    assert (tmp_path / "nftables.conf").read_text() == "x\n"
    assert [rule.words for rule in firewall.look().rules] == ["allow 22/tcp"]


# iptables

CHAIN = """\
-N SLOTH
-A SLOTH -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A SLOTH -p tcp -m tcp --dport 22 -m comment --comment "allow 22/tcp" -j ACCEPT
"""
FOUR = '-A SLOTH -s 10.0.0.0/8 -p tcp -m tcp --dport 5432 -m comment --comment "allow 5432/tcp from 10.0.0.0/8" -j ACCEPT\n'
REST = '-A SLOTH -m comment --comment "deny the rest" -j DROP\n'
IPTABLES = {
    "iptables -S SLOTH": CHAIN + FOUR + REST, "ip6tables -S SLOTH": CHAIN + REST, "iptables -C": 0, "ip6tables -C": 0,
}  # fmt: skip


def test_iptables_tells_how_both_families_are_and_is_left_so():
    host = FakeHost(IPTABLES)
    state = Iptables(host).look()
    assert words(state) == (True, "deny", ["allow 22/tcp", "allow 5432/tcp from 10.0.0.0/8"])
    Iptables(host).settle(state, state)
    assert host.made == []


def test_iptables_fills_a_chain_in_one_step_and_only_in_the_family_that_differs():
    host = FakeHost(IPTABLES)
    state = Iptables(host).look()
    Iptables(host).settle(state, state.with_rules([SIX], first=False))
    assert host.made == ["ip6tables-restore --noflush", "netfilter-persistent save"]
    text = str(host.stdins[0])
    assert text.startswith("*filter\n:SLOTH - [0:0]\n-A SLOTH -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT\n")
    assert '-s 2001:db8::/32 -p tcp --dport 25 -m comment --comment "deny 25/tcp from 2001:db8::/32" -j DROP\n' in text
    assert "10.0.0.0" not in text


def test_iptables_is_turned_on_after_its_chain_is_full():
    host = FakeHost({}, programs=["iptables"])
    state = Iptables(host).look()
    assert words(state) == (False, "allow", [])
    Iptables(host).settle(state, State("deny", [SSH], active=True))
    assert host.made == ["iptables-restore --noflush", "iptables -I INPUT 1 -j SLOTH"]
    assert "nothing here loads iptables rules at boot" in host.warnings[0]


# firewalld

RICH = """\
rule family="ipv4" source address="10.0.0.0/8" port port="5432" protocol="tcp" accept
rule family="ipv4" source address="203.0.113.7" drop
rule port port="8000-8010" protocol="tcp" reject
rule service name="ftp" log accept
"""


def zone(tool: str, rich: str = RICH) -> dict[str, str]:
    answers = {"--get-target": "default\n", "--list-rich-rules": rich, "--list-ports": "443/tcp 1/sctp\n"}
    return {f"{tool} {option}": text for option, text in {**answers, "--list-services": "ssh dhcpv6-client\n"}.items()}


FIREWALLD = {**zone("firewall-cmd"), **zone("firewall-cmd --permanent"), "firewall-cmd --state": 0}


def test_firewalld_tells_how_its_zone_is_denials_first_and_is_left_so():
    host = FakeHost(FIREWALLD)
    state = Firewalld(host).look()
    said = ["deny any from 203.0.113.7", "reject 8000-8010/tcp", "allow 5432/tcp from 10.0.0.0/8", "allow 443/tcp"]
    assert words(state) == (True, "reject", [*said, "allow 22/tcp"])
    Firewalld(host).settle(state, state)
    assert host.made == []


def test_firewalld_looks_at_denials_first_whatever_was_said_first():
    wanted = State("reject", [SSH, Rule("deny", "", "any", "10.77.0.0/16")], active=True)
    caller = Caller("10.77.0.1", 22)
    assert [backend(FakeHost()).weighed(wanted).lets_in(caller) for backend in (Firewalld, Ufw)] == [False, True]


def test_firewalld_is_told_now_and_for_the_next_boot():
    host = FakeHost({**FIREWALLD, **zone("firewall-cmd", rich="")})
    state = Firewalld(host).look()
    wanted = State("deny", [rule for rule in state.rules if rule.verdict != "allow" or rule in {WEB, SSH}], active=True)
    Firewalld(host).settle(state, wanted)
    assert host.made == [
        'firewall-cmd --add-rich-rule=rule family="ipv4" source address="203.0.113.7" drop',
        'firewall-cmd --add-rich-rule=rule port port="8000-8010" protocol="tcp" reject',
        f"firewall-cmd --permanent --remove-rich-rule={RICH.splitlines()[0]}",
        "firewall-cmd --permanent --set-target=DROP",
        "firewall-cmd --reload",
    ]


def test_firewalld_that_is_off_gets_its_rules_before_it_starts():
    host = FakeHost({**zone("firewall-offline-cmd", rich="")})
    state = Firewalld(host).look()
    assert not state.active
    Firewalld(host).settle(state, State("reject", [*state.rules, Rule("allow", "80", "tcp")], active=True))
    assert host.made == ["firewall-offline-cmd --add-port=80/tcp", "systemctl enable --now firewalld"]


# Which of them


@pytest.mark.parametrize(
    ("programs", "answers", "name"),
    [
        pytest.param(["ufw", "nft", "iptables"], {}, "ufw", id="ufw rules over the others"),
        pytest.param(["ufw", "firewall-cmd", "nft"], {"firewall-cmd --state": 0}, "firewalld", id="who runs"),
        pytest.param(["nft", "iptables"], {}, "nftables", id="the newer"),
        pytest.param(["iptables"], {}, "iptables", id="what there is"),
    ],
)
def test_the_firewall_that_the_host_uses_is_used(programs, answers, name):
    assert firewall_of(FakeHost(answers, programs=programs), "auto").name == name


def test_a_host_without_one_is_told_so():
    with pytest.raises(NoFirewall, match="no ufw, firewalld, nftables, iptables"):
        firewall_of(FakeHost(programs=[]), "auto")
    with pytest.raises(NoFirewall, match="no ufw;"):
        firewall_of(FakeHost(programs=["nft"]), "ufw")
