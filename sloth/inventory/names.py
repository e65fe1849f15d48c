"""Names of hosts and groups as people write them: `web[01:50]`, `db[1,3,7:9]`, `[a:f]`, `host:port`, `[::1]:2222`."""

from __future__ import annotations

import re
from collections.abc import Sequence
from ipaddress import AddressValueError, IPv6Address
from itertools import product
from math import prod
from string import ascii_letters

from sloth.core.errors import InventoryError

ALL, UNGROUPED = "all", "ungrouped"
"""The groups that every inventory has."""
MAX_EXPANSION = 100_000
RANGES = "ranges are [1:50], [01:50], [a:f], [1:10:2], [1,3,7:9]"

_RANGE = re.compile(r"\[([^\[\]]*[:,][^\[\]]*)\]")
_BRACKETED = re.compile(r"\[([^\[\]]+)\](?::([^:\[\]]*))?")
_WITH_PORT = re.compile(r"(.*):([^:\[\]]*)", re.DOTALL)
# Names become file names (host_vars/NAME.yml), words of patterns and lines on a terminal.
_FORBIDDEN = re.compile(r"[\s/\\,;&!*?~@'\"{}\[\]<>|$`]|[\x00-\x1f\x7f-\x9f]")


def hosts(text: str, where: str = "") -> tuple[Sequence[str], int | None]:
    """The names that a host expression stands for, and the port in it."""
    if "[" not in text and ":" not in text:
        return (checked(text, where),), None
    bracketed = _BRACKETED.fullmatch(text)
    if bracketed and is_ipv6(bracketed[1]):
        return (bracketed[1],), _port(bracketed[2], text, where)
    if is_ipv6(text):
        return (text,), None
    name, port = text, None
    if with_port := _WITH_PORT.fullmatch(text):
        name, port = with_port[1], _port(with_port[2], text, where)
    names = expand(name, where)
    for each in names:
        checked(each, where)
    return names, port


def has_range(text: str) -> bool:
    return _RANGE.search(text) is not None


def expand(text: str, where: str = "") -> list[str]:
    """Every name of a text with ranges, the last range running fastest."""
    literals = _RANGE.split(text)[::2]
    ranges = [_listed(inside, text, where) for inside in _RANGE.findall(text)]
    if prod(map(len, ranges)) > MAX_EXPANSION:
        raise InventoryError(f"{text} stands for more than {MAX_EXPANSION} hosts", where=where)
    return [
        literals[0] + "".join(member + literal for member, literal in zip(chosen, literals[1:], strict=True))
        for chosen in product(*ranges)
    ]


def checked(name: str, where: str = "") -> str:
    """The name, if hosts and groups may be called so."""
    wrong = _FORBIDDEN.search(name)
    if wrong:
        raise InventoryError(f"{name!r} is no name of a host or group: it has a {wrong[0]!r}", where=where)
    if not name or name[0] in "-." or ":" in name:
        hint = "a name starts with a letter, a digit or _; an IPv6 address with a port is [::1]:22"
        raise InventoryError(f"{name!r} is no name of a host or group", where=where, hint=hint)
    return name


def is_ipv6(text: str) -> bool:
    try:
        IPv6Address(text)
    except AddressValueError:
        return False
    return "/" not in text and not _FORBIDDEN.search(text)


def _listed(inside: str, text: str, where: str) -> Sequence[str]:
    """What a bracket stands for: ranges, numbers and letters with commas between them."""
    found: dict[str, None] = {}
    for piece in map(str.strip, inside.split(",")):
        if ":" in piece:
            found.update(dict.fromkeys(_members(piece, text, where)))
        elif _is_number(piece) or (len(piece) == 1 and piece in ascii_letters):
            found[piece] = None
        else:
            raise InventoryError(f"{text}: [{inside}] is no range", where=where, hint=RANGES)
    return list(found)


def _members(inside: str, text: str, where: str) -> Sequence[str]:
    """What one range runs through, its end included: `01:50`, `1:10:2`, `a:f`."""
    bounds = inside.split(":")
    first, last = bounds[0] or "0", bounds[1]
    step = bounds[2] if len(bounds) > 2 else "1"
    if len(bounds) > 3 or not _is_number(step) or int(step) < 1:
        raise InventoryError(f"{text}: [{inside}] is no range", where=where, hint=RANGES)
    if _is_number(first) and _is_number(last):
        width = len(first) if first.startswith("0") else 0
        if width > 1 and len(last) != width:
            raise InventoryError(f"{text}: {first} and {last} are not of one width", where=where, hint=RANGES)
        if int(last) - int(first) > MAX_EXPANSION * int(step):
            raise InventoryError(f"{text} stands for more than {MAX_EXPANSION} hosts", where=where)
        members = [str(number).zfill(width) for number in range(int(first), int(last) + 1, int(step))]
    elif len(first) == len(last) == 1 and first in ascii_letters and last in ascii_letters:
        members = list(ascii_letters[ascii_letters.index(first) : ascii_letters.index(last) + 1 : int(step)])
    else:
        raise InventoryError(f"{text}: [{inside}] is no range", where=where, hint=RANGES)
    if not members:
        raise InventoryError(f"{text}: the range [{inside}] is empty", where=where, hint="the smaller end comes first")
    return members


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) <= 18


def _port(text: str | None, whole: str, where: str) -> int | None:
    if text is None:
        return None
    if not _is_number(text) or not 1 <= int(text) <= 65535:
        raise InventoryError(f"{whole}: {text!r} is no port", where=where, hint="a port is a number from 1 to 65535")
    return int(text)
