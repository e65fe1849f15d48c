"""Host patterns, as in `-l` and in a workflow's hosts: `web:&staging:!web3`, `db*`, `~regex`, `web[0:2]`, `@file`.

Parts are separated by `:` or `,`. Parts without a sign are joined, `&` keeps what is also there, `!`
takes away; in which order they stand does not matter. Answers keep the inventory's order.
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from fnmatch import translate

from msgspec import Struct

from sloth.core.errors import InventoryError
from sloth.core.near import near
from sloth.inventory import names
from sloth.inventory.names import UNGROUPED

ALL = frozenset({"all", "*"})
LISTING = "`sloth inventory list` shows all hosts"

_SUBSCRIPT = re.compile(r"(.+)\[(?:(-?\d{1,9})|(\d{1,9})[:-](\d{0,9}))\]")
_OPENING, _CLOSING = "([{", ")]}"


class Term(Struct, frozen=True):
    """One part of a pattern: sign is "", "&" or "!"."""

    sign: str
    text: str


class Names(Struct, frozen=True):
    """What a pattern may name. read: the text of an `@file`, where files are allowed. listing: a hint at it."""

    hosts: Mapping[str, object]
    groups: Mapping[str, Sequence[str]]
    read: Callable[[str], str] | None = None
    listing: str = LISTING


def parse(pattern: str) -> list[Term]:
    """The parts of a pattern."""
    terms = []
    for piece in _split(pattern, ","):
        whole = piece.lstrip("&!")
        for part in [piece] if names.is_ipv6(whole) else _split(piece, ":"):
            text = part.strip()
            sign = text[0] if text[:1] in {"&", "!"} else ""
            if len(text) > len(sign):
                terms.append(Term(sign, text[len(sign) :].strip()))
            elif sign:
                raise InventoryError(f"the pattern {pattern!r} has a {sign} with nothing behind it")
    if not terms:
        raise InventoryError("an empty pattern matches no host", hint="`all` matches every host")
    return terms


def select(pattern: str, known: Names) -> list[str]:
    """The hosts that a pattern matches, in the inventory's order."""
    terms = parse(pattern)
    joined = [term for term in terms if not term.sign]
    chosen = set[str]().union(*(_members(term.text, known) for term in joined)) if joined else set(known.hosts)
    for term in terms:
        if term.sign == "&":
            chosen &= _members(term.text, known)
        elif term.sign == "!":
            chosen -= _members(term.text, known)
    return [host for host in known.hosts if host in chosen]


def _split(text: str, separator: str) -> Iterator[str]:
    """Splits outside brackets, so that ranges and regular expressions stay whole."""
    depth = start = 0
    escaped = False
    for position, letter in enumerate(text):
        if escaped:
            escaped = False
        elif letter == "\\":
            escaped = True
        elif letter in _OPENING:
            depth += 1
        elif letter in _CLOSING:
            depth -= 1
        elif letter == separator and depth <= 0:
            yield text[start:position]
            start = position + 1
    yield text[start:]


def _members(text: str, known: Names) -> set[str]:
    if text in ALL:
        return set(known.hosts)
    if text.startswith("@"):
        return _of_file(text[1:], known)
    if text.startswith("~"):
        return _matching(_regex(text[1:]), known)
    if text.startswith("[") and names.is_ipv6(text[1:-1]):
        return _named(text[1:-1], known)
    subscript = _SUBSCRIPT.fullmatch(text)
    if subscript and (_is_known(subscript[1], known) or _is_glob(subscript[1])):
        return _counted(subscript, known)
    if names.has_range(text):
        return set[str]().union(*(_members(name, known) for name in names.expand(text)))
    if _is_glob(text):
        return _matching(re.compile(translate(text)), known)
    return _named(text, known)


def _named(text: str, known: Names) -> set[str]:
    """The hosts of the group called so, and the host called so."""
    if _is_known(text, known):
        return {*known.groups.get(text, ()), *({text} & known.hosts.keys())}
    hint = near(text, [*known.hosts, *(group for group in known.groups if group != UNGROUPED)])
    raise InventoryError(f"no host or group is called {text!r}", hint=f"{hint} {known.listing}".strip())


def _is_known(text: str, known: Names) -> bool:
    return text in known.groups or text in known.hosts


def _is_glob(text: str) -> bool:
    return any(letter in text for letter in "*?[")


def _regex(text: str) -> re.Pattern[str]:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", FutureWarning)  # `~[[x]`: what a later Python may read otherwise
            return re.compile(text)
    except re.error as error:
        raise InventoryError(f"~{text} is no regular expression: {error}") from error


def _matching(regex: re.Pattern[str], known: Names) -> set[str]:
    """The hosts called so, and those of the groups called so."""
    found = {host for host in known.hosts if regex.match(host)}
    return found.union(*(members for group, members in known.groups.items() if regex.match(group)))


def _counted(subscript: re.Match[str], known: Names) -> set[str]:
    """Some hosts of a group by their place; unless hosts are called so, which an index with zeros in front means."""
    base, _, first, last = subscript.groups()
    called = set(names.expand(subscript[0])) if last and ":" in subscript[0] else set[str]()
    if not called or not called <= known.hosts.keys():
        return _indexed(subscript, known)
    if first.startswith("0") and len(first) > 1:
        return called
    chosen = _indexed(subscript, known)
    if chosen != called:
        raise InventoryError(
            f"{subscript[0]} may be the hosts that are called so, or some of the group {base} by their place",
            hint=f"{base}[{first},{first}:{last}] are names, {base}[{first}-{last}] counts hosts of the group",
        )
    return chosen


def _indexed(subscript: re.Match[str], known: Names) -> set[str]:
    """`web[0]`, `web[-1]`, `web[0:2]` (its end included), counted in the inventory's order."""
    base, index, first, last = subscript.groups()
    chosen = _members(base, known)
    members = [host for host in known.hosts if host in chosen]
    if index is None:
        return set(members[int(first) : int(last) + 1 if last else None])
    if not -len(members) <= int(index) < len(members):
        count = f"{len(members)} host{'' if len(members) == 1 else 's'}"
        raise InventoryError(f"{subscript[0]} is not there: {base} has {count}, and counting starts with 0")
    return {members[int(index)]}


def _of_file(path: str, known: Names) -> set[str]:
    if known.read is None:
        raise InventoryError(f"@{path}: a file of hosts can be given only with -l")
    lines = (line.strip() for line in known.read(path).splitlines())
    patterns = [line for line in lines if line and not line.startswith("#")]
    plain = Names(known.hosts, known.groups, listing=known.listing)
    return set[str]().union(*(select(pattern, plain) for pattern in patterns))
