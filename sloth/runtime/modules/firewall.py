"""What may come in from the network: rules for ports and senders, by ufw, firewalld, nftables or iptables.

Rules are kept while the firewall is off and hold from `firewall.enable` on, also after a boot. The first rule that
fits decides (firewalld looks at denials first). No action shuts out the SSH connection by which this run came. With
nftables the difference of its file can be shown; the other tools keep theirs to themselves.
"""

from sloth.runtime.action import action
from sloth.runtime.failure import ActionFailed, BadArguments
from sloth.runtime.firewalls.callers import ssh_caller
from sloth.runtime.firewalls.choice import NoFirewall, firewall_of
from sloth.runtime.firewalls.rules import ALLOW, DENY, Rule, State, rules_of

MYPY = False
if MYPY:
    from collections.abc import Sequence
    from typing import Literal

    from sloth.runtime.firewalls.backend import Firewall
    from sloth.runtime.host import Host

_SYNONYMS = {"port": ("ports", "service", "name"), "proto": ("protocol",), "source": ("from", "from_ip")}


@action(synonyms=_SYNONYMS, diff=True)
def allow(
    host: "Host",
    *,
    port: "list[str]" = (),  # type: ignore[assignment]  # a default that nobody can change
    proto: "Literal['tcp', 'udp', 'any'] | None" = None,
    source: str = "",
    state: "Literal['present', 'absent']" = "present",
    first: bool = False,
    backend: "Literal['auto', 'ufw', 'firewalld', 'nftables', 'iptables']" = "auto"
) -> "dict[str, object]":
    """Make sure that a port can be reached.

    port: a number, a range such as 8000-8010, 53/udp, or a service of /etc/services; none means all ports
    proto: the protocol; of a port tcp when not given, without a port any
    source: only from this address or network
    state: absent takes the rule away
    first: a new rule comes before those that are there
    backend: the firewall; auto takes the one that the host has

    example: firewall.allow { port = { 80, 443 } }
    example: firewall.allow { port = "5432", from = "10.0.0.0/8" }
    """
    return _rule(host, ALLOW, port, proto, source, state, first, backend)


@action(synonyms=_SYNONYMS, diff=True)
def deny(
    host: "Host",
    *,
    port: "list[str]" = (),  # type: ignore[assignment]  # a default that nobody can change
    proto: "Literal['tcp', 'udp', 'any'] | None" = None,
    source: str = "",
    state: "Literal['present', 'absent']" = "present",
    first: bool = False,
    backend: "Literal['auto', 'ufw', 'firewalld', 'nftables', 'iptables']" = "auto"
) -> "dict[str, object]":
    """Make sure that what is sent to a port is dropped without an answer.

    port: a number, a range such as 8000-8010, 53/udp, or a service of /etc/services; none means all ports
    proto: the protocol; of a port tcp when not given, without a port any
    source: only from this address or network
    state: absent takes the rule away
    first: a new rule comes before those that are there
    backend: the firewall; auto takes the one that the host has

    example: firewall.deny { from = "203.0.113.7", first = true }
    """
    return _rule(host, DENY, port, proto, source, state, first, backend)


@action(synonyms={**_SYNONYMS, "action": ("verdict", "policy")}, diff=True)
def rule(
    host: "Host",
    *,
    action: "Literal['allow', 'deny', 'reject']",
    port: "list[str]" = (),  # type: ignore[assignment]  # a default that nobody can change
    proto: "Literal['tcp', 'udp', 'any'] | None" = None,
    source: str = "",
    state: "Literal['present', 'absent']" = "present",
    first: bool = False,
    backend: "Literal['auto', 'ufw', 'firewalld', 'nftables', 'iptables']" = "auto"
) -> "dict[str, object]":
    """Make sure that there is a rule; one about the same port and sender is replaced.

    action: allow, deny (drop without an answer) or reject (refuse with one)
    port: a number, a range such as 8000-8010, 53/udp, or a service of /etc/services; none means all ports
    proto: the protocol; of a port tcp when not given, without a port any
    source: only from this address or network
    state: absent takes the rule away
    first: a new rule comes before those that are there
    backend: the firewall; auto takes the one that the host has

    example: firewall.rule { action = "reject", port = 113 }
    """
    return _rule(host, action, port, proto, source, state, first, backend)


