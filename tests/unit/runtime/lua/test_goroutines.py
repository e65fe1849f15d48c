"""goroutine.*: turns taken in Lua, calls made side by side, and what becomes of those that wait, fail or never end."""

from __future__ import annotations

import threading

import pytest

from sloth.runtime.failure import ActionFailed, Stopped
from sloth.runtime.lua.beside import Threads
from sloth.runtime.lua.vm import LuaError, LuaTimeout
from tests.unit.runtime.lua.script import Request, Script, run, script

NOTES = """
local seen = {}
local function note(text) seen[#seen + 1] = text end
"""


@pytest.mark.parametrize(("body", "result"), [
    pytest.param("goroutine.spawn(function(a, b) note(a .. b) end, 'x', 'y') note('first') goroutine.sleep(0) "
                 "return seen", [["first", "xy"]], id="spawn"),
    pytest.param("goroutine.spawn_many(3, function(i) note(i) end) goroutine.sleep(0) return seen", [[1, 2, 3]],
                 id="spawn_many"),
    pytest.param("local wg = goroutine.wait_group() wg:add(2) for i = 1, 2 do goroutine.spawn(function() note(i) "
                 "wg:done() end) end wg:wait() return seen", [[1, 2]], id="wait_group"),
    pytest.param("local wg = goroutine.wait_group() wg:go(note, 'x') wg:wait() return seen", [["x"]], id="go"),
    pytest.param("return goroutine.await(goroutine.async(function(a) return a, nil, 3 end, 1))", [True, 1, None, 3],
                 id="await"),
    pytest.param("return goroutine.await(goroutine.async(error, 'bad'))", [False, "bad"], id="await of what failed"),
    pytest.param("local h = goroutine.async(goroutine.sleep, 60000) return h:await('1ms'), h:is_done(), h:cancel()",
                 [False, False, True], id="await with a limit"),
    pytest.param("local r = goroutine.await_all({ goroutine.async(function() return 1, 2 end), "
                 "goroutine.async(error, 'bad') }) return r[1][2], r[1].value, r[1].success, r[2].success, r[2].error",
                 [2, 1, True, False, "bad"], id="await_all"),
    pytest.param("for i = 1, 2 do goroutine.create(note, i) end goroutine.wait_all() return seen", [[1, 2]],
                 id="wait_all of all"),
    pytest.param("for _, ms in ipairs({ 8, 1, 4 }) do goroutine.spawn(function() goroutine.sleep(ms) note(ms) end) end "
                 "goroutine.sleep(20) return seen", [[1, 4, 8]], id="sleep"),
    pytest.param("return goroutine.timeout(1000, function(a) return a, 2 end, 1)", [True, 1, 2], id="timeout in time"),
    pytest.param("return goroutine.timeout('1ms', function() goroutine.sleep('1h') end)", [False, "timeout"],
                 id="timeout too late"),
    pytest.param("return goroutine.timeout(1000, error, 'bad')", [False, "bad"], id="timeout of what fails"),
    pytest.param("return goroutine.map({ 3, 1, 2 }, function(x, i) return x * i end)", [[3, 2, 6]], id="map"),
    pytest.param("return goroutine.map({ 1, 2, 3 }, function(x) note(x) goroutine.sleep(0) return #seen end, 1)",
                 [[1, 2, 3]], id="map one by one"),
    pytest.param("local ok, why = pcall(goroutine.map, { 1 }, function() error('bad', 0) end) return why", ["bad"],
                 id="map of what fails"),
])
def test_goroutines_take_turns(body, result):
    assert run(f"{NOTES} {body}") == result


