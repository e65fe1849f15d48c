"""Channels, choosing among them, and locks between goroutines."""

from __future__ import annotations

import pytest

from sloth.runtime.lua.vm import LuaError
from tests.unit.runtime.lua.script import run


@pytest.mark.parametrize(("body", "result"), [
    pytest.param("local c = goroutine.channel(2) c:send(1) c:send(2) return c:len(), c:cap(), c:receive(), (c:receive())",
                 [2, 2, 1, 2], id="a buffer keeps the order"),
    pytest.param("local c = goroutine.channel() goroutine.spawn(function() c:send('x') end) return c:receive()",
                 ["x", True], id="a receiver waits for a sender"),
    pytest.param("local c, at = goroutine.channel(), 'before' goroutine.spawn(function() goroutine.sleep(0) at = 'after' "
                 "c:receive() end) c:send(1) return at", ["after"], id="a sender waits for a receiver"),
    pytest.param("local c = goroutine.channel(1) c:send(nil) return c:receive()", [None, True], id="nil is a value"),
    pytest.param("local c = goroutine.channel(1) c:send(1) c:close() local a = c:receive() return a, c:receive()",
                 [1, None, False], id="a closed channel gives what it has left"),
    pytest.param("local c = goroutine.channel() goroutine.spawn(function() c:close() end) return c:receive()",
                 [None, False], id="closing wakes receivers"),
    pytest.param("local c = goroutine.channel() c:close() return pcall(c.send, c, 1)",
                 [False, "send on a closed channel"], id="a closed channel takes nothing"),
    pytest.param("local c = goroutine.channel() local h = goroutine.async(function() c:send(1) end) goroutine.sleep(0) "
                 "c:close() return h:await()", [False, "send on a closed channel"], id="closing fails senders"),
    pytest.param("local c = goroutine.channel(1) return c:try_send(1), c:try_send(2), c:try_receive(), c:try_receive()",
                 [True, False, 1, None, False], id="try"),
    pytest.param("local c, sum = goroutine.channel(), 0 goroutine.spawn(function() for i = 1, 4 do c:send(i) end "
                 "c:close() end) for i in c:range() do sum = sum + i end return sum", [10], id="range in a for"),
    pytest.param("local c, sum = goroutine.channel(9), 0 for i = 1, 4 do c:send(i) end c:close() "
                 "c:range(function(i) sum = sum + i end) return sum", [10], id="range with a function"),
    pytest.param("local c, got = goroutine.channel(1), {} goroutine.spawn_many(3, function(i) c:send(i) end) "
                 "goroutine.sleep(0) for i = 1, 3 do got[i] = c:receive() end return got", [[1, 2, 3]],
                 id="senders are served in their order"),
])
def test_channels(body, result):
    assert run(body) == result


TWO = "local a, b = goroutine.channel(1), goroutine.channel(1) "


@pytest.mark.parametrize(("body", "result"), [
    pytest.param("b:send('x') return goroutine.select({ { channel = a, receive = true }, { channel = b, receive = true } })",
                 [2, "x", True], id="what is ready"),
    pytest.param("b:send('x') return goroutine.select({ { channel = a, receive = true, handler = print }, "
                 "{ channel = b, receive = true, handler = function(v) return v .. '!' end } })", [2, "x!"], id="a handler"),
    pytest.param("return goroutine.select({ { a, function(v) return v end }, { default = true, handler = function() "
                 "return 'nothing' end } })", [2, "nothing"], id="default"),
    pytest.param("return goroutine.select({ { receive = a }, default = function() return 'nothing' end })",
                 [0, "nothing"], id="default by name"),
    pytest.param("local n = goroutine.select({ { channel = a, send = 7 } }) return n, a:receive()", [1, 7, True],
                 id="send"),
    pytest.param("local n = goroutine.select({ { send = a, value = 7 } }) return n, a:receive()", [1, 7, True],
                 id="send in another form"),
    pytest.param("goroutine.spawn(function() b:send('late') end) "
                 "return goroutine.select({ { channel = a, receive = true }, { channel = b, receive = true } })",
                 [2, "late", True], id="what gets ready first"),
    pytest.param("goroutine.spawn(function() b:send('late') end) goroutine.select({ { receive = a }, { receive = b } }) "
                 "a:send(1) return a:receive()", [1, True], id="what was not chosen keeps its values"),
    pytest.param("goroutine.spawn(function() a:close() end) return goroutine.select({ { receive = a }, { receive = b } })",
                 [1, None, False], id="closed"),
    pytest.param("return goroutine.select_timeout(1, { { receive = a } })", [None, "timeout"], id="a limit"),
    pytest.param("a:send(1) return goroutine.select_timeout({ { receive = a } }, '1s')", [1, 1, True],
                 id="a limit that is not needed"),
    pytest.param("a:send(0) goroutine.spawn(function() goroutine.sleep(1) a:receive() end) "
                 "local n = goroutine.select({ { channel = a, send = 1 }, { receive = b } }) return n, a:receive()",
                 [1, 1, True], id="a send that waits"),
])
def test_select(body, result):
    assert run(TWO + body) == result


