"""time: points in time, told and read."""

from __future__ import annotations

from typing import Any

import pytest

from sloth.runtime.catalog import Catalog
from sloth.runtime.failure import ActionFailed
from tests.doubles import FakeHost

NOON = 1769860800  # 2026-01-31T12:00:00Z


def call(name: str, *args: object, **named: object) -> Any:
    action = Catalog().find("time", name)
    return action.function(FakeHost({}), **action.bind(args, named))


@pytest.mark.parametrize(
    ("layout", "text"),
    [
        (None, "2026-01-31T12:00:00Z"),
        ("%Y-%m-%d %H:%M", "2026-01-31 12:00"),
        ("2006-01-02 15:04:05", "2026-01-31 12:00:00"),
        ("Mon, 02 Jan 06 03:04 PM", "Sat, 31 Jan 26 12:00 PM"),
    ],
)
def test_a_point_in_time_is_told_and_read(layout, text):
    named = {} if layout is None else {"layout": layout}
    assert call("format", NOON, **named) == text
    assert call("parse", text, **named) == NOON - (NOON % 60 if layout and "05" not in layout else 0)


@pytest.mark.parametrize(
    ("text", "when"),
    [
        ("2026-01-31T13:00:00+01:00", NOON),
        ("2026-01-31 07:00:00 -0500", NOON),
        ("2026-01-31T12:00:00.5Z", NOON + 0.5),
        ("2026-01-31", NOON - 12 * 3600),
    ],
)
def test_rfc_3339_and_what_people_write_is_read(text, when):
    assert call("parse", text) == when


@pytest.mark.parametrize(
    ("name", "args", "said"),
    [
        ("parse", ["yesterday"], "no time such as"),
        ("parse", ["2026-02-31"], "day"),
        ("parse", ["x", "%Y"], "does not match"),
        ("format", [1e300], "cannot be shown"),
        ("duration", ["soon"], "no duration"),
    ],
)
def test_what_is_no_time_is_named(name, args, said):
    with pytest.raises(ActionFailed, match=said):
        call(name, *args)


def test_durations_are_added_and_whole_seconds_are_integers():
    assert call("add", NOON, "1d") == NOON + 86400
    assert call("sub", NOON + 60, NOON) == 60
    assert isinstance(call("duration", "1h30m"), int)
    assert call("duration", "1h30m") == 5400
    assert call("unix") <= call("now")


def test_check_mode_does_not_wait():
    action = Catalog().find("time", "sleep")
    host = FakeHost({}, check=True)
    action.function(host, duration=3600.0)
