"""How people ask whether a call went well: in all these ways it has to come out the same, for all actions."""

from __future__ import annotations

import pytest
from lupa import lua54

from sloth.runtime.acting import Outcome, values_of
from sloth.runtime.action import PURE, Action
from sloth.runtime.catalog import Catalog
from sloth.runtime.failure import ActionFailed
from sloth.runtime.lua.vm import VM, compiled_prelude
from sloth.runtime.program import load_program
from tests.unit.runtime.lua.script import Request, run

CATALOG = Catalog()
LUAS_OWN = ("facts", "log", "secrets", "time")  # modules of which Lua makes something of its own
ACTIONS = [action for name in CATALOG.names if name not in LUAS_OWN for action in CATALOG.module(name).values()]
OF_VALUES = ("exec", "state")  # modules of which most actions return values of their own
CHANGING = [action.full_name for action in ACTIONS if not action.query and action.module not in OF_VALUES]
LOOKING = [action.full_name for action in ACTIONS if action.query]
TELLING = [
    action.full_name for action in ACTIONS
    if action.query and action.module not in (*PURE, *OF_VALUES, "metrics")
    and str(action.function.__annotations__["return"]).startswith("dict")
]  # fmt: skip

# Each says `bad` when it takes the call for a failure.
OF_ALL = {
    "not ok": "local ok, err = {} if not ok then bad() end",
    "ok == nil": "local ok, err = {} if ok == nil then bad() end",
    "err": "local result, err = {} if err then bad() end",
    "err ~= nil": "local result, err = {} if err ~= nil then bad() end",
    "err of another name": "local result, clone_error = {} if clone_error then bad() end",
    "err of an outer scope": "local result, err\nresult, err = {} if err then bad() end",
    "err in a line of its own": "local result, err =\n    {} if err then bad() end",
    "pcall": "local ok, err = pcall(function() {} end) if not ok then bad() end",
    "assert": "if not pcall(function() assert({}) end) then bad() end",
}
OF_TABLES = {
    "result.success": "local result = {} if not result.success then bad() end",
    "result.success == false": "local result = {} if result.success == false then bad() end",
    "result.failed": "local result = {} if result.failed then bad() end",
}
OF_CHANGES = {
    "success and message": "local success, msg = {} if not success or #msg == 0 then bad() end",
    "err alone": "local err = {} if err then bad() end",
}


def _asked(template: str, names: list[str]) -> str:
    """The source of a task that asks in this way of all these actions, and returns which it takes for failures."""
    calls = (template.replace("{}", name + "('x')").replace("bad()", f"wrong[#wrong + 1] = '{name}'") for name in names)
    asked = "\n".join(f"do {call} end" for call in calls)
    return f"task('t'):command(function()\nlocal wrong = {{}}\n{asked}\nreturn wrong\nend):build()"


def _taken_for_failures(template: str, names: list[str], *, fails: bool) -> object:
    vm = VM(lua54, modules=CATALOG.names, compiled=compiled_prelude(lua54))
    text = _asked(template, names)
    program = load_program(vm, "a.sloth", {"a.sloth": text}.get, side="controller")
    by_name = {action.full_name: action for action in ACTIONS}

    def perform(request: Request) -> list[object]:
        action = by_name[f"{request['module']}.{request['action']}"]
        if not fails:
            return values_of(_success(action))
        if action.query:
            return [None, "it is not there"]
        raise ActionFailed("it cannot be done")

    context: dict[str, object] = {"style": "task", "this": {"name": "t", "agent": "h1", "workdir": ""}}
    number = program["workflows"][0]["tasks"][0]["command"]["function"]
    return vm.call(number, context, perform, vm.clock() + 20)[0] or []


def _success(action: Action) -> Outcome:
    told = action.function.__annotations__["return"]
    outcome = Outcome(None if told in (None, "None") else {"a": 1} if "dict" in str(told) else True, action.query)
    outcome.changes = [] if action.query else ["make it so"]
    return outcome


@pytest.mark.parametrize("template", OF_ALL.values(), ids=OF_ALL)
def test_no_success_looks_like_a_failure(template):
    assert _taken_for_failures(template, CHANGING + LOOKING, fails=False) == []


@pytest.mark.parametrize("template", OF_TABLES.values(), ids=OF_TABLES)
def test_what_tells_of_a_host_can_be_asked_whether_it_succeeded(template):
    assert _taken_for_failures(template, CHANGING + TELLING, fails=False) == []


@pytest.mark.parametrize("template", OF_CHANGES.values(), ids=OF_CHANGES)
def test_no_change_that_went_well_looks_like_a_failure(template):
    assert _taken_for_failures(template, CHANGING, fails=False) == []


@pytest.mark.parametrize("name", ["not ok", "ok == nil", "err", "err ~= nil", "err in a line of its own"])
def test_no_failed_query_looks_like_a_success(name):
    assert _taken_for_failures(OF_ALL[name], LOOKING, fails=True) == LOOKING


@pytest.mark.parametrize("name", ["pcall", "assert"])
def test_no_failed_change_looks_like_a_success(name):
    assert _taken_for_failures(OF_ALL[name], CHANGING, fails=True) == CHANGING


def failed(_request: Request) -> list[object]:
    return [{"changed": False, "failed": True, "message": "no room"}, "no room"]


def went_well(_request: Request) -> list[object]:
    return [{"changed": True, "failed": False, "message": "write a"}, "write a"]