@action(synonyms={"default": ("policy",)}, diff=True)
def enable(
    host: "Host",
    *,
    default: "Literal['allow', 'deny', 'reject']" = "deny",
    backend: "Literal['auto', 'ufw', 'firewalld', 'nftables', 'iptables']" = "auto"
) -> "dict[str, object]":
    """Make sure that the firewall is on, now and after a boot; what no rule names is denied.

    Where no rule lets SSH in, one is added with a warning, lest this run be the last.

    default: what happens to what no rule fits
    backend: the firewall; auto takes the one that the host has

    example: firewall.enable()
    """
    firewall = _firewall(host, backend)
    if firewall is None:
        return {}
    before, caller = _look(host, firewall), ssh_caller()
    wanted = firewall.weighed(State(default, before.rules, active=True))
    if caller is not None and not wanted.lets_in(caller):
        door = Rule(ALLOW, str(caller.port), "tcp")
        host.warn(f"no rule lets in SSH, by which this run came; so there is one now: {door.words}")
        wanted = firewall.weighed(wanted.with_rules([door], first=True))
        if not wanted.lets_in(caller):
            door = Rule(ALLOW, str(caller.port), "tcp", caller.address)
            wanted = firewall.weighed(wanted.with_rules([door], first=True))
        if not wanted.lets_in(caller):  # firewalld looks at denials first
            raise ActionFailed(f"a rule that denies would shut out SSH on port {caller.port}, by which this run came")
    _settle(host, firewall, before, wanted)
    return {"backend": firewall.name}


@action(diff=True)
def disable(
    host: "Host", *, backend: "Literal['auto', 'ufw', 'firewalld', 'nftables', 'iptables']" = "auto"
) -> "dict[str, object]":
    """Make sure that the firewall is off, now and after a boot; its rules are kept.

    backend: the firewall; auto takes the one that the host has

    example: firewall.disable()
    """
    firewall = _firewall(host, backend)
    if firewall is None:
        return {}
    before = _look(host, firewall)
    if before.active:
        _settle(host, firewall, before, State(before.default, before.rules, active=False))
    return {"backend": firewall.name}


@action(query=True)
def status(
    host: "Host", *, backend: "Literal['auto', 'ufw', 'firewalld', 'nftables', 'iptables']" = "auto"
) -> "dict[str, object]":
    """The firewall as a table: backend, active, default, and rules (a list of action, port, proto, from).

    backend: the firewall; auto takes the one that the host has

    example: if not firewall.status().active then log.warn("no firewall") end
    """
    firewall = firewall_of(host, backend)
    state = firewall.look()
    rules = [one.plain() for one in state.rules]
    return {"backend": firewall.name, "active": state.active, "default": state.default, "rules": rules}


def _rule(
    host: "Host", verdict: str, ports: "Sequence[str]", proto: "str | None", source: str, state: str, first: bool,
    backend: str,
) -> "dict[str, object]":
    try:
        rules = rules_of(verdict, ports, proto, source)
    except ValueError as error:
        raise BadArguments(f"firewall: {error}") from error
    if not ports and not source:
        raise BadArguments("firewall: a rule names a port or a sender; the rest is for firewall.enable { default }")
    firewall = _firewall(host, backend)
    if firewall is None:
        return {}
    before, caller = _look(host, firewall), ssh_caller()
    wanted = firewall.weighed(before.without(rules) if state == "absent" else before.with_rules(rules, first=first))
    if caller is not None and before.lets_in(caller) and not wanted.lets_in(caller):
        raise ActionFailed(f"this would shut out SSH on port {caller.port}, by which this run came")
    if not before.active and verdict != ALLOW and set(wanted.rules) - set(before.rules):
        host.warn("the firewall is off, so that the rule has no effect yet; firewall.enable turns it on")
    _settle(host, firewall, before, wanted)
    return {"backend": firewall.name, "active": before.active}


def _firewall(host: "Host", backend: str) -> "Firewall | None":
    """The firewall; None in check mode when an earlier task may be about to install it."""
    try:
        return firewall_of(host, backend)
    except NoFirewall as error:
        if not host.is_to_come(error.message.partition(";")[0]):
            raise
        return None


def _look(host: "Host", firewall: "Firewall") -> State:
    """How it is; in check mode, how earlier calls of the run would have left it."""
    foretold = host.foretold.get(firewall.name)
    return foretold if isinstance(foretold, State) else firewall.look()


def _settle(host: "Host", firewall: "Firewall", before: State, wanted: State) -> None:
    """Make it so. In check mode the first call that would load the rules would also mend what strays from them."""
    if host.check and before == wanted and firewall.name in host.foretold:
        return
    firewall.settle(before, wanted)
    if host.check:
        host.foretold[firewall.name] = wanted
