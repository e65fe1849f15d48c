"""Attacks on the sandbox: nothing outside is reachable, nothing runs for ever, no memory is taken for good."""

from __future__ import annotations

import contextlib
import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sloth.runtime.lua.vm import LuaError, LuaMemory, LuaTimeout
from tests.unit.runtime.lua.script import Script, run, script

SPIN = "while true do end"

ENDLESS = {
    "loop": SPIN,
    "loop in pcall": f"while true do pcall(function() {SPIN} end) end",
    "failing pcalls": "while true do pcall(error, 'x') end",
    "xpcall handler": f"while true do xpcall(error, function() {SPIN} end) end",
    "coroutine": f"coroutine.wrap(function() {SPIN} end)()",
    "coroutines in pcall": f"while true do pcall(coroutine.wrap(function() {SPIN} end)) end",
    "resumed coroutines": f"while true do coroutine.resume(coroutine.create(function() {SPIN} end)) end",
    "generator": "for _ in coroutine.wrap(function() while true do coroutine.yield(1) end end) do end",
    "sort callback": f"table.sort({{3, 2, 1}}, function() {SPIN} end)",
    "gsub callback": f"('x'):gsub('x', function() {SPIN} end)",
    "gsub of a table": f"('x'):gsub('x', setmetatable({{}}, {{__index = function() {SPIN} end}}))",
    "index": "local t = setmetatable({}, {__index = function(t, k) return t[k + 1] end}) "
             "while true do pcall(function() return t[1] end) end",
    "close": f"while true do pcall(function() local x <close> = setmetatable({{}}, {{__close = function() {SPIN} end}})"
             f" {SPIN} end) end",
    "tostring": f"tostring(setmetatable({{}}, {{__tostring = function() {SPIN} end}}))",
    "format": f"return ('%s'):format(setmetatable({{}}, {{__tostring = function() {SPIN} end}}))",
    "insert into a liar": "table.insert(setmetatable({}, {__len = function() return 1e15 end}), 1, 0)",
    "remove from a liar": "table.remove(setmetatable({}, {__len = function() return 1e15 end}), 1)",
    "load reader": f"load(function() {SPIN} end)",
    "recursion through pcall": "local function f() pcall(f) f() end f()",
    "recursion through coroutines": "local function f() coroutine.wrap(f)() f() end "
                                    "while true do pcall(f) end",
    "large strings": "local s = ('x'):rep(10000000) while true do local u = s .. 'y' end",
    "large searches": "local s = ('a'):rep(10000000) while true do s:find(('a'):rep(300) .. 'b', 1, true) end",
    "memory bombs in pcall": "local s = 'x' while true do pcall(function() while true do s = s .. s end end) end",
}


@pytest.mark.parametrize("body", [pytest.param(body, id=name) for name, body in ENDLESS.items()])
def test_what_does_not_end_is_ended_at_the_deadline_and_the_vm_lives_on(body):
    attack = script(body)
    with pytest.raises(LuaTimeout, match="time limit"):
        attack.call("t", limit=0.02)
    assert attack.call("fine") == ["fine"]


BOMBS = {
    "growing table": "local t = {} while true do t[#t + 1] = ('x'):rep(1000) end",
    "growing global": "t = {} while true do t[#t + 1] = ('x'):rep(1000) end",
    "doubling": "local s = 'x' while true do s = s .. s end",
    "recursion": "local function f() return 1 + f() end f()",
    "nested tables": "local t = {} while true do t = {t} end",
    "error object": "error(('x'):rep(20000000))",
    "gsub": "return (('x'):rep(1000000):gsub('x', ('y'):rep(1000)))",
    "format": "local s = ('x'):rep(10000000) return ('%s%s%s%s%s%s'):format(s, s, s, s, s, s)",
    "argument": "local s = ('\\1'):rep(10000000) exec.run(s)",
}


@pytest.mark.parametrize("body", [pytest.param(body, id=name) for name, body in BOMBS.items()])
def test_a_memory_bomb_fails_its_task_and_the_vm_lives_on(body):
    attack = script(body)
    with pytest.raises(LuaMemory, match="50 MiB"):
        attack.call("t")
    assert attack.call("fine") == ["fine"]


HOLD = "held = {} pcall(function() while true do held[#held + 1] = ('y'):rep(100000) end end)"


def test_an_answer_that_does_not_fit_beside_what_a_task_holds_fails_that_task_only():
    attack = script(f"{HOLD} exec.run('x')")
    with pytest.raises(LuaMemory):
        attack.call("t")
    assert attack.call("fine") == ["fine"]


def test_globals_that_fill_the_memory_are_taken_from_the_next_task():
    attack = script(HOLD)
    attack.call("t")
    assert attack.call("fine") == ["fine"]


