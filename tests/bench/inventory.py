"""How long `sloth inventory list -l web` takes with ten thousand hosts, in each form of an inventory.

python -m tests.bench.inventory --hosts 10000 --rounds 5          the goal is a second and a half
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

FORMS = ("yaml", "toml", "ini", "json", "program", "constructed", "variables")
FILES = 200  # of a group's variables
CONSTRUCTED = """\
plugin: constructed
compose: {next: number + 1}
groups: {high: number > 100}
keyed_groups: [{key: rack, prefix: rack}]
"""


def main() -> None:
    parser = argparse.ArgumentParser(
        prog="python -m tests.bench.inventory", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--hosts", type=int, default=10_000)
    parser.add_argument("--rounds", type=int, default=5)
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        for form in FORMS:
            named = write_inventory(Path(scratch, form), form, args.hosts)
            found = [listing(named, Path(scratch)) for _ in range(args.rounds)]
            times, cpu, memory = (list(column) for column in zip(*found, strict=True))
            print(
                f"{form:12} {statistics.median(times):.2f} s   {min(times):.2f} to {max(times):.2f}"
                f"   {statistics.median(cpu):.2f} s of CPU   {max(memory):.0f} MB"
            )


def listing(named: list[str], home: Path) -> tuple[float, float, float]:
    """Seconds of one listing, start-up of the command included; those of a processor; megabytes. Answers of programs are
    not kept.
    """
    environ = {**os.environ, "SLOTH_HOME": str(home), "SLOTH_CONFIG": os.devnull, "SLOTH_INVENTORY_CACHE": "0s"}
    words = [word for name in named for word in ("-i", name)]
    began = time.monotonic()
    process = subprocess.Popen(
        [sys.executable, "-m", "sloth", "inventory", "list", *words, "-l", "web"], env=environ, stdout=subprocess.DEVNULL
    )
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise SystemExit(f"{' '.join(named)} cannot be listed")
    return time.monotonic() - began, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024


def write_inventory(folder: Path, form: str, hosts: int) -> list[str]:
    """An inventory of two groups in a site, with variables of all; what to name with -i."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "group_vars").mkdir(exist_ok=True)
    (folder / "group_vars/all.yml").write_text("port: 80\n")
    if form == "constructed":
        (folder / "rules.yml").write_text(CONSTRUCTED)
        return [*write_inventory(folder, "yaml", hosts), str(folder / "rules.yml")]
    if form == "variables":
        for group in ("web", "db"):
            (folder / "group_vars" / group).mkdir(parents=True)
            for number in range(FILES):
                (folder / "group_vars" / group / f"{number:03}.yml").write_text(f"setting_{number}: {{level: 1}}\n")
        (folder / "host_vars").mkdir()
        for name, values in members("web", hosts):
            (folder / "host_vars" / f"{name}.yml").write_text(f"own: {values['number']}\n")
        return write_inventory(folder, "json", hosts)
    text, name = {
        "yaml": ("\n".join(yaml_lines(hosts)), "hosts.yml"),
        "toml": ("\n".join(toml_lines(hosts)), "hosts.toml"),
        "ini": ("\n".join(ini_lines(hosts)), "hosts.ini"),
        "json": (json.dumps(tree(hosts)), "hosts.json"),
        "program": (f"#!/bin/sh\ncat <<'END'\n{json.dumps(answer(hosts))}\nEND\n", "cloud"),
    }[form]
    (folder / name).write_text(text + "\n")
    (folder / name).chmod(0o755 if form == "program" else 0o644)
    return [str(folder / name)]


def members(group: str, hosts: int) -> Iterator[tuple[str, dict[str, Any]]]:
    """The hosts of a group, half of all, and their variables."""
    for n in range(hosts // 2):
        yield f"{group[0]}{n:05}", {"ansible_host": f"10.0.{n // 250}.{n % 250}", "number": n, "rack": f"r{n % 40}"}


def tree(hosts: int) -> dict[str, Any]:
    """The inventory as a document."""
    groups = {group: {"hosts": dict(members(group, hosts))} for group in ("web", "db")}
    return {"site": {"vars": {"zone": "north"}, "children": groups}}


def answer(hosts: int) -> dict[str, Any]:
    """The inventory as a program says it."""
    groups = {group: {"hosts": [name for name, _ in members(group, hosts)]} for group in ("web", "db")}
    hostvars = {name: values for group in groups for name, values in members(group, hosts)}
    return {**groups, "site": {"vars": {"zone": "north"}, "children": [*groups]}, "_meta": {"hostvars": hostvars}}


def yaml_lines(hosts: int) -> Iterator[str]:
    """The inventory as a person writes it in YAML, in blocks."""
    yield from ("site:", "  vars:", "    zone: north", "  children:")
    for group in ("web", "db"):
        yield from (f"    {group}:", "      hosts:")
        for name, values in members(group, hosts):
            yield f"        {name}:"
            yield from (f"          {key}: {value}" for key, value in values.items())


def toml_lines(hosts: int) -> Iterator[str]:
    """The inventory in TOML, a table for each host."""
    yield from ("[site.vars]", 'zone = "north"')
    for group in ("web", "db"):
        for name, values in members(group, hosts):
            yield f"[site.children.{group}.hosts.{name}]"
            yield from (f"{key} = {json.dumps(value)}" for key, value in values.items())


def ini_lines(hosts: int) -> Iterator[str]:
    """The inventory in Ansible's INI form."""
    for group in ("web", "db"):
        yield f"[{group}]"
        for name, values in members(group, hosts):
            yield " ".join([name, *(f"{key}={value}" for key, value in values.items())])
    yield from ("[site:children]", "web", "db", "[site:vars]", "zone = north")


if __name__ == "__main__":
    main()
