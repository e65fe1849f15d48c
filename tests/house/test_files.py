"""Every Python file says what it is for, stays of a size that one reads in one go, and holds nothing unfinished."""

from __future__ import annotations

import ast
import re

from tests.house.sources import Function, Source, product_sources, python_sources

FILE_LINES = 400
FUNCTION_LINES = 30  # most stay under it …
LONG_FUNCTION_LINES = 40  # … and none passes this one
LONG_FUNCTIONS_SHARE = 0.005
VAGUE = re.compile(r"(^|_)(utils?|helpers?|common|misc|managers?|base)(_|$)|_v\d|_new|_old")
VAGUE_CLASS = re.compile(r"\w(Tool|Helper|Util|Utils)$")
UNFINISHED = re.compile(r"\b(TODO|FIXME|XXX|HACK)\b")


def _written() -> list[Source]:
    """All but the empty `__init__.py`, which only makes a folder of tests importable."""
    return [source for source in python_sources() if source.text or source in product_sources()]


def test_a_file_opens_by_saying_what_it_is_for():
    openings = {source.path: ast.get_docstring(source.tree) or "" for source in _written()}
    assert [path for path, opening in openings.items() if len(opening.split()) < 4] == []


def test_a_file_can_be_read_in_one_go():
    lengths = {source.path: source.text.count("\n") - _manual_lines(source) for source in _written()}
    too_long = [f"{path} has {lines} lines" for path, lines in lengths.items() if lines > FILE_LINES]
    assert not too_long, "find the second subject in it"


def _manual_lines(source: Source) -> int:
    return sum(_docstring_lines(node) for node in source.functions())


def test_nothing_is_left_unfinished():
    unfinished = [
        f"{source.path}:{number}"
        for source in _written()
        if source.path != "tests/house/test_files.py" and UNFINISHED.search(source.text)
        for number, line in enumerate(source.text.splitlines(), 1)
        if UNFINISHED.search(line)
    ]
    assert not unfinished, "finish it, or open an issue"


def test_names_say_what_a_thing_is():
    vague = []
    for source in product_sources():
        stem = source.path.removesuffix(".py").rsplit("/", 1)[-1]
        classes = [node.name for node in ast.walk(source.tree) if isinstance(node, ast.ClassDef)]
        vague += [f"{source.path}: {stem}"] if VAGUE.search(stem) else []
        vague += [f"{source.path}: {name}" for name in classes if VAGUE_CLASS.search(name)]
    assert not vague, "the name says nothing"


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
