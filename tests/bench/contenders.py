"""Who takes part: how each tool is called, and what it is told of the hosts."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).resolve().parent
BIN = Path(sys.executable).parent


@dataclass(frozen=True, slots=True)
class Target:
    """A host as a tool sees it: straight, or through a slow link."""

    name: str
    address: str
    port: int


@dataclass(frozen=True, slots=True)
class Field:
    """The hosts of one measurement, written down for every tool in `folder`."""

    folder: Path
    key: Path
    known_hosts: Path
    targets: tuple[Target, ...]

    def write(self) -> None:
        """One YAML inventory for sloth and Ansible, which read the same shape, and a Python one for pyinfra."""
        lines = [
            "all:", "  vars:", "    ansible_user: root", f"    ansible_ssh_private_key_file: {self.key}",
            f"    ansible_ssh_common_args: -o UserKnownHostsFile={self.known_hosts}",
            f"    sloth_known_hosts: {self.known_hosts}", "  hosts:",
        ]  # fmt: skip
        pyinfra = []
        for target in self.targets:
            lines += [f"    {target.name}: {{ ansible_host: {target.address}, ansible_port: {target.port} }}"]
            data = {
                "ssh_hostname": target.address, "ssh_port": target.port, "ssh_user": "root", "ssh_key": str(self.key),
                "ssh_known_hosts_file": str(self.known_hosts),
            }  # fmt: skip
            pyinfra.append((target.name, data))
        (self.folder / "hosts.yml").write_text("\n".join(lines) + "\n")
        (self.folder / "hosts.py").write_text(f"hosts = {pyinfra!r}\n")


Command = Callable[[Field], list[str]]


def _floor(field: Field) -> list[str]:
    targets = [f"{target.address}:{target.port}" for target in field.targets]
    return [sys.executable, "-m", "tests.bench.floor", str(field.key), str(field.known_hosts), *targets]


def _sloth(field: Field) -> list[str]:
    return [str(BIN / "sloth"), "apply", "-i", str(field.folder / "hosts.yml"), str(HERE / "site.sloth")]


def _ansible(field: Field) -> list[str]:
    return [str(BIN / "ansible-playbook"), "-i", str(field.folder / "hosts.yml"), str(HERE / "ansible/site.yml")]


def _pyinfra(field: Field) -> list[str]:
    hosts, deploy = str(field.folder / "hosts.py"), str(HERE / "pyinfra/deploy.py")
    return [str(BIN / "pyinfra"), "-y", "--parallel", "20", hosts, deploy]


CONTENDERS: dict[str, Command] = {"floor": _floor, "sloth": _sloth, "pyinfra": _pyinfra, "ansible": _ansible}


def installed() -> list[str]:
    programs = {"floor": sys.executable, "sloth": "sloth", "pyinfra": "pyinfra", "ansible": "ansible-playbook"}
    return [name for name, program in programs.items() if shutil.which(program, path=f"{BIN}:/")]


def measure(name: str, field: Field) -> float:
    """Seconds of one run. Raises SystemExit with the tool's output when it fails."""
    environment = {**os.environ, "ANSIBLE_CONFIG": str(HERE / "ansible/ansible.cfg")}
    environment.pop("PYTHONDONTWRITEBYTECODE", None)  # what is installed is compiled once, not at each start
    start = time.perf_counter()
    done = subprocess.run(
        CONTENDERS[name](field), cwd=HERE.parents[1] if name == "floor" else HERE / "pyinfra",
        env=environment, capture_output=True, text=True, check=False,
    )  # fmt: skip
    seconds = time.perf_counter() - start
    if done.returncode:
        raise SystemExit(f"{name} exited with {done.returncode}:\n{done.stdout[-3000:]}{done.stderr[-3000:]}")
    return float(done.stdout) if name == "floor" else seconds
