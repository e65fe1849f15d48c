"""Calls of closures: what they are given, what they ask, how they end."""

from __future__ import annotations

import threading

import pytest
from lupa import lua54

from sloth.runtime.failure import ActionFailed, Stopped
from sloth.runtime.lua.vm import LuaError, LuaTimeout, compiled_prelude
from tests.unit.runtime.lua.script import Script, run, script


@pytest.mark.parametrize(("call", "args", "named"), [
    pytest.param("pkg.install { packages = { 'vim' } }", [], {"packages": ["vim"]}, id="named"),
    pytest.param("pkg.install('vim')", ["vim"], {}, id="a string"),
    pytest.param("pkg.install { 'a', 'b' }", [["a", "b"]], {}, id="a list"),
    pytest.param("pkg.install { 'vim', state = 'latest' }", ["vim"], {"state": "latest"}, id="one value and options"),
    pytest.param("pkg.install { 'a', 'b', state = 'latest' }", [["a", "b"]], {"state": "latest"},
                 id="a list and options"),
    pytest.param("pkg.install('src', 'dest', { mode = '0644' })", ["src", "dest"], {"mode": "0644"},
                 id="options behind values"),
    pytest.param("pkg.install('a', { 'b' })", ["a", ["b"]], {}, id="a list behind a value"),
    pytest.param("pkg.install(nil, 'b')", [None, "b"], {}, id="a gap"),
    pytest.param("pkg.install('a', nil)", ["a"], {}, id="no options"),
    pytest.param("pkg.install()", [], {}, id="nothing"),
    pytest.param("pkg:install('a')", ["a"], {}, id="with a colon"),
    pytest.param("pkg.install(vars)", [{"v": 1}], {}, id="variables are a value"),
    pytest.param("pkg.install { env = vars }", [], {"env": {"v": 1}}, id="variables inside"),
    pytest.param("pkg['install']('a')", ["a"], {}, id="by index"),
])
def test_arguments_are_positional_or_named(call, args, named):
    flow = script(call)
    flow.call("t", vars={"v": 1})
    assert flow.requests == [
        {"module": "pkg", "action": "install", "args": args, "named": named, "where": "a.sloth:1"}
    ]


@pytest.mark.parametrize("call", ["pkg.install({})", "pkg.install('a', {})"])
def test_an_empty_last_table_is_no_argument_but_is_told(call):
    flow = script(call)
    flow.call()
    assert flow.requests[0]["empty"] is True


@pytest.mark.parametrize(("call", "text"), [
    pytest.param("pkg.install { f = print }", "pkg.install: a function cannot leave Lua", id="function"),
    pytest.param("pkg.install('a', { 'b', c = 1 })", "cannot be a list as well", id="options that are a list"),
    pytest.param("pkg.install { [true] = 1 }", "a table of options has names", id="odd keys"),
])
def test_arguments_that_cannot_be_passed(call, text):
    with pytest.raises(LuaError, match=text) as caught:
        run("\n" + call)
    assert caught.value.where == "a.sloth:2"


def test_exec_itself_is_exec_run():
    flow = script("exec('ls', { timeout = 5 })")
    flow.call()
    assert [flow.requests[0][key] for key in ("module", "action", "args", "named")] == [
        "exec", "run", ["ls"], {"timeout": 5}
    ]


def test_a_call_returns_all_values_of_its_answer():
    assert run("local r, message, third = pkg.install('x') return r.changed, message, third",
               lambda request: [{"changed": True}, None, "x"]) == [True, None, "x"]


def test_a_query_that_fails_returns_nil_and_why():
    assert run("local v, why = pkg.info('x') return v, why", lambda request: [None, "no such package"]) == [
        None, "no such package"
    ]


# results that are a string as well

TEXT = [{"stdout": "a b\n", "stderr": "", "exit_code": 0, "success": True, "__string": "stdout"}, "", False]