def test_a_pool_runs_so_many_at_once_and_counts():
    assert run("""
        goroutine.pool_create('p', { workers = 2 })
        local active, most = 0, 0
        for i = 1, 5 do
          goroutine.pool_submit('p', function(n)
            active = active + 1
            if active > most then most = active end
            goroutine.sleep(1)
            active = active - 1
            if n == 3 then error('three', 0) end
          end, i)
        end
        local before = goroutine.pool_stats('p')
        goroutine.pool_wait('p')
        local after = goroutine.pool_stats('p')
        goroutine.pool_close('p')
        local ok, why = pcall(goroutine.pool_submit, 'p', print)
        return most, before.queued, after.completed, after.failed, why
    """) == [2, 5, 4, 1, "a.sloth:17: goroutine.pool_submit: there is no pool 'p'"]


def test_calls_of_goroutines_are_made_side_by_side():
    together = threading.Barrier(3, timeout=5)

    def answer(request: Request) -> list[object]:
        together.wait()  # passes only when three calls are in flight
        return [request["args"][0]]

    assert run("return goroutine.map({ 1, 2, 3 }, function(x) return exec.run(x) end)", answer) == [[1, 2, 3]]


def test_the_first_goroutine_may_call_beside_others():
    together = threading.Barrier(2, timeout=5)

    def answer(request: Request) -> list[object]:
        together.wait()
        return [request["args"][0]]

    assert run("local h = goroutine.async(function() return (exec.run('a')) end) local r = exec.run('b') "
               "local _, other = h:await() return r, other", answer) == ["b", "a"]


@pytest.mark.parametrize("body", [
    pytest.param("local _, r = pcall(exec.run, 'x') return r", id="pcall"),
    pytest.param("local _, r = xpcall(error, function() return (exec.run('x')) end) return r", id="xpcall handler"),
    pytest.param("local r table.sort({ 2, 1 }, function() r = exec.run('x') return false end) return r", id="sort"),
    pytest.param("local r ('a'):gsub('a', function() r = exec.run('x') end) return r", id="gsub"),
    pytest.param("return coroutine.wrap(function() return (exec.run('x')) end)()", id="coroutine"),
    pytest.param("local ch = goroutine.channel() goroutine.spawn(function() ch:send(exec.run('x')) end) "
                 "return coroutine.wrap(function() return (ch:receive()) end)()", id="a wait inside a coroutine"),
    pytest.param("local r ('a'):gsub('a', function() goroutine.sleep(1) r = exec.run('x') end) return r",
                 id="a wait inside gsub"),
    pytest.param("local g = coroutine.wrap(function() for i = 1, 2 do goroutine.sleep(0) coroutine.yield(i) end end) "
                 "return g() == 1 and g() == 2 and 'answer'", id="yields and waits in one coroutine"),
])
def test_calls_and_waits_may_stand_anywhere_in_a_goroutine(body):
    two = (
        f"local function work() {body} end local a, b = goroutine.async(work), goroutine.async(work) "
        "local _, x = a:await() local _, y = b:await() return x, y"
    )
    assert run(two, lambda request: ["answer"]) == ["answer", "answer"]


def test_a_failing_call_fails_its_goroutine_with_its_line():
    def answer(request: Request) -> list[object]:
        raise ActionFailed("no such package", exit_code=100)

    with pytest.raises(LuaError, match="no such package") as caught:
        script("goroutine.spawn(function()\npkg.install('x')\nend)\ngoroutine.sleep('1m')").call("t", answer)
    assert (caught.value.where, caught.value.result["exit_code"]) == ("a.sloth:2", 100)


def test_an_error_of_a_goroutine_that_nobody_awaits_ends_the_task():
    with pytest.raises(LuaError, match="bad") as caught:
        run("goroutine.spawn(function()\nerror('bad')\nend)\ngoroutine.sleep('1m')")
    assert caught.value.where == "a.sloth:2"


def test_what_failed_and_nobody_awaited_is_told():
    flow = script("goroutine.async(error, 'bad') goroutine.sleep(0) return true")
    assert flow.call() == [True]
    assert [request["args"] for request in flow.requests] == [["a goroutine that nobody awaited failed: bad"]]


