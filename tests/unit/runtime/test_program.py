"""Loading workflow files: declarations, imports, roles, and what is wrong in them, with its line."""

from __future__ import annotations

import json
from typing import Any

import pytest

from sloth.runtime.lua.vm import LuaError, LuaSyntax, LuaTimeout
from sloth.runtime.program import TopLevel, closures
from tests.unit.runtime.lua.script import Script

FULL = """#!/usr/bin/env sloth
local packages = task("packages"):command("apt-get update"):build()
local web = task("nginx")
  :description("nginx runs"):hosts("web:&prod"):become(true):tags({ "web" }):tags("web", "www")
  :depends_on(packages, "users"):timeout("2m"):retries(3, "linear"):retry_delay(2):max_retry_delay("10s")
  :run_if("test -d /etc/nginx"):abort_if(function() return false end)
  :command(function(this, params) return true end)
  :workdir("/srv"):env({ PORT = 80 }):params({ port = 80, list = {} }):ignore_errors():notify("restart")
  :on_success(function() end):on_failure(function() end)
  :build()
workflow.define("site")
  :description("all of it"):version("1.0.0"):hosts("all"):variables({ a = 1 })
  :roles({ "common", { role = "web", vars = { port = 8080 } }, role("db", { size = 2 }) })
  :tasks({ packages, web })
  :handlers({ handler("restart", function() end) })
  :config({ timeout = "15m", max_parallel_tasks = 4 })
  :on_start(function() end):on_complete(function() end)
"""
ROLES = {f"role:{name}/tasks/main.sloth": f"task('{name} task'):build()" for name in ("common", "web", "db")}


Program = dict[str, Any]


def load(text: str, **more: Any) -> Program:
    sources = {"site.sloth": text, **more.pop("sources", {})}
    return Script(sources, **more).program


def test_all_that_a_task_declares_is_in_the_program():
    task = load(FULL, sources=ROLES)["workflows"][0]["tasks"][-1]
    numbers = {key: task[key].pop("function") for key in ("abort_if", "command", "on_success", "on_failure")}
    assert len(set(numbers.values())) == 4
    assert task == {
        "name": "nginx", "description": "nginx runs", "hosts": "web:&prod", "become": True, "tags": ["web", "www"],
        "depends_on": ["packages", "users"], "timeout": "2m", "run_if": "test -d /etc/nginx",
        "retries": {"count": 3, "strategy": "linear", "delay": 2, "max_delay": "10s"},
        "workdir": "/srv", "env": {"PORT": "80"}, "params": {"port": 80, "list": {}}, "ignore_errors": True,
        "notify": ["restart"], "role": None, "file": "site.sloth", "line": 3,
        "command": {"file": "site.sloth", "line": 7, "last": 7}, "abort_if": {"file": "site.sloth", "line": 6, "last": 6},
        "on_success": {"file": "site.sloth", "line": 9, "last": 9}, "on_failure": {"file": "site.sloth", "line": 9, "last": 9},
    }


def test_all_that_a_workflow_declares_is_in_the_program():
    flow = load(FULL, sources=ROLES)["workflows"][0]
    keys = ("name", "description", "version", "hosts", "variables", "config", "line", "file")
    assert {key: flow[key] for key in keys} == {
        "name": "site", "description": "all of it", "version": "1.0.0", "hosts": "all", "variables": {"a": 1},
        "config": {"timeout": "15m", "max_parallel_tasks": 4}, "line": 11, "file": "site.sloth",
    }
    assert [{"role": use["role"], "vars": use["vars"]} for use in flow["roles"]] == [
        {"role": "common", "vars": {}}, {"role": "web", "vars": {"port": 8080}}, {"role": "db", "vars": {"size": 2}}
    ]
    assert [task["name"] for task in flow["tasks"]] == [
        "common : common task", "web : web task", "db : db task", "packages", "nginx"
    ]
    assert [handler["name"] for handler in flow["handlers"]] == ["restart"]
    assert sorted(flow["hooks"]) == ["on_complete", "on_start"]


def test_the_table_form_is_the_chain_in_another_shape():
    chain = load("workflow.define('w'):description('d'):hosts('a', 'b'):tasks({ task('t'):build() })"
                 ":config({ timeout = 5 })")
    table = load("workflow.define('w', { description = 'd', hosts = { 'a', 'b' }, tasks = { task('t'):build() }, "
                 "config = { timeout = 5 } })")
    assert chain == table
    assert chain["workflows"][0]["hosts"] == "a,b"


def test_built_tasks_without_a_workflow_are_one_named_after_the_file():
    flows = load("task('b'):build() task('a'):build() handler('h', function() end)")["workflows"]
    assert [(flow["name"], [task["name"] for task in flow["tasks"]], len(flow["handlers"])) for flow in flows] == [
        ("site", ["b", "a"], 1)
    ]


