"""How cost grows: many tasks in a plan, run here, run over SSH; many names in an inventory. A report, no test.

python -m tests.bench.scale                    what needs no host
python -m tests.bench.scale --hosts 3          also over SSH, on hosts of the lab; needs root

Each line stands beside a floor: the least code that does the same in one Python process.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.lab.fleet import Lab
from tests.lab.host import Host

TASKS = """
local tasks = {{}}
for i = 1, {count} do tasks[i] = task("t" .. i):command(function() {body} end):build() end
workflow.define("scale"):hosts("all"):tasks(tasks)
"""
EVALUATE = """
import sys
from lupa import lua54
lua = lua54.LuaRuntime()
lua.execute('''
local chain = {{}}
chain.__index = function(self, name) return function(_, value) self.said[name] = value return self end end
function task() return setmetatable({{ said = {{}} }}, chain) end
workflow = {{ define = function() return setmetatable({{ said = {{}} }}, {{ __index = function(self, name)
  return function(_, value) if name == "tasks" then made = value end return self end end }}) end }}
''')
lua.execute(open({path!r}).read())
{then}
"""
RUN = "for task in list(lua.globals().made.values()): task.said.command()"
STATS = "import os\nfor _ in range({count}): os.stat('/etc/passwd')\nprint('done')"


@dataclass(frozen=True, slots=True)
class Cost:
    """What a program took: seconds, and the megabytes of its largest moment."""

    seconds: float
    memory: float


def cost(command: Sequence[str], rounds: int) -> Cost:
    """The median of some rounds. Raises SystemExit with the program's output when it fails."""
    environment = {key: value for key, value in os.environ.items() if key != "PYTHONDONTWRITEBYTECODE"}
    found = []
    for _ in range(rounds):
        with tempfile.TemporaryFile("w+") as said:
            began = time.perf_counter()
            process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=said, stderr=said, env=environment)
            _, status, usage = os.wait4(process.pid, 0)
            seconds = time.perf_counter() - began
            process.returncode = os.waitstatus_to_exitcode(status)
            if process.returncode:
                said.seek(0)
                raise SystemExit(f"{' '.join(command)} ended with {process.returncode}:\n{said.read()[-3000:]}")
        found.append(Cost(seconds, usage.ru_maxrss / 1024))
    return Cost(statistics.median(one.seconds for one in found), max(one.memory for one in found))


class Scale:
    """The measurements of one run. Each prints its line."""

    def __init__(self, folder: Path, rounds: int) -> None:
        self._folder = folder
        self._rounds = rounds
        print(f"{'':34}{'floor s':>9}{'sloth s':>9}{'MB':>7}")

    def here(self, count: int) -> None:
        """Tasks that do nothing, planned and run on this machine."""
        path = self._workflow("here", count, "")
        for verb, then in (("plan", ""), ("apply", RUN)):
            floor = [sys.executable, "-c", EVALUATE.format(path=str(path), then=then)]
            wait = ["--lock-timeout", "60"] if verb == "apply" else []
            self._compare(f"{verb} {count} trivial tasks", floor, [verb, *wait, str(path)], count)

    def over_ssh(self, lab: Lab, host: Host, count: int) -> None:
        """A real call in each of many tasks of one host."""
        path = self._workflow("stat", count, 'return file_ops.stat("/etc/passwd") ~= nil')
        program = f"exec python3 -I -S -B -c {STATS.format(count=count)!r}".replace("\\n", "\n")
        self._compare(
            f"{count} tasks of file_ops.stat, one host", self._ssh(lab, [host], program),
            ["apply", "-i", str(self._inventory(lab, [host])), str(path)], count,
        )  # fmt: skip

    def names(self, lab: Lab, hosts: Sequence[Host], count: int) -> None:
        """Many names for few hosts; in check mode, as one host is held by one run at a time."""
        path = self._workflow("names", 5, 'return file_ops.stat("/etc/passwd") ~= nil')
        named = [hosts[number % len(hosts)] for number in range(count)]
        command = ["apply", "-C", "-f", str(count), "-i", str(self._inventory(lab, named)), str(path)]
        self._compare(f"{count} hosts", self._ssh(lab, named, "exec python3 -I -S -B -c pass"), command, count)

    def _compare(self, what: str, floor: Sequence[str], arguments: Sequence[str], count: int) -> None:
        least = cost(floor, self._rounds)
        ours = cost([sys.executable, "-m", "sloth", *arguments], self._rounds)
        print(
            f"{what:34}{least.seconds:9.2f}{ours.seconds:9.2f}{ours.memory:7.0f}"
            f"   {ours.seconds / least.seconds:.1f} floors, {count / ours.seconds:.0f} a second"
        )

    def _workflow(self, name: str, count: int, body: str) -> Path:
        path = self._folder / f"{name}{count}.sloth"
        path.write_text(TASKS.format(count=count, body=body))
        return path

    def _inventory(self, lab: Lab, hosts: Sequence[Host]) -> Path:
        path = self._folder / f"hosts{len(hosts)}.yml"
        path.write_text("\n".join(_inventory(lab, hosts)) + "\n")
        return path

    def _ssh(self, lab: Lab, hosts: Sequence[Host], program: str) -> list[str]:
        addresses = [f"{host.address}:22" for host in hosts]
        return [sys.executable, "-m", "tests.bench.connecting", str(lab.key), str(lab.known_hosts), program, *addresses]


def _inventory(lab: Lab, hosts: Sequence[Host]) -> Iterator[str]:
    yield from ("all:", "  vars:", "    sloth_user: root", f"    sloth_private_key: {lab.key}")
    yield from (f"    sloth_known_hosts: {lab.known_hosts}", "  hosts:")
    for number, host in enumerate(hosts):
        yield f"    n{number}: {{ sloth_host: {host.address} }}"


def main() -> None:
    parser = argparse.ArgumentParser(
        prog="python -m tests.bench.scale", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--hosts", type=int, default=0)
    parser.add_argument("--first", type=int, default=1, help="the number of the first host")
    parser.add_argument("--rounds", type=int, default=3)
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        scale = Scale(Path(folder), args.rounds)
        for count in (1000, 5000):
            scale.here(count)
        if not args.hosts:
            return
        lab = Lab()
        try:
            hosts = lab.up(range(args.first, args.first + args.hosts))
            scale.over_ssh(lab, hosts[0], 1000)
            for count in (10, 50, 100):
                scale.names(lab, hosts, count)
        finally:
            lab.down()


if __name__ == "__main__":
    main()
