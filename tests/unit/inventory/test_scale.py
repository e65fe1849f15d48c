"""Ten thousand hosts are no reason to wait: work grows with the hosts and no faster, and what they share is done once.

Work is counted in calls, as a clock would tell more of the machine; `python -m tests.bench.inventory` has seconds.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from types import FrameType

import pytest

from sloth.inventory import load, views
from tests.bench.inventory import FORMS, write_inventory


def calls(work: Callable[[], object]) -> int:
    """How many functions are called while it works."""
    count = 0

    def called(_frame: FrameType, event: str, _argument: object) -> None:
        nonlocal count
        count += event in {"call", "c_call"}

    sys.setprofile(called)
    try:
        work()
    finally:
        sys.setprofile(None)
    return count


@pytest.mark.parametrize("form", FORMS)
def test_four_times_the_hosts_are_at_most_four_times_the_work(form: str, tmp_path: Path):
    def listing(hosts: int) -> Callable[[], object]:
        folder = tmp_path / f"{hosts}"
        named = write_inventory(folder, form, hosts)

        def work() -> None:
            inventory = load(named, workflow_dir=folder)
            chosen = inventory.limit("web:!~w.*9$")
            assert len(views.rows(inventory, chosen)) == hosts * 9 // 20
            for host in chosen:
                inventory.variables(host)

        return work

    listing(20)()  # what is imported and compiled at the first time is not counted
    assert calls(listing(800)) < 4.2 * calls(listing(200))


def test_hosts_of_the_same_groups_share_the_layers_of_these(tmp_path: Path):
    inventory = load(write_inventory(tmp_path, "yaml", 40))
    one, other = inventory.layers("w00000"), inventory.layers("w00001")
    assert [a is b for a, b in zip(one[:-1], other[:-1], strict=True)] == [True, True]
    assert one[-1] is not other[-1]