def test_a_file_may_define_several_workflows():
    flows = load("local t = task('t'):build() workflow.define('a'):tasks({t}):build() workflow.define('b'):tasks({t})")
    assert [flow["name"] for flow in flows["workflows"]] == ["a", "b"]


def test_the_same_sources_give_the_same_program():
    first = json.dumps(load(FULL, sources=ROLES))
    assert all(json.dumps(load(FULL, sources=ROLES, side=side)) == first for side in ("host", "controller"))


def test_closures_are_found_by_the_names_of_workflow_and_task():
    program = load(FULL, sources=ROLES)
    declared = closures(program, "site")
    tasks, handlers = declared.tasks, declared.handlers
    assert list(tasks) == ["common : common task", "web : web task", "db : db task", "packages", "nginx"]
    assert [handler["name"] for handler in handlers] == ["restart"]
    with pytest.raises(LuaError, match="there is no workflow 'nope'; there are: site"):
        closures(program, "nope")


# what is wrong in a file

WRONG = {
    "unknown method": ("task('t')\n  :descripton('x')", 2, "unknown method descripton: did you mean 'description'?"),
    "a method far from all": ("task('t'):zzzzzzzz()", 1, "unknown method zzzzzzzz; there are abort_if, ai_optimization,"),
    "unknown workflow method": ("workflow.define('w')\n:task({})", 2, "unknown method task: did you mean 'tasks'?"),
    "unknown workflow key": ("workflow.define('w', { taskss = {} })", 1, "unknown key taskss: did you mean 'tasks'?"),
    "unknown workflow function": ("workflow.defin('w')", 1, "unknown workflow.defin: did you mean 'define'?"),
    "dot for colon": ("task('t').command(function() end)", 1, "with a colon"),
    "setting a field": ("task('t').command = print", 1, "with its method, :command(…)"),
    "name": ("task(5)", 1, "task wants a string, got 5"),
    "empty name": ("task(' ')", 1, "a task needs a name"),
    "command": ("task('t'):command(5)", 1, "command wants a shell string or a function, got 5"),
    "command of an unknown global": ("task('t'):command(nothing)", 1, "got nothing"),
    "depends_on": ("task('t'):depends_on(5)", 1, "depends_on wants a name or a list of names, got 5"),
    "hosts of nothing": ("task('t'):hosts('')", 1, "hosts names no host: leave it out where all are meant"),
    "hosts of an empty list": ("workflow.define('w')\n:hosts({})", 2, "hosts names no host"),
    "depends_on deep": ("task('t'):depends_on({ { 'x' } })", 1, "depends_on wants a name"),
    "timeout": ("task('t'):timeout({})", 1, "timeout wants a number of seconds above 0 or a string"),
    "negative timeout": ("task('t'):timeout(-1)", 1, "timeout wants a number of seconds above 0"),
    "retries": ("task('t'):retries('3')", 1, "retries wants a whole number from 0, got a string"),
    "strategy": ("task('t'):retries(3, 'exponental')", 1, "did you mean 'exponential'?"),
    "serial": ("task('t'):serial('x')", 1, 'serial wants a number of hosts or a percentage such as "25%", got a string'),
    "serial by name": ("task('t'):serial({ a = 1 })", 1, 'serial wants a number of hosts or a percentage such as "25%", got a table'),
    "serial in a list": ("task('t'):serial({ 1, true })", 1, 'serial wants a number of hosts or a percentage such as "25%", got true'),
    "become": ("task('t'):become(5)", 1, "become wants true, false or a user, got 5"),
    "env": ("task('t'):env({ A = {} })", 1, "env: A wants a string, got a table"),
    "params": ("task('t'):params({ f = function() end })", 1, "params: a function cannot leave Lua"),
    "hook": ("task('t'):on_success('echo')", 1, "on_success wants a function, got a string"),
    "tasks": ("workflow.define('w'):tasks({ 'x' })", 1, "tasks: there is no task 'x'"),
    "a task that is a number": (
        "workflow.define('w'):tasks({ a = 1 })", 1, "task 'a' wants a shell string or a function, got 1"
    ),
    "an item that is a number": ("workflow.define('w'):tasks({ 1 })", 1, "tasks: item 1 wants a task, got 1"),
    "tasks as a number": ("workflow.define('w'):tasks(5)", 1, "tasks wants a list or a table of tasks, got 5"),
    "a list of params": ("task('t'):params({ 1 })", 1, "params wants { name = value, … }, got a value without a name"),
    "handlers": ("workflow.define('w'):handlers({ task('t') })", 1, "handlers: item 1 is not made by handler(…)"),
    "handler": ("handler('h')", 1, "handler 'h' wants a function, got nothing"),
    "roles": ("workflow.define('w'):roles({ { rolle = 'x' } })", 1, "roles: unknown key rolle: did you mean 'role'?"),
    "task twice": ("task('t'):build()\ntask('t'):build()", 2, "task 't' is defined twice, first at site.sloth:1"),
    "workflow twice": ("workflow.define('w')\nworkflow.define('w')", 2, "workflow 'w' is defined twice"),
    "role twice": ("workflow.define('w'):roles({ 'web', 'web' })", 1, "the role 'web' twice"),
    "missing role": ("\nworkflow.define('w'):roles({ 'none' })", 2, "role 'none' has no tasks/main.sloth"),
    "facts": ("local x = facts.os task('t'):build()", 1, "facts.os belongs to a host"),
    "facts that an error hangs on": ("\nlocal x = facts.os.n + {} task('t'):build() error('x')", 2, "belongs to a host"),
    "inventory_hostname": ("local x = inventory_hostname\ntask('t'):build()", 1, "move this line into the task"),
    "groups": ("task('t'):build()\nlocal x = groups.web", 2, "groups belongs to a host"),
    "unknown global": ("\nlocal x = nothing.at_all", 2, "attempt to index a nil value (global 'nothing')"),
    "missing import": ("\nimport('none.lua')", 2, "import: there is no file none.lua"),
    "missing module": ("require('a.b')", 1, "require: there is no module a.b and no file a/b.lua or modules/a/b.lua"),
}


