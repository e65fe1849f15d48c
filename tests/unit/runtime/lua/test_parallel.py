"""parallel, retry and reliability.*"""

from __future__ import annotations

import threading

import pytest

from sloth.runtime.failure import ActionFailed
from sloth.runtime.lua.vm import LuaError
from tests.unit.runtime.lua.script import Request, run


def test_parallel_runs_all_at_once_and_tells_of_each():
    together = threading.Barrier(2, timeout=5)

    def answer(request: Request) -> list[object]:
        together.wait()
        if request["args"] == ["false"]:
            raise ActionFailed("it exited with 1")
        return [{"stdout": "out", "stderr": "", "exit_code": 0}]

    (results,) = run("return parallel({ { name = 'a', command = 'true' }, { name = 'b', command = 'false' } })", answer)
    assert isinstance(results, list)
    for result in results:
        assert result.pop("duration") >= 0
    assert results == [
        {"name": "a", "status": "ok", "success": True, "message": "", "stdout": "out", "stderr": "", "exit_code": 0},
        {"name": "b", "status": "failed", "success": False, "message": "it exited with 1", "error": "it exited with 1"},
    ]


@pytest.mark.parametrize(("command", "expected"), [
    ("function() end", {"status": "ok"}),
    ("function() return true, 'fine', { port = 80 } end", {"status": "ok", "message": "fine", "port": 80}),
    ("function() return { message = 'm', changed = true } end", {"status": "ok", "message": "m", "changed": True}),
    ("function() return false, 'why' end", {"status": "failed", "error": "why"}),
    ("function() return nil, 'why' end", {"status": "failed", "error": "why"}),
    ("function() error('why', 0) end", {"status": "failed", "error": "why"}),
    ("function() return { failed = true, message = 'why' } end", {"status": "failed", "error": "why"}),
    ("function() return { success = false, error = 'why' } end", {"status": "failed", "error": "why"}),
    ("function() return true, { port = 80 } end", {"status": "ok", "message": "", "port": 80}),
    ("function(this, params) return true, this.name() .. this.agent .. params.p end", {"message": "nh1q"}),
    ("function(params) return true, params.p end", {"message": "q"}),
])
def test_a_function_of_parallel_is_called_and_judged_as_a_task_is(command, expected):
    (results,) = run(f"return parallel({{ {{ name = 'n', command = {command} }} }})", params={"p": "q"})
    assert isinstance(results, list)
    assert {key: results[0].get(key) for key in expected} == expected


FAIL_TWICE = "local n = 0 local function fail() n = n + 1 if n < 3 then error('no ' .. n, 0) end return n, 'done' end "


@pytest.mark.parametrize(("call", "result"), [
    pytest.param("retry(3, 0, fail)", [3, "done"], id="attempts and delay first"),
    pytest.param("retry(fail, 3, 0)", [3, "done"], id="the function first"),
    pytest.param("retry({ attempts = 3, delay = '0s' }, fail)", [3, "done"], id="a table"),
    pytest.param("pcall(retry, 2, 0, fail)", [False, "no 2"], id="the last failure is raised"),
    pytest.param("pcall(retry, 2, 0, function() return false, 'why' end)", [False, "why"], id="false is a failure"),
    pytest.param("reliability.retry(3, 0, fail)", [3, "done"], id="reliability.retry"),
    pytest.param("reliability.retry_with_config({ max_attempts = 3, initial_delay = 0, strategy = 'fixed' }, fail)",
                 [3, "done"], id="retry_with_config"),
])
def test_retry(call, result):
    assert run(f"{FAIL_TWICE} return {call}") == result


@pytest.mark.parametrize(("strategy", "delays"), [
    ("fixed", [0.001, 0.001, 0.001]), ("linear", [0.001, 0.002, 0.003]), ("exponential", [0.001, 0.002, 0.003]),
])
def test_the_waits_of_a_retry_follow_its_strategy_up_to_the_longest(strategy, delays):
    (seen,) = run(
        "local seen = {} pcall(retry, { attempts = 4, delay = 0.001, max_delay = 0.003, "
        f"strategy = '{strategy}', on_retry = function(n, delay, why) seen[n] = delay end }}, error) return seen"
    )
    assert seen == delays


def test_a_circuit_breaker_opens_after_failures_and_closes_after_a_success():
    assert run("""
        local log, calls = {}, 0
        local config = { name = 'api', max_failures = 2, timeout = '1ms',
          on_state_change = function(from, to) log[#log + 1] = from .. '>' .. to end }
        local function broken() calls = calls + 1 error('down', 0) end
        for i = 1, 3 do
          local ok, why = pcall(reliability.circuit_breaker, config, broken)
          log[#log + 1] = why
        end
        goroutine.sleep(2)
        local value = reliability.circuit_breaker('api', config, function() return 'up' end)
        return calls, log, value
    """) == [2, ["down", "closed>open", "down", "a.sloth:7: circuit breaker 'api' is open", "open>half_open",
                 "half_open>closed"], "up"]


@pytest.mark.parametrize(("body", "text"), [
    pytest.param("parallel({ { name = 'n' } })", "parallel: the command of n wants a shell string or a function, got nothing",
                 id="no command"),
    pytest.param("retry(3)", "retry wants a function, got nothing", id="no function"),
    pytest.param("retry({ atempts = 3 }, print)", "retry: unknown key atempts: did you mean 'attempts'?", id="a key"),
    pytest.param("retry({ strategy = 'fix' }, print)", "retry: unknown strategy fix: did you mean 'fixed'?", id="a strategy"),
    pytest.param("reliability.circuit_breaker(print)", "reliability.circuit_breaker: name wants a string, got nothing",
                 id="no name"),
])
def test_mistakes_have_their_line(body, text):
    with pytest.raises(LuaError) as caught:
        run("\n" + body)
    assert (caught.value.text, caught.value.where) == (text, "a.sloth:2")


def test_retry_goes_on_until_the_command_that_is_returned_succeeds():
    codes = iter([7, 7, 0])

    def answer(request: Request) -> list[object]:
        if request["module"] != "exec":
            return []
        code = next(codes)
        return [{"stdout": "", "exit_code": code, "success": code == 0, "__string": "stdout"}, "", code != 0]

    assert run("local r = retry(3, 0, function() return exec.run('x') end) return r.exit_code", answer) == [0]


def test_tonumber_takes_the_output_of_a_command():
    answer = [{"stdout": "5\n", "__string": "stdout"}, "a warning", False]
    assert run("return tonumber(exec.run('x')), tonumber('ff', 16), tonumber('x')", lambda _: answer) == [5, 255, None]
