"""Numbers, sizes and times as people read them."""

from __future__ import annotations

import time

_LAST = 253_402_214_400.0  # of the year 9999, whatever the time zone


def counted(number: int, noun: str) -> str:
    """1 host, 2 hosts."""
    return f"{number} {noun}{'' if number == 1 else 's'}"


def duration(seconds: float) -> str:
    """Seconds for people: 0.4 s, 12.3 s, 4 min 05 s, 1 h 02 min."""
    if seconds < 60:
        return f"{seconds:.1f} s"
    whole = round(seconds)
    if whole < 3600:
        return f"{whole // 60} min {whole % 60:02} s"
    return f"{whole // 3600} h {whole % 3600 // 60:02} min"


def sized(number: int) -> str:
    """Bytes for people."""
    amount = float(number)
    for unit in ("B", "KB", "MB"):
        if amount < 1024:
            return f"{amount:.0f} {unit}" if unit == "B" else f"{amount:.1f} {unit}"
        amount /= 1024
    return f"{amount:.1f} GB"


def moment(at: float) -> str:
    """Day and time of a point in time, here."""
    return time.strftime("%Y-%m-%d %H:%M:%S", _here(at))


def clock(at: float) -> str:
    """The time of day alone."""
    return time.strftime("%H:%M:%S", _here(at))


def _here(at: float) -> time.struct_time:
    """A point in time on the clock of who looks; what no calendar has is its last day."""
    return time.localtime(min(at, _LAST))
