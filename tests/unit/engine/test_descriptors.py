"""The limit for open files is raised as far as it may be, and what it allows is told."""

from __future__ import annotations

import subprocess
import sys

import pytest

ASK = """
import resource
from sloth.engine.descriptors import room_for
resource.setrlimit(resource.RLIMIT_NOFILE, ({soft}, {hard}))
print(room_for({sessions}), resource.getrlimit(resource.RLIMIT_NOFILE)[0])
"""


@pytest.mark.parametrize(
    ("soft", "hard", "sessions", "room", "limit"),
    [
        pytest.param(1024, 4096, 50, 50, 1024, id="there is room"),
        pytest.param(256, 4096, 100, 100, 728, id="the limit is raised by as much as is needed"),
        pytest.param(256, 256, 100, 21, 256, id="it may not be raised: fewer at once"),
        pytest.param(64, 64, 100, 1, 64, id="one at a time at the least"),
    ],
)
def test_room_for_sessions(soft, hard, sessions, room, limit):
    text = ASK.format(soft=soft, hard=hard, sessions=sessions)
    done = subprocess.run([sys.executable, "-c", text], capture_output=True, text=True, check=True)
    assert done.stdout.split() == [str(room), str(limit)]
