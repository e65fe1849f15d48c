"""A task's attempts: what comes of those that fail, and of one that never comes back."""

from __future__ import annotations

import threading

from sloth.runtime.acting import Call
from tests.playing import HANDLERS, tasks


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


def test_when_all_attempts_fail_the_task_does_and_on_failure_runs_once(play):
    text = tasks(
        'task("a"):retries(1):retry_delay("10ms"):command("exit 7"):on_failure(function(this, params, err) log.info("why: " .. err.exit_code) end)'
    )
    played = play(text)
    assert played.statuses == {"a": "failed"}
    assert [line for line in played.lines() if "why" in line] == ["why: 7"]


def test_what_a_failed_attempt_changed_counts_and_its_handlers_are_wanted(play, tmp_path):
    marker = tmp_path / "marker"
    text = tasks(
        f"""task("a"):retries(1):retry_delay("10ms"):command(function()
          local put = file_ops.copy {{ dest = "{marker}", content = "x" }}
          if put.changed then notify("one") end
          if put.changed then error("not yet") end
        end):notify("two")""",
        handlers=HANDLERS,
    )
    played = play(text)
    assert played.statuses["a"] == "changed"
    assert list(played.statuses) == ["a", "one", "two"]