@pytest.mark.parametrize(("text", "line", "message"), [pytest.param(*case, id=name) for name, case in WRONG.items()])
def test_what_is_wrong_is_told_with_its_line(text, line, message):
    with pytest.raises(LuaError) as caught:
        load(text, sources=ROLES)
    assert message in caught.value.text
    assert caught.value.where == f"site.sloth:{line}"


@pytest.mark.parametrize(("text", "where", "message"), [
    pytest.param("local x = = 5", "site.sloth:1:11", "unexpected symbol near '='", id="symbol"),
    pytest.param("x = 1\n  foo bar", "site.sloth:2:7", "syntax error near 'bar'", id="word"),
    pytest.param("task('t'", "site.sloth:1:9", "')' expected near <eof>", id="end of file"),
    pytest.param("x = 1\nif x then\n", "site.sloth:3:1", "'end' expected (to close 'if' at line 2) near <eof>",
                 id="if"),
    pytest.param("x = 'abc\ny = 1", "site.sloth:1:5", "unfinished string near ''abc'", id="string"),
    pytest.param("#!/bin/x\n\nend", "site.sloth:3:1", "<eof> expected near 'end'", id="behind a shebang line"),
])
def test_a_syntax_error_names_line_and_column(text, where, message):
    with pytest.raises(LuaSyntax) as caught:
        load(text)
    assert (caught.value.where, caught.value.text) == (where, message)


def test_a_byte_order_mark_is_dropped():
    assert load("\ufefftask('t'):build()")["workflows"]


def test_an_endless_top_level_is_ended():
    ticks = iter(range(10**9))
    with pytest.raises(LuaTimeout):
        load("while true do end", vm={"clock": lambda: float(next(ticks))})


def test_a_task_that_no_workflow_has_is_a_warning():
    text = "workflow.define('w')\ntask('t'):command('true'):build()"
    assert load(text)["warnings"] == ["site.sloth:2: task 't' is built, but no workflow has it"]


def test_a_task_without_a_command_is_a_warning():
    assert load("task('t'):build()")["warnings"] == ["site.sloth:1: task 't' has no command: it does nothing"]


# the top level

def test_the_top_level_sees_what_is_the_same_for_all_hosts():
    name = "vars.name .. values.get('a.b') .. os.getenv('WHO') .. tostring(os.getenv('NO'))"
    flow = Script(
        {"site.sloth": f"task({name}):build()"},
        sees=TopLevel({"name": "n-"}, values={"a": {"b": "v-"}}, environ={"WHO": "me-", "SECRET": "x"}),
    )
    assert list(flow.tasks) == ["n-v-me-nil"]
    assert flow.program["environ"] == ["NO", "WHO"]


def test_what_a_task_reads_of_the_environment_by_its_name_is_asked_for():
    flow = Script({
        "site.sloth": "import('b.lua') task('t'):command(function() return os.getenv('WHO') or os.getenv (\n'HOME') end):build()",
        "b.lua": 'return function(name) return os.getenv(name) or os.getenv("LANG") end',
    })
    assert flow.program["environ"] == ["HOME", "LANG", "WHO"]