@pytest.mark.parametrize(("body", "result"), [
    pytest.param("local got = {} for v in goroutine.pipeline({ 1, 2, 3 }, function(x) return x + 1 end, "
                 "function(x) return x * 10 end):range() do got[#got + 1] = v end return got", [[20, 30, 40]],
                 id="a pipeline keeps the order"),
    pytest.param("local c, sum = goroutine.channel(3), 0 for i = 1, 3 do c:send(i) end c:close() "
                 "for v in goroutine.fan_out(c, 2, function(x) return x * x end):range() do sum = sum + v end return sum",
                 [14], id="fan_out"),
    pytest.param("local function of(x) return goroutine.pipeline({ x, x }, function(v) return v end) end local sum = 0 "
                 "for v in goroutine.fan_in({ of(1), of(10) }):range() do sum = sum + v end return sum", [22], id="fan_in"),
])
def test_what_is_built_of_channels(body, result):
    assert run(body) == result


@pytest.mark.parametrize(("body", "result"), [
    pytest.param("local m, n = goroutine.mutex(), 0 local function work() m:lock() local was = n goroutine.sleep(0) "
                 "n = was + 1 m:unlock() end goroutine.spawn_many(5, work) goroutine.sleep(5) return n, m:try_lock(), "
                 "m:try_lock()", [5, True, False], id="mutex"),
    pytest.param("local m = goroutine.mutex() return pcall(m.unlock, m)",
                 [False, "a.sloth:1: mutex:unlock of what is not held"], id="a mutex that nobody holds"),
    pytest.param("local m, log = goroutine.rwmutex(), {} m:rlock() m:rlock() goroutine.spawn(function() m:lock() "
                 "log[#log + 1] = 'write' m:unlock() end) goroutine.sleep(0) goroutine.spawn(function() m:rlock() "
                 "log[#log + 1] = 'read' m:runlock() end) goroutine.sleep(0) m:runlock() m:runlock() goroutine.sleep(1) "
                 "return log", [["write", "read"]], id="a writer waits for readers, later readers for it"),
    pytest.param("local s = goroutine.semaphore(2) s:acquire() s:acquire() local free = s:try_acquire() s:release() "
                 "return free, s:available()", [False, 1], id="semaphore"),
    pytest.param("local n = goroutine.atomic_int(5) n:add(2) n:inc() return n:get(), n:compare_and_swap(8, 1), "
                 "n:compare_and_swap(8, 2), n:swap(9), n:load()", [8, True, False, 1, 9], id="atomic_int"),
    pytest.param("local o, n = goroutine.once(), 0 for i = 1, 3 do o:call(function() n = n + 1 end) end return n, o:done()",
                 [1, True], id="once"),
    pytest.param("local o, log = goroutine.once(), {} local function first() goroutine.sleep(1) log[1] = 'made' end "
                 "goroutine.spawn(function() o:call(first) end) goroutine.sleep(0) o:call(first) return log", [["made"]],
                 id="once waits for whoever runs it"),
    pytest.param("local m = goroutine.mutex() local c, woken = goroutine.cond(m), 0 goroutine.spawn_many(3, function() "
                 "m:lock() c:wait() woken = woken + 1 m:unlock() end) goroutine.sleep(0) c:signal() goroutine.sleep(0) "
                 "local one = woken c:broadcast() goroutine.sleep(0) return one, woken", [1, 3], id="cond"),
    pytest.param("local c = goroutine.context() local below = c:with_value('k', 'v') local of = below:with_cancel() "
                 "local before = of:is_done() c:cancel() return before, of:is_done(), of:err(), of:value('k')",
                 [False, True, "cancelled", "v"], id="a context ends with the one above"),
    pytest.param("local c = goroutine.context({ timeout = 1 }) return c:wait(), c:done(), c:err()",
                 ["deadline exceeded", True, "deadline exceeded"], id="a context with a limit"),
])
def test_locks(body, result):
    assert run(body) == result


@pytest.mark.parametrize(("body", "text"), [
    pytest.param("goroutine.channel('x')", "goroutine.channel wants how many values it holds, got a string", id="capacity"),
    pytest.param("goroutine.select({ { receive = 1 } })", "goroutine.select: case 1 has no channel", id="no channel"),
    pytest.param("goroutine.fan_out({}, 2)", "goroutine.fan_out wants a function, got nothing", id="no function"),
    pytest.param("goroutine.semaphore()", "goroutine.semaphore wants a number, got nothing", id="no number"),
    pytest.param("goroutine.semaphore(1):acquire(2)", "semaphore:acquire wants more than there are", id="too many"),
])
def test_mistakes_have_their_line(body, text):
    with pytest.raises(LuaError) as caught:
        run("\n" + body)
    assert (caught.value.text, caught.value.where) == (text, "a.sloth:2")
