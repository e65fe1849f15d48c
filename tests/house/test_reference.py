"""What is made of the manual knows all modules, actions, globals and methods: pages of Markdown, definitions for editors.

A method that is missing goes into sloth/catalog/language.lua, a global also into LANGUAGE of sloth/catalog/library.py.
"""

from __future__ import annotations

import re
from importlib.resources import files

import pytest
from lupa import lua54

from sloth.catalog import luals, manual, reference
from sloth.catalog.library import LANGUAGE, Library
from sloth.runtime.action import COMMON
from sloth.runtime.catalog import Catalog, module_names
from sloth.runtime.lua.vm import VM, LuaError
from sloth.runtime.program import load_program
from sloth.workflow.tokens import WORDS

MODULES = manual.modules(Library())
DEFINITIONS = luals.definitions(MODULES)
STANDARD = set(dir(lua54.LuaRuntime().globals())) | {
    "assert", "collectgarbage", "coroutine", "error", "getmetatable", "io", "ipairs", "load", "loadstring", "math", "next",
    "os", "pairs", "pcall", "print", "rawequal", "rawget", "rawlen", "rawset", "require", "select", "setmetatable", "string",
    "table", "tonumber", "tostring", "type", "unpack", "utf8", "xpcall",
}  # fmt: skip


def test_every_module_has_a_page_with_all_of_its_actions_and_arguments():
    pages = reference.pages(MODULES)
    assert set(pages) == {reference.INDEX, *(f"{name}.md" for name in Catalog().names)}
    for module in MODULES:
        page = pages[f"{module.name}.md"]
        for action in module.actions:
            assert f"\n## {action.name}\n" in page
            assert all(f"| `{one.name}`" in page for one in action.parameters), action.name


def test_the_definitions_are_lua_and_hold_every_action():
    compiled = lua54.LuaRuntime().eval("function(text) return load(text) end")(DEFINITIONS)
    assert callable(compiled)
    for module in MODULES:
        if module.name not in luals.OF_THE_LANGUAGE:
            for action in module.actions:
                assert f"\nfunction {action.name}(" in DEFINITIONS


@pytest.mark.parametrize(
    "line",
    [
        pytest.param("file_ops.copy(src, dest, content, options)", id="in the order of the arguments"),
        pytest.param("http.post(url, body, json, options)", id="as many as one counts off"),
        pytest.param("state.cas(key, expected, value, options)", id="all that are required"),
        pytest.param("pkg.install(...)", id="as many as one likes"),
        pytest.param("exec.script(src, ...)", id="one, and as many as one likes"),
        pytest.param("systemd.daemon_reload(scope, options)", id="all there are"),
    ],
)
def test_the_definitions_take_values_in_the_order_in_which_calls_give_them(line):
    assert f"\nfunction {line} end\n" in DEFINITIONS


def test_the_definitions_have_every_name_of_every_argument():
    for module in MODULES:
        for action in module.actions if module.name not in luals.OF_THE_LANGUAGE else ():
            fields = DEFINITIONS.partition(f"---@class sloth.{action.name}.Options\n")[2].partition("\n\n")[0]
            named = set(re.findall(r'^---@field \[?"?(\w+)', fields, re.MULTILINE))
            wanted = {name for one in action.parameters for name in (one.name, *one.synonyms)}
            assert named == wanted | (set(COMMON) if action.takes_common else set()), action.name


def test_the_comments_of_the_definitions_are_well_formed():
    assert not re.search(r"^---@field (public|private|protected|package)\b", DEFINITIONS, re.MULTILINE)
    for line in files("sloth.catalog").joinpath("language.lua").read_text().splitlines():
        assert all(line.count(one) == line.count(other) for one, other in ("()", "{}", "[]")), line


def test_the_definitions_hold_every_global_of_the_language():
    defined = set(re.findall(r"^(?:function )?([a-z_]+)(?: =|\()", DEFINITIONS, re.MULTILINE))
    assert LANGUAGE - WORDS - STANDARD - defined == set()


def test_the_definitions_hold_every_function_of_goroutine():
    with pytest.raises(LuaError) as caught:
        load_program(VM(lua54, modules=[]), "a", {"a": f"goroutine.{'q' * 40}()"}.get, side="controller")
    known = set(caught.value.text.partition("; there are ")[2].split(", "))
    assert set(re.findall(r"^function goroutine\.(\w+)\(", DEFINITIONS, re.MULTILINE)) == known


@pytest.mark.parametrize(
    ("kind", "begin"),
    [
        pytest.param("Task", 'task("x")', id="task"),
        pytest.param("Workflow", 'workflow.define("x")', id="workflow"),
        pytest.param("Handler", 'handler("x", function() end)', id="handler"),
        pytest.param("Role", 'role("x")', id="role"),
    ],
)
def test_the_definitions_hold_every_method_of_a_builder(kind, begin):
    unknown = "q" * 40
    with pytest.raises(LuaError) as caught:
        load_program(VM(lua54, modules=[]), "a", {"a": f"{begin}:{unknown}()"}.get, side="controller")
    known = set(caught.value.text.partition("; there are ")[2].split(", "))
    assert set(re.findall(rf"^function {kind}:(\w+)\(", DEFINITIONS, re.MULTILINE)) == known


@pytest.mark.parametrize(
    ("annotation", "type_"),
    [
        ("str | None", "string|number"),
        ("list[str]", "(string|number)[]|string|number"),
        ("Literal['present', 'absent']", '"present"|"absent"'),
        ("dict[str, object] | None", "table<string, any>"),
        ("list[int]", "integer[]|integer"),
        ("Duration", "number|string"),
    ],
)
def test_types_are_written_as_editors_read_them(annotation, type_):
    assert luals.lua_type(annotation) == type_


def test_every_global_of_the_language_is_a_name_that_no_module_may_have():
    shipped = set(module_names())
    vm = VM(lua54, modules=shipped)
    names = "local t = {} for name in pairs(_G) do t[#t + 1] = name end task(table.concat(t, ' ')):command('x'):build()"
    program = vm.load("a.sloth", {"a.sloth": names}.get, lambda request: [], {}, side="controller", deadline=vm.clock() + 5)
    found = set(program["workflows"][0]["tasks"][0]["name"].split()) - {"_G", "_VERSION"}
    assert found <= LANGUAGE | shipped
