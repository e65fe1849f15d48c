"""Bring one large file to a host and back: file_ops.copy and file_ops.fetch, scp, rsync, and Ansible's copy and fetch.

python -m tests.bench.large --first 7 --size 500
python -m tests.bench.large --rounds 1 --tools scp,rsync,sloth,ansible

The tools take turns; the file is not there before. Before all that each brings 1 MiB, which fills its
caches. sloth alone compares checksums and forces the file to the disk. The memory is that of the largest process here: it
must not grow with the file. Needs root, for the lab, and one of its hosts.
"""

from __future__ import annotations

import argparse
import os
import shutil
import tempfile
from contextlib import ExitStack
from pathlib import Path

from tests.bench.__main__ import lay_out
from tests.bench.contenders import Field
from tests.bench.spending import Spent, ansible, report, rsync, scp, sloth, spend
from tests.lab.fleet import Lab

DEST = "/opt/large"
WORKFLOW = """\
local task = task("it"):command(function() file_ops.{action} {{ src = "{src}", dest = "{dest}" }} end):build()
workflow.define("large"):hosts("all"):tasks({{ task }})
"""
PLAYBOOK = "- hosts: all\n  gather_facts: false\n  tasks: [{{ {action}: {{ src: {src}, dest: {dest} }} }}]\n"


def main() -> None:
    parser = argparse.ArgumentParser(
        prog="python -m tests.bench.large", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--first", type=int, default=1, help="the number of the host")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--size", type=int, default=500, help="of the file, in MiB")
    parser.add_argument("--tools", type=lambda text: text.split(","), default=["scp", "rsync", "sloth"])
    args = parser.parse_args()
    lab = Lab()
    [host] = lab.up([args.first])
    there: dict[str, list[Spent]] = {tool: [] for tool in args.tools}
    back: dict[str, list[Spent]] = {tool: [] for tool in args.tools}
    try:
        with tempfile.TemporaryDirectory() as scratch, ExitStack() as links:
            field = lay_out(lab, [host], Path(scratch), 0, links)
            plant(field.folder, 1)
            for tool in args.tools:
                spend(bring(tool, field))
            plant(field.folder, args.size)
            for _ in range(args.rounds):
                for tool in args.tools:
                    host.exec("rm", "-f", DEST)
                    there[tool].append(spend(bring(tool, field)))
                    shutil.rmtree(field.folder / "fetched", ignore_errors=True)
                    back[tool].append(spend(fetch(tool, field)))
                    [came] = [path for path in (field.folder / "fetched").rglob("*") if path.is_file()]
                    assert came.stat().st_size == args.size << 20, tool
        host.exec("rm", "-f", DEST)
    finally:
        lab.down()
    report(f"{args.size} MiB to a host", there, "scp")
    report(f"{args.size} MiB from a host", back, "scp")


def plant(folder: Path, size: int) -> None:
    """The file, which nothing can compress, and what tells each tool to bring it."""
    (folder / "files").mkdir(exist_ok=True)
    with (folder / "files/large").open("wb") as stream:
        for _ in range(size):
            stream.write(os.urandom(1 << 20))
    for name, form in (("{}.sloth", WORKFLOW), ("{}.yml", PLAYBOOK)):
        (folder / name.format("copy")).write_text(form.format(action="copy", src="large", dest=DEST))
        (folder / name.format("fetch")).write_text(form.format(action="fetch", src=DEST, dest="fetched"))


def bring(tool: str, field: Field) -> list[str]:
    if tool == "sloth":
        return sloth(field, "copy.sloth")
    if tool == "ansible":
        return ansible(field, "copy.yml")
    copy = {"scp": scp, "rsync": rsync}[tool]
    return copy(field, f"{field.folder}/files/large", f"root@{field.targets[0].address}:{DEST}")


def fetch(tool: str, field: Field) -> list[str]:
    if tool == "sloth":
        return sloth(field, "fetch.sloth")
    if tool == "ansible":
        return ansible(field, "fetch.yml")
    (field.folder / "fetched").mkdir()
    copy = {"scp": scp, "rsync": rsync}[tool]
    return copy(field, f"root@{field.targets[0].address}:{DEST}", f"{field.folder}/fetched/large")


if __name__ == "__main__":
    main()