@pytest.mark.parametrize(
    ("body", "answer", "returned"),
    [
        pytest.param("local ok, message = fs.write('a', 'b') return message", went_well, ["write a"], id="a message"),
        pytest.param("return tostring((fs.write('a', 'b'))), (fs.write('a', 'b')).message",
                     lambda _: [{"changed": True, "failed": False, "success": True, "message": "write a"}, "write a"],
                     ["write a", "write a"], id="the text of a result"),
        pytest.param("local r, err = fs.write('a', 'b', {ignore_errors = true}) return err", failed, ["no room"],
                     id="a failure that is ignored"),
        pytest.param("local body, status, headers, err = fs.read('a') return body, status, headers, err",
                     lambda _: [None, "no route"], [None, "no route", None, "no route"], id="a failure at another place"),
        pytest.param("local body, status, headers, err = fs.read('a') return body, status, headers, err",
                     lambda _: ["<p>", 200, {}], ["<p>", 200, {}, None], id="more values"),
        pytest.param("local out, err, failed = exec.run('a') return out, err, failed",
                     lambda _: ["out", "warning: old", False], ["out", "warning: old", False], id="stderr of exec"),
        pytest.param("if #pkg.list('a') > 0 then local r, err = fs.write('a', 'b') return err or 'none' end",
                     lambda request: [["a"]] if request["module"] == "pkg" else went_well(request), ["none"],
                     id="several calls in a line"),
        pytest.param("local t = { fs.exists('a'), err = fs.write('a', 'b').message } return t.err", went_well,
                     ["write a"], id="a field"),
        pytest.param("local n = 0 local t = file_ops.stat('a') for _ in pairs(t) do n = n + 1 end return t, t.success, n",
                     lambda _: [{"mode": "0644"}], [{"mode": "0644"}, True, 1], id="success is no part of the data"),
        pytest.param("return metrics.health_status().success, #pkg.list()",
                     lambda request: [{"a": 1}] if request["module"] == "metrics" else [[1, 2]], [None, 2],
                     id="data of users and lists"),
    ],
)  # fmt: skip
def test_the_name_of_a_variable_tells_what_it_takes(body, answer, returned):
    assert run(body, answer) == returned


# CALL is a call that went well, and `bad()` what is done when it looks like a failure.
ERRORS_OF_ALL_KINDS = {
    "behind a line break": "local ok,\n  err = CALL if not ok or err then bad() end",
    "over several lines": "local ok, err = fs.write(\n'a', -- err\n'b'\n)\nif not ok or err then bad() end",
    "with a comment between": "local ok, --[[ or else ]] err = --\nCALL if err then bad() end",
    "behind a comment that has another call": "local ok, err = CALL -- local ok, msg = fs.write('a')\nif err then bad() end",
    "two in a line": "local a, err = CALL local b, msg = CALL if err or not msg then bad() end",
    "a message before it": "local a, msg = CALL local b, err = CALL if err or not msg then bad() end",
    "of a function of the file's own": "local function w() return CALL end local r, err = w() if err then bad() end",
    "of a function in a function": "local function v() return CALL end local function w() return v() end\n"
                                   "local r, err = w() if err then bad() end",
    "of an action under another name": "local w = fs.write local r, err = w('a', 'b') if err then bad() end",
    "of a module under another name": "local f = fs local r, err = f.write('a', 'b') if err then bad() end",
    "of an action whose name is made up": "local r, err = fs['wri' .. 'te']('a', 'b') if err then bad() end",
    "a global": "result, err = CALL if not result or err then bad() end",
    "an upvalue": "local r, err local function w() r, err = CALL end w() if not r or err then bad() end",
    "behind a field": "local t, err = {} t.r, err = CALL if not t.r or err then bad() end",
    "alone, in an outer scope": "local err err = CALL if err then bad() end",
    "alone, as a global": "err = CALL if err then bad() end",
    "behind another value": "local n, r, err = 1, CALL if n ~= 1 or not r or err then bad() end",
    "in a function of many values": "local function w(...) local x, y = ... local r, err = CALL return err end\n"
                                    "if w(1, 2, 3) then bad() end",
    "in a loop": "for i = 1, 3 do local r, err = CALL if err then bad() end end",
    "in a goroutine": "goroutine.await(goroutine.async(function() local r, err = CALL if err then bad() end end))",
    "far behind": ("local far = 1\n" + "\n" * 300 + "local r, err = CALL if err then bad() end"),
}  # fmt: skip


@pytest.mark.parametrize("body", ERRORS_OF_ALL_KINDS.values(), ids=ERRORS_OF_ALL_KINDS)
def test_an_error_is_known_wherever_it_is_written(body):
    source = body.replace("CALL", "fs.write('a', 'b')").replace("bad()", "wrong = true")
    assert run(source + " return wrong", went_well) == [None]


MESSAGES = {
    "a field that is called an error": "local t = {} t.ok, t.err = fs.write('a', 'b') return t.err",
    "a field of a table from outside": "local t = {} local function w() t.ok, t.err = fs.write('a', 'b') end w() return t.err",
    "an argument": "local function second(_, err) return err end return second(fs.write('a', 'b'))",
    "a list": "local t = { fs.write('a', 'b') } return t[2]",
    "behind pcall": "local ok, result, err = pcall(fs.write, 'a', 'b') return err",
    "in an expression": "local ok = true local err = ok and fs.write('a', 'b').message return err",
    "chosen": "local ok, err = select(2, fs.write('a', 'b')), 1 return ok",
}


@pytest.mark.parametrize("body", MESSAGES.values(), ids=MESSAGES)
def test_what_no_error_takes_stays_a_message(body):
    assert run(body, went_well) == ["write a"]


def test_a_query_has_no_error_in_its_only_value():
    assert run("local e = fs.exists('a') return e", lambda _: [True]) == [True]
