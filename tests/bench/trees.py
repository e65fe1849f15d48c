"""Bring a tree of 1,000 small files to a host: file_ops.sync, rsync, and Ansible's copy, cold and warm.

python -m tests.bench.trees --first 7 --rounds 5
python -m tests.bench.trees --rounds 1 --tools rsync,sloth,ansible     Ansible takes minutes

The tools take turns. Cold: the tree is not there; warm: nothing differs. Before all that each brings one file, which fills
its caches. The CPU is this machine's share. Needs root, for the lab, and one of its hosts.

Ansible's `synchronize` is no part of ansible-core; it calls rsync.
"""

from __future__ import annotations

import argparse
import tempfile
from contextlib import ExitStack
from pathlib import Path

from tests.bench.__main__ import lay_out
from tests.bench.contenders import Field
from tests.bench.spending import Spent, ansible, report, rsync, sloth, spend
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
    cold: dict[str, list[Spent]] = {tool: [] for tool in args.tools}
    warm: dict[str, list[Spent]] = {tool: [] for tool in args.tools}
    try:
        with tempfile.TemporaryDirectory() as scratch, ExitStack() as links:
            field = lay_out(lab, [host], Path(scratch), 0, links)
            plant(field.folder, 1)
            for tool in args.tools:
                spend(command(tool, field))
            plant(field.folder, FILES)
            for _ in range(args.rounds):
                for tool in args.tools:
                    host.exec("rm", "-rf", DEST)
                    cold[tool].append(spend(command(tool, field)))
                    assert host.exec("sh", "-c", f"find {DEST} -type f | wc -l").stdout.strip() == str(FILES), tool
                    warm[tool].append(spend(command(tool, field)))
        host.exec("rm", "-rf", DEST)
    finally:
        lab.down()
    report(f"cold, {FILES} files to one host", cold, "rsync")
    report(f"warm, {FILES} files to one host", warm, "rsync")


def plant(folder: Path, files: int) -> None:
    """The tree, and what tells each tool to bring it."""
    for number in range(files):
        file = folder / f"tree/d{number % FOLDERS}/f{number}.conf"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(f"key{number} = value\n" * (number % 50 + 1))
    (folder / "tree.sloth").write_text(WORKFLOW.format(dest=DEST))
    (folder / "tree.yml").write_text(PLAYBOOK.format(dest=DEST))


def command(tool: str, field: Field) -> list[str]:
    if tool == "sloth":
        return sloth(field, "tree.sloth")
    if tool == "ansible":
        return ansible(field, "tree.yml")
    return rsync(field, "--delete", f"{field.folder}/tree/", f"root@{field.targets[0].address}:{DEST}/")


if __name__ == "__main__":
    main()
