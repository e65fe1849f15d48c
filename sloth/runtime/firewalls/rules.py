"""Rules of a firewall for what comes in, and what they mean together: the first that fits decides."""

import ipaddress
import re
import socket

MYPY = False
if MYPY:
    from collections.abc import Iterable, Sequence

ALLOW, DENY, REJECT = "allow", "deny", "reject"
_PORTS = re.compile(r"^(\d{1,5})(?:[-:](\d{1,5}))?$")
# What a host calls so even where it has no /etc/services, as small ones have not.
_SERVICES = {"ssh": "22", "smtp": "25", "domain": "53", "http": "80", "ntp": "123", "https": "443"}
_WORDS = re.compile(r"^(allow|deny|reject) (?:(\d+(?:-\d+)?)/(tcp|udp)|(tcp|udp|any))(?: from (\S+))?$")


class Rule:
    """One rule. port: "443", "8000-8010" or empty for all; proto: tcp, udp or any (of all ports only);
    source: an address or a network, empty for everywhere."""

    def __init__(self, verdict: str, port: str = "", proto: str = "any", source: str = "") -> None:
        self.verdict = verdict
        self.port = port
        self.proto = proto
        self.source = source

    @property
    def match(self) -> "tuple[str, str, str]":
        """What it is about; of two rules about the same the second is never reached."""
        return self.port, self.proto, self.source

    @property
    def words(self) -> str:
        """As people say it, and as it is written beside the rule on the host: allow 443/tcp from 10.0.0.0/8."""
        what = f"{self.port}/{self.proto}" if self.port else self.proto
        return f"{self.verdict} {what}" + (f" from {self.source}" if self.source else "")

    @property
    def is_ipv6(self) -> bool:
        """Whether it is about IPv6 alone."""
        return ":" in self.source

    def plain(self) -> "dict[str, str]":
        """For the caller in Lua."""
        return {"action": self.verdict, "port": self.port, "proto": self.proto, "from": self.source}

    def fits(self, caller: "Caller") -> bool:
        """Whether it decides about a TCP connection to this port."""
        first, _, last = self.port.partition("-")
        if self.proto == "udp" or (self.port and not int(first) <= caller.port <= int(last or first)):
            return False
        if not self.source:
            return True
        network, address = ipaddress.ip_network(self.source), ipaddress.ip_address(caller.address)
        return network.version == address.version and address in network

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Rule) and self.words == other.words

    def __hash__(self) -> int:
        return hash(self.words)


class Caller:
    """Who speaks with this host through SSH: their address, and the port here."""

    def __init__(self, address: str, port: int) -> None:
        self.address = address
        self.port = port


class State:
    """What a firewall does with what comes in. default: what happens where no rule fits."""

    def __init__(self, default: str, rules: "Sequence[Rule]", *, active: bool) -> None:
        self.active = active
        self.default = default
        self.rules = list(rules)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, State) and vars(self) == vars(other)

    __hash__ = None  # type: ignore[assignment]  # it holds a list

    def with_rules(self, rules: "Iterable[Rule]", *, first: bool) -> "State":
        """With these too; one about the same takes the place of another."""
        found = list(self.rules)
        for rule in rules:
            places = [number for number, one in enumerate(found) if one.match == rule.match]
            if places:
                found[places[0]] = rule
            else:
                found.insert(0 if first else len(found), rule)
        return State(self.default, found, active=self.active)

    def without(self, rules: "Iterable[Rule]") -> "State":
        """Without these."""
        gone = set(rules)
        return State(self.default, [rule for rule in self.rules if rule not in gone], active=self.active)

    def lets_in(self, caller: Caller) -> bool:
        """Whether a new connection like that of the caller would come through."""
        decided = next((rule.verdict for rule in self.rules if rule.fits(caller)), self.default)
        return not self.active or decided == ALLOW


def rules_of(verdict: str, ports: "Sequence[str]", proto: "str | None", source: str) -> "list[Rule]":
    """The rules that a person means. ValueError when no host could have them."""
    network = _network(source)
    found = []
    for port in ports:
        number, _, own = port.partition("/")
        for one in (["tcp", "udp"] if (own or proto) == "any" else [own or proto or "tcp"]):
            if one not in {"tcp", "udp"}:
                raise ValueError(f"{port!r}: the protocol of a port is tcp or udp")
            found.append(Rule(verdict, _port(number, one), one, network))
    return found or [Rule(verdict, "", proto or "any", network)]


def rule_from(words: str) -> "Rule | None":
    """What `Rule.words` said; None when it is something else."""
    match = _WORDS.match(words)
    if match is None:
        return None
    verdict, port, proto, every, source = match.groups()
    return Rule(verdict, port or "", proto or every, source or "")


def _network(source: str) -> str:
    if source in {"", "any", "0.0.0.0/0"}:
        return ""
    network = ipaddress.ip_network(source, strict=False)
    return str(network.network_address) if network.num_addresses == 1 else str(network)


def _port(text: str, proto: str) -> str:
    match = _PORTS.match(text)
    if match is None:
        if text in _SERVICES:
            return _SERVICES[text]
        try:
            return str(socket.getservbyname(text, proto))
        except OSError as error:
            raise ValueError(f"{text!r} is no port, no range of ports, and no service that this host knows") from error
    first, last = int(match.group(1)), int(match.group(2) or match.group(1))
    if not 0 < first <= last < 1 << 16:
        raise ValueError(f"{text!r} is no port: there are 1 to 65535")
    return str(first) if first == last else f"{first}-{last}"
