"""Many host names in few words: `db1, web[01-12] (13 hosts)`."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

_NUMBERED = re.compile(r"(.*?)(\d+)(\D*)", re.DOTALL)
_SHOWN = 6


def folded(hosts: Iterable[str], limit: int = _SHOWN) -> str:
    """The hosts in natural order, runs of numbers folded, with their count when there are several."""
    names = sorted(set(hosts), key=natural)
    if not names:
        return "no host"
    parts = list(_parts(names))
    text = ", ".join(parts[:limit]) + (", …" if len(parts) > limit else "")
    return f"{text} ({len(names)} hosts)" if len(names) > 1 else text


def natural(name: str) -> tuple[tuple[str, int], ...]:
    """A key that sorts web2 before web10."""
    return tuple((text, int(digits or 0)) for text, digits in re.findall(r"(\D*)(\d*)", name))


def _parts(names: list[str]) -> Iterator[str]:
    runs: list[list[str]] = []
    for name in names:
        if runs and _follows(runs[-1][-1], name):
            runs[-1].append(name)
        else:
            runs.append([name])
    for run in runs:
        yield _range(run[0], run[-1]) if len(run) > 1 else run[0]


def _follows(one: str, other: str) -> bool:
    first, second = _NUMBERED.fullmatch(one), _NUMBERED.fullmatch(other)
    if first is None or second is None or first[1] != second[1] or first[3] != second[3]:
        return False
    return second[2] == str(int(first[2]) + 1).zfill(len(first[2]))


def _range(first: str, last: str) -> str:
    start, end = _NUMBERED.fullmatch(first), _NUMBERED.fullmatch(last)
    assert start is not None
    assert end is not None
    return f"{start[1]}[{start[2]}-{end[2]}]{start[3]}"