@pytest.mark.parametrize(("body", "places"), [
    pytest.param("\ngoroutine.channel():receive()", "a.sloth:2 (receive)", id="alone"),
    pytest.param("local ch = goroutine.channel()\ngoroutine.spawn(function()\nch:send(1) end)\n"
                 "goroutine.wait_group():wait() goroutine.channel():receive()",
                 "a.sloth:4 (receive), a.sloth:3 (send)", id="two"),
    pytest.param("local m = goroutine.mutex() m:lock()\nm:lock()", "a.sloth:2 (mutex:lock)", id="a lock of its own"),
    pytest.param("local ch = goroutine.channel()\nreturn ch:receive()", "a.sloth:2 (receive)", id="a tail call"),
])
def test_a_deadlock_names_everybody_who_waits(body, places):
    with pytest.raises(LuaError) as caught:
        run(body)
    assert caught.value.text == f"deadlock: no goroutine can go on: {places}"
    assert caught.value.where == places.split(" ")[0]


def test_a_script_sleeps_when_it_runs_not_when_it_is_loaded():
    flow = Script({"a.sloth": "goroutine.spawn(function() exec.run('x') end)\ngoroutine.sleep('1h')"})
    assert [task["name"] for task in flow.program["workflows"][0]["tasks"]] == ["a"]


def test_a_deadlock_of_many_names_some():
    with pytest.raises(LuaError, match=r"\(receive\), and 91 more$"):
        run("local ch = goroutine.channel() goroutine.spawn_many(100, function() ch:receive() end) ch:receive()")


def test_goroutines_end_with_the_function_and_so_do_their_calls():
    stopped = threading.Event()

    def answer(request: Request) -> list[object]:
        if request["module"] == "exec":
            request["token"].on_stop(stopped.set)
            assert stopped.wait(5)
            raise Stopped("gone")
        return []

    flow = script("goroutine.spawn(function() exec.run('sleep 100') exec.run('never') end) goroutine.sleep(1) return 1")
    assert flow.call("t", answer) == [1]
    assert stopped.is_set()
    assert [request["action"] for request in flow.requests] == ["run", "warning"]
    assert flow.requests[1]["args"] == [
        "it returned before its goroutines: 1 of their calls came to no end"
    ]


def test_a_call_that_takes_too_long_for_a_timeout_is_ended():
    stopped = threading.Event()

    def answer(request: Request) -> list[object]:
        request["token"].on_stop(stopped.set)
        assert stopped.wait(5)
        raise Stopped("gone")

    body = "return goroutine.timeout(1, function() exec.run('sleep 100') end)"
    assert script(body).call("t", answer) == [False, "timeout"]
    assert stopped.is_set()


ENDLESS = {
    "chain of spawns": "local function f() goroutine.spawn(f) end f() goroutine.sleep('1h')",
    "chain of waits": "local a, b = goroutine.channel(), goroutine.channel() "
                      "goroutine.spawn(function() while true do a:send(1) b:receive() end end) "
                      "while true do a:receive() b:send(1) end",
    "loop in a goroutine": "goroutine.spawn(function() while true do end end) goroutine.sleep('1h')",
    "loop in pcall": "goroutine.spawn(function() while true do pcall(function() while true do end end) end end) "
                     "goroutine.sleep('1h')",
    "timers at once": "local function f() goroutine.spawn(f) goroutine.sleep(0) end f() goroutine.sleep('1h')",
    "sleep": "goroutine.sleep('1h')",
    "sleepers": "goroutine.spawn_many(1000, function() goroutine.sleep('1h') end) goroutine.wait_all() "
                "goroutine.sleep('1h')",
}


@pytest.mark.parametrize("body", [pytest.param(body, id=name) for name, body in ENDLESS.items()])
def test_goroutines_that_do_not_end_are_ended_at_the_deadline(body):
    attack = script(body)
    with pytest.raises(LuaTimeout, match="time limit"):
        attack.call("t", limit=0.02)
    assert attack.call("fine") == ["fine"]


