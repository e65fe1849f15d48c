"""Every form in which a workflow can be written, and mixes of them: names, order, dependencies, lines."""

from __future__ import annotations

from typing import Any

import pytest

from sloth.runtime.catalog import Catalog
from sloth.runtime.lua.vm import LuaError
from sloth.runtime.program import TopLevel
from tests.unit.runtime.lua.script import Script

GROUPS = """TaskDefinitions = {
  zeta = {
    description = "build and test",
    workdir = "/srv/zeta", create_workdir_before_run = true,
    clean_workdir_after_run = function(result) return result.success end,
    tasks = {
      { name = "compile", command = "make", params = { target = "all" } },
      { name = "test", command = function(params, deps) return true end, depends_on = "compile",
        retries = 2, timeout = "5m", async = true },
      { name = "notify", run = function() end, next_if_fail = "test",
        pre_exec = function() end, post_exec = function() end, on_fail = function() end },
    },
  },
  alpha = { tasks = { b = { command = "b" }, a = { command = "a", depends_on = "b" }, c = function() end } },
}
"""

FORMS = {
    "groups": (
        GROUPS,
        [
            ("zeta", 2, [("compile", 7, []), ("test", 8, ["compile"]), ("notify", 10, [])]),
            ("alpha", 14, [("b", 14, []), ("a", 14, ["b"]), ("c", 14, [])]),
        ],
    ),
    "groups in a list": (
        "TaskDefinitions = { { name = 'one', tasks = { { name = 't', command = 'x' } } } }",
        [("one", 1, [("t", 1, [])])],
    ),
    "groups that are put in one by one": (
        (
            "TaskDefinitions = {}\nTaskDefinitions.b = { tasks = { x = 'true' } }\n"
            "TaskDefinitions['a'] = { tasks = { y = 'true' } }"
        ),
        [("b", 2, [("x", 2, [])]), ("a", 3, [("y", 3, [])])],
    ),
    "groups among other workflows": (
        "TaskDefinitions = { g = { tasks = { t = 'x' } } }\nworkflow.define('w', { tasks = { t = 'x' } })",
        [("g", 1, [("t", 1, [])]), ("w", 2, [("t", 2, [])])],
    ),
    "a call with a table": (
        (
            "workflow({ name = 'w', description = 'd', tasks = {\n"
            "  { name = 'a', run = function() return { changed = true } end },\n"
            "  { name = 'b', run = 'echo', depends_on = { 'a' } } } })"
        ),
        [("w", 1, [("a", 2, []), ("b", 3, ["a"])])],
    ),
    "a call with a table without a name": (
        "workflow { tasks = { { name = 'a', run = 'x' } } }",
        [("site", 1, [("a", 1, [])])],
    ),
    "plain tables": (
        "workflow.define('w', { tasks = { { name = 'a', command = 'x' }, { name = 'b', shell = nil } } })",
        [("w", 1, [("a", 1, []), ("b", 1, [])])],
    ),
    "a map in the order of its functions": (
        (
            "workflow.define('w', { tasks = {\n  zz = { command = function() end },\n"
            "  aa = { depends_on = 'zz',\n    command = function() end },\n  ['m m'] = function() end } })"
        ),
        [("w", 1, [("zz", 2, []), ("aa", 3, ["zz"]), ("m m", 5, [])])],
    ),
    "a map of lines and functions, by group": (
        (
            "TaskDefinitions = {\n one = { tasks = {\n zz = { command = 'x' },\n mm = { run = 'y', params = { zz = 1 } },\n"
            " aa = { command = function() local x, mm = 1 return { zz = 1 } end } } },\n"
            " two = { tasks = { -- aa = { before zz = {\n aa = 'x', [ \"mm\" ] = 'y',\n ['zz'] = { command = [[ mm = { ]] } } } }"
        ),
        [("one", 2, [("zz", 3, []), ("mm", 4, []), ("aa", 5, [])]), ("two", 6, [("aa", 7, []), ("mm", 7, []), ("zz", 8, [])])],
    ),
    "a map of functions from elsewhere": (
        (
            "local function b() end\nlocal function a() end\nlocal tasks = {\n z = { command = a },\n"
            " y = { command = b }, x = { command = a } }\nworkflow.define('w', { tasks = tasks })"
        ),
        [("w", 6, [("z", 4, []), ("y", 5, []), ("x", 5, [])])],
    ),
    "a map that statements make, above": (
        "local t = {}\nt.z = { run = 'z' }\nt['y'] = { run = 'y' }\nt.x = 'x'\nworkflow('w', { tasks = t })",
        [("w", 5, [("z", 2, []), ("y", 3, []), ("x", 4, [])])],
    ),
    "a map in the order of the text": (
        "-- y = 1\nworkflow.define('w', { tasks = {\n  z = 'z', y = { command = 'y' },\n  ['x'] = 'x',\n a = 'a' } })",
        [("w", 2, [("z", 3, []), ("y", 3, []), ("x", 4, []), ("a", 5, [])])],
    ),
    "a mix": (
        (
            "local t = task('t'):command('x'):build()\nworkflow.define('w', { tasks = {\n  t,\n  b = { command = 'b' },\n"
            "  { name = 'u', command = 'x' },\n  a = task('c'):command('c'), } })"
        ),
        [("w", 2, [("t", 1, []), ("u", 5, []), ("b", 4, []), ("c", 6, [])])],
    ),
    "names of built tasks": (
        "task('a'):build() task('b'):build()\nworkflow.define('w'):tasks({ 'b', 'a' })",
        [("w", 2, [("b", 1, []), ("a", 1, [])])],
    ),
    "names of tasks that are built further below": (
        "workflow.define('w'):tasks({ 'b', 'a' })\ntask('a'):build() task('b'):build()",
        [("w", 1, [("b", 2, []), ("a", 2, [])])],
    ),
    "tasks one by one": (
        "local a = task('a')\nworkflow.define('w'):tasks(a, { name = 'b', run = 'x' }):handlers(handler('h', print))",
        [("w", 2, [("a", 1, []), ("b", 2, [])])],
    ),
    "workflow.define with one table": (
        "workflow.define({ name = 'w', tasks = { { name = 'a', run = 'x' } } })",
        [("w", 1, [("a", 1, [])])],
    ),
    "tasks that are whole at once": (
        "task('a', { run = 'x' })\ntask { name = 'b', run = 'x', depends_on = 'a' } task('c', 'x'):depends_on('b')",
        [("site", 1, [("a", 1, []), ("b", 2, ["a"]), ("c", 2, ["b"])])],
    ),
    "a script of modules that are not there": (
        "local docker = require('docker')\ndocker.run({ image = 'nginx' }) stack.set_output('a', 1)",
        [("site", 1, [("site", 1, [])])],
    ),
    "a chain on the call": (
        "workflow('w'):description('d'):tasks({ task('t'):command('x') })",
        [("w", 1, [("t", 1, [])])],
    ),
    "a chain that goes on": (
        "workflow('w'):description('d')\nworkflow('w'):tasks({ t = 'x' })",
        [("w", 1, [("t", 2, [])])],
    ),
    "group": ('group "g" { description = "d", tasks = { { name = "t", run = "x" } } }', [("g", 1, [("t", 1, [])])]),
    "group with tasks in it": ('group("g", { task("t"):command("x") })', [("g", 1, [("t", 1, [])])]),
    "built tasks": (
        "task('b'):command('x'):build() task('a'):command('x'):build()",
        [("site", 1, [("b", 1, []), ("a", 1, [])])],
    ),
    "a plain script": ("pkg.install('vim')", [("site", 1, [("site", 1, [])])]),
    "a script that only prints": ("print('hello')", [("site", 1, [("site", 1, [])])]),
    "a script with a function of its own": (
        "local function add(n) exec.run('x ' .. n) end\nfor i = 1, 3 do add(i) end",
        [("site", 1, [("site", 1, [])])],
    ),
    "calls and tasks": (
        "local v = exec.run('uname')\ntask('t'):command(function() return v end):build()",
        [("site", 1, [("top level", 1, []), ("t", 2, ["top level"])])],
    ),
}


