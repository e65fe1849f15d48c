"""Rules of a firewall: what people may write, what they mean together, and whom they would shut out."""

from __future__ import annotations

import pytest

from sloth.runtime.firewalls.callers import ssh_caller
from sloth.runtime.firewalls.rules import Caller, Rule, State, rule_from, rules_of

SSH = Rule("allow", "22", "tcp")
ANN = Caller("10.0.0.7", 22)


@pytest.mark.parametrize(
    ("ports", "proto", "source", "words"),
    [
        pytest.param(["443"], None, "", ["allow 443/tcp"], id="a port is of TCP"),
        pytest.param(["53"], "any", "", ["allow 53/tcp", "allow 53/udp"], id="both protocols"),
        pytest.param(["53/udp", "https"], None, "", ["allow 53/udp", "allow 443/tcp"], id="its own protocol, a name"),
        pytest.param(["8000:8010"], None, "", ["allow 8000-8010/tcp"], id="a range"),
        pytest.param([], None, "10.1.2.3/8", ["allow any from 10.0.0.0/8"], id="all of a network"),
        pytest.param(["25"], None, "2001:db8::1/128", ["allow 25/tcp from 2001:db8::1"], id="one address of IPv6"),
        pytest.param(["25"], None, "any", ["allow 25/tcp"], id="everywhere"),
    ],
)
def test_a_rule_has_one_way_to_be_said_and_is_read_again(ports, proto, source, words):
    rules = rules_of("allow", ports, proto, source)
    assert [rule.words for rule in rules] == words
    assert [rule_from(rule.words) for rule in rules] == rules


@pytest.mark.parametrize(
    ("ports", "source"),
    [(["0"], ""), (["70000"], ""), (["20-10"], ""), (["no-such-service"], ""), (["5/icmp"], ""), (["1"], "10.0.0.300"),
     (["1; reboot"], ""), (["1"], '10.0.0.1" accept')],
)  # fmt: skip
def test_what_no_host_could_have_is_refused(ports, source):
    with pytest.raises(ValueError, match=r"."):
        rules_of("allow", ports, None, source)


def test_one_about_the_same_takes_the_place_of_another():
    before = State("deny", [SSH, Rule("allow", "80", "tcp")], active=True)
    after = before.with_rules([Rule("deny", "22", "tcp"), Rule("allow", "443", "tcp")], first=True)
    assert [rule.words for rule in after.rules] == ["allow 443/tcp", "deny 22/tcp", "allow 80/tcp"]


@pytest.mark.parametrize(
    ("rules", "default", "comes_in"),
    [
        pytest.param([SSH], "deny", True, id="a rule lets it in"),
        pytest.param([], "deny", False, id="none does"),
        pytest.param([], "allow", True, id="all may"),
        pytest.param([Rule("deny", "", "any", "10.0.0.0/8"), SSH], "deny", False, id="the first decides"),
        pytest.param([SSH, Rule("deny", "", "any", "10.0.0.0/8")], "deny", True, id="the first decides, for it"),
        pytest.param([Rule("allow", "22", "tcp", "192.0.2.0/24")], "deny", False, id="for others"),
        pytest.param([Rule("deny", "1-1024", "tcp")], "allow", False, id="in a range"),
        pytest.param([Rule("deny", "22", "udp")], "allow", True, id="another protocol"),
        pytest.param([Rule("deny", "", "any", "2001:db8::/32")], "allow", True, id="another family"),
    ],
)
def test_who_comes_in_is_told_beforehand(rules, default, comes_in):
    assert State(default, rules, active=True).lets_in(ANN) is comes_in
    assert State(default, rules, active=False).lets_in(ANN)


def process(proc, pid, parent, environ):
    folder = proc / str(pid)
    folder.mkdir()
    (folder / "environ").write_bytes(environ)
    (folder / "status").write_text(f"Name:\tx\nPPid:\t{parent}\n")


def test_the_caller_is_found_above_sudo_which_takes_the_variable_away(tmp_path):
    process(tmp_path, 30, 20, b"PATH=/bin\0SUDO_USER=ann\0")
    process(tmp_path, 20, 10, b"HOME=/home/ann\0SSH_CONNECTION=fe80::1%eth0 50000 fe80::2 2222\0")
    caller = ssh_caller(str(tmp_path), 30)
    assert caller is not None
    assert (caller.address, caller.port) == ("fe80::1", 2222)


def test_nobody_calls_where_no_ssh_is_between(tmp_path):
    process(tmp_path, 30, 1, b"PATH=/bin\0")
    assert ssh_caller(str(tmp_path), 30) is None
    assert ssh_caller(str(tmp_path), 99) is None
