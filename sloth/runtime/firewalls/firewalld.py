"""firewalld, by firewall-cmd: rules of the default zone, in what holds now and in what holds after a boot.

Ports that anybody may reach are ports of the zone, all else are rich rules; of those firewalld reads denials first.
"""

import re

from sloth.runtime.failure import ActionFailed
from sloth.runtime.firewalls.backend import Firewall
from sloth.runtime.firewalls.rules import ALLOW, DENY, REJECT, Rule, State

_TARGETS = {"ACCEPT": ALLOW, "DROP": DENY, "default": REJECT, "REJECT": REJECT, "%%REJECT%%": REJECT}
_WANTED = {ALLOW: "ACCEPT", DENY: "DROP", REJECT: "default"}
_ENDS = {"accept": ALLOW, "drop": DENY, "reject": REJECT}
_RICH = re.compile(
    r'^rule(?: family="ipv[46]")?(?: source address="(?P<source>[^"]+)")?'
    r'(?: port port="(?P<port>[\d-]+)" protocol="(?P<proto>tcp|udp)"| protocol value="(?P<every>tcp|udp)")? '
    r"(?P<end>accept|drop|reject)$"
)
_OF_SSH = "ssh"


class Firewalld(Firewall):
    """The firewall of RHEL, Fedora and SUSE."""

    name = "firewalld"

    def look(self) -> State:
        if not self.host.ok("firewall-cmd", "--state"):
            return self._state(["firewall-offline-cmd"], active=False)
        return self._state(["firewall-cmd", "--permanent"], active=True)

    def weighed(self, state: State) -> State:
        return State(state.default, _denials_first(state.rules), active=state.active)

    def settle(self, before: State, wanted: State) -> None:
        if before.active and not wanted.active:
            self.host.change("systemctl", "disable", "--now", "firewalld")
            return
        tools = [["firewall-cmd"], ["firewall-cmd", "--permanent"]] if before.active else [["firewall-offline-cmd"]]
        for tool in tools:
            there = self._rules(*tool)
            for rule in [one for one in wanted.rules if one not in there]:
                self.host.change(*tool, "--add-" + _said(rule))
            for rule in [one for one in there if one not in wanted.rules]:
                self.host.change(*tool, *self._removal(rule))
        if wanted.default != before.default:
            self.host.change(*tools[-1], f"--set-target={_WANTED[wanted.default]}")
            if before.active:
                self.host.change("firewall-cmd", "--reload")
        if wanted.active and not before.active:
            self.host.change("systemctl", "enable", "--now", "firewalld")

    def _state(self, tool: "list[str]", *, active: bool) -> State:
        return State(self._target(*tool), self._rules(*tool), active=active)

    def _target(self, *tool: str) -> str:
        return _TARGETS.get(self.ask(*tool, "--get-target").strip(), REJECT)

    def _rules(self, *tool: str) -> "list[Rule]":
        rich = [_parsed(line.strip()) for line in self.ask(*tool, "--list-rich-rules").splitlines()]
        known = [rule for rule in rich if rule is not None]
        ports = [Rule(ALLOW, *port.split("/")) for port in self.ask(*tool, "--list-ports").split()]
        if _OF_SSH in self.ask(*tool, "--list-services").split():
            ports.append(Rule(ALLOW, "22", "tcp"))
        ports = [rule for rule in ports if rule.proto in {"tcp", "udp"}]
        return list(dict.fromkeys(_denials_first(known) + ports))

    def _removal(self, rule: Rule) -> "list[str]":
        if rule == Rule(ALLOW, "22", "tcp"):
            raise ActionFailed("the service ssh lets port 22 in; `firewall-cmd --remove-service=ssh` takes it away")
        kind, _, value = _said(rule).partition("=")
        return [f"--remove-{kind}={value}"]


def _denials_first(rules: "list[Rule]") -> "list[Rule]":
    return sorted(rules, key=lambda rule: rule.verdict == ALLOW)


def _said(rule: Rule) -> str:
    """The rule as the end of an option: of --add-, --remove- or --query-."""
    if rule.verdict == ALLOW and rule.port and not rule.source:
        return f"port={rule.port}/{rule.proto}"
    end = {verdict: word for word, verdict in _ENDS.items()}[rule.verdict]
    family = f' family="ipv{6 if rule.is_ipv6 else 4}" source address="{rule.source}"' if rule.source else ""
    port = f' port port="{rule.port}" protocol="{rule.proto}"' if rule.port else ""
    every = f' protocol value="{rule.proto}"' if not rule.port and rule.proto != "any" else ""
    return f"rich-rule=rule{family}{port}{every} {end}"


def _parsed(line: str) -> "Rule | None":
    match = _RICH.match(line)
    if match is None:
        return None
    proto = match.group("proto") or match.group("every") or "any"
    return Rule(_ENDS[match.group("end")], match.group("port") or "", proto, match.group("source") or "")