def outline(program: dict[str, Any]) -> list[tuple[str, int, list[tuple[str, int, list[str]]]]]:
    """The workflows of a program: name, line, and the same with dependencies of their tasks."""
    return [
        (flow["name"], flow["line"], [(task["name"], task["line"], task["depends_on"]) for task in flow["tasks"]])
        for flow in program["workflows"]
    ]


@pytest.mark.parametrize(("text", "expected"), [pytest.param(*case, id=name) for name, case in FORMS.items()])
@pytest.mark.parametrize("side", ["controller", "host"])
def test_every_form_gives_its_workflows_and_tasks_in_order(text, expected, side):
    assert outline(Script({"site.sloth": text}, side=side).program) == expected


def test_what_a_group_says_is_in_the_program():
    flow = Script({"site.sloth": GROUPS}).program["workflows"][0]
    compile_, test, notify = flow["tasks"]
    assert (flow["description"], flow["workdir"], flow["create_workdir"]) == ("build and test", "/srv/zeta", True)
    assert flow["clean_workdir"]["line"] == 5
    assert (compile_["command"], compile_["params"]) == ("make", {"target": "all"})
    assert (test["retries"], test["timeout"], test["async"]) == ({"count": 2}, "5m", True)
    assert (notify["next_if_fail"], sorted(key for key in notify if "hook" in key or key.startswith("on_"))) == (
        ["test"],
        ["on_failure", "post_hook", "pre_hook"],
    )


