"""Measure the 39-step job on hosts of the lab, and print a table.

python -m tests.bench --hosts 10                     warm: nothing to change, the median of five runs of each
python -m tests.bench --hosts 10 --cold              fresh hosts for each run: everything to do
python -m tests.bench --hosts 1 --latency 50         behind a link with 50 ms of round trip
python -m tests.bench --tools floor,sloth --rounds 9

Needs root, for the lab. Tools that are not installed beside this Python are left out. The tools take turns, so they
share a noisy minute.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import tempfile
from contextlib import ExitStack
from pathlib import Path

from tests.bench.contenders import Field, Target, installed, measure
from tests.lab.fleet import Lab
from tests.lab.host import Host
from tests.lab.slow_link import SlowLink


def main() -> None:
    parser = argparse.ArgumentParser(
        prog="python -m tests.bench", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--hosts", type=int, default=3)
    parser.add_argument("--first", type=int, default=1, help="the number of the first host")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--latency", type=float, default=0, help="milliseconds of round trip, through a slow link")
    parser.add_argument("--cold", action="store_true", help="each run on fresh hosts")
    parser.add_argument("--tools", type=lambda text: text.split(","), default=installed())
    args = parser.parse_args()

    lab = Lab()
    taken = [host.name for host in lab.hosts() if host.pid and args.first <= host.index < args.first + args.hosts]
    if args.cold and taken:
        parser.error(f"{', '.join(taken)} would lose the disk: choose others with --first")
    hosts = lab.up(range(args.first, args.first + args.hosts))
    times: dict[str, list[float]] = {tool: [] for tool in args.tools}
    try:
        with tempfile.TemporaryDirectory() as scratch, ExitStack() as links:
            field = lay_out(lab, hosts, Path(scratch), args.latency / 1000, links)
            if not args.cold:
                for tool in args.tools:
                    measure(tool, field)  # the first run changes things, and fills caches
            for number in range(args.rounds):
                for tool in args.tools:
                    if args.cold:
                        for host in hosts:
                            lab.fresh(host)
                        field = lay_out(lab, hosts, Path(scratch), args.latency / 1000, links)
                    times[tool].append(measure(tool, field))
                    print(f"round {number + 1} of {args.rounds}: {tool} {times[tool][-1]:.2f}", file=sys.stderr)
    finally:
        lab.down()
    report(times, f"{args.hosts} hosts, {'cold' if args.cold else 'warm'}, {args.latency:g} ms of round trip")


def lay_out(lab: Lab, hosts: list[Host], folder: Path, round_trip: float, links: ExitStack) -> Field:
    """Write down how to reach the hosts: straight, or each through a slow link of its own."""
    targets, keys = [], []
    for host in hosts:
        address, port = host.address, 22
        if round_trip:
            address, port = "127.0.0.1", links.enter_context(SlowLink((host.address, 22), round_trip)).port
        targets.append(Target(host.name, address, port))
        shown = address if port == 22 else f"[{address}]:{port}"
        public = (host.root / "etc/ssh/ssh_host_ed25519_key.pub").read_text().split()
        keys.append(f"{shown} {public[0]} {public[1]}\n")
    known_hosts = folder / "known_hosts"
    known_hosts.write_text("".join(keys))
    field = Field(folder, lab.key, known_hosts, tuple(targets))
    field.write()
    return field


def report(times: dict[str, list[float]], conditions: str) -> None:
    medians = {tool: statistics.median(seconds) for tool, seconds in times.items()}
    print(f"{conditions}; seconds, of {len(next(iter(times.values())))} runs\n")
    print(f"{'':10}{'median':>9}{'best':>9}{'worst':>9}{'floors':>9}")
    for tool, median in sorted(medians.items(), key=lambda pair: pair[1]):
        floors = f"{median / medians['floor']:.1f}" if "floor" in medians else "-"
        print(f"{tool:10}{median:9.2f}{min(times[tool]):9.2f}{max(times[tool]):9.2f}{floors:>9}")


if __name__ == "__main__":
    main()
