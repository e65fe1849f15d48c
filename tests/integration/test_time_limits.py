"""What real time limits end: commands, loops, what hangs in C code. Whatever it was, the rest goes on, and on time."""

from __future__ import annotations

import os
import threading
import time

from sloth.runtime.acting import Call
from tests.playing import Played, tasks


def test_a_time_limit_ends_the_whole_group_and_is_reported_in_time(play):
    began = time.monotonic()
    nap = f"33.{os.getpid()}"  # tests beside this one sleep as well
    played = play(
        tasks(
            f'task("a"):timeout("300ms"):command("sleep {nap}1 & sleep {nap}1; wait")',
            f'task("b"):command("! pgrep -f {nap}[1]")',
        )
    )
    assert time.monotonic() - began < 3
    assert played.statuses == {"a": "timed_out", "b": "changed"}
    assert played.finished("a")["message"] == "timed out after 0.3 s"


def test_an_endless_loop_in_lua_is_ended_too(play):
    played = play(
        tasks('task("a"):timeout("100ms"):command(function() while true do end end)', 'task("b"):command("true")')
    )
    assert played.statuses == {"a": "timed_out", "b": "changed"}


def test_an_endless_loop_does_not_hold_back_the_report_of_another_task(play):
    text = tasks(
        'task("loop"):timeout("250ms"):command(function() while true do end end)',
        'task("sleep"):timeout("100ms"):command("sleep 60")',
        config="max_parallel_tasks = 2",
    )
    assert play(text).statuses == {"sleep": "timed_out", "loop": "timed_out"}


def test_the_time_limit_is_per_attempt(play):
    played = play(tasks('task("a"):timeout("100ms"):retries(1):retry_delay("10ms"):command("sleep 60")'))
    assert (played.finished("a")["status"], played.finished("a")["attempts"]) == ("timed_out", 2)


def test_a_call_that_times_out_fails_and_the_task_may_go_on(play):
    text = tasks("""task("a"):command(function()
      local ok, why = pcall(function() exec.check("sleep 60", { timeout = "100ms" }) end)
      return not ok, tostring(why)
    end)""")
    played = play(text)
    assert played.statuses["a"] in ("ok", "changed")
    assert "timed out after 0.1 s" in played.finished("a")["message"]


def test_a_task_that_hangs_in_luas_own_code_does_not_hold_the_run(play):
    hang = '(("a"):rep(120)):find(("a-"):rep(4) .. "b")'  # about a second; for ever would take the processor from others
    played = play(
        tasks(
            f'task("a"):timeout("100ms"):command(function() return {hang} end)',
            'task("b"):command("true")',
            'task("c"):command(function() end)',
        ),
        stuck=0.25,
    )
    assert played.statuses == {"a": "timed_out", "b": "changed", "c": "cancelled"}
    assert "hangs inside" in played.finished("c")["message"]


def test_an_attempt_that_never_comes_back_is_followed_by_the_next_one(play):
    over, calls = threading.Event(), list[str]()

    def hang_once(call: Call) -> None:
        calls.append(call.module)
        if len(calls) == 1:
            over.wait(30)  # as in a kernel that waits for a dead file server: it hears of no deadline

    text = tasks('task("a"):timeout(0.3):retries(1):retry_delay(0.01):command("true")', 'task("b"):command("true")')
    played = play(text, before=hang_once)
    over.set()
    assert played.statuses == {"a": "changed", "b": "changed"}
    assert played.finished("a")["attempts"] == 2
    assert played.finished("a")["duration"] < 3


def test_the_time_limit_of_the_task_ends_what_it_flushes(tmp_path):
    run = Played(tmp_path, """
      workflow.define("w"):tasks({ task("a"):timeout("300ms"):command(function() notify("slow"); flush_handlers() end),
        task("b"):command("true") }):handlers({ handler("slow", function() exec.run("sleep 30") end) })""").run()
    assert run.statuses["a"] == "timed_out"
    assert run.statuses["slow"] == "cancelled"
    assert run.statuses["b"] == "changed"


def test_a_task_that_is_out_of_time_tells_on_timeout_before_on_failure(tmp_path):
    ended = threading.Event()

    def hear(played, event):
        if event["type"] == "log" and event["text"] == "failure":
            ended.set()

    played = Played(tmp_path, """task("t"):command("sleep 30"):timeout("100ms")
      :on_timeout(function(this, params, err) log.info("timeout " .. err.error) end)
      :on_failure(function() log.info("failure") end):build()""", on_event=hear).run()
    assert ended.wait(5)
    assert (played.statuses, played.lines()) == ({"t": "timed_out"}, ["timeout timed out after 0.1 s", "failure"])
