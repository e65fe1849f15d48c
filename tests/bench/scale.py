"""How cost grows: many files, many tasks in a plan, run here, run over SSH; many hosts. A report, no test.

python -m tests.bench.scale                    what needs no host
python -m tests.bench.scale --hosts 3          also over SSH, on hosts of the lab; needs root

Each line stands beside a floor: the least code that does the same in one Python process. CPU and memory are those of
the controller. Many hosts are many accounts of the few, each with a cache and a lock of its own.

The goals: 200 files a second; 1,000 tasks planned in 0.3 s (without the start of a command, as in the first lines) and
run at 500 a second, over SSH at 100 a second; linear to 5,000 tasks and to 100 hosts; 5 MB a host.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

from tests.lab.crowd import Member, crowd
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
for path in {paths!r}:
    lua.execute(open(path).read())
{then}
"""
PLAN_ALL = """
import sys
from sloth.engine import root
from sloth.engine.request import Request
for path in sys.argv[1:]:
    root.plan(Request(path), print)
"""
SLOTH = (sys.executable, "-m", "sloth")
CROWDS = (10, 50, 100)
PLACEMENTS = ("target", "controller")
RUN = "for task in list(lua.globals().made.values()): task.said.command()"
SITE = (Path(__file__).parent / "site.sloth").read_bytes()
STAT = 'return file_ops.stat("/etc/passwd") ~= nil'
STATS = "import os\nfor _ in range({count}): os.stat('/etc/passwd')\nprint('done')"


@dataclass(frozen=True, slots=True)
class Cost:
    """What a program took: seconds, those of a processor, and the megabytes of its largest moment."""

    seconds: float
    cpu: float
    memory: float


def cost(command: Sequence[str], rounds: int, home: Path) -> Cost:
    """The median of some rounds, sloth's own files in `home`. SystemExit with what a program prints when it fails."""
    environment = {**os.environ, "SLOTH_HOME": str(home), "SLOTH_CONFIG": os.devnull}
    environment.pop("PYTHONDONTWRITEBYTECODE", None)
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
        found.append(Cost(seconds, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024))
    seconds, cpu = (statistics.median(getattr(one, name) for one in found) for name in ("seconds", "cpu"))
    return Cost(seconds, cpu, max(one.memory for one in found))


class Scale:
    """The measurements of one run. Each prints its line."""

    def __init__(self, folder: Path, rounds: int) -> None:
        self._folder = folder
        self._rounds = rounds
        print(f"{'':38}{'floor s':>9}{'CPU s':>8}{'sloth s':>9}{'CPU s':>8}{'MB':>7}")

    def files(self, count: int) -> None:
        """Files of an ordinary size, each read, checked and planned, in one process."""
        paths = [self._folder / f"site{number}.sloth" for number in range(count)]
        for path in paths:
            path.write_bytes(SITE)
        names = list(map(str, paths))
        floor = [sys.executable, "-c", EVALUATE.format(paths=names, then="")]
        self._compare(f"{count} files of 39 tasks, planned", floor, [sys.executable, "-c", PLAN_ALL, *names], count)

    def here(self, count: int) -> None:
        """Tasks that do nothing, planned and run on this machine."""
        path = self._workflow("here", count, "")
        for verb, then in (("plan", ""), ("apply", RUN)):
            floor = [sys.executable, "-c", EVALUATE.format(paths=[str(path)], then=then)]
            wait = ["--lock-timeout", "60"] if verb == "apply" else []
            self._compare(f"{verb} {count} trivial tasks", floor, [*SLOTH, verb, *wait, str(path)], count)

    def over_ssh(self, lab: Lab, host: Host, count: int, placement: str) -> None:
        """A real call in each of many tasks of one host."""
        path = self._workflow("stat", count, STAT)
        program = f"exec python3 -I -S -B -c {STATS.format(count=count)!r}".replace("\\n", "\n")
        member = [Member("root", host.address)]
        inventory = self._inventory(lab, member, placement)
        command = [*SLOTH, "apply", "-i", str(inventory), str(path)]
        what = f"{count} tasks of file_ops.stat, {placement}"
        self._compare(what, self._ssh(lab, member, program), command, count)

    def hosts(self, lab: Lab, members: Sequence[Member], placement: str) -> Cost:
        """A few real calls on each of many hosts at once."""
        path = self._workflow("hosts", 5, STAT)
        count = len(members)
        inventory = self._inventory(lab, members, placement)
        command = [*SLOTH, "apply", "-f", str(count), "-i", str(inventory), str(path)]
        cost(command, 1, self._folder / "home")  # the first run brings the bundle
        floor = self._ssh(lab, members, "exec python3 -I -S -B -c pass")
        return self._compare(f"{count} hosts, {placement}", floor, command, count)

    def _compare(self, what: str, floor: Sequence[str], command: Sequence[str], count: int) -> Cost:
        least, ours = (cost(words, self._rounds, self._folder / "home") for words in (floor, command))
        print(
            f"{what:38}{least.seconds:9.2f}{least.cpu:8.2f}{ours.seconds:9.2f}{ours.cpu:8.2f}{ours.memory:7.0f}"
            f"   {ours.seconds / least.seconds:.1f} floors, {count / ours.seconds:.0f} a second"
        )
        return ours

    def _workflow(self, name: str, count: int, body: str) -> Path:
        path = self._folder / f"{name}{count}.sloth"
        path.write_text(TASKS.format(count=count, body=body))
        return path

    def _inventory(self, lab: Lab, members: Sequence[Member], placement: str) -> Path:
        path = self._folder / f"hosts{len(members)}.yml"
        path.write_text("\n".join(_inventory(lab, members, placement)) + "\n")
        return path

    def _ssh(self, lab: Lab, members: Sequence[Member], program: str) -> list[str]:
        targets = [f"{one.user}@{one.address}:22" for one in members]
        return [sys.executable, "-m", "tests.bench.connecting", str(lab.key), str(lab.known_hosts), program, *targets]


def _inventory(lab: Lab, members: Sequence[Member], placement: str) -> Iterator[str]:
    yield from ("all:", "  vars:", f"    sloth_private_key: {lab.key}", f"    sloth_placement: {placement}")
    yield from (f"    sloth_known_hosts: {lab.known_hosts}", "  hosts:")
    for number, one in enumerate(members):
        yield f"    n{number}: {{ sloth_host: {one.address}, sloth_user: {one.user} }}"


def growth(costs: Mapping[int, Cost]) -> str:
    """What one more host costs, between each two counts."""
    steps = [
        f"{1000 * (costs[more].cpu - costs[less].cpu) / (more - less):.0f} ms of CPU and "
        f"{(costs[more].memory - costs[less].memory) / (more - less):.2f} MB from {less} to {more}"
        for less, more in pairwise(sorted(costs))
    ]
    return "one more host: " + ", ".join(steps)


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
        scale.files(400)
        for count in (1000, 5000):
            scale.here(count)
        if not args.hosts:
            return
        lab = Lab()
        try:
            hosts = lab.up(range(args.first, args.first + args.hosts))
            for placement in PLACEMENTS:
                scale.over_ssh(lab, hosts[0], 500, placement)
            with crowd(hosts, max(CROWDS)) as members:
                for placement in PLACEMENTS:
                    print(growth({count: scale.hosts(lab, members[:count], placement) for count in CROWDS}))
        finally:
            lab.down()


if __name__ == "__main__":
    main()
