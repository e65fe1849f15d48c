"""The actions of firewall, whichever the host has: honest about a firewall that is off, missing, or as it should be."""

from __future__ import annotations

import pytest

from sloth.runtime.failure import ActionFailed, BadArguments
from sloth.runtime.modules import firewall
from tests.doubles import FakeHost

ON = {
    "ufw status": "Status: active\n", "cat /etc/default/ufw": 'DEFAULT_INPUT_POLICY="DROP"\n',
    "ufw show added": "ufw allow 22/tcp\nufw allow 80/tcp\n",
}  # fmt: skip
OFF = {**ON, "ufw status": "Status: inactive\n"}


@pytest.mark.parametrize(
    ("action", "arguments", "made"),
    [
        (firewall.allow, {"port": ["80"]}, []),
        (firewall.allow, {"port": ["443", "80"]}, ["ufw allow 443/tcp"]),
        (firewall.allow, {"port": ["80"], "state": "absent"}, ["ufw delete allow 80/tcp"]),
        (firewall.allow, {"port": ["81"], "state": "absent"}, []),
        (firewall.deny, {"source": "203.0.113.7", "first": True}, ["ufw prepend deny from 203.0.113.7"]),
        (firewall.rule, {"action": "reject", "port": ["113"]}, ["ufw reject 113/tcp"]),
        (firewall.enable, {}, []),
        (firewall.enable, {"default": "reject"}, ["ufw default reject incoming"]),
        (firewall.disable, {}, ["ufw disable"]),
    ],
)  # fmt: skip
def test_only_what_differs_is_changed(action, arguments, made):
    host, rehearsal = FakeHost(ON), FakeHost(ON, check=True)
    assert action(host, **arguments)["backend"] == "ufw"
    assert host.made == made
    action(rehearsal, **arguments)
    assert (rehearsal.changes, rehearsal.made) == (made, [])


def test_a_check_takes_what_earlier_calls_foretold_for_done():
    later = [
        (firewall.allow, {"port": ["443"]}, []),
        (firewall.allow, {"port": ["444"]}, ["ufw allow 444/tcp"]),
        (firewall.enable, {}, ["ufw --force enable"]),
        (firewall.enable, {}, []),
    ]
    first = FakeHost(OFF, check=True)
    firewall.allow(first, port=["443"])
    assert first.changes == ["ufw allow 443/tcp"]
    for action, arguments, changes in later:
        host = FakeHost(OFF, check=True)
        host.foretold = first.foretold
        action(host, **arguments)
        assert host.changes == changes


def test_a_denial_that_has_no_effect_yet_is_said_to_have_none():
    host = FakeHost(OFF)
    assert firewall.deny(host, port=["23"])["active"] is False
    assert "the firewall is off" in host.warnings[0]
    firewall.disable(host)
    assert host.made == ["ufw deny 23/tcp"]


def test_status_is_a_table():
    status = firewall.status(FakeHost(ON))
    assert (status["backend"], status["active"], status["default"]) == ("ufw", True, "deny")
    assert status["rules"][1] == {"action": "allow", "port": "80", "proto": "tcp", "from": ""}


@pytest.mark.parametrize("arguments", [{}, {"port": ["x y"]}, {"port": ["1"], "source": "nowhere"}])
def test_what_is_no_rule_is_refused(arguments):
    with pytest.raises(BadArguments, match="firewall:"):
        firewall.allow(FakeHost(ON), **arguments)


def test_a_check_goes_on_where_the_firewall_may_be_about_to_come():
    host = FakeHost(programs=[], check=True)
    for action in (firewall.enable, firewall.disable):
        assert action(host) == {}
    assert firewall.allow(host, port=["80"]) == {}
    assert host.unknown
    with pytest.raises(ActionFailed, match=r"pkg\.install"):
        firewall.enable(FakeHost(programs=[]))