def test_the_top_level_logs_on_the_controller_and_is_silent_on_a_host():
    text = "print('hello', 1) log.warn('careful') task('t'):build()"
    assert Script({"site.sloth": text}).said == [("info", "hello\t1"), ("warn", "careful")]
    assert Script({"site.sloth": text}, side="host").said == []


# import and require

def test_files_import_each_other_relative_to_themselves():
    sources = {
        "lib/tasks.lua": "local names = import('names.lua') return function(i) return task(names[i]):build() end",
        "lib/names.lua": "return { 'one', import('../deep/./two.lua') }",
        "deep/two.lua": "return 'two'",
        "modules/colors.lua": "return { red = 'three' }",
    }
    program = load("local make = import('lib/tasks.lua') make(1) make(2) task(require('colors').red):build() "
                   "assert(require('colors') == require('colors') and require('exec') == exec)", sources=sources)
    assert [task["name"] for task in program["workflows"][0]["tasks"]] == ["one", "two", "three"]
    assert program["sources"] == ["site.sloth", "lib/tasks.lua", "lib/names.lua", "deep/two.lua", "modules/colors.lua"]


def test_a_task_can_import_when_it_runs():
    text = "task('t'):command(function() return import('x.lua') end):build()"
    flow = Script({"site.sloth": text, "x.lua": "return 5"})
    assert flow.call("t") == [5]


def test_imports_that_lead_outside_are_left_to_the_reader():
    with pytest.raises(LuaError, match=r"there is no file \.\./\.\./etc/passwd"):
        load("import('lib/../../../etc/passwd')", sources={})
    for text in ("import('/etc/passwd')", "require('....x')"):
        with pytest.raises(LuaError, match="there is no"):
            load(text)


def test_an_import_cycle_is_an_error_that_shows_it():
    with pytest.raises(LuaError, match=r"import cycle: a\.lua → b\.lua → a\.lua") as caught:
        load("import('a.lua')", sources={"a.lua": "import('b.lua')", "b.lua": "\nimport('a.lua')"})
    assert caught.value.where == "b.lua:2"


def test_an_error_in_an_imported_file_has_its_place():
    with pytest.raises(LuaError) as caught:
        load("import('lib/a.lua')", sources={"lib/a.lua": "\nerror('why')"})
    assert (caught.value.text, caught.value.where) == ("why", "lib/a.lua:2")


# roles

def test_a_role_brings_tasks_and_handlers_before_those_of_the_workflow():
    sources = {
        "role:web/tasks/main.sloth": "local names = import('list.lua') "
        "for _, name in ipairs(names) do task(name):depends_on('users', 'conf'):build() end",
        "role:web/tasks/list.lua": "return { 'conf', 'run' }",
        "role:web/handlers/main.lua": "handler('restart web', function() return 'restarted' end)",
    }
    program = load("workflow.define('a'):roles({ 'web' }):tasks({ task('users'):build() })"
                   ":handlers({ handler('own', function() end) })", sources=sources)
    flow = program["workflows"][0]
    assert [(task["name"], task["depends_on"], task["role"]) for task in flow["tasks"]] == [
        ("web : conf", ["users", "web : conf"], "web"), ("web : run", ["users", "web : conf"], "web"),
        ("users", [], None),
    ]
    assert [handler["name"] for handler in flow["handlers"]] == ["restart web", "own"]
    assert flow["tasks"][0]["file"] == "roles/web/tasks/main.sloth"
    assert program["sources"] == [
        "site.sloth", "role:web/handlers/main.lua", "role:web/tasks/main.sloth", "role:web/tasks/list.lua"
    ]


def test_a_role_that_two_workflows_use_is_evaluated_once():
    program = load("workflow.define('a'):roles({ 'web' }) workflow.define('b'):roles({ 'web' })",
                   sources={"role:web/tasks/main.sloth": "task('t'):command(function() end):build()"})
    first, second = (flow["tasks"][0]["command"] for flow in program["workflows"])
    assert first == second


def test_a_role_cannot_define_a_workflow():
    with pytest.raises(LuaError, match="no workflow") as caught:
        load("workflow.define('w'):roles({ 'web' })", sources={"role:web/tasks/main.sloth": "\nworkflow.define('x')"})
    assert caught.value.where == "roles/web/tasks/main.sloth:2"


def test_import_in_a_role_does_not_leave_the_role_unseen():
    with pytest.raises(LuaError, match=r"there is no file roles/web/\.\./\.\./secret"):
        load("workflow.define('w'):roles({ 'web' })",
             sources={"role:web/tasks/main.sloth": "import('../../../secret')", "secret": "return 1"})
