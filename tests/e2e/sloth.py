"""Running the command line as a person does: a process of its own, its output, its exit code."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
import weakref
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sloth.core.model import BAD
from tests.e2e import warm
from tests.lab.host import Host

SLOTH = (sys.executable, "-m", "sloth")
PATIENCE = 120.0  # seconds for a command
# A user who owns nothing, with nothing of root but that the checkout and its Python can be read where they lie.
NOBODY = 65534
AS_NOBODY = (
    "setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups", "--inh-caps=+dac_read_search",
    "--ambient-caps=+dac_read_search", *SLOTH,
)  # fmt: skip


def environment(home: Path) -> dict[str, str]:
    """The environment for a run whose own files lie in `home`."""
    return {**os.environ, "SLOTH_HOME": str(home), "SLOTH_CONFIG": os.devnull, "NO_COLOR": "1", "SSH_AUTH_SOCK": ""}


@dataclass(frozen=True, slots=True)
class Ended:
    """A `sloth` process that has ended."""

    code: int
    stdout: str
    stderr: str

    @property
    def events(self) -> list[dict[str, Any]]:
        """What --format json printed."""
        return [json.loads(line) for line in self.stdout.splitlines()]

    @property
    def tasks(self) -> dict[str, dict[str, Any]]:
        """How each task ended, of a run on one host."""
        return {event["task"]: event for event in self.events if event["type"] == "task_finished"}

    @property
    def failures(self) -> list[str]:
        """What went wrong in a run, for the report of a test that expected nothing to."""
        ended = (event for event in self.events if event["type"] == "task_finished" and event["status"] in BAD)
        return [f"{event['host']}: {event['task']}: {event['message']}" for event in ended]

    @property
    def statuses(self) -> dict[str, str]:
        """Task → status, of a run on one host."""
        return {task: event["status"] for task, event in self.tasks.items()}


class Folder:
    """A directory of files, in which a person types `sloth …`.

    start: what starts sloth, and as whom; nothing: a Python that is warm already
    """

    def __init__(self, path: Path, start: Sequence[str] = (), environ: Mapping[str, str] | None = None) -> None:
        self.path = path
        self.environ = {**environment(path / "home"), **(environ or {})}
        self._start = start

    def write(self, name: str, content: str | bytes) -> Path:
        """A file below it."""
        path = self.path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return path

    def sloth(self, *words: str | Path, stdin: str = "") -> Ended:
        """One command, to its end. What runs something waits for others that work on the host."""
        command, *rest = map(str, words)
        patient = ("--lock-timeout", "60s") if command in {"apply", "run", "exec", "call"} else ()
        line = [command, *patient, *rest]
        if not self._start:
            return Ended(*warm.run(line, self.path, self.environ, stdin, PATIENCE))
        done = subprocess.run(
            [*self._start, *line], cwd=self.path, env=self.environ, text=True,
            input=stdin, capture_output=True, timeout=PATIENCE, check=False,
        )  # fmt: skip
        return Ended(done.returncode, done.stdout, done.stderr)

    def run(self, workflow: str, *words: str) -> Ended:
        """A workflow on this machine, as JSON."""
        self.write("site.sloth", workflow)
        return self.sloth("run", "site.sloth", "--format", "json", *words)


class Run:
    """One `sloth` process with --format json; `events` is what it printed, once it has ended."""

    def __init__(self, home: Path, *words: str | Path) -> None:
        self.began = time.monotonic()
        self._process = subprocess.Popen(
            [*SLOTH, *map(str, words), "--format", "json"], env=environment(home), text=True,
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True,
        )  # fmt: skip
        weakref.finalize(self, self._process.kill)  # a test that fails midway leaves no run behind
        self.events: list[dict[str, Any]] = []
        self.stderr = ""
        self.code: int | None = None

    def signal(self, number: signal.Signals) -> None:
        """As if it came from the keyboard, or worse."""
        self._process.send_signal(number)

    def end(self, timeout: float = 60) -> int:
        """Wait for its end; returns the exit code."""
        stdout, self.stderr = self._process.communicate(timeout=timeout)
        self.duration = time.monotonic() - self.began
        self.events = [json.loads(line) for line in stdout.splitlines()]
        return self._process.returncode

    @property
    def statuses(self) -> dict[tuple[str, str], str]:
        """(host, task) → status."""
        return {(event["host"], event["task"]): event["status"] for event in self.finished}

    @property
    def finished(self) -> Sequence[dict[str, Any]]:
        """How each task ended."""
        return [event for event in self.events if event["type"] == "task_finished"]

    def of_host(self, host: str) -> list[str]:
        """The statuses of one host, in order."""
        return [status for (name, _), status in self.statuses.items() if name == host]


def lock_is_free(host: Host) -> bool:
    """Whether no run works on a host of the lab."""
    return host.exec("flock", "--nonblock", "/run/sloth/lock", "true", check=False).returncode == 0


def until(holds: Callable[[], object], timeout: float = 20.0) -> None:
    """Wait until something holds."""
    deadline = time.monotonic() + timeout
    while not holds():
        assert time.monotonic() < deadline, "it never came to hold"
        time.sleep(0.05)