REFUSED = {
    "standard input": "io.read('l')",
    "exit": "os.exit()",
    "remove": "os.remove('/tmp/x')",
    "debug": "debug.getregistry()",
    "dofile": "dofile('/etc/passwd')",
    "loadfile": "loadfile('/etc/passwd')",
    "package": "package.loadlib('/lib/x.so', 'f')",
    "python": "python.eval('1')",
    "dump": "string.dump(print)",
    "bytecode": "assert(load('\\27Lua', 'x', 'b'))",
    "bytecode without a mode": "assert(load('\\27LuaT'))",
    "require of C": "require('socket')",
    "remove of a required os": "require('os').remove('id')",
    "string metatable": "getmetatable('').__index = nil",
    "metatable of the environment": "setmetatable(_G, {})",
    "metatable of a module": "setmetatable(pkg, {})",
    "metatable of vars": "setmetatable(vars, {})",
    "gc": "setmetatable({}, {__gc = function() end})",
    "rep": "return ('x'):rep(1e10)",
    "move": "table.move({}, 1, 1e12, 2)",
    "concat": "return table.concat(setmetatable({}, {__index = rawlen}), '', 1, 1e15)",
    "unpack": "return table.unpack({}, 1, 1e9)",
    "plain find": "local s = ('a'):rep(1000000) return s:find(('a'):rep(500000) .. 'b', 1, true)",
    "large chunk": "assert(load(('x=1 '):rep(3000000)))",
    "deep chunk": "assert(load('return ' .. ('('):rep(300) .. 'x' .. (')'):rep(300)))",
    "yield out of the task": "coroutine.yield(1)",
    "resuming itself": "assert(coroutine.resume(coroutine.running()))",
    "closing itself": "coroutine.close(coroutine.running())",
    "calling a string": "('x')()",
    "calling a module": "pkg('x')",
}


@pytest.mark.parametrize("body", [pytest.param(body, id=name) for name, body in REFUSED.items()])
def test_the_sandbox_refuses_with_the_line_of_the_script(body):
    with pytest.raises(LuaError) as caught:
        run(body)
    assert caught.value.where == "a.sloth:1"
    assert "[sloth" not in caught.value.text


def test_no_name_of_the_outside_is_left_in_any_environment():
    names = ["debug", "package", "python", "dofile", "loadfile", "module", "lupa"]
    body = "return " + ", ".join(f"_G.{name}, load('return {name}')(), _ENV['{name}']" for name in names)
    assert set(run(body)) == {None}


@pytest.mark.parametrize(("body", "action"), [
    ("io.open('/etc/passwd')", "fs.read"), ("io.popen('id')", "exec.run"), ("os.execute('id')", "exec.run"),
    ("io.lines('/etc/passwd')", "fs.read"), ("io.open('/etc/passwd', 'w'):close()", "fs.write"),
])
def test_what_goes_by_the_names_of_the_outside_asks_for_an_action(body, action):
    flow = script(body)
    flow.call("t", lambda request: [{"stdout": "", "exit_code": 0, "__string": "stdout"}])
    assert [f"{one['module']}.{one['action']}" for one in flow.requests] == [action]


def test_a_metatable_of_ours_shows_nothing():
    assert run("return getmetatable(_G), getmetatable(pkg), getmetatable(vars), getmetatable(this.workdir or log), "
               "getmetatable('')") == [False, False, False, False, None]


def test_a_poisoned_string_library_does_not_reach_the_prelude():
    attack = script(
        "for name in pairs(string) do string[name] = function() error('poison') end end "
        "table.concat, table.unpack, tostring, type, next = nil return exec.run('x').changed"
    )
    assert attack.call("t") == [True]
    assert attack.call("fine") == ["fine"]


def test_a_script_cannot_answer_a_request_of_another_task():
    steal = Script({"a.sloth": (
        "task('asks'):command(function() co = coroutine.running() return (exec.run('x')) end):build() "
        "task('steals'):command(function() return coroutine.resume(co, '+[\"stolen\"]') end):build() "
        "task('nests'):command(function() co = coroutine.create(function() return (exec.run('x')) end) "
        "  return select(2, coroutine.resume(co)) end):build()"
    )})
    for victim in ("asks", "nests"):
        stolen: list[object] = []

        def answer(_request, stolen=stolen):
            stolen.append(steal.call("steals"))
            return ["mine"]

        assert steal.call(victim, answer) == ["mine"]
        assert stolen == [[False, "cannot resume non-suspended coroutine"]]


def test_deadlines_hold_by_cpu_time_when_the_clock_cannot_be_asked():
    attack = script("local t = {} pcall(function() while true do t[#t + 1] = {} end end) "
                    "while true do pcall(function() while true do t[#t + 1] = {} end end) end")
    with pytest.raises((LuaTimeout, LuaMemory)):
        attack.call("t", limit=0.1)
    assert attack.call("fine") == ["fine"]


PIECES = [
    "while true do end", "pcall(f)", "error({})", "error('x')", "coroutine.wrap(f)()", "local t = {} t[1] = t",
    "exec.run('x')", "return t", "for i = 1, 1e9 do end", "f = function() pcall(f) end", "s = (s or 'x') .. (s or 'x')",
    "coroutine.yield(1)", "setmetatable({}, {__index = f}).x = 1", "tostring(setmetatable({}, {__tostring = f}))",
    "table.sort({3, 1, 2}, f)", "('abc'):gsub('.', f)", "vars.x = f", "notify('h')", "string.rep = f", "pkg = nil",
    "local x <close> = setmetatable({}, {__close = f})", "goto top", "print(f, s)", "xpcall(f, f)", "load('f()')()",
]


@given(st.lists(st.sampled_from(PIECES), min_size=1, max_size=6), st.lists(st.sampled_from(PIECES), max_size=3))
def test_no_mix_of_attacks_breaks_the_vm(body, function):
    ticks = itertools.count()
    blocks = "".join(f"do {piece} end " for piece in body)
    attack = script(f"f = function(...) {''.join(f'do {piece} end ' for piece in function if 'goto' not in piece)} end "
                    f"::top:: {blocks}", vm={"clock": lambda: next(ticks) * 0.001, "memory": 8 << 20})
    with contextlib.suppress(LuaError):
        attack.call("t", limit=0.02)
    assert attack.vm.call(attack.tasks["fine"]["command"]["function"], {"style": "task"}, list, 1e9) == ["fine"]
