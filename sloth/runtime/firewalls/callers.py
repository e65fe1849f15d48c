"""By which SSH connection this session came, so that no rule shuts it out."""

import os
import re

from sloth.runtime.firewalls.rules import Caller

MYPY = False
if MYPY:
    from collections.abc import Iterator

_VARIABLE = re.compile(rb"(?:^|\0)SSH_CONNECTION=(\S+) \d+ \S+ (\d+)(?:\0|$)")
_PARENT = re.compile(r"^PPid:\s+(\d+)", re.MULTILINE)


def ssh_caller(proc: str = "/proc", pid: "int | None" = None) -> "Caller | None":
    """The other side; None when no SSH is between us. sudo takes the variable away, but not from those above it."""
    for environment in _environments(proc, os.getpid() if pid is None else pid):
        found = _VARIABLE.search(environment)
        if found:
            return Caller(found.group(1).decode("ascii", "replace").partition("%")[0], int(found.group(2)))
    return None


def _environments(proc: str, pid: int) -> "Iterator[bytes]":
    while pid > 1:
        try:
            with open(f"{proc}/{pid}/environ", "rb") as environ:
                yield environ.read()
            with open(f"{proc}/{pid}/status", encoding="utf-8", errors="replace") as status:
                parent = _PARENT.search(status.read())
        except OSError:
            return  # a parent that is not ours to look at
        pid = int(parent.group(1)) if parent else 0