# uses

USES = """
local base = { description = "of the base", timeout = "3s", params = { a = 1, b = 1 }, retries = 2, tags = { "x" } }
local built = task("built"):command("true"):env({ A = 1 }):retries(1, "fixed"):build()
workflow.define("w", { tasks = {
  { name = "from a table", uses = base, command = "x", params = { b = 2 }, retry_delay = 5 },
  { name = "from a task", uses = built, description = "mine" },
  { name = "by name", uses = "built", retries = 3 },
  { name = "at second hand", uses = { uses = base, command = "y" } },
  task("of a builder"):uses(built):command("z"),
  { name = "a sibling", uses = "by name", timeout = 9 },
  { name = "built", uses = "built", timeout = 9 },
} })"""


def test_uses_copies_a_task_and_lays_its_own_settings_over_it():
    tasks = {task["name"]: task for task in Script({"site.sloth": USES}).program["workflows"][0]["tasks"]}
    table, other = tasks["from a table"], tasks["from a task"]
    assert (table["description"], table["timeout"], table["tags"]) == ("of the base", "3s", ["x"])
    assert (table["params"], table["retries"]) == ({"a": 1, "b": 2}, {"count": 2, "delay": 5})
    assert (other["command"], other["env"], other["description"]) == ("true", {"A": "1"}, "mine")
    assert tasks["by name"]["retries"] == {"count": 3, "strategy": "fixed"}
    assert (tasks["at second hand"]["timeout"], tasks["at second hand"]["command"]) == ("3s", "y")
    assert (tasks["of a builder"]["env"], tasks["of a builder"]["command"]) == ({"A": "1"}, "z")
    assert (tasks["a sibling"]["retries"], tasks["a sibling"]["command"]) == ({"count": 3, "strategy": "fixed"}, "true")
    assert (tasks["built"]["env"], tasks["built"]["timeout"]) == ({"A": "1"}, 9)


# keys that mean nothing

WRONG = {
    "misspelt key": (
        "workflow.define('w', { tasks = { { name = 'a', comand = 'x' } } })",
        "unknown key comand: did you mean 'command'?",
    ),
    "no name": ("workflow.define('w', { tasks = { { command = 'x' } } })", "tasks: item 1 has no name"),
    "retries": (
        "workflow.define('w', { tasks = { a = { retries = { cont = 3 } } } })",
        "retries: unknown key cont: did you mean 'count'?",
    ),
    "uses nobody": (
        "workflow.define('w', { tasks = { a = { uses = 'bse' } } }) task('base'):build()",
        "there is no task 'bse': did you mean 'base'?",
    ),
    "uses itself": (
        "local t = {} t.uses = t workflow.define('w', { tasks = { a = t } })",
        "use each other in a circle",
    ),
    "group of nothing": ("group('g', 5)", "workflow 'g' wants a table, got 5"),
    "groups that are no table": ("TaskDefinitions = 5", "TaskDefinitions wants a table, got 5"),
    "a workflow without a table": ("workflow(5)", "workflow wants a string, got 5"),
    "values": ("values(5)", "values wants a table, got 5"),
    "calls in a role": ("workflow.define('w'):roles({ 'r' })", "pkg.install: module call outside of a task"),
}


@pytest.mark.parametrize(("text", "message"), [pytest.param(*case, id=name) for name, case in WRONG.items()])
def test_what_is_wrong_in_a_form_is_told(text, message):
    with pytest.raises(LuaError) as caught:
        Script({"site.sloth": text, "role:r/tasks/main.sloth": "pkg.install('vim')"})
    assert message in caught.value.text
    assert caught.value.where.endswith(":1")


def test_a_key_that_means_nothing_is_a_warning():
    text = "workflow.define('w', { owner = 'me', tasks = { a = { command = 'x', ticket_number = 5 } } })"
    assert Script({"site.sloth": text}).program["warnings"] == [
        "site.sloth:1: workflow 'w': the key owner means nothing here",
        "site.sloth:1: task 'a': the key ticket_number means nothing here",
    ]


# scripts


def test_a_plain_script_runs_as_its_one_task():
    flow = Script(
        {"site.sloth": "print('on ' .. inventory_hostname)\nlocal r = exec.run('x')\nreturn true, r.stdout, { n = 1 }"}
    )
    assert (flow.said, flow.program["warnings"]) == ([], [])
    values = flow.call("site", lambda request: [{"stdout": "out"}], inventory_hostname="h1")
    assert values == [True, "out", {"n": 1}]
    assert [(one["module"], one["args"]) for one in flow.requests] == [("log", ["on h1"]), ("exec", ["x"])]


