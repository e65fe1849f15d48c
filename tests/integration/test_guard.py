"""What a killed runtime leaves running is ended; what has ended by itself is left alone."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

RUN = """
from sloth.runtime.process import run
from sloth.runtime.token import Token
print(run(["sh", "-c", {script!r}], Token()).out, end="")
"""


def started(script: str) -> subprocess.Popen[str]:
    """A process of its own that runs a program, as a runtime does."""
    return subprocess.Popen([sys.executable, "-c", RUN.format(script=script)], stdout=subprocess.PIPE, text=True)


def is_alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def until(holds) -> None:
    deadline = time.monotonic() + 10
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def is_guarded(runtime: subprocess.Popen[str]) -> bool:
    """Whether the program has its guard beside it."""
    return len(Path(f"/proc/{runtime.pid}/task/{runtime.pid}/children").read_text().split()) == 2


def test_a_program_and_all_it_started_end_with_a_runtime_that_is_killed(tmp_path):
    pids = tmp_path / "pids"
    runtime = started(f"sleep 60 & echo $! $$ > {pids}.new; mv {pids}.new {pids}; wait")
    until(pids.exists)
    child, shell = map(int, pids.read_text().split())
    until(lambda: is_guarded(runtime))
    runtime.send_signal(signal.SIGKILL)
    runtime.communicate()
    until(lambda: not is_alive(child) and not is_alive(shell))


def test_a_daemon_of_a_program_that_has_ended_lives_on(tmp_path):
    pid, enough = tmp_path / "pid", tmp_path / "enough"
    runtime = started(
        f"sleep 60 > /dev/null 2>&1 & echo $! > {pid}; until test -e {enough}; do sleep 0.02; done; echo done"
    )
    until(lambda: is_guarded(runtime))
    enough.touch()
    assert runtime.communicate(timeout=20)[0] == "done\n"
    daemon = int(pid.read_text())
    try:
        assert is_alive(daemon)
    finally:
        os.kill(daemon, signal.SIGKILL)