def test_there_are_only_so_many_goroutines():
    with pytest.raises(LuaError, match="more than 10000 goroutines at once"):
        run("while true do goroutine.spawn(goroutine.sleep, '1h') end")


def test_a_memory_bomb_in_a_goroutine_fails_its_task_and_the_vm_lives_on():
    attack = script("goroutine.spawn(function() local s = 'x' while true do s = s .. s end end) goroutine.sleep('1h')")
    with pytest.raises(LuaError, match="50 MiB"):
        attack.call("t")
    assert attack.call("fine") == ["fine"]


def test_a_script_cannot_resume_or_close_a_goroutine():
    assert run("""
        local other
        goroutine.spawn(function() other = coroutine.running() goroutine.sleep(5) end)
        goroutine.sleep(0)
        local ok, why = coroutine.resume(other)
        local closed = pcall(coroutine.close, other)
        local yielded = pcall(coroutine.yield)
        return ok, why, closed, yielded, coroutine.status(other), coroutine.isyieldable()
    """) == [False, "cannot resume non-suspended coroutine", False, False, "normal", False]


def test_a_cancelled_call_ends_though_all_its_goroutines_sleep():
    flow = script("exec.run('x') goroutine.sleep('1h')")

    def answer(request: Request) -> list[object]:
        threading.Timer(0.02, flow.vm.cancel).start()
        return []

    with pytest.raises(LuaTimeout, match="cancelled"):
        flow.call("t", answer, limit=60)


def test_tasks_side_by_side_have_goroutines_of_their_own():
    flow = Script({"a.sloth": "for _, name in ipairs({ 'a', 'b' }) do task(name):command(function() "
                              "return goroutine.map({ 1, 2 }, function(x) return exec.run(name .. x) end) end):build() end"})
    together = threading.Barrier(4, timeout=5)

    def answer(request: Request) -> list[object]:
        together.wait()
        return [request["args"][0]]

    found: dict[str, list[object]] = {}
    workers = [threading.Thread(target=lambda n=name: found.update({n: flow.call(n, answer)})) for name in ("a", "b")]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert found == {"a": [["a1", "a2"]], "b": [["b1", "b2"]]}


def test_only_so_many_threads_work_at_once():
    threads, running, most, lock = Threads(2), [0], [0], threading.Lock()
    over = threading.Semaphore(0)

    def work() -> None:
        with lock:
            running[0] += 1
            most[0] = max(most[0], running[0])
        with lock:
            running[0] -= 1
        over.release()

    for _ in range(20):
        threads.do(work)
    assert all(over.acquire(timeout=5) for _ in range(20))
    assert most[0] <= 2


@pytest.mark.parametrize(("body", "text"), [
    pytest.param("goroutine.spwan(print)", "there is no goroutine.spwan: did you mean 'spawn'?", id="a name"),
    pytest.param("goroutine.wait_group().add(1)", "wait_group: write :add(…) with a colon", id="a dot"),
    pytest.param("goroutine.wait_group():dnoe()", "wait_group: unknown method dnoe: did you mean 'done'?", id="a method"),
    pytest.param("goroutine.spawn('x')", "goroutine.spawn wants a function, got a string", id="no function"),
    pytest.param("goroutine.sleep('soon')", 'goroutine.sleep wants milliseconds or a duration such as "2s", got soon',
                 id="no time"),
    pytest.param("goroutine.await(1)", "goroutine.await wants what goroutine.async returns", id="no handle"),
    pytest.param("goroutine.pool_wait('p')", "goroutine.pool_wait: there is no pool 'p'", id="no pool"),
])
def test_mistakes_have_their_line(body, text):
    with pytest.raises(LuaError) as caught:
        run("\n" + body)
    assert (caught.value.text, caught.value.where) == (text, "a.sloth:2")
