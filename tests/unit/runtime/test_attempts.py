"""A task's attempts: what comes of those that fail."""

from __future__ import annotations

from tests.playing import HANDLERS, tasks


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
