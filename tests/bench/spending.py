"""What one command costs: seconds, CPU and memory of this machine; and how many of them are shown."""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence

from msgspec import Struct

from tests.bench.contenders import BIN, HERE, Field


class Spent(Struct, frozen=True):
    """One run. cpu: seconds of the command and all it waited for; memory: MiB of its largest process."""

    seconds: float
    cpu: float
    memory: float


def spend(command: Sequence[str]) -> Spent:
    """Run it. Raises SystemExit with its output when it fails."""
    environment = {**os.environ, "ANSIBLE_CONFIG": str(HERE / "ansible/ansible.cfg")}
    environment.pop("PYTHONDONTWRITEBYTECODE", None)  # what is installed is compiled once, not at each start
    with tempfile.TemporaryFile("w+") as output:
        start = time.perf_counter()
        process = subprocess.Popen(command, env=environment, stdin=subprocess.DEVNULL, stdout=output, stderr=output)
        _, status, usage = os.wait4(process.pid, 0)
        seconds = time.perf_counter() - start
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode:
            output.seek(0)
            raise SystemExit(f"{command[0]} exited with {process.returncode}:\n{output.read()[-3000:]}")
    print(f"{command[0].rpartition('/')[2]} {seconds:.2f}", file=sys.stderr)
    return Spent(seconds, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024)


def sloth(field: Field, workflow: str) -> list[str]:
    """To apply a workflow that lies in the field's folder."""
    return [str(BIN / "sloth"), "apply", "-i", str(field.folder / "hosts.yml"), str(field.folder / workflow)]


def ansible(field: Field, playbook: str) -> list[str]:
    """To play a playbook that lies there."""
    return [str(BIN / "ansible-playbook"), "-i", str(field.folder / "hosts.yml"), str(field.folder / playbook)]


def rsync(field: Field, *words: str) -> list[str]:
    """To run it with these options and paths."""
    return ["rsync", "-a", "-e", " ".join(["ssh", "-p", str(field.targets[0].port), *_options(field)]), *words]


def scp(field: Field, *words: str) -> list[str]:
    """The same."""
    return ["scp", "-q", "-P", str(field.targets[0].port), *_options(field), *words]


def _options(field: Field) -> list[str]:
    return ["-i", str(field.key), "-o", f"UserKnownHostsFile={field.known_hosts}"]


def report(title: str, runs: Mapping[str, Sequence[Spent]], yardstick: str) -> None:
    """A table: medians, and how many times the yardstick's each tool takes."""
    seconds = {tool: _median(spent, lambda one: one.seconds) for tool, spent in runs.items() if spent}
    print(f"\n{title}: the median of {len(next(iter(runs.values())))}\n")
    print(f"{'':10}{'seconds':>9}{'best':>9}{'worst':>9}{'CPU':>9}{'MiB':>9}{yardstick + 's':>9}")
    for tool, median in sorted(seconds.items(), key=lambda pair: pair[1]):
        each = [one.seconds for one in runs[tool]]
        cpu, memory = _median(runs[tool], lambda one: one.cpu), max(one.memory for one in runs[tool])
        times = f"{median / seconds[yardstick]:.1f}" if yardstick in seconds else "-"
        print(f"{tool:10}{median:9.2f}{min(each):9.2f}{max(each):9.2f}{cpu:9.2f}{memory:9.0f}{times:>9}")


def _median(runs: Sequence[Spent], of: Callable[[Spent], float]) -> float:
    return statistics.median(map(of, runs))
