"""How long commands take to answer, and a run to its first connection; the same of Ansible and pyinfra, if installed.

python -m tests.bench.start --rounds 7          the goals: 0.25 s for --help and version, 0.5 s to the first connection

Nothing is needed but this machine: what is connected to is a port of ours that never answers. The floor is Python itself.
"""

from __future__ import annotations

import argparse
import os
import resource
import shutil
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

from tests.bench.contenders import BIN, HERE

SLOTH = (sys.executable, "-m", "sloth")
PATIENCE = 30.0  # seconds until the first connection
Figures = tuple[float, float, float]
"""Seconds, those of a processor, and megabytes."""


def main() -> None:
    parser = argparse.ArgumentParser(
        prog="python -m tests.bench.start", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rounds", type=int, default=7)
    args = parser.parse_args()
    print(f"{'':36}{'s':>8}{'CPU s':>8}{'MB':>7}")
    with tempfile.TemporaryDirectory() as scratch, socket.create_server(("127.0.0.1", 0)) as port:
        folder = Path(scratch)
        os.environ.update(SLOTH_HOME=scratch, SLOTH_CONFIG=os.devnull, ANSIBLE_CONFIG=str(HERE / "ansible/ansible.cfg"))
        os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
        for what, command in commands():
            report(what, [until_its_end(command) for _ in range(args.rounds)])
        for what, command in runs(folder, port.getsockname()[1]):
            report(f"{what}, connects", [until_it_connects(command, port) for _ in range(args.rounds)])


def commands() -> Iterator[tuple[str, list[str]]]:
    """What is answered at once, and under which name."""
    yield "python -c pass", [sys.executable, "-c", "pass"]
    for words in (["version"], ["--help"], ["plan", str(HERE / "site.sloth")]):
        yield f"sloth {words[0]}", [*SLOTH, *words]
    yield from ((f"{tool} --version", [str(BIN / tool), "--version"]) for tool in installed("ansible", "pyinfra"))


def runs(folder: Path, port: int) -> Iterator[tuple[str, list[str]]]:
    """What connects."""
    hosts = folder / "hosts.yml"
    hosts.write_text(f"all: {{hosts: {{one: {{ansible_host: 127.0.0.1, ansible_port: {port}}}}}}}\n")
    yield "sloth apply", [*SLOTH, "apply", "-i", str(hosts), str(HERE / "site.sloth")]
    for tool in installed("ansible-playbook"):
        yield tool, [str(BIN / tool), "-i", str(hosts), str(HERE / "ansible/site.yml")]


def installed(*tools: str) -> Iterator[str]:
    return (tool for tool in tools if shutil.which(tool, path=str(BIN)))


def until_its_end(command: Sequence[str]) -> Figures:
    began = time.perf_counter()
    process = begin(command)
    _, status, usage = os.wait4(process.pid, 0)
    seconds = time.perf_counter() - began
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise SystemExit(f"{' '.join(command)} ended with {process.returncode}")
    return figures(seconds, usage)


def until_it_connects(command: Sequence[str], port: socket.socket) -> Figures:
    """Until somebody connects, who is then ended. What Ansible's children cost until then is not known."""
    port.settimeout(PATIENCE)
    began = time.perf_counter()
    process = begin(command)
    connection, _ = port.accept()
    seconds = time.perf_counter() - began
    os.killpg(process.pid, signal.SIGKILL)
    connection.close()
    _, _, usage = os.wait4(process.pid, 0)
    process.returncode = -signal.SIGKILL
    return figures(seconds, usage)


def begin(command: Sequence[str]) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True
    )


def figures(seconds: float, usage: resource.struct_rusage) -> Figures:
    return seconds, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024


def report(what: str, found: Sequence[Figures]) -> None:
    seconds, cpu, memory = (statistics.median(column) for column in zip(*found, strict=True))
    print(f"{what:36}{seconds:8.2f}{cpu:8.2f}{memory:7.0f}")


if __name__ == "__main__":
    main()
