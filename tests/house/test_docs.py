"""The samples in README.md and sloth/docs/ hold: Lua is loaded as users would load it, the sample module is run.

A block of Lua is a workflow file, unless a comment on the line above it says otherwise:
    <!-- inside a task -->   the body of a task's command
    <!-- file: PATH -->      a file that the other blocks of the document import, or a part of a role
"""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from types import ModuleType

import pytest

import sloth.runtime.modules
from sloth.cli.app import COMMANDS
from sloth.runtime.catalog import collect
from sloth.workflow.load import load
from tests.house.sources import ROOT, project_files

DOCUMENTS = [path for path in project_files() if path == "README.md" or re.fullmatch(r"sloth/docs/.*\.md", path)]
BLOCK = re.compile(
    r"(?:^<!-- (?P<mark>[^\n]*?) -->\n)?^```(?P<language>\w+)\n(?P<text>.*?)^```$", re.MULTILINE | re.DOTALL
)


@dataclass(frozen=True, slots=True)
class Block:
    """A block of code of a document, with the mark above it."""

    path: str
    line: int
    language: str
    mark: str
    text: str


def blocks(path: str, language: str) -> list[Block]:
    document = (ROOT / path).read_text(encoding="utf-8")
    return [
        Block(path, document.count("\n", 0, found.start("text")), language, found["mark"] or "", found["text"])
        for found in BLOCK.finditer(document)
        if found["language"] == language
    ]


LUA = list(chain.from_iterable(blocks(path, "lua") for path in DOCUMENTS))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with the shipped roles, as the examples of a new user have them."""
    shutil.copytree(ROOT / "roles", tmp_path / "roles")
    return tmp_path


@pytest.mark.parametrize("block", [pytest.param(block, id=f"{block.path}:{block.line}") for block in LUA])
def test_lua_in_a_document_is_valid(block: Block, folder: Path):
    for other in LUA:
        if other.path == block.path and other.mark.startswith("file: "):
            path = folder / other.mark.removeprefix("file: ")
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(other.text, encoding="utf-8")
    said: list[str] = []
    evaluated = load(_workflow(block, folder), {}, {}, lambda level, text: said.append(f"{level}: {text}"))
    assert not evaluated.file.warnings and not said
    assert (evaluated.problems(), evaluated.doubts()) == ([], []), "validate finds nothing"


def _workflow(block: Block, folder: Path) -> Path:
    """A file that has the block at its top level, in a task, or in one of its imports or roles."""
    text = block.text
    if block.mark == "inside a task":
        text = f'task("sample"):command(function(this, params, deps)\n{text}end):build()\n'
    elif block.mark.startswith("file: roles/"):
        text = f'workflow.define("sample"):roles({{ "{Path(block.mark).parts[1]}" }})\n'
    elif block.mark.startswith("file: "):
        text = f'import("{block.mark.removeprefix("file: ")}")\ntask("sample"):command("true"):build()\n'
    else:
        assert not block.mark, f"{block.path}:{block.line}: unknown mark {block.mark!r}"
    path = folder / "sample.sloth"
    path.write_text(text, encoding="utf-8")
    return path


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_is_told_of(command: str):
    assert re.search(rf"`sloth {command}\b", (ROOT / "sloth/docs/using.md").read_text(encoding="utf-8"))


@pytest.mark.parametrize("command", ["apply", "run", "plan"])
def test_every_option_of_a_run_is_told_of(command: str):
    said = (ROOT / "sloth/docs/using.md").read_text(encoding="utf-8")
    ended = subprocess.run(
        [sys.executable, "-m", "sloth", command, "--help"], capture_output=True, text=True, check=True, cwd=ROOT
    )
    options = [re.findall(r"(?<![\w-])--?[a-zA-Z][a-z-]*", line) for line in re.findall(r"^  (-.*)", ended.stdout, re.MULTILINE)]
    assert len(options) > 10
    assert not [names for names in options if not any(re.search(rf"{name}(?![\w-])", said) for name in names)]


def test_the_sample_module_passes_its_sample_test(monkeypatch):
    module_block, test_block = blocks("sloth/docs/modules.md", "python")
    module = ModuleType("sloth.runtime.modules.timezone")
    exec(compile(module_block.text, "timezone.py", "exec"), module.__dict__)
    monkeypatch.setitem(sys.modules, module.__name__, module)
    monkeypatch.setattr(sloth.runtime.modules, "timezone", module, raising=False)
    actions = collect(module, "timezone")
    assert actions["set"].bind(["Europe/Berlin"], {}) == {"name": "Europe/Berlin"}
    sample: dict[str, object] = {}
    exec(compile(test_block.text, "test_timezone.py", "exec"), sample)
    tests = [value for name, value in sample.items() if name.startswith("test_")]
    assert tests
    for test in tests:
        for case in test.pytestmark[0].args[1]:  # type: ignore[attr-defined]  # a function that pytest has marked
            test(*case.values)  # type: ignore[operator]