@pytest.mark.parametrize(
    "use",
    [
        "if not r.success then error('why') end",
        "for line in r.stdout:gmatch('.') do error(line) end",
        "for _, x in ipairs(r) do error('why') end",
        "for k in pairs(r) do error(k) end",
        "local n = r.n + 1 - #r",
        "local t = 'a' .. r.stdout .. r",
        "r.x = 1 r.y.z()",
        "if r > r then error('why') end",
        "r.list[1] = nil",
        "assert(r)",
        "print(r)",
        "tostring(r)",
        "log.info(r)",
        "pkg.install { packages = r }",
        "table.insert(r, 1)",
    ],
)
def test_the_result_of_a_call_that_was_not_made_holds_nothing_and_harms_nothing(use):
    flow = Script({"site.sloth": f"local r = exec.run('x')\n{use}\ntask('t'):command('x'):build()"})
    assert list(flow.tasks) == ["top level", "t"]


def test_a_script_that_hangs_on_a_result_is_a_script_all_the_same():
    flow = Script({"site.sloth": "local r = exec.run('x')\nif tonumber(r.stdout) > 5 then print('large') end"})
    flow.call("site", lambda request: [{"stdout": "6"}])
    assert flow.requests[-1]["args"] == ["large"]


def test_a_name_that_nobody_knows_is_a_mistake_in_a_script_too():
    with pytest.raises(LuaError, match=r"site\.sloth:2: .*global 'pgk'.*did you mean 'pkg'"):
        Script({"site.sloth": "pkg.install('a')\npgk.install('vim')"})


def test_a_module_that_is_not_there_yet_fails_the_task_that_calls_it():
    flow = Script({"site.sloth": "task('a'):command(function() terraform.init('x') end):build()"})

    def answer(request: dict[str, Any]) -> list[object]:
        Catalog().find(request["module"], request["action"])
        return []

    with pytest.raises(LuaError, match="sloth has no module terraform yet") as caught:
        flow.call("a", answer)
    assert caught.value.where == "site.sloth:1"


def test_a_file_of_that_name_is_the_module_that_is_required():
    sources = {"site.sloth": "local d = require('docker') task('a'):command(d.line):build()",
               "docker.lua": "return { line = 'docker ps' }"}  # fmt: skip
    assert Script(sources).tasks["a"]["command"] == "docker ps"


def test_calls_beside_tasks_are_made_on_the_host_before_the_tasks():
    text = """local kernel = exec.run("uname").stdout
    values({ a = 1 })
    workflow.define("w", { tasks = { t = function() return kernel end, s = "x" } })"""
    flow = Script({"site.sloth": text}, side="host")
    assert flow.call("t") == [{}]
    assert flow.call("top level", lambda request: [{"stdout": "Linux"}]) == []
    assert flow.call("t") == ["Linux"]
    assert [one["args"] for one in flow.requests] == [["uname"]]


def test_tasks_that_the_machine_takes_away_are_an_error_on_it():
    text = "if #exec.run('x') == 0 then task('t'):command(function() end):build() end"
    flow = Script({"site.sloth": text})
    with pytest.raises(LuaError, match="task 't' does not exist when its file is evaluated on this host"):
        flow.call("top level", lambda request: [["a line"]])


def test_tasks_that_only_a_machine_brings_are_an_error_on_it():
    flow = Script({"site.sloth": "if facts.os.name == 'debian' then\ntask('t'):command('x'):build() end"})
    with pytest.raises(LuaError, match=r"site\.sloth:2: task 't' is there only when its file is evaluated on a host"):
        flow.call("site", lambda request: [{"name": "debian"}])


# stack, values, tests


def test_a_file_names_its_stack_and_its_default_values():
    flow = Script(
        {
            "site.sloth": "stack('prod') values({ a = { b = 1, c = 2 }, l = { 1 } })\n"
            "task(values.get('a.b', 'x') .. values.get('a.x.y', '') .. values.a.c .. #values.l):build()"
        },
        sees=TopLevel(values={"a": {"c": 3}}),
    )
    assert (list(flow.tasks), flow.program["stack"]) == (["131"], "prod")
    assert flow.program["values"] == {"a": {"b": 1, "c": 2}, "l": [1]}


def test_a_file_of_tests_is_known_as_such():
    program = Script(
        {"site.sloth": "test.describe('s', function() test.it('x', function() assert.fails() end) end)"}
    ).program
    assert ([test["name"] for test in program["tests"]], program["workflows"]) == (["s > x"], [])
