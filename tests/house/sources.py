"""The project's own files, as the rules look at them."""

from __future__ import annotations

import ast
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
Function = ast.FunctionDef | ast.AsyncFunctionDef


@dataclass(frozen=True, slots=True)
class Source:
    """A Python file: its path from the root, its text, its syntax tree."""

    path: str
    text: str
    tree: ast.Module

    def functions(self) -> Iterator[Function]:
        for node in ast.walk(self.tree):
            if isinstance(node, Function):
                yield node


@cache
def project_files() -> tuple[str, ...]:
    """Every file that belongs to the project: known to git or new, and not ignored."""
    listed = subprocess.run(
        ["git", "-c", "safe.directory=*", "ls-files", "--cached", "--others", "--exclude-standard", "-z"],
        cwd=ROOT, capture_output=True, text=True, check=True,
    )  # fmt: skip
    return tuple(sorted(path for path in listed.stdout.split("\0") if path and (ROOT / path).is_file()))


@cache
def python_sources() -> tuple[Source, ...]:
    sources = []
    for path in project_files():
        if path.endswith(".py"):
            text = (ROOT / path).read_text(encoding="utf-8")
            sources.append(Source(path, text, ast.parse(text, path)))
    return tuple(sources)


def product_sources() -> list[Source]:
    """Those that users run: all of sloth/."""
    return [source for source in python_sources() if source.path.startswith("sloth/")]
