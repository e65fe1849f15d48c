"""The language as a task's function sees it: arguments, variables, facts, log, this."""

from __future__ import annotations

from typing import Any

import pytest

from sloth.runtime.failure import ActionFailed
from sloth.runtime.lua.vm import LuaError
from sloth.runtime.program import TopLevel
from tests.unit.runtime.lua.script import Script, run, script

CONTEXT: dict[str, Any] = {
    "params": {"p": 1}, "deps": {"d": {"x": 2}}, "session": {"s": 3},
    "vars": {"v": 4}, "inventory_hostname": "h1",
}


@pytest.mark.parametrize(("style", "parameters", "expression", "value"), [
    ("task", "this, params, deps, session", "{ this.name, params.p, deps.d.x, session.s }", ["t", 1, 2, 3]),
    ("task", "self, p", "{ self.name, p.p }", ["t", 1]),
    ("task", "ctx", "ctx.agent", "h1"),
    ("task", "params, deps", "{ params.p, deps.d.x }", [1, 2]),
    ("task", "p", "p.p", 1),
    ("task", "...", "(...).p", 1),
    ("task", "", "params.p", 1),
    ("hook", "this, params, err", "{ this.name, err.error }", ["t", "why"]),
    ("hook", "params, err", "{ params.p, err.error }", [1, "why"]),
    ("condition", "this, params", "{ this.name, params.p }", ["t", 1]),
    ("condition", "params, deps", "{ params.p, deps.d.x }", [1, 2]),
    ("handler", "this, params", "this.name", "t"),
    ("plain", "first", "first.error", "why"),
])
def test_a_function_gets_what_its_parameter_names_ask_for(style, parameters, expression, value):
    given: dict[str, Any] = {} if style in ("task", "condition") else {"extra": [{"error": "why"}]}
    assert script(f"return {expression}", parameters).call("t", style=style, **CONTEXT, **given) == [value]


@pytest.mark.parametrize(("expression", "value"), [
    ("vars.v", 4), ("vars.nothing", None), ("params.p", 1), ("inventory_hostname", "h1"),
    ("(function() for k, x in pairs(vars) do return k .. x end end)()", "v4"),
    ("(function() vars.v = 5 return vars.v end)()", 5),
    ("this.name", "t"), ("this.name()", "t"), ("this:name()", "t"), ("this.agent()", "h1"), ("this.name == 't'", True),
])
def test_what_belongs_to_the_task_that_runs(expression, value):
    assert run(f"return {expression}", **CONTEXT) == [value]


def test_what_a_task_writes_into_vars_is_gone_with_it():
    flow = script("local before = vars.x vars.x = 1 return before, vars.x")
    assert flow.call("t") == flow.call("t") == [None, 1]


def test_values_are_found_by_path():
    flow = script("return values.get('a.b.2'), values.get('a.x.y'), values.a.b[1], require('values').a.b[2]",
                  sees=TopLevel(values={"a": {"b": ["x", "y"]}}))
    assert flow.call("t") == ["y", None, "x", "y"]


@pytest.mark.parametrize(("path", "found"), [("a.no", False), ("a.gone", "d"), ("gone.b", "d"), ("a.no.b", "d")])
def test_a_value_that_is_not_there_has_the_default_that_is_given(path, found):
    assert script(f"return values.get('{path}', 'd')", sees=TopLevel(values={"a": {"no": False}})).call("t") == [found]


def test_what_the_machine_holds_is_there_for_every_call():
    flow = script("vars.list[1] = 'mine' local n = 0 for _ in pairs(vars) do n = n + 1 end vars.a = nil "
                  "return groups.web[1], vars.list[1], vars.a, vars.b, n, vars.registered")
    flow.vm.hold("groups", {"web": ["h1"]})
    flow.vm.hold("vars", {"list": ["x"], "a": None, "b": {"c": 1}})
    expected = ["h1", "mine", None, {"c": 1}, 3, {"d": 1}]
    assert flow.call("t", held="vars", own={"registered": {"d": 1}}) == expected


