"""How code fails, where it prints and what it imports: the habits that keep sloth predictable."""

from __future__ import annotations

import ast
from collections.abc import Iterator

import pytest

from tests.house.sources import Source, product_sources, python_sources

RUNTIME_IMPORTS = {
    # what a host's Python loads in a few milliseconds, and every minor version since 3.6 has
    "abc", "base64", "binascii", "bisect", "builtins", "calendar", "codecs", "collections", "contextlib", "copy",
    "datetime", "difflib", "errno", "fcntl", "fnmatch", "functools", "glob", "grp", "hashlib", "heapq", "hmac",
    "importlib", "io", "itertools", "json", "marshal", "math", "operator", "os", "pkgutil", "platform", "posixpath",
    "pty", "pwd", "queue", "random", "re", "resource", "secrets", "select", "selectors", "shlex", "signal", "socket",
    "stat",
    "string", "struct", "subprocess", "sys", "termios", "textwrap", "threading", "time", "traceback", "types", "urllib",
    "uuid",
    "weakref", "zipfile", "zipimport", "zlib",
    "bz2", "csv", "gzip", "http", "ipaddress", "lzma", "ssl", "tarfile", "unicodedata", "xml",  # by the calls that want them, when they are made
    "lupa",  # carried beside the bundle
    "sloth",
}  # fmt: skip
BROAD = {"Exception", "BaseException"}

every_product_file = pytest.mark.parametrize(
    "source", [pytest.param(source, id=source.path) for source in product_sources()]
)
every_runtime_file = pytest.mark.parametrize(
    "source",
    [pytest.param(source, id=source.path) for source in product_sources() if source.path.startswith("sloth/runtime/")],
)


@every_product_file
def test_only_errors_that_can_be_answered_are_caught(source: Source):
    for node in ast.walk(source.tree):
        if isinstance(node, ast.ExceptHandler):
            caught = ast.unparse(node.type) if node.type else "everything"
            reraises = any(isinstance(inner, ast.Raise) and inner.exc is None for inner in ast.walk(node))
            broad = node.type is None or BROAD & set(caught.strip("()").split(", "))
            allowed = not broad or reraises or _justified(source, node.lineno)
            assert allowed, f"{source.path}:{node.lineno} catches {caught}"


def _justified(source: Source, line: int) -> bool:
    """A boundary (a task of a user, a thread's end) may catch all, when the line says why."""
    reason = source.text.splitlines()[line - 1].partition("  # ")[2].removeprefix("noqa: BLE001")
    return len(reason.split()) >= 4


@every_product_file
def test_nothing_prints(source: Source):
    calls = [
        node.lineno
        for node in ast.walk(source.tree)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "print"
    ]
    assert not calls, f"{source.path}:{calls[0]} prints; publish an event, or show it through sloth/cli/render"


@every_runtime_file
def test_the_runtime_imports_only_what_every_host_has_and_loads_fast(source: Source):
    foreign = {name for name in _imported(source.tree) if name.split(".")[0] not in RUNTIME_IMPORTS}
    assert not foreign, f"{source.path} imports {', '.join(sorted(foreign))}"


def _imported(tree: ast.AST) -> Iterator[str]:
    """The modules that are imported when the code runs: `if MYPY:` is for the type checker alone."""
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.If) and ast.unparse(node.test) == "MYPY":
            continue
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield node.module or "."
        yield from _imported(node)


@pytest.mark.parametrize(
    "source",
    [pytest.param(source, id=source.path) for source in python_sources() if source.path.startswith("tests/")],
)
def test_our_own_code_is_never_patched(source: Source):
    imported = {name.split(".")[0] for name in _imported(source.tree)}
    assert not imported & {"unittest", "mock"}, f"{source.path}: pass the effect in instead"


NEWER_METHODS = {"isascii", "removeprefix", "removesuffix", "fromisoformat", "bit_count", "is_relative_to"}
"""What Python 3.6 lacks and vermin cannot see, as it does not know the types."""


@every_runtime_file
def test_the_runtime_uses_no_method_that_the_oldest_python_lacks(source: Source):
    used = [node for node in ast.walk(source.tree) if isinstance(node, ast.Attribute) and node.attr in NEWER_METHODS]
    assert not used, f"{source.path}:{used[0].lineno} uses {used[0].attr}"
