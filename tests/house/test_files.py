"""Every Python file says what it is for, stays of a size that one reads in one go, and holds nothing unfinished."""

from __future__ import annotations

import ast
import re

import pytest

from tests.house.sources import Function, Source, product_sources, python_sources

FILE_LINES = 400
FUNCTION_LINES = 30  # most stay under it …
LONG_FUNCTION_LINES = 50  # … and none passes this one
LONG_FUNCTIONS_SHARE = 0.03
VAGUE = re.compile(r"(^|_)(utils?|helpers?|common|misc|managers?|base)(_|$)|_v\d|_new|_old")
VAGUE_CLASS = re.compile(r"\w(Tool|Helper|Util|Utils)$")
UNFINISHED = re.compile(r"\b(TODO|FIXME|XXX|HACK)\b")

every_file = pytest.mark.parametrize(
    "source",
    # an empty __init__.py only makes a folder of tests importable
    [pytest.param(source, id=source.path) for source in python_sources() if source.text or source in product_sources()],
)
every_product_file = pytest.mark.parametrize(
    "source", [pytest.param(source, id=source.path) for source in product_sources()]
)


@every_file
def test_a_file_opens_by_saying_what_it_is_for(source: Source):
    opening = ast.get_docstring(source.tree)
    assert opening, f"{source.path} has no docstring"
    assert len(opening.split()) >= 4, f"{source.path}: {opening!r} says too little"


@every_file
def test_a_file_can_be_read_in_one_go(source: Source):
    manual = sum(_docstring_lines(node) for node in source.functions())
    lines = source.text.count("\n") - manual
    assert lines <= FILE_LINES, f"{source.path} has {lines} lines; find the second subject in it"


@every_file
def test_nothing_is_left_unfinished(source: Source):
    if source.path == "tests/house/test_files.py":
        return
    found = [number for number, line in enumerate(source.text.splitlines(), 1) if UNFINISHED.search(line)]
    assert not found, f"{source.path}:{found[0]}: finish it, or open an issue"


@every_product_file
def test_names_say_what_a_thing_is(source: Source):
    stem = source.path.removesuffix(".py").rsplit("/", 1)[-1]
    classes = [node.name for node in ast.walk(source.tree) if isinstance(node, ast.ClassDef)]
    vague = ([stem] if VAGUE.search(stem) else []) + [name for name in classes if VAGUE_CLASS.search(name)]
    assert not vague, f"{source.path}: {vague[0]} says nothing"


def test_functions_are_short():
    lengths = {
        f"{source.path}:{node.lineno} {node.name}": _code_lines(node)
        for source in product_sources()
        for node in source.functions()
    }
    too_long = {where: lines for where, lines in lengths.items() if lines > LONG_FUNCTION_LINES}
    long = {where: lines for where, lines in lengths.items() if lines > FUNCTION_LINES}
    assert not too_long, f"over {LONG_FUNCTION_LINES} lines: {too_long}"
    assert len(long) <= LONG_FUNCTIONS_SHARE * len(lengths), f"too many over {FUNCTION_LINES} lines: {long}"


def _code_lines(node: Function) -> int:
    """The length of the body: the signature of an action is its schema and its docstring the manual."""
    return (node.end_lineno or 0) - node.body[0].lineno + 1 - _docstring_lines(node)


def _docstring_lines(node: Function) -> int:
    first = node.body[0]
    return (first.end_lineno or 0) - first.lineno + 1 if ast.get_docstring(node) else 0
