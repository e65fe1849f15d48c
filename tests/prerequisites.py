"""What a test needs from the machine, and what happens where that is missing.

A test that cannot run is skipped and says why in one line; where CI is set it fails: nothing goes untested unseen.
"""

from __future__ import annotations

import os
import shutil
from typing import NoReturn

import pytest

from tests.interpreters import old_interpreters

LAB_TOOLS = ("mmdebstrap", "systemd-nspawn", "dpkg-scanpackages", "nsenter", "ip", "ssh-keygen")


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


def skip_or_fail(reason: str) -> NoReturn:
    """Leave a test that cannot run here; where CI is set, nothing may be left out."""
    if os.environ.get("CI"):
        pytest.fail(f"{reason}, and CI may skip nothing", pytrace=False)
    pytest.skip(reason)
