"""What every test may ask for: the lab; and the prerequisites of marked tests, checked before they start."""

from __future__ import annotations

import gc
import os
import shutil
import signal
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from tests.lab.base import RELEASES
from tests.lab.fleet import Lab
from tests.lab.host import Host
from tests.prerequisites import missing, skip_or_fail

# So that several people can test on one machine. What needs more than one host is proven on the first release.
LAB_FIRST = int(os.environ.get("SLOTH_LAB_FIRST", "1"))
LAB_HOSTS = {
    "bookworm": range(LAB_FIRST, LAB_FIRST + 3), "trixie": range(LAB_FIRST + 100, LAB_FIRST + 101),
    "bookworm-openrc": range(LAB_FIRST + 200, LAB_FIRST + 201), "bookworm-sysv": range(LAB_FIRST + 300, LAB_FIRST + 301),
}  # fmt: skip

# What tests start is compiled once, as where sloth is installed, and not at each start.
sys.dont_write_bytecode = False
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)

# Tests write to memory where there is enough: nothing has to wait for a disk, and nothing wears one out.
if Path("/dev/shm").is_dir() and shutil.disk_usage("/dev/shm").free > 4 << 30:
    os.environ.setdefault("PYTEST_DEBUG_TEMPROOT", "/dev/shm")

# A busy machine makes no example wrong. Where CI is set, hypothesis takes the same examples each time, on its own.
PATIENT = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("quick", PATIENT, max_examples=25)  # while one works
settings.register_profile("thorough", PATIENT, max_examples=150)  # the whole gate
settings.load_profile("quick")


if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:  # a shell starts what it puts in the background so
    signal.signal(signal.SIGINT, signal.default_int_handler)  # and what tests start would not hear of Ctrl-C


@pytest.hookimpl(tryfirst=True)  # xdist looks at the groups in the same hook
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if item.get_closest_marker("lab"):
            item.add_marker(pytest.mark.xdist_group("lab"))


def pytest_collection_finish() -> None:
    """What was imported and collected stays: garbage is not looked for among it again and again."""
    gc.collect()
    gc.freeze()


def pytest_runtest_setup(item: pytest.Item) -> None:
    for marker in ("lab", "needs_root", "old_python"):
        reason = missing(marker) if item.get_closest_marker(marker) else None
        if reason:
            skip_or_fail(reason)


@pytest.fixture(scope="session")
def lab() -> Iterator[Lab]:
    """The fleet. What this session boots is turned off at its end, unless SLOTH_LAB_KEEP is set."""
    fleet = Lab()
    yield fleet
    if not os.environ.get("SLOTH_LAB_KEEP"):
        fleet.down()


@pytest.fixture(scope="session")
def release(request: pytest.FixtureRequest) -> str:
    """The Debian of `lab_hosts`; a test for all of them is marked with `on_each_release`.

    Tests choose it through this fixture (`indirect`): a plain parameter of the same name would hide it from pytest, which
    then keeps the hosts of the test before.
    """
    chosen: str = getattr(request, "param", RELEASES[0])
    return chosen


@pytest.fixture(scope="session")
def lab_hosts(lab: Lab, release: str) -> list[Host]:
    """Three running hosts, or one of a newer release, shared by all tests of the session: leave them as they were."""
    return lab.up(LAB_HOSTS[release], release)


@pytest.fixture
def lab_inventory(lab: Lab, lab_hosts: list[Host], tmp_path: Path) -> Path:
    """An inventory file of the three hosts, as root."""
    path = tmp_path / "lab.yml"
    path.write_text(lab.inventory(lab_hosts))
    return path
