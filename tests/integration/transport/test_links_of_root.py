"""A program that has become root on this machine, started by somebody who may not end it."""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from tests.e2e.sloth import AS_NOBODY, SLOTH

pytestmark = pytest.mark.needs_root

CLOSE = """
import sys
from sloth.transport.link import ProcessLink
link = ProcessLink([sys.argv[1], "--reuid=0", "--regid=0", "--clear-groups", "sleep", "15"])
link.close()
print("closed", link.exit_status())
"""


def test_closing_its_link_neither_fails_nor_waits_for_it():
    nobody = AS_NOBODY[: -len(SLOTH)]
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)
        become_root = Path(folder, "setpriv")  # as sudo does it, and nobody else gets at it
        shutil.copy("/usr/bin/setpriv", become_root)
        become_root.chmod(0o4755)
        done = subprocess.run(
            [*nobody, sys.executable, "-c", CLOSE, become_root], text=True, capture_output=True, timeout=12, check=False
        )
    assert done.stderr == ""
    assert done.stdout == "closed None\n"
