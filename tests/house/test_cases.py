"""The cases that users of such tools trip over: each has a number, and tests that carry it in their name or id.

A test proves a case where it is called `test_16_…`, or has an id such as `"16 over a file"`. To see those of one case:
`pytest -k "test_16_ or 16"`.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

from tests.house.sources import Source, python_sources

EDITS, FILES, ACCOUNTS = range(1, 13), range(13, 27), range(27, 33)
CRON, PACKAGES, UNITS = range(33, 34), range(34, 38), range(38, 41)
CASES = {
    1: "a last line without its end is joined with nothing",
    2: "an anchor that no line matches means the end of the file; BOF is its beginning",
    3: "a line that matches is replaced, wherever the anchor is; else the line goes behind the anchor",
    4: "a line that is there already is not added again",
    5: "groups of a pattern can be used in the line; without a match nothing happens",
    6: "whatever is written is written byte by byte; CRLF stays",
    7: "absent takes away every match and counts them; a missing file is fine",
    8: "a missing file is an error, or made with its directories",
    9: "what a validator refuses leaves the file, no leftovers, and the validator's own words",
    10: "behind a link the real file is edited, and keeps its owner, mode and attributes",
    11: "an empty pattern is warned of; two ways to search are an error",
    12: "a block stands once between its markers, with at most one empty line around it",
    13: "touch is a change unless both times are kept",
    14: "a directory comes with its parents; recurse reaches all and follows no link",
    15: "of a link the link goes, of a directory all, and the diff lists it",
    16: "a link does harm only by force, and is redirected in one step",
    17: "a hard link is another name of the same file, and says what it lacks",
    18: "modes are octal or symbolic; a number is refused with the mode that was meant",
    19: "an unknown owner fails before anything is changed, and in check mode is a warning",
    20: "an equal content is not written, its mode and owner are seen to all the same",
    21: "a directory is copied with or without its name, and links in it stay links",
    22: "a content is replaced in one step, or in place where that cannot be, and labels are kept",
    23: "nobody can read a content while it is written; group and owner of the place count",
    24: "a link at the destination is replaced, or followed; a file system without modes will do",
    25: "a template is foretold, written, and left; its errors have a name, a file and a line",
    26: "a diff shows before and after, but nothing large, nothing binary and no secret",
    27: "a user is made, left, removed; the home moves only when it is told to",
    28: "a password is compared by its hash, kept by a lock, and in no command line",
    29: "groups are replaced or added to; an unknown one fails before anything is changed",
    30: "an account ends on a day, or never; without a shadow entry nothing crashes",
    31: "an SSH key is made once, and through no link",
    32: "a gid is shared, and a primary group removed, only when it is told to",
    33: "a job is known by its name, all else in the crontab stays, an empty file goes",
    34: "what is installed costs nothing, what is missing one transaction, lower versions are asked for",
    35: "an index that is fresh is not fetched; what fails is quoted, a lock waited for",
    36: "what is on hold, automatic, foreign, local or configured by hand is treated as such",
    37: "check mode changes nothing, an unknown package fails before others change",
    38: "running and enabled are independent; a restart gives a new process",
    39: "a unit that is not there, broken or masked is told as that",
    40: "instances, aliases, states of all kinds, other managers",
}
SUBJECTS = {
    EDITS: ("lines", "text", "copy", "as_root", "calls"),
    FILES: ("file_ops", "swap", "attributes", "action", "as_root", "files", "templates", "secrets"),
    ACCOUNTS: ("user", "accounts", "calls", "system"),
    CRON: ("cron", "accounts"),
    PACKAGES: ("pkg", "package", "system"),
    UNITS: ("systemd", "service", "system", "accounts"),
}
NUMBERED = re.compile(r"^(?:test_)?(\d+)[ _]\D")


def _names(source: Source) -> Iterator[str]:
    """The names of tests, and what may be ids."""
    for node in ast.walk(source.tree):
        if isinstance(node, ast.FunctionDef) and node.name.startswith("test_"):
            yield node.name
        elif isinstance(node, ast.keyword) and node.arg in {"id", "ids"}:
            yield from (one.value for one in ast.walk(node.value) if isinstance(one, ast.Constant) and isinstance(one.value, str))


@cache
def _numbered() -> tuple[tuple[int, str, str], ...]:
    """All tests that carry a number: it, their file, their name."""
    return tuple(
        (int(found[1]), source.path, name)
        for source in python_sources()
        if source.path.startswith(("tests/unit", "tests/integration", "tests/e2e"))
        for name in _names(source)
        if (found := NUMBERED.match(name))
    )


def _carrying(number: int) -> list[str]:
    """The tests of the case's own subject that carry its number."""
    words = next(words for numbers, words in SUBJECTS.items() if number in numbers)
    return [
        f"{path}: {name}"
        for one, path, name in _numbered()
        if one == number and any(word in Path(path).stem for word in words)
    ]


def test_the_table_has_every_case():
    assert list(CASES) == [number for numbers in SUBJECTS for number in numbers] == list(range(1, 41))


@pytest.mark.parametrize("number", CASES, ids=lambda number: f"{number} {CASES[number]}")
def test_a_case_has_tests_that_carry_its_number(number):
    assert _carrying(number), CASES[number]