@pytest.mark.parametrize(("expression", "value"), [
    ("tostring(r)", "a b\n"), ("r .. '!'", "a b\n!"), ("'!' .. r", "!a b\n"), ("#r", 4), ("r:upper()", "A B\n"),
    ("r:match('%a')", "a"), ("r:gsub('%s', '')", "ab"), ("string.find(r, 'b')", 3), ("('%s'):format(r)", "a b\n"),
    ("r.stdout", "a b\n"), ("r.exit_code", 0), ("r.success", True), ("r.nothing", None), ("r.__string", None),
    ("r", "a b\n"), ("r == exec.run('x')", True), ("r < exec.run('x')", False),
    ("string.len(r)", 4), ("string.sub(r, 1, 1)", "a"), ("string.upper(r)", "A B\n"), ("string.byte(r)", 97),
    ("utf8.len(r)", 4), ("string.format('%s|%5s', r, ('x'):rep(2))", "a b\n|   xx"), ("string.upper(exec.run('x'))", "A B\n"),
    ("table.concat({ r, r })", "a b\na b\n"), ("type(r)", "table"), ("r == 'a b\\n'", False),
])
def test_a_result_of_exec_behaves_as_its_stdout(expression, value):
    assert run(f"local r = exec.run('x') return ({expression})", lambda request: TEXT) == [value]


def test_a_number_can_be_read_from_a_result():
    assert run("return tonumber(exec.run('nproc'))", lambda request: [{"stdout": "8\n", "__string": "stdout"}]) == [8]


@pytest.mark.parametrize(
    ("call", "args"),
    [
        pytest.param("fs.read(exec.run('x'))", ["a b\n"], id="alone"),
        pytest.param("fs.write('p', exec.run('x'))", ["p", "a b\n"], id="behind another"),
        pytest.param("log.info('got', exec.run('x'))", ["got a b\n"], id="said"),
        pytest.param("fs.write(exec.run('x'), 'mode')", ["a b\n", "mode"], id="before another"),
        pytest.param("local r, e = exec.run('x') fs.write(r, e, true)", ["a b\n", "", True], id="its values and another"),
        pytest.param("local r = exec.run('x') fs.write(r, 'c', false)", ["a b\n", "c", False], id="values of one's own"),
    ],
)
def test_a_command_in_a_call_gives_its_output_alone(call, args):
    flow = script(call)
    flow.call("t", lambda request: TEXT if request["module"] == "exec" else [1])
    assert flow.requests[-1]["args"] == args


# where calls may stand

@pytest.mark.parametrize("body", [
    pytest.param("local ok, r = pcall(exec.run, 'x') return r", id="pcall"),
    pytest.param("local ok, r = xpcall(function() return (exec.run('x')) end, print) return r", id="xpcall"),
    pytest.param("local _, r = xpcall(error, function() return (exec.run('x')) end) return r", id="xpcall handler"),
    pytest.param("local r table.sort({ 2, 1 }, function() r = exec.run('x') return false end) return r", id="sort"),
    pytest.param("local r ('a'):gsub('a', function() r = exec.run('x') end) return r", id="gsub"),
    pytest.param("return coroutine.wrap(function() return (exec.run('x')) end)()", id="coroutine"),
    pytest.param("return select(2, coroutine.resume(coroutine.create(function() return (exec.run('x')) end)))",
                 id="resume"),
    pytest.param("local function inner() return (exec.run('x')) end "
                 "return coroutine.wrap(function() return coroutine.wrap(inner)() end)()",
                 id="coroutine in a coroutine"),
    pytest.param("return setmetatable({}, { __index = function() return (exec.run('x')) end }).field", id="metamethod"),
    pytest.param("for r in function() return (exec.run('x')) end do return r end", id="iterator"),
    pytest.param("local x <close> = setmetatable({}, { __close = function() exec.run('y') end }) "
                 "return (exec.run('x'))", id="close"),
])
def test_a_module_can_be_called_anywhere(body):
    assert run(body, lambda request: ["answer"]) == ["answer"]


def test_a_coroutine_mixes_its_own_yields_with_calls():
    body = """
    local gen = coroutine.wrap(function()
      for i = 1, 3 do coroutine.yield(exec.run('a' .. i) .. i) end
    end)
    return gen(), gen(), gen()"""
    assert run(body, lambda request: [request["args"][0] + "-"]) == ["a1-1", "a2-2", "a3-3"]


def test_sort_is_stable_and_as_lua_does_it():
    assert run("local t = { 5, 3, 9, 1, 1, 7 } table.sort(t) return t") == [[1, 1, 3, 5, 7, 9]]
    assert run("local t = { {1, 'a'}, {0, 'b'}, {1, 'c'}, {0, 'd'} } "
               "table.sort(t, function(x, y) return x[1] < y[1] end) "
               "return t[1][2] .. t[2][2] .. t[3][2] .. t[4][2]") == ["bdac"]
    with pytest.raises(LuaError, match="compare"):
        run("table.sort({ 1, 'a' })")


