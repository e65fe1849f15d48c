"""How code fails, where it prints and what it imports: the habits that keep sloth predictable."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from tests.house.sources import Source, product_sources, python_sources

RUNTIME_IMPORTS = {
    # what a host's Python loads in a few milliseconds, and every minor version since 3.6 has
    "abc", "base64", "binascii", "bisect", "builtins", "calendar", "codecs", "collections", "contextlib", "copy",
    "datetime", "difflib", "errno", "fcntl", "fnmatch", "functools", "gc", "glob", "grp", "hashlib", "heapq", "hmac",
    "io", "itertools", "json", "marshal", "math", "operator", "os", "pkgutil", "platform", "posixpath",
    "pty", "pwd", "queue", "random", "re", "resource", "secrets", "select", "selectors", "shlex", "signal", "socket",
    "stat",
    "string", "struct", "subprocess", "sys", "termios", "textwrap", "threading", "time", "traceback", "types", "urllib",
    "uuid",
    "weakref", "zipfile", "zipimport", "zlib",
    "bz2", "csv", "gzip", "http", "ipaddress", "lzma", "ssl", "tarfile", "unicodedata", "xml",  # by the calls that want them, when they are made
    "_frozen_importlib", "_frozen_importlib_external",  # what importlib itself has from there
    "lupa",  # carried beside the bundle
    "sloth",
}  # fmt: skip
BROAD = {"Exception", "BaseException"}


def _runtime_sources() -> list[Source]:
    return [source for source in product_sources() if source.path.startswith("sloth/runtime/")]


def test_only_errors_that_can_be_answered_are_caught():
    found = []
    for source in product_sources():
        for node in ast.walk(source.tree):
            if isinstance(node, ast.ExceptHandler):
                caught = ast.unparse(node.type) if node.type else "everything"
                reraises = any(isinstance(inner, ast.Raise) and inner.exc is None for inner in ast.walk(node))
                broad = node.type is None or BROAD & set(caught.strip("()").split(", "))
                if broad and not reraises and not _justified(source, node.lineno):
                    found.append(f"{source.path}:{node.lineno} catches {caught}")
    assert not found


def _justified(source: Source, line: int) -> bool:
    """A boundary (a task of a user, a thread's end) may catch all, when the line says why."""
    reason = source.text.splitlines()[line - 1].partition("  # ")[2].removeprefix("noqa: BLE001")
    return len(reason.split()) >= 4


def test_nothing_prints():
    calls = [
        f"{source.path}:{node.lineno}"
        for source in product_sources()
        for node in ast.walk(source.tree)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "print"
    ]
    assert not calls, "publish an event, or show it through sloth/cli/render"


def test_the_runtime_imports_only_what_every_host_has_and_loads_fast():
    foreign = [
        f"{source.path} imports {name}"
        for source in _runtime_sources()
        for name in _imported(source.tree)
        if name.split(".")[0] not in RUNTIME_IMPORTS
    ]
    assert not foreign


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


def test_our_own_code_is_never_patched():
    patched = [
        source.path
        for source in python_sources()
        if source.path.startswith("tests/")
        and {"unittest", "mock"} & {name.split(".")[0] for name in _imported(source.tree)}
    ]
    assert not patched, "pass the effect in instead"


NEWER_METHODS = {"isascii", "removeprefix", "removesuffix", "fromisoformat", "bit_count", "is_relative_to"}
"""What Python 3.6 lacks and vermin cannot see, as it does not know the types."""


def test_the_runtime_uses_no_method_that_the_oldest_python_lacks():
    used = [
        f"{source.path}:{node.lineno} uses {node.attr}"
        for source in _runtime_sources()
        for node in ast.walk(source.tree)
        if isinstance(node, ast.Attribute) and node.attr in NEWER_METHODS
    ]
    assert not used