def test_what_a_task_changes_in_what_the_machine_holds_is_gone_with_it():
    flow = script("local before = vars.a.b vars.a.b = 2 vars.c = 1 return before, vars.c")
    flow.vm.hold("vars", {"a": {"b": 1}})
    assert flow.call("t", held="vars") == flow.call("t", held="vars") == [1, 1]


def test_facts_are_asked_for_once_in_all_their_forms():
    flow = script("return facts.os.name, facts.get_os().name, facts.get('os').name")
    assert flow.call("t", lambda request: [{"name": "debian"}]) == ["debian"] * 3
    assert flow.call("t") == ["debian"] * 3
    assert [(one["module"], one["action"], one["args"]) for one in flow.requests] == [("facts", "get", ["os"])]


@pytest.mark.parametrize(("call", "asked"), [
    ("facts.get('os', 'cpu')", ("get", ["os", "cpu"])),
    ("facts.get({ 'os', 'cpu' })", ("get", [["os", "cpu"]])),
    ("facts.all()", ("all", [])),
    ("facts.names()", ("names", [])),
])  # fmt: skip
def test_several_facts_are_one_question(call, asked):
    flow = script(f"return {call}.a")
    assert flow.call("t", lambda request: [{"a": 1}]) == [1]
    assert [(one["action"], one["args"]) for one in flow.requests] == [asked]


def test_a_fact_that_fails_is_an_error_at_its_line():
    def unknown(_request):
        raise ActionFailed("unknown fact: oss")

    with pytest.raises(LuaError, match=r"a\.sloth:2: unknown fact"):
        run("\nreturn facts.oss", unknown)


@pytest.mark.parametrize(("call", "level", "text"), [
    ("log.info('a', 1, nil, true)", "info", "a 1 nil true"),
    ("log.warn({ a = { 1 } })", "warn", '{"a":[1]}'),
    ("log:error('x')", "error", "x"),
    ("print('a', 'b')", "info", "a\tb"),
    ("print(exec.run('x'))", "info", "out"),
])
def test_log_takes_anything(call, level, text):
    flow = script(call)
    flow.call("t", lambda request: [{"stdout": "out", "__string": "stdout"}])
    last = flow.requests[-1]
    assert (last["module"], last["action"], last["args"]) == ("log", level, [text])


def test_log_gives_a_table_as_it_is_and_its_text_to_who_loads():
    flow = script("log.table({ { a = 1 } }, { 'a' })")
    flow.call("t")
    assert (flow.requests[-1]["action"], flow.requests[-1]["args"]) == ("table", [[{"a": 1}], ["a"]])
    assert Script({"site.sloth": "log.table({ 1, 2 }) task('t'):build()"}).said == [("info", "[1,2]")]



def test_notify_names_handlers():
    flow = script("notify('a') notify('b', 'c')")
    flow.call("t")
    assert [(one["module"], one["action"], one["args"]) for one in flow.requests] == [
        ("task", "notify", ["a"]), ("task", "notify", ["b", "c"])
    ]


def test_the_workdir_is_a_path_with_actions():
    flow = script("local w = this.workdir w:ensure() w.recreate() "
                  "return w.path, w.path(), w.get(), w:get(), w .. '/x', w.exists()")
    values = flow.call("t", lambda request: [True], this={"name": "t", "workdir": "/srv"})
    assert values == ["/srv"] * 4 + ["/srv/x", True]
    assert [f"{one['module']}.{one['action']} {one['named']['path']}" for one in flow.requests] == [
        "file_ops.directory /srv", "file_ops.absent /srv", "file_ops.directory /srv", "fs.exists /srv"
    ]


def test_conditions_and_hooks_have_closures_of_their_own():
    flow = Script({"a.sloth": """
    task("t"):command(function() end):run_if(function() return vars.yes end)
      :on_failure(function(this, params, err) return err.error end):build()"""})
    assert flow.call("t", slot="run_if", style="condition", vars={"yes": True}) == [True]
    assert flow.call("t", slot="on_failure", style="hook", extra=[{"error": "why"}]) == ["why"]