@pytest.mark.parametrize(("text", "pattern"), [
    ("hello world", "o"), ("hello", ""), ("abc", "%w*"), ("a,b,,c", ",*"), ("abc", "^a"), ("aaa", "^a"), ("", ""),
    ("", "x*"), ("THE (quick) fox", "%f[%a]%a+"), ("key = value", "(%w+)%s*=%s*(%w+)"), ("abc", "()"), ("äö", "."),
])
@pytest.mark.parametrize("limit", ["", ", 1", ", 0", ", 2"])
def test_gsub_with_a_function_matches_as_lua_does(text, pattern, limit):
    body = f"""
    local by_table = setmetatable({{}}, {{ __index = function(_, key) return '<' .. key .. '>' end }})
    local a, n = ('{text}'):gsub('{pattern}', function(first) return '<' .. first .. '>' end{limit})
    local b, m = ('{text}'):gsub('{pattern}', by_table{limit})
    local c, o = ('{text}'):gsub('{pattern}', '<%1>'{limit})
    return a, n, b, m, c, o"""
    a, n, b, m, c, o = run(body)
    assert (a, n, b, m) == (c, o, c, o)


# failures

def fails(_request):
    raise ActionFailed("no such package: nano", exit_code=100)


def test_a_failed_action_is_an_error_with_the_line_and_what_it_said():
    with pytest.raises(LuaError) as caught:
        run("\n\npkg.install('nano')", fails)
    error = caught.value
    assert (error.text, error.where, error.result) == ("no such package: nano", "a.sloth:3", {"exit_code": 100})


def test_a_failed_action_in_a_tail_call_keeps_its_line():
    flow = Script({"a.sloth": "local function go()\n  return pkg.install('x')\nend\n"
                              "task('t'):command(function() local x = go() end):build()"})
    with pytest.raises(LuaError) as caught:
        flow.call("t", fails)
    assert caught.value.where == "a.sloth:2"
    assert flow.requests[0]["where"] == "a.sloth:2"


def test_a_failed_action_can_be_caught():
    assert run("local ok, why = pcall(pkg.install, 'nano') return ok, why", fails) == [False, "no such package: nano"]


ERRORS = {
    "error": ("error('why')", "why", 1),
    "error without position": ("\nerror('why', 0)", "why", 2),
    "error of the caller": ("local function f() error('why', 2) end\nf()", "why", 2),
    "failed assert": ("\n\nassert(false, 'why')", "why", 3),
    "assert without text": ("assert(nil)", "assertion failed!", 1),
    "an error that is passed on": ("local ok, e = pcall(function()\nerror('why') end)\nerror(e)", "why", 2),
    "a function of Lua's that is left out": (
        "dofile('x')", "attempt to call a nil value (global 'dofile'): import(path) reads another file of the workflow", 1
    ),
    "a field of Lua's that is left out": (
        "\nos.remove('x')", "attempt to call a nil value (field 'remove'): fs.rm(path) does that on the host", 2
    ),
    "a field of one's own": ("local t = {} t.remove('x')", "attempt to call a nil value (field 'remove')", 1),
    "unknown global": ("\npgk.install('x')", "attempt to index a nil value (global 'pgk'): did you mean 'pkg'?", 2),
    "arithmetic": ("return 1 + {}", "attempt to perform arithmetic on a table value", 1),
    "in a function": (
        "local function f()\nlocal x = nil + 1 end\nf()", "attempt to perform arithmetic on a nil value", 2
    ),
    "in a coroutine": ("coroutine.wrap(function()\nerror('why') end)()", "why", 2),
    "in a library function": ("\n('x'):rep('y')", "bad argument #2 to 'rep' (number expected)", 2),
    "table": ("error({ message = 'why', code = 5 })", "why", 1),
    "table without a message": ("error({ code = 5 })", '{"code":5}', 1),
    "nothing": ("error()", "error without a message", 1),
    "tail call": ("return error('why')", "why", 1),
    "number": ("error(5, 0)", "5", 1),
}


