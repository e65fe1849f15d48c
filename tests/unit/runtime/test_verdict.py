"""What a function returns is how its task ends."""

from __future__ import annotations

import pytest

from tests.playing import tasks


@pytest.mark.parametrize(
    ("body", "status", "message"),
    [
        pytest.param("", "ok", "", id="nothing"),
        pytest.param("return true, 'done'", "ok", "done", id="true and a message"),
        pytest.param("return false, 'why'", "failed", "why", id="false and why"),
        pytest.param("return false, 42", "failed", "42", id="false and a number"),
        pytest.param("return false, { message = 'why' }", "failed", "why", id="false and a table that tells why"),
        pytest.param("return false, { error = 'why' }", "failed", "why", id="false and a table with an error"),
        pytest.param("return false, pkg.is_installed", "failed", None, id="false and no plain value"),
        pytest.param("return nil, 'why'", "failed", "why", id="nil and why"),
        pytest.param("return { changed = true, message = 'm' }", "changed", "m", id="one table"),
        pytest.param("return { failed = true, message = 'm' }", "failed", "m", id="a failed table"),
        pytest.param("return { success = false, error = 'why' }", "failed", "why", id="no success, and an error"),
        pytest.param("return { failed = true, msg = 'why' }", "failed", "why", id="another word for the message"),
        pytest.param("return exec.run('exit 3')", "failed", "exit code 3", id="a command that did not succeed"),
        pytest.param("return exec.run('echo hi')", "changed", "hi\n", id="a command that did"),
        pytest.param("error('why')", "failed", "why", id="error"),
        pytest.param("assert(false, 'why')", "failed", "why", id="assert"),
        pytest.param("exec.run('true')", "changed", "", id="a call that changes"),
        pytest.param(
            "exec.run('true') return true, '', { changed = false }", "ok", "", id="outputs.changed = false wins"
        ),
        pytest.param("exec.run('true', { changed_if = false })", "ok", "", id="a call that only looks"),
        pytest.param("exec.run('false')", "changed", "", id="run never raises"),
        pytest.param("exec.check('echo no; exit 2')", "failed", None, id="check raises"),
        pytest.param("local x = nil; return x.y", "failed", None, id="a fault in the script"),
    ],
)
def test_return_conventions(play, body, status, message):
    event = play(tasks(f'task("a"):command(function() {body} end)')).finished("a")
    assert event["status"] == status
    if message is not None:
        assert event["message"] == message


def test_a_command_whose_result_is_returned_tells_what_it_wrote_when_it_failed(play):
    event = play(tasks("""task("a"):command(function() return exec.run("echo out; echo bad >&2; exit 3") end)""")).finished("a")
    said = {name: event["failure"][name] for name in ("error", "exit_code", "stdout", "stderr")}
    assert said == {"error": "exit code 3", "exit_code": 3, "stdout": "out\n", "stderr": "bad\n"}


def test_outputs_reach_dependents_by_name(play):
    text = tasks(
        'task("a"):command(function() return true, "", { port = 80 } end)',
        'task("b"):depends_on("a"):command(function(this, params, deps) return true, "port " .. deps.a.port end)',
    )
    assert play(text).finished("b")["message"] == "port 80"


def test_outputs_may_stand_where_the_message_does(play):
    event = play(tasks('task("a"):command(function() return true, { port = 80 } end)')).finished("a")
    assert (event["status"], event["message"], event["outputs"]) == ("ok", "", {"port": 80})


def test_a_condition_that_returns_a_command_holds_when_that_succeeds(play):
    played = play(tasks(
        'task("a"):run_if(function() return exec.run("exit 1") end):command("true")',
        'task("b"):run_if(function() return exec.run("exit 0") end):command("true")',
    ))  # fmt: skip
    assert played.statuses == {"a": "skipped", "b": "changed"}


def test_what_hooks_hear_of_a_failure_counts_as_its_text(play):
    played = play(tasks(
        """task("a"):retries(1):retry_delay("1ms"):command(function() error("why", 0) end)
          :on_retry(function(params, err) log.info("again: " .. err) end)
          :on_failure(function(params, err) log.info("failed: " .. err .. " " .. #err.error) end)"""
    ))  # fmt: skip
    assert [event["text"] for event in played.of("log")] == ["again: why", "failed: why 3"]
