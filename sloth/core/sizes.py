"""Numbers of bytes as people write them: `64M`, `16G`; a letter stands for a power of 1024."""

from __future__ import annotations

import re

_UNITS = {"": 0, "K": 10, "M": 20, "G": 30, "T": 40}
_WRITTEN = re.compile(r"([0-9]{1,15})\s*([KMGT]?)(?:i?B)?", re.IGNORECASE)


class Size(int):
    """A number of bytes, which people see in the largest unit that says it exactly."""

    def __str__(self) -> str:
        unit = next(unit for unit in reversed(_UNITS) if not self % (1 << _UNITS[unit]))
        return f"{self >> _UNITS[unit]}{unit}"


def parse(written: object) -> Size:
    """The bytes. Raises ValueError."""
    found = None if isinstance(written, bool) else _WRITTEN.fullmatch(str(written).strip())
    if found is None or not int(found[1]):
        raise ValueError("wants a number of bytes such as 64M or 16G")
    return Size(int(found[1]) << _UNITS[found[2].upper()])
