"""Modules that a project brings: found, checked line by line, and refused where somebody else could have written them."""

from __future__ import annotations

from pathlib import Path

import pytest

from sloth.catalog import library, luadoc
from sloth.core.errors import ModuleError

HEAD = "from sloth.runtime.action import action\n"


def module(folder: Path, text: str, name: str = "greet.py") -> Path:
    path = folder / "modules" / name
    path.parent.mkdir(exist_ok=True)
    path.write_text(text)
    return path


def find(folder: Path) -> library.Library:
    return library.find([folder / "modules"], folder)


def test_actions_of_a_project_bind_like_those_that_ship(tmp_path):
    module(
        tmp_path,
        f'{HEAD}@action(synonyms={{"name": ("who",)}})\ndef hello(host, *, name: str) -> None:\n    """Hi."""\n',
    )
    module(tmp_path, "return {}", "tools.lua")
    module(tmp_path, "not a module", "notes.txt")
    module(tmp_path, "not a module either", "_parts.py")
    found = find(tmp_path)
    assert sorted([*found.python, *found.lua]) == ["greet", "tools"]
    assert found.catalog.find("greet", "hello").bind([], {"who": "Ada"}) == {"name": "Ada"}
    assert "exec" in found.catalog.names


@pytest.mark.parametrize(
    ("text", "line", "says"),
    [
        pytest.param("def (", 1, "no Python that every host understands", id="syntax"),
        pytest.param("if (a := 1):\n    pass", 1, "no Python that every host understands", id="syntax that is too new"),
        pytest.param("import os\nimport yaml", 2, "it imports yaml", id="a package"),
        pytest.param("from . import other", 1, "it imports its own folder", id="several files"),
        pytest.param("import os\n\n1 / 0", 3, "ZeroDivisionError: division by zero", id="raises"),
        pytest.param("def hello(host):\n    pass", 0, "has no action", id="no action"),
        pytest.param(f"{HEAD}@action\ndef hello(host, name: str): ...", 2, "keyword-only", id="positional"),
        pytest.param(f"{HEAD}@action\ndef hello(host, **more): ...", 2, "keyword-only", id="variadic"),
        pytest.param(f"{HEAD}@action\ndef hello(host, *, name): ...", 2, "name has no type", id="no type"),
        pytest.param(f"{HEAD}@action\ndef hello(host, *, name: 'Name'): ...", 2, "the type Name", id="unknown type"),
        pytest.param(
            f"{HEAD}@action\ndef hello(host, *, n: 'list[Name]'): ...", 2, "the type list[Name]", id="unknown in a list"
        ),
        pytest.param(
            f"{HEAD}@action\ndef hello(host, *, timeout: int): ...", 2, "every call takes timeout", id="taken"
        ),
        pytest.param(
            f"{HEAD}@action(synonyms={{'nme': ('n',)}})\ndef hello(host, *, name: str): ...",
            2,
            "synonyms",
            id="synonym",
        ),
        pytest.param(f"{HEAD}@action(check='maybe')\ndef hello(host): ...", 2, "check is 'maybe'", id="check"),
        pytest.param(f"{HEAD}@action(rest='names')\ndef hello(host): ...", 2, "rest names names", id="rest"),
    ],
)
def test_what_no_host_could_call_is_an_error_with_its_line(tmp_path, text, line, says):
    path = module(tmp_path, text)
    with pytest.raises(ModuleError) as caught:
        find(tmp_path)
    assert says in str(caught.value)
    assert caught.value.where == (f"{path}:{line}" if line else str(path))


@pytest.mark.parametrize(
    ("name", "says"),
    [
        pytest.param("pkg.py", "sloth has a module called 'pkg'", id="shipped"),
        pytest.param("task.lua", "means something else", id="a word of the language"),
        pytest.param("my-tools.lua", "is no name for a module", id="no name"),
    ],
)
def test_a_module_may_not_hide_anything(tmp_path, name, says):
    module(tmp_path, "return {}", name)
    with pytest.raises(ModuleError, match=says):
        find(tmp_path)


def test_two_modules_of_one_name_are_an_error_unless_they_are_the_same(tmp_path):
    module(tmp_path, "return {}", "tools.lua")
    other = tmp_path / "roles"
    other.mkdir()
    module(other, "return {}", "tools.lua")
    folders = [tmp_path / "modules", other / "modules"]
    assert list(library.find(folders, tmp_path).lua) == ["tools"]
    module(other, "return { 1 }", "tools.lua")
    with pytest.raises(ModuleError, match="two modules called 'tools'"):
        library.find(folders, tmp_path)


def test_a_module_that_everybody_may_write_is_refused(tmp_path):
    path = module(tmp_path, "return {}", "tools.lua")
    path.chmod(0o666)
    with pytest.raises(ModuleError, match="everybody may write it"):
        find(tmp_path)


def test_the_manual_of_a_lua_module_is_in_its_comments():
    text = """--- Tools.
local M = {}

--- Greet.
---@param name string whom
---@param loud? boolean
--- example: tools.hello("Ada")
function M.hello(name, loud) end
M.bye = function() end
return M
"""
    manual = luadoc.manual("tools", text)
    hello, bye = manual.actions
    assert manual.summary == "Tools." and hello.summary == "Greet." and bye.name == "tools.bye"
    assert [(one.name, one.type, one.required) for one in hello.parameters] == [
        ("name", "string", True), ("loud", "boolean", False),
    ]  # fmt: skip
    assert hello.examples == ('tools.hello("Ada")',)
