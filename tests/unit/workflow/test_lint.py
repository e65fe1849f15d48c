"""`sloth workflow validate` finds calls that nobody could make, and says nothing of what it cannot know."""

from __future__ import annotations

import pytest

from sloth.runtime.catalog import Catalog
from sloth.workflow.lint import problems
from sloth.workflow.load import load
from sloth.workflow.tokens import NUMBER, STRING, tokens
from tests.house.sources import ROOT


def found(text: str, **others: str) -> list[str]:
    """`line: text` of each problem."""
    sources = {"site.sloth": text, **{f"{name}.lua": other for name, other in others.items()}}
    return [
        f"{one.where.rpartition(':')[2]}: {one.text} {one.hint}" for one in problems(sources, Catalog(), ["tools"], str)
    ]


@pytest.mark.parametrize(
    ("text", "says"),
    [
        pytest.param(
            '\npgk.install("vim")', "2: there is no module or function called 'pgk' did you mean 'pkg'?", id="module"
        ),
        pytest.param(
            'docker.run("x")', "1: sloth has no module 'docker' yet `sloth modules list` shows those that there are",
            id="a module that is not there yet",
        ),
        pytest.param('tsk("x")', "1: there is no module or function called 'tsk' did you mean 'task'?", id="function"),
        pytest.param('pkg.instal("vim")', "1: there is no action pkg.instal did you mean 'install'?", id="action"),
        pytest.param('stack("s") stack.set_outptu("x", 1)', "1: there is no action stack.set_outptu did you mean 'set_output'?", id="action of a form"),
        pytest.param(
            'local docker = require("docker") docker.run("x")', "1: sloth has no module 'docker' yet", id="a required module"
        ),
        pytest.param(
            "local user = require 'user' user.create { nme = 'x', user = 1 }", "unknown argument nme",
            id="arguments of a required module",
        ),
        pytest.param("local sh = require('exec')\nsh.rnu('ls')", "2: there is no action exec.rnu", id="another name"),
        pytest.param('pkg:instal("vim")', "there is no action pkg.instal", id="with a colon"),
        pytest.param("pkg.install { pakages = x }", "unknown argument pakages (did you mean packages?)", id="argument"),
        pytest.param('pkg.install({ ["pakages"] = x })', "unknown argument pakages", id="argument in quotes"),
        pytest.param(
            'exec.run("ls", { timeuot = 1, user = x })', "unknown argument timeuot", id="options behind values"
        ),
        pytest.param('fs.write("/a", "b", "0644", 4)', "too many arguments", id="too many"),
        pytest.param('file_ops.copy { src = "x" }', "missing argument dest", id="missing"),
        pytest.param('file_ops.copy { content = "", dest = "/x", mode = 644 }', "mode wants a mode", id="type"),
        pytest.param(
            "local t = { pkg = 1, f = function() pkg.lst() end }", "no action pkg.lst", id="a key is no variable"
        ),
        pytest.param(
            '--[[ pkg.x() ]] local a = [==[ pkg.y() ]==] pkg.z("\\" pkg.q()")', "no action pkg.z", id="comments"
        ),
    ],
)
def test_a_call_that_nobody_could_make_is_told(text, says):
    (one,) = found(text)
    assert says in one


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("local pkg = {} pkg.instal()", id="a local"),
        pytest.param("local fs = require('fs') fs = fake fs.raed('x')", id="a required module that is replaced"),
        pytest.param("local fs = require('fs').of('x') fs.raed('x')", id="something of a required module"),
        pytest.param("local run = require('exec') or f run.x()", id="a required module or another"),
        pytest.param("local fs = require('tools') fs.raed('x')", id="another module in a module's name"),
        pytest.param("local fs = require", id="require itself"),
        pytest.param("local function f(pkg) pkg.instal() end", id="a parameter"),
        pytest.param("for _, pkg in ipairs({}) do pkg.instal() end", id="a loop's variable"),
        pytest.param("pkg = {} pkg.instal()", id="a global that is set"),
        pytest.param("function helper() end helper()", id="a function of the file"),
        pytest.param("local function helper() end helper()", id="a local function"),
        pytest.param('if docker then docker.run("x") end', id="a module that is looked for"),
        pytest.param("local t = {} t.pkg.instal() t.docker()", id="fields"),
        pytest.param("_G.docker = {} docker.run()", id="globals by their table"),
        pytest.param("tools.anything(1, 2)", id="a module in Lua"),
        pytest.param("file_ops.copy(unpack(t))", id="several values"),
        pytest.param("file_ops.copy { src = a, [k] = b }", id="keys that are computed"),
        pytest.param('file_ops.copy { src = a .. "b", dest = c }', id="values that are computed"),
        pytest.param('template.render("x.j2", { port = 8080 })', id="a table that is a value"),
        pytest.param("pkg.install(options)", id="options in a variable"),
        pytest.param(
            'exec("ls") exec.run("ls", { user = "x" }) facts.os() log.info("x", { a = 1 })', id="special forms"
        ),
        pytest.param("json.encode({ anything = 1 }) state.set('a', { b = 1 })", id="modules of values"),
        pytest.param(
            "pkg.install { packages = (function() return {} end)(), state = 'latest' }", id="a function inside"
        ),
        pytest.param(
            'user.create { name = "a", become = true, timeout = "5s", ignore_errors = true }', id="common ones"
        ),
        pytest.param("state.with_lock('x', function() end) state:with_lock('x', 5, function() end)", id="a function for a module"),
        pytest.param("goto done ::done:: print(#arg, ...)", id="labels"),
    ],
)
def test_nothing_is_said_of_what_may_be_right(text):
    assert found(text) == []


def test_what_one_file_sets_another_may_use():
    assert found("helper.run()", lib="helper = { run = function() end }") == []


@pytest.mark.parametrize("path", [*ROOT.glob("playbooks/*.sloth"), *ROOT.glob("tests/corpus/*.sloth")], ids=str)
def test_nothing_is_said_of_files_that_run(path):
    assert load(path, {}, {}, lambda level, text: None).problems() == []


def test_tokens_have_their_lines_and_values():
    assert [(one.kind, one.text, one.line) for one in tokens('#!/x\n"a\\n\\65\\x42\\u{43}\\z  \n d"\n0x1F 1e3 .5')] == [
        (STRING, "a\nABCd", 2), (NUMBER, "0x1F", 4), (NUMBER, "1e3", 4), (NUMBER, ".5", 4),
    ]  # fmt: skip