@pytest.mark.parametrize(("body", "text", "line"), [pytest.param(*case, id=name) for name, case in ERRORS.items()])
def test_an_error_has_one_clean_text_and_the_line_of_the_script(body, text, line):
    with pytest.raises(LuaError) as caught:
        run(body)
    assert (caught.value.text, caught.value.where) == (text, f"a.sloth:{line}")


def test_a_table_that_is_raised_arrives_as_data():
    with pytest.raises(LuaError) as caught:
        run("error({ message = 'why', code = 5 })")
    assert caught.value.value == {"message": "why", "code": 5}


def test_a_callback_of_c_code_that_cannot_wait_says_so():
    with pytest.raises(LuaError, match="a module cannot be called from inside this callback"):
        run("tostring(setmetatable({}, { __tostring = function() exec.run('x') return '' end }))")


def test_what_ends_the_attempt_passes_through_and_the_vm_lives_on():
    def stop(_request):
        raise Stopped("cancelled")

    flow = script("pcall(exec.run, 'x')")
    with pytest.raises(Stopped):
        flow.call("t", stop)
    assert flow.call("fine") == ["fine"]


# deadlines and threads

def test_a_deadline_that_passes_during_an_action_ends_the_call_even_inside_pcall():
    now = [0.0]
    flow = script("pcall(exec.run, 'x') exec.run('y')", vm={"clock": lambda: now[0]})

    def slow(_request):
        now[0] += 10
        return ["late"]

    with pytest.raises(LuaTimeout):
        flow.call("t", slow, limit=5)
    assert [request["args"] for request in flow.requests] == [["x"]]


def test_cancel_ends_what_is_inside_lua():
    flow = script("exec.run('x') while true do end")

    def cancel(_request):
        flow.vm.cancel()
        return []

    with pytest.raises(LuaTimeout, match="cancelled"):
        flow.call("t", cancel)
    assert flow.call("fine") == ["fine"]


def test_a_watchdog_sees_who_is_inside_lua_without_the_lock():
    flow = script("exec.run('x') while true do end")
    number, done = flow.tasks["t"]["command"]["function"], threading.Event()
    seen: list[tuple[object, float, float]] = []

    def watch():
        while not seen and not done.is_set():
            inside = flow.vm.running_since()
            if inside is not None:
                seen.append(inside)
                flow.vm.cancel()

    watcher = threading.Thread(target=watch)
    deadline = flow.vm.clock() + 10
    watcher.start()
    with pytest.raises(LuaTimeout):
        flow.vm.call(number, {"style": "task"}, lambda request: [], deadline, key="web")
    done.set()
    watcher.join()
    assert [(key, limit) for key, _since, limit in seen] == [("web", deadline)]
    assert flow.vm.running_since() is None


def test_a_call_that_waits_for_the_lock_ends_at_its_deadline():
    flow = script("while true do end")

    def spin():
        with pytest.raises(LuaTimeout):
            flow.call("t", limit=10)

    spinning = threading.Thread(target=spin)
    spinning.start()
    while flow.vm.running_since() is None:
        pass
    begun = flow.vm.clock()
    with pytest.raises(LuaTimeout):
        flow.call("fine", limit=0.05)
    assert flow.vm.clock() - begun < 5
    flow.vm.cancel()
    spinning.join()


def test_tasks_side_by_side_keep_their_own_context():
    flow = Script({"a.sloth": """
    seen = {}
    for _, name in ipairs({ "a", "b" }) do
      task(name):command(function(this, params)
        local before = vars.who
        exec.run("meet")
        return before, vars.who, params.who, this.name, this.name(), inventory_hostname
      end):build()
    end"""})
    meeting = threading.Barrier(2)
    results = {}

    def go(name):
        def meet(_request):
            meeting.wait(5)
            return []

        results[name] = flow.call(name, meet, vars={"who": name}, params={"who": name}, inventory_hostname=name)

    threads = [threading.Thread(target=go, args=(name,)) for name in "ab"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert results == {"a": ["a"] * 6, "b": ["b"] * 6}


def test_a_machine_of_the_compiled_prelude_is_like_any_other():
    compiled = compiled_prelude(lua54)
    assert compiled_prelude(lua54) is compiled
    for given in ((), compiled):
        flow = script("\nerror('why')", vm={"compiled": given})
        with pytest.raises(LuaError, match="why") as caught:
            flow.call("t")
        assert caught.value.where == "a.sloth:2"
