"""What every test may ask for: the lab, and a word on why a test cannot run here.

A missing prerequisite skips a test and says so in one line; where CI is set it fails the test, so that nothing goes
untested unseen.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.interpreters import old_interpreters
from tests.lab.fleet import Lab
from tests.lab.host import Host

LAB_TOOLS = ("debootstrap", "systemd-nspawn", "dpkg-scanpackages", "nsenter", "ip", "ssh-keygen")
LAB_HOSTS = 3


def missing(marker: str) -> str | None:
    """What this machine lacks for tests of the marker, or None."""
    if marker in {"lab", "needs_root"} and os.geteuid() != 0:
        return "needs root"
    if marker == "lab":
        lacking = [tool for tool in LAB_TOOLS if shutil.which(tool) is None]
        return f"needs {', '.join(lacking)}" if lacking else None
    if marker == "old_python" and not old_interpreters():
        return "needs a Python older than the controller's (pyenv, or python3.x on PATH)"
    return None


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if item.get_closest_marker("lab"):
            item.add_marker(pytest.mark.xdist_group("lab"))


def pytest_runtest_setup(item: pytest.Item) -> None:
    for marker in ("lab", "needs_root", "old_python"):
        reason = missing(marker) if item.get_closest_marker(marker) else None
        if reason and os.environ.get("CI"):
            pytest.fail(f"{reason}, and CI may skip nothing", pytrace=False)
        if reason:
            pytest.skip(reason)


@pytest.fixture(scope="session")
def lab() -> Iterator[Lab]:
    """The fleet. What this session boots is turned off at its end, unless SLOTH_LAB_KEEP is set."""
    fleet = Lab()
    yield fleet
    if not os.environ.get("SLOTH_LAB_KEEP"):
        fleet.down()


@pytest.fixture(scope="session")
def lab_hosts(lab: Lab) -> list[Host]:
    """Three running hosts, shared by all tests of the session: leave them as they were."""
    return lab.up(range(1, LAB_HOSTS + 1))


@pytest.fixture
def lab_inventory(lab: Lab, lab_hosts: list[Host], tmp_path: Path) -> Path:
    """An inventory file of the three hosts, as root."""
    path = tmp_path / "lab.yml"
    path.write_text(lab.inventory(lab_hosts))
    return path
