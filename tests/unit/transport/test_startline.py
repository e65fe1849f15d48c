"""The start line: nothing in it may mean something to one shell and not to another."""

from __future__ import annotations

import ast
import subprocess

import pytest

from sloth.core.errors import SettingsError
from sloth.transport.startline import Start, boot_source, packed, terminal_source

PROGRAM = packed(boot_source())
STARTS = [
    pytest.param(Start("0" * 64, PROGRAM, "1" * 32), id="plain"),
    pytest.param(Start("0" * 64, PROGRAM, "1" * 32, straight=True), id="straight"),
    pytest.param(Start("0" * 64, PROGRAM, "1" * 32, ("/opt/my python/bin/python3",)), id="an interpreter with a space"),
    pytest.param(Start("0" * 64, PROGRAM, "1" * 32, become="web"), id="become"),
    pytest.param(Start("0" * 64, PROGRAM, "1" * 32, become="web", terminal=True), id="become with a terminal"),
    pytest.param(Start("0" * 64, PROGRAM, "1" * 32, become="web", method="su"), id="su"),
    pytest.param(Start("0" * 64, PROGRAM, "1" * 32, become="web", method="doas"), id="doas"),
]


@pytest.mark.parametrize("start", STARTS)
def test_no_shell_finds_anything_special_in_it(start):
    line = start.line()
    assert not set(line) & set("!\\\n")
    words = line.removeprefix("exec ")[1:-1].split("' '")
    assert not any("'" in word for word in words)
    assert words == start.argv()
    assert len(line) < 7000


def test_a_shell_reads_the_words_as_they_are():
    argv = Start("0" * 64, PROGRAM, "1" * 32).argv()
    line = Start("0" * 64, PROGRAM, "1" * 32).line().replace("exec ", "printf '%s\\0' ", 1)
    done = subprocess.run(["sh", "-c", line], capture_output=True, text=True, check=True)
    assert done.stdout.split("\0")[:-1] == argv


@pytest.mark.parametrize("word", ["python3; rm -rf /", "py'thon", "$(id)", "a\nb", "wow!"])
def test_words_that_a_shell_would_act_on_are_refused(word):
    starts = {"sloth_python": Start("0", PROGRAM, "1", (word,)), "sloth_become_user": Start("0", PROGRAM, "1", become=word)}
    for variable, start in starts.items():
        with pytest.raises(SettingsError, match=f"{variable}: .* cannot stand in the line"):
            start.line()


@pytest.mark.parametrize("source", [boot_source(), terminal_source()], ids=["boot", "terminal"])
def test_the_programs_are_small_and_old_python_reads_them(source):
    assert len(source) < 7050
    ast.parse(source, feature_version=(3, 4))
    assert not any(isinstance(node, ast.JoinedStr) for node in ast.walk(ast.parse(source)))
