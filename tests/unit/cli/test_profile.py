"""Where the time went, at the end of a run."""

from __future__ import annotations

import io

from sloth.cli.render.profile import Profile
from sloth.cli.render.screen import Screen
from sloth.core.events import HostTimes, RunFinished, RunStarted

FINISHED = RunFinished("r", "w", {}, 0, 1.0)


def shown(*times: HostTimes) -> list[list[str]]:
    out = io.StringIO()
    profile = Profile(Screen(out))
    for event in (RunStarted("r", "w", "f", False, {}, 0.0), *times, FINISHED):
        profile(event)
    return [line.split() for line in out.getvalue().splitlines()[1:]]


def test_each_host_has_a_row_the_slowest_first_and_all_have_a_sum():
    rows = shown(HostTimes("a", 0.1, 0, 0, 0, 0, 0.1), HostTimes("b", 0.2, 0.3, 0.1, 1, 0.4, 2))
    assert rows == [
        ["seconds", "connect", "upload", "lua", "modules", "waiting", "total"],
        ["b", "0.20", "0.30", "0.10", "1.00", "0.40", "2.00"],
        ["a", "0.10", "0.00", "0.00", "0.00", "0.00", "0.10"],
        ["sum", "0.30", "0.30", "0.10", "1.00", "0.40", "2.10"],
    ]


def test_of_many_hosts_the_slowest_are_named_and_the_others_summed():
    rows = shown(*(HostTimes(f"h{number}", 0, 0, 0, 0, 0, number) for number in range(50)))
    assert [row[0] for row in rows[1:11]] == [f"h{number}" for number in range(49, 39, -1)]
    assert rows[11] == ["…", "40", "more", *["0.00"] * 5, "780.00"]
    assert rows[12][-1] == "1225.00"


def test_one_host_needs_no_sum_and_its_batches_are_one_row():
    rows = shown(HostTimes("a", 1, 0, 0, 0, 0, 1), HostTimes("a", 2, 0, 0, 0, 0, 2))
    assert [row[0] for row in rows[1:]] == ["a"]
    assert rows[1][-1] == "3.00"
