"""Bring a tree of 1,000 small files to a host: file_ops.sync, rsync, and Ansible's copy, cold and warm.

python -m tests.bench.trees --first 7 --rounds 5
python -m tests.bench.trees --rounds 1 --tools rsync,sloth,ansible     Ansible takes minutes

The tools take turns. Cold: the tree is not there; warm: nothing differs. Needs root, for the lab, and one of its hosts.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path

from tests.bench.__main__ import lay_out
from tests.bench.contenders import BIN, HERE, Field
from tests.lab.fleet import Lab

FILES, FOLDERS = 1000, 20
DEST = "/opt/tree"
WORKFLOW = """\
local sync = task("sync"):command(function() file_ops.sync {{ src = "tree/", dest = "{dest}", delete = true }} end):build()
workflow.define("tree"):hosts("all"):tasks({{ sync }})
"""
PLAYBOOK = "- hosts: all\n  gather_facts: false\n  tasks: [{{ copy: {{ src: tree/, dest: {dest}/ }} }}]\n"


def main() -> None:
    parser = argparse.ArgumentParser(
        prog="python -m tests.bench.trees", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--first", type=int, default=1, help="the number of the host")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--tools", type=lambda text: text.split(","), default=["rsync", "sloth"])
    args = parser.parse_args()
    lab = Lab()
    [host] = lab.up([args.first])
    cold: dict[str, list[float]] = {tool: [] for tool in args.tools}
    warm: dict[str, list[float]] = {tool: [] for tool in args.tools}
    try:
        with tempfile.TemporaryDirectory() as scratch, ExitStack() as links:
            field = lay_out(lab, [host], Path(scratch), 0, links)
            plant(field.folder)
            for _ in range(args.rounds):
                for tool in args.tools:
                    host.exec("rm", "-rf", DEST)
                    cold[tool].append(measure(tool, field))
                    assert host.exec("sh", "-c", f"find {DEST} -type f | wc -l").stdout.strip() == str(FILES), tool
                    warm[tool].append(measure(tool, field))
        host.exec("rm", "-rf", DEST)
    finally:
        lab.down()
    report("cold", cold)
    report("warm", warm)


def plant(folder: Path) -> None:
    """The tree, and what tells each tool to bring it."""
    for number in range(FILES):
        file = folder / f"tree/d{number % FOLDERS}/f{number}.conf"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(f"key{number} = value\n" * (number % 50 + 1))
    (folder / "tree.sloth").write_text(WORKFLOW.format(dest=DEST))
    (folder / "tree.yml").write_text(PLAYBOOK.format(dest=DEST))


def command(tool: str, field: Field) -> list[str]:
    hosts, target = str(field.folder / "hosts.yml"), field.targets[0]
    if tool == "sloth":
        return [str(BIN / "sloth"), "apply", "-i", hosts, str(field.folder / "tree.sloth")]
    if tool == "ansible":
        return [str(BIN / "ansible-playbook"), "-i", hosts, str(field.folder / "tree.yml")]
    ssh = f"ssh -p {target.port} -i {field.key} -o UserKnownHostsFile={field.known_hosts}"
    return ["rsync", "-a", "--delete", "-e", ssh, f"{field.folder}/tree/", f"root@{target.address}:{DEST}/"]


def measure(tool: str, field: Field) -> float:
    """Seconds of one run."""
    environment = {**os.environ, "ANSIBLE_CONFIG": str(HERE / "ansible/ansible.cfg")}
    environment.pop("PYTHONDONTWRITEBYTECODE", None)
    start = time.perf_counter()
    done = subprocess.run(command(tool, field), env=environment, capture_output=True, text=True, check=False)
    seconds = time.perf_counter() - start
    if done.returncode:
        raise SystemExit(f"{tool} exited with {done.returncode}:\n{done.stdout[-3000:]}{done.stderr[-3000:]}")
    print(f"{tool} {seconds:.2f}", file=sys.stderr)
    return seconds


def report(title: str, times: dict[str, list[float]]) -> None:
    medians = {tool: statistics.median(seconds) for tool, seconds in times.items()}
    print(f"\n{title}: {FILES} files to one host; seconds, of {len(next(iter(times.values())))} runs\n")
    print(f"{'':10}{'median':>9}{'best':>9}{'worst':>9}{'rsyncs':>9}")
    for tool, median in sorted(medians.items(), key=lambda pair: pair[1]):
        rsyncs = f"{median / medians['rsync']:.1f}" if "rsync" in medians else "-"
        print(f"{tool:10}{median:9.2f}{min(times[tool]):9.2f}{max(times[tool]):9.2f}{rsyncs:>9}")


if __name__ == "__main__":
    main()
