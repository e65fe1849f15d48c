"""nftables: one table of ours, in a file of ours that the host's own configuration includes.

Each rule has its words as a comment: by them we know it again, whatever way this version of nft prints the rest.
Tables do not overrule each other: what another table drops stays dropped.
"""

import os
import re

from sloth.runtime import editing, lines
from sloth.runtime.attributes import Wanted
from sloth.runtime.firewalls.backend import Firewall
from sloth.runtime.firewalls.rules import ALLOW, REJECT, Rule, State, rule_from
from sloth.runtime.place import raw

MYPY = False
if MYPY:
    from collections.abc import Callable

    from sloth.runtime.host import Host

_CHAIN = ("list", "chain", "inet", "sloth", "input")
_COMMENT = re.compile(r'comment "([^"]*)"')
_REST = "reject the rest"
_VERDICTS = {"allow": "accept", "deny": "drop", "reject": "reject"}
_FILE = """\
# Written by sloth; what it makes of its firewall rules is read from here again.
table inet sloth
delete table inet sloth
table inet sloth {{
	chain input {{
		type filter hook input priority filter; policy {policy};
		ct state established,related accept
		iif lo accept
		meta l4proto {{ 1, 58 }} accept # ICMP and ICMPv6, whose names small hosts do not know
{rules}	}}
}}
"""


class Nftables(Firewall):
    """The kernel's own firewall, without another program before it. etc: the folder of configuration."""

    name = "nftables"

    def __init__(self, host: "Host", etc: str = "/etc") -> None:
        super().__init__(host)
        self._file = f"{etc}/nftables.d/sloth.nft"
        redhat = f"{etc}/sysconfig/nftables.conf"
        self._main = redhat if os.path.exists(redhat) else f"{etc}/nftables.conf"

    def look(self) -> State:
        written = self._written()
        rules = [rule for rule in map(rule_from, _COMMENT.findall(written)) if rule is not None]
        return State(_default(written), rules, active=self._live() is not None)

    def settle(self, before: State, wanted: State) -> None:
        text, count = _rendered(wanted), len(self.host.changes)
        self._write(self._file, lambda _content: raw(text))
        if not wanted.active:
            if before.active:
                self.host.change("nft", "delete", "table", "inet", "sloth")
                self._write(self._main, lambda content: lines.without_lines(content, self._include(), None)[0])
            return
        include = lines.Anchor(None, None)
        self._write(self._main, lambda content: lines.with_line(content, self._include(), None, include))
        if len(self.host.changes) > count or self._differs(text):
            self.host.change("nft", "-f", self._file)
        if not self.host.ok("systemctl", "is-enabled", "--quiet", "nftables"):
            self.host.change("systemctl", "enable", "nftables")

    def _written(self) -> str:
        if not os.path.exists(self._file):
            return ""
        with open(self._file, encoding="utf-8", errors="replace") as file:
            return file.read()

    def _live(self) -> "str | None":
        done = self.host.run("nft", *_CHAIN)
        if done.ok:
            return done.out
        if "No such file" not in done.err:
            self.ask("nft", *_CHAIN)
        return None

    def _differs(self, text: str) -> bool:
        live = self._live() or ""
        return (_chain(live), _default(live)) != (_chain(text), _default(text))

    def _include(self) -> bytes:
        return raw(f'include "{self._file}"')

    def _write(self, path: str, change: "Callable[[bytes], bytes]") -> None:
        is_ours = path == self._file
        wanted, validate = Wanted("0644" if is_ours else None), "nft -c -f %s" if is_ours else None
        editing.edit(self.host, path, change, editing.Terms(wanted, "create", backup=False, validate=validate))


def _chain(text: str) -> "list[str]":
    """The words of each rule of the chain, in order; "" of those without: three of ours, and what others put there."""
    inside = text.partition("type filter")[2].partition("}\n")[0].splitlines()[1:]
    return ["".join(_COMMENT.findall(line)) for line in inside if line.strip()]


def _default(text: str) -> str:
    if _REST in text:
        return REJECT
    return "deny" if re.search(r"policy drop", text) else ALLOW


def _rendered(state: State) -> str:
    rules = [_line(rule) for rule in state.rules]
    if state.default == REJECT:
        rules.append(f'reject comment "{_REST}"')
    policy = "accept" if state.default == ALLOW else "drop"
    return _FILE.format(policy=policy, rules="".join(f"\t\t{rule}\n" for rule in rules))


def _line(rule: Rule) -> str:
    source = f"{'ip6' if rule.is_ipv6 else 'ip'} saddr {rule.source} " if rule.source else ""
    every = "" if rule.proto == "any" else f"meta l4proto {rule.proto} "
    what = f"{rule.proto} dport {rule.port} " if rule.port else every
    return f'{source}{what}{_VERDICTS[rule.verdict]} comment "{rule.words}"'
