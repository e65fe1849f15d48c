"""Points in time and how far they are apart. Needs no host: also at the top level of a file.

A point in time is a number: seconds since 1970 in UTC. Layouts are those of strftime (`%Y-%m-%d`) or of Go
(`2006-01-02`); without one it is RFC 3339.
"""

import re
import time as clock
from calendar import timegm

from sloth.runtime import coercion
from sloth.runtime.action import action
from sloth.runtime.failure import ActionFailed

MYPY = False
if MYPY:
    from sloth.runtime.action import Duration
    from sloth.runtime.host import Host

_RFC3339 = "%Y-%m-%dT%H:%M:%S%z"
# Go writes its reference time, Mon Jan 2 15:04:05 MST 2006, as it shall look; the longest come first.
_GO = (
    ("January", "%B"), ("Monday", "%A"), ("2006", "%Y"), ("-0700", "%z"), ("Z07:00", "%z"), ("Jan", "%b"),
    ("Mon", "%a"), ("MST", "%Z"), ("01", "%m"), ("02", "%d"), ("15", "%H"), ("03", "%I"), ("04", "%M"), ("05", "%S"),
    ("06", "%y"), ("PM", "%p"),
)  # fmt: skip
_GO_WORD = re.compile("|".join(re.escape(word) for word, _ in _GO))


@action(query=True)
def now(host: "Host") -> float:
    """Now, with its fraction.

    example: local began = time.now()
    """
    return clock.time()


@action(query=True)
def unix(host: "Host") -> int:
    """Now, in whole seconds.

    example: local name = "backup-" .. time.unix() .. ".tar.gz"
    """
    return int(clock.time())


@action(query=True)
def format_(host: "Host", *, when: "float | None" = None, layout: str = _RFC3339, utc: bool = True) -> str:
    """A point in time as text.

    when: the point; without it now
    layout: how it shall look
    utc: whether in UTC, or else in the time zone of the machine

    example: local day = time.format(time.now(), "%Y-%m-%d")
    example: local day = time.format { layout = "2006-01-02 15:04:05", utc = false }
    """
    point = clock.time() if when is None else when
    try:
        parts = clock.gmtime(point) if utc else clock.localtime(point)
        text = clock.strftime(_strftime(layout), parts)
    except (ValueError, OverflowError, OSError) as error:
        raise ActionFailed(f"time.format: {point:g} cannot be shown as {layout!r}: {error}") from error
    return text.replace("+0000", "Z") if layout == _RFC3339 else text


@action(query=True)
def parse(host: "Host", *, text: str, layout: "str | None" = None) -> float:
    """The point in time that a text tells, or nil and why it tells none. Without a zone it is UTC.

    text: the time
    layout: how it looks; without it RFC 3339 or a day such as 2026-01-31

    example: local at = time.parse("2026-01-31T12:00:00Z")
    """
    if layout is not None:
        return _whole(_parsed(text, _strftime(layout)))
    shape = re.match(r"^(\d{4}-\d\d-\d\d)(?:[T ](\d\d:\d\d(?::\d\d)?)(\.\d+)?)?\s*(Z|[+-]\d\d:?\d\d)?$", text.strip())
    if shape is None:
        raise ActionFailed(f"time.parse: {text!r} is no time such as 2026-01-31T12:00:00Z")
    day, hour, fraction, zone = shape.groups()
    hour = (hour or "00:00") + (":00" if len(hour or "00:00") == 5 else "")
    return _whole(_parsed(f"{day} {hour}", "%Y-%m-%d %H:%M:%S") + float(fraction or 0) - _offset(zone or "Z"))


@action(query=True)
def add(host: "Host", *, when: float, duration: "Duration") -> float:
    """A later point in time.

    when: a point in time
    duration: how much later

    example: local tomorrow = time.add(time.now(), "1d")
    """
    return _whole(when + duration)


@action(query=True)
def sub(host: "Host", *, when: float, other: float) -> float:
    """How many seconds one point in time is after another.

    when: a point in time
    other: the earlier one

    example: log.info("took " .. time.sub(time.now(), began) .. " s")
    """
    return _whole(when - other)


@action(query=True)
def duration(host: "Host", *, text: "str | float") -> float:
    """The seconds of a duration such as `1h30m`, or nil and what is wrong with it.

    text: the duration

    example: local seconds = time.duration("1h30m")
    """
    try:
        return _whole(coercion.seconds(text))
    except ValueError as error:
        raise ActionFailed(str(error)) from error


@action(query=True)
def sleep(host: "Host", *, duration: "Duration") -> None:
    """Wait; a time limit or Ctrl-C ends it. Check mode does not wait. At the top level of a file it is nothing.

    duration: how long

    example: time.sleep("5s")
    """
    if not host.check:
        host.sleep(duration)


def _strftime(layout: str) -> str:
    """A layout of Go as one of strftime; one that has a % is that already."""
    if "%" in layout:
        return layout
    return _GO_WORD.sub(lambda found: dict(_GO)[found.group()], layout)


def _parsed(text: str, layout: str) -> float:
    try:
        parts = clock.strptime(text, layout)
    except ValueError as error:
        raise ActionFailed(f"time.parse: {error}") from error
    return float(timegm(parts) - (parts.tm_gmtoff or 0))


def _whole(number: float) -> float:
    """An integer where nothing is lost: Lua shows 1.0 as it is."""
    return int(number) if number.is_integer() else number


def _offset(zone: str) -> int:
    """Seconds east of Greenwich."""
    if zone == "Z":
        return 0
    sign, digits = (-1 if zone[0] == "-" else 1), zone[1:].replace(":", "")
    return sign * (int(digits[:2]) * 3600 + int(digits[2:]) * 60)
