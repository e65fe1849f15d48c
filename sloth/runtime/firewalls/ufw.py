"""ufw: rules by its own words. It prints those it was given with `ufw show added`, also while it is off."""

import re
import shlex

from sloth.runtime.firewalls.backend import Firewall
from sloth.runtime.firewalls.rules import ALLOW, Rule, State

MYPY = False
if MYPY:
    Line = tuple[str, ...]

_DEFAULTS = "/etc/default/ufw"
_POLICIES = {"ACCEPT": "allow", "DROP": "deny", "REJECT": "reject"}
_SHORT = re.compile(r"^(\d+(?::\d+)?)(?:/(tcp|udp))?$")
_PROFILES = {"OpenSSH": "22", "SSH": "22"}


class Ufw(Firewall):
    """The firewall of Ubuntu, and of Debian where it is wanted."""

    name = "ufw"

    def look(self) -> State:
        lines = self._lines()
        rules = [rule for rules in lines.values() for rule in rules]
        return State(self._default(), rules, active="Status: active" in self.ask("ufw", "status"))

    def settle(self, before: State, wanted: State) -> None:
        there, matches = set(before.rules), {rule.match for rule in wanted.rules}
        for line, rules in self._lines().items():
            if rules and not matches.issuperset(rule.match for rule in rules):
                self.host.change("ufw", "delete", *line)
                there -= set(rules)  # a line without a protocol is two rules of ours
        known = {rule.match for rule in there}
        kept = [number for number, rule in enumerate(wanted.rules) if rule.match in known]
        ahead = wanted.rules[: kept[0]] if kept else []
        for rule in reversed(ahead):
            self.host.change("ufw", "prepend", *_words(rule))
        for rule in wanted.rules[len(ahead) :]:
            if rule not in there:  # about the same as another, it takes the place of that
                self.host.change("ufw", *_words(rule))
        if wanted.default != before.default:
            self.host.change("ufw", "default", wanted.default, "incoming")
        if wanted.active != before.active:
            self.host.change("ufw", *(["--force", "enable"] if wanted.active else ["disable"]))

    def _default(self) -> str:
        found = re.search(r'^DEFAULT_INPUT_POLICY="?(\w+)', self.ask("cat", _DEFAULTS), re.MULTILINE)
        return _POLICIES.get(found.group(1) if found else "", "deny")

    def _lines(self) -> "dict[Line, list[Rule]]":
        """The words of each rule that ufw was given → what it means; nothing where it is more than a rule of ours."""
        found = {}
        for line in self.ask("ufw", "show", "added").splitlines():
            words = shlex.split(line) if line.startswith("ufw ") else []
            if words:
                said = words[1 : words.index("comment")] if "comment" in words else words[1:]
                found[tuple(said)] = _rules(said)
        return found


def _words(rule: Rule) -> "list[str]":
    if not rule.source and rule.port:
        return [rule.verdict, f"{rule.port.replace('-', ':')}/{rule.proto}"]
    to = ["to", "any", "port", rule.port.replace("-", ":")] if rule.port else []
    proto = ["proto", rule.proto] if rule.proto != "any" else []
    return [rule.verdict, *(["from", rule.source or "any"]), *(to or ["to", "any"] if proto else to), *proto]


def _rules(words: "list[str]") -> "list[Rule]":
    verdict = {"limit": ALLOW}.get(words[0], words[0])
    if verdict not in _POLICIES.values() or len(words) < 2:
        return []
    if len(words) == 2:
        short = _SHORT.match(_PROFILES.get(words[1], words[1]))
        return _of(verdict, short.group(1), short.group(2), "") if short else []
    pairs = dict(zip(words[1::2], words[2::2]))
    if not pairs.keys() <= {"from", "to", "port", "proto"} or pairs.get("to", "any") != "any":
        return []
    source = pairs.get("from", "any")
    return _of(verdict, pairs.get("port", ""), pairs.get("proto"), "" if source == "any" else source)


def _of(verdict: str, port: str, proto: "str | None", source: str) -> "list[Rule]":
    protos = [proto] if proto else ["tcp", "udp"] if port else ["any"]
    return [Rule(verdict, port.replace(":", "-"), one, source) for one in protos]
