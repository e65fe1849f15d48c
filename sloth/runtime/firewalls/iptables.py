"""iptables: one chain of ours in each family, filled in one step by iptables-restore, and called first of all.

Each rule has its words as a comment: by them we know it again.
"""

import re

from sloth.runtime.firewalls.backend import Firewall
from sloth.runtime.firewalls.rules import ALLOW, DENY, REJECT, Rule, State, rule_from

_CHAIN = "SLOTH"
_COMMENT = re.compile(r'--comment "?([^"\n]*?)"? -j')
_TARGETS = {ALLOW: "ACCEPT", DENY: "DROP", REJECT: "REJECT"}
_REST = " the rest"
_ALWAYS = (
    "-m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT", "-i lo -j ACCEPT", "-p {icmp} -j ACCEPT",
)  # fmt: skip


class Iptables(Firewall):
    """The firewall of hosts that know no nft."""

    name = "iptables"

    def look(self) -> State:
        words = [word for tool in self._tools() for word in _COMMENT.findall(self.host.run(tool, "-S", _CHAIN).out)]
        rules = [rule for rule in map(rule_from, words) if rule is not None]
        rest = [word[: -len(_REST)] for word in words if word.endswith(_REST)]
        active = all(self.host.ok(tool, "-C", "INPUT", "-j", _CHAIN) for tool in self._tools())
        return State(rest[0] if rest else ALLOW, list(dict.fromkeys(rules)), active=active)

    def settle(self, before: State, wanted: State) -> None:
        del before  # the two families may differ, so each is asked for itself
        count = len(self.host.changes)
        for tool in self._tools():
            rules = _rendered(wanted, is_ipv6=tool == "ip6tables")
            there = _COMMENT.findall(self.host.run(tool, "-S", _CHAIN).out)
            if there != _COMMENT.findall(rules):
                note = f"{tool}-restore of the chain {_CHAIN}"
                self.host.change(f"{tool}-restore", "--noflush", stdin=rules, note=note)
            linked = self.host.ok(tool, "-C", "INPUT", "-j", _CHAIN)
            if wanted.active and not linked:
                self.host.change(tool, "-I", "INPUT", "1", "-j", _CHAIN)
            elif linked and not wanted.active:
                self.host.change(tool, "-D", "INPUT", "-j", _CHAIN)
        if len(self.host.changes) > count:
            self._keep()

    def _tools(self) -> "list[str]":
        return [tool for tool in ("iptables", "ip6tables") if self.host.has(tool)]

    def _keep(self) -> None:
        """For the next boot, by the program that loads them there."""
        if self.host.has("netfilter-persistent"):
            self.host.change("netfilter-persistent", "save")
        elif self.host.ok("systemctl", "cat", "iptables.service"):
            for tool in self._tools():
                self.host.change("service", tool, "save")
        else:
            self.host.warn("nothing here loads iptables rules at boot: install iptables-persistent, or nftables")


def _rendered(state: State, *, is_ipv6: bool) -> str:
    lines = [line.format(icmp="ipv6-icmp" if is_ipv6 else "icmp") for line in _ALWAYS]
    lines += [_line(rule) for rule in state.rules if not rule.source or rule.is_ipv6 == is_ipv6]
    if state.default != ALLOW:
        lines.append(f'-m comment --comment "{state.default}{_REST}" -j {_TARGETS[state.default]}')
    rules = "".join(f"-A {_CHAIN} {line}\n" for line in lines)
    return f"*filter\n:{_CHAIN} - [0:0]\n{rules}COMMIT\n"


def _line(rule: Rule) -> str:
    source = f"-s {rule.source} " if rule.source else ""
    proto = "" if rule.proto == "any" else f"-p {rule.proto} "
    port = f"--dport {rule.port.replace('-', ':')} " if rule.port else ""
    return f'{source}{proto}{port}-m comment --comment "{rule.words}" -j {_TARGETS[rule.verdict]}'
