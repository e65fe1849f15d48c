"""Many host names in few words, as inventories and `-l` take them: `db1, web[01:12] (13 hosts)`."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence

from msgspec import Struct

from sloth.cli.render.cells import cells

_SHOWN = 6
_WORTH_BRACKETS = 3
"""So many names with gaps between them are folded; fewer are easier to read as they are."""


def folded(hosts: Iterable[str], room: int = 0) -> str:
    """The hosts in natural order, runs of numbers folded, with their count when there are several.

    room: of what does not fit into so many columns, only the first ones are told
    """
    names = sorted(set(hosts), key=natural)
    if not names:
        return "no host"
    if len(names) == 1:
        return names[0]
    series = list(_series(names))
    told = (_told(series, limit, len(names)) for limit in range(_SHOWN, 0, -1))
    fitting = (text for text in told if not room or cells(text) <= room)
    return next(fitting, f"{len(names)} hosts")


def natural(name: str) -> tuple[tuple[str, int], ...]:
    """A key that sorts web2 before web10."""
    return tuple((text, int(digits or 0)) for text, digits in re.findall(r"(\D*)(\d*)", name))


class _Series(Struct):
    """Names that differ in one number: text and numbers in turn, which of them differs, and how in each name."""

    parts: list[str]
    place: int
    numbers: list[str]

    def takes(self, parts: list[str]) -> bool:
        """Add a name to it, if it differs from the others in this number alone."""
        if len(parts) != len(self.parts):
            return False
        places = [place for place, part in enumerate(parts) if part != self.parts[place]]
        if len(places) != 1 or not places[0] % 2 or (len(self.numbers) > 1 and places[0] != self.place):
            return False
        if len(self.numbers) == 1:
            self.place, self.numbers = places[0], [self.parts[places[0]]]
        self.numbers.append(parts[self.place])
        return True

    def named(self, limit: int) -> list[str]:
        """The names in so many pieces, or in one where they are many."""
        ranges = list(_ranges(self.numbers))
        if len(ranges) > 1 and len(self.numbers) < _WORTH_BRACKETS:
            return [self._with(number) for number in self.numbers]
        shown = ranges[:limit] + (["…"] if len(ranges) > limit else [])
        return [self._with(self.numbers[0] if len(self.numbers) == 1 else f"[{','.join(shown)}]")]

    def _with(self, number: str) -> str:
        return "".join([*self.parts[: self.place], number, *self.parts[self.place + 1 :]])


def _told(series: Sequence[_Series], limit: int, count: int) -> str:
    pieces = [piece for one in series for piece in one.named(limit)]
    return ", ".join(pieces[:limit]) + (", …" if len(pieces) > limit else "") + f" ({count} hosts)"


def _series(names: Iterable[str]) -> Iterator[_Series]:
    last: _Series | None = None
    for name in names:
        parts = re.split(r"(\d+)", name)
        if last is not None and last.takes(parts):
            continue
        if last is not None:
            yield last
        last = _Series(parts, 0, [parts[0]])
    if last is not None:
        yield last


def _ranges(numbers: Sequence[str]) -> Iterator[str]:
    """Numbers that follow each other as `08:10`, others as they are."""
    runs: list[list[str]] = []
    for number in numbers:
        if runs and number == str(int(runs[-1][-1]) + 1).zfill(len(runs[-1][-1])):
            runs[-1].append(number)
        else:
            runs.append([number])
    for run in runs:
        yield run[0] if len(run) == 1 else f"{run[0]}:{run[-1]}"
