"""What a task or workflow may say beside its command, played: hooks, decisions, order, directories, exports."""

from __future__ import annotations

import pytest

from sloth.runtime.failure import ActionFailed
from tests.playing import Played

HOOKS = """
local said = function(name) return function(this, params, more) log.info(name .. " " .. this.name) end end
workflow.define("w", { tasks = { t = {
  pre_exec = said("pre"), command = function() log.info("command") %s end, post_exec = said("post"),
  on_success = said("success"), on_failure = said("failure"), on_complete = said("complete"),
  on_timeout = said("timeout"), on_skip = said("skip"),
  on_retry = function(this, params, err, n) log.info("retry " .. n .. " " .. err.error) end,
  %s } } })
"""


@pytest.mark.parametrize(("body", "more", "status", "lines"), [
    pytest.param("", "", "ok", ["pre t", "command", "post t", "success t", "complete t"], id="success"),
    pytest.param("return false, 'why'", "", "failed", ["pre t", "command", "failure t", "complete t"], id="failure"),
    pytest.param(
        "error('why', 0)", "retries = { count = 1, delay = '1ms' }", "failed",
        ["pre t", "command", "retry 1 why", "pre t", "command", "failure t", "complete t"], id="retries",
    ),
    pytest.param("", "run_if = 'false'", "skipped", ["skip t"], id="skipped"),
    pytest.param("", "next_if_fail = {}", "ok", ["pre t", "command", "post t", "success t", "complete t"],
                 id="after the failure of nobody"),
])  # fmt: skip
def test_hooks_are_called_in_their_order(tmp_path, body, more, status, lines):
    played = Played(tmp_path, HOOKS % (body, more)).run()
    assert (played.statuses, played.lines()) == ({"t": status}, lines)


@pytest.mark.parametrize(("hook", "message"), [
    ("pre_hook(function() return false, 'not yet' end)", "not yet"),
    ("pre_hook(function() return false end)", "pre_hook returned false"),
    ("post_hook(function(this, params, output) return output.n == 2, 'n is ' .. output.n end)", "n is 1"),
    ("post_hook(function() error('broken', 0) end)", "broken"),
])
def test_a_hook_around_the_command_may_refuse(tmp_path, hook, message):
    played = Played(tmp_path, f'task("t"):command(function() return true, "", {{ n = 1 }} end):{hook}:build()').run()
    assert (played.finished("t")["status"], played.finished("t")["message"]) == ("failed", message)


@pytest.mark.parametrize(("command", "more", "status"), [
    ("'echo hi'", "", "changed"),
    ("'echo hi'", "changed_if = false", "ok"),
    ("'echo hi'", "changed_if = function(this, params, out) return out.stdout:find('ho') end", "ok"),
    ("'echo hi'", "changed_if = function(params, out) return out.stdout:find('hi') end", "changed"),
    ("'true'", "changed_if = 'false'", "ok"),
    ("'exit 3'", "", "failed"),
    ("'exit 3'", "failed_if = function(params, out) return out.exit_code > 3 end", "changed"),
    ("'exit 4'", "failed_if = function(params, out) return out.exit_code > 3 end", "failed"),
    ("function() return true end", "failed_if = true", "failed"),
    ("function() return { changed = true } end", "", "changed"),
    ("function() return { changed = true } end", "changed_if = false", "ok"),
    ("function() return { failed = true, message = 'm' } end", "failed_if = false", "failed"),
])
def test_conditions_decide_about_the_result(tmp_path, command, more, status):
    text = f"workflow.define('w', {{ tasks = {{ t = {{ command = {command}, {more} }} }} }})"
    assert Played(tmp_path, text).run().statuses == {"t": status}


def test_a_check_run_leaves_decisions_about_results_that_nobody_knows(tmp_path):
    text = "workflow.define('w', { tasks = { t = { command = 'echo', failed_if = function(p, o) return o.x > 1 end } } })"
    assert Played(tmp_path, text, check=True).run().statuses == {"t": "would_run"}


FALLBACK = """workflow.define("w", { tasks = {
  { name = "try", command = %s, ignore_errors = false },
  { name = "rescue", next_if_fail = "try", command = function(params, deps) return true, tostring(deps.try.error) end },
  { name = "after rescue", depends_on = "rescue", command = function() end },
  { name = "after try", depends_on = "try", command = function() end },
} })"""


@pytest.mark.parametrize(("command", "statuses"), [
    ("'exit 1'", {"try": "failed", "rescue": "ok", "after rescue": "ok", "after try": "skipped"}),
    ("function() end", {"try": "ok", "rescue": "skipped", "after rescue": "ok", "after try": "ok"}),
])
def test_a_task_for_the_failure_of_another_runs_only_then(tmp_path, command, statuses):
    played = Played(tmp_path, FALLBACK % command).run()
    assert played.statuses == statuses
    if statuses["rescue"] == "ok":
        assert "exit code 1" in played.finished("rescue")["message"]


def test_tasks_that_are_async_run_beside_each_other_and_beside_the_rest(tmp_path):
    (tmp_path / "pipe").unlink(missing_ok=True)
    pipe = tmp_path / "pipe"
    text = f"""workflow.define("w", {{ tasks = {{
      {{ name = "make", command = "mkfifo {pipe}" }},
      {{ name = "read", async = true, depends_on = "make", command = "cat {pipe}", timeout = "20s" }},
      {{ name = "write", async = true, depends_on = "make", command = "echo hi > {pipe}", timeout = "20s" }},
      {{ name = "plain", depends_on = "make", command = function() end }},
      {{ name = "last", depends_on = {{ "read", "write" }}, command = function(p, deps) return true, deps.read.stdout end }},
    }} }})"""
    played = Played(tmp_path, text).run()
    assert played.finished("last")["message"].strip() == "hi"
    assert set(played.statuses.values()) == {"changed", "ok"}


def test_a_registered_result_is_a_variable_of_later_tasks(tmp_path):
    played = Played(tmp_path, """workflow.define("w", { tasks = {
      { name = "a", command = "echo out; exit 1", ignore_errors = true, register = "first" },
      { name = "b", command = "echo out", register = "second" },
      { name = "c", command = function() return true, "", { failed = vars.first.failed, out = vars.second.stdout,
        changed = vars.second.changed, status = vars.first.status, own = vars.own } end },
    } })""", variables={"own": 1}).run()
    assert played.finished("c")["outputs"] == {
        "failed": True, "out": "out\n", "changed": True, "status": "failed", "own": 1
    }


def test_what_a_task_was_warned_of_is_not_said_again(tmp_path):
    copy = f'file_ops.copy {{ content = "x", dest = "{tmp_path}/none/%s" }}'
    text = f"task('t'):command(function() {copy % 'a'} {copy % 'b'} end):build()"
    assert Played(tmp_path, text, check=True).run().lines() == [f"the directory {tmp_path}/none does not exist yet"]


def test_outputs_that_are_promised_and_missing_are_a_warning(tmp_path):
    text = "task('t'):outputs('a', 'b'):command(function() return true, '', { b = 1 } end):build()"
    assert Played(tmp_path, text).run().lines() == ["it promises outputs that it does not give: a"]


@pytest.mark.parametrize(
    ("condition", "warnings"),
    [
        pytest.param("no-such-program -x", 1, id="misspelt"),
        pytest.param("/etc/passwd", 1, id="no program"),
        pytest.param("command -v no-such-program", 0, id="asks whether there is one"),
        pytest.param("echo no >&2; exit 1", 0, id="says no"),
    ],
)
def test_a_condition_that_had_nothing_to_run_is_a_warning(tmp_path, condition, warnings):
    played = Played(tmp_path, f"task('t'):run_if('{condition}'):command('true'):build()").run()
    assert played.statuses == {"t": "skipped"}
    assert [f"the condition '{condition}' cannot tell: " in line for line in played.lines()] == [True] * warnings


def test_the_first_failure_of_a_workflow_that_fails_fast_is_the_last_task(tmp_path):
    played = Played(tmp_path, """workflow.define("w", { config = { fail_fast = true }, tasks = {
      { name = "a", command = "exit 1" }, { name = "b", command = "true" } } })""").run()
    assert played.statuses == {"a": "failed", "b": "skipped"}
    assert (played.finished("a")["failure"]["aborted"], played.finished("b")["message"]) == (
        "fail_fast", "task a failed, and the workflow is fail_fast"
    )


def test_what_is_exported_belongs_to_the_run(tmp_path):
    played = Played(tmp_path, """workflow.define("w", { tasks = {
      { name = "a", command = function() export { url = "x", n = 1 } end },
      { name = "b", command = function() export({ n = 2 }) end } } })""").run()
    assert played.play.exports == {"url": "x", "n": 2}


# retry_policy

@pytest.mark.parametrize(("policy", "own", "retry"), [
    ("3", "", (3, "exponential", 1.0)),
    ("'linear'", "retries = 2", (2, "linear", 1.0)),
    ("'linear'", "", (0, "exponential", 1.0)),  # a host is told of no strategy where there are no retries
    ("{ max_attempts = 3, backoff = 'fixed', initial_delay = '5s' }", "", (2, "fixed", 5.0)),
    ("{ max_retries = 3, delay = 2 }", "retries = { count = 1, strategy = 'fixed' }", (1, "fixed", 2.0)),
])
def test_a_retry_policy_is_the_default_of_all_tasks(tmp_path, policy, own, retry):
    played = Played(tmp_path, f"workflow.define('w', {{ config = {{ retry_policy = {policy} }}, "
                    f"tasks = {{ t = {{ command = 'true', {own} }} }} }})")
    (step,) = played.job.steps
    assert (step.retries.count, step.retries.strategy, step.retries.delay) == retry


# the workflow's directory

CLEAN = "function(r) log.info('clean ' .. tostring(r.success)) return %s end"


@pytest.mark.parametrize(("settings", "command", "stays"), [
    ("", "true", True),
    ("clean_workdir_after_run = true", "true", False),
    ("clean_workdir_after_run = true", "exit 1", False),
    ("clean_workdir_after_run = true, config = { cleanup_on_failure = false }", "exit 1", True),
    ("config = { cleanup_on_failure = true }", "exit 1", False),
    ("config = { cleanup_on_failure = true }", "true", True),
    (f"clean_workdir_after_run = {CLEAN % 'r.success'}", "true", False),
    (f"clean_workdir_after_run = {CLEAN % 'r.success'}", "exit 1", True),
    ("config = { clean_workdir_after_run = true }", "true", False),
])
def test_the_directory_of_a_workflow_is_made_and_removed(tmp_path, settings, command, stays):
    place = tmp_path / "work" / "dir"
    played = Played(tmp_path, f"""workflow.define("w", {{ workdir = "{place}", create_workdir_before_run = true,
      tasks = {{ t = {{ command = "pwd > here; {command}" }} }}, {settings} }})""").run()
    assert played.finished("t")["status"] == ("changed" if command == "true" else "failed")
    assert place.exists() is stays
    if stays:
        assert (place / "here").read_text().strip() == str(place)


def test_a_directory_that_cannot_be_made_ends_the_job(tmp_path):
    (tmp_path / "file").write_text("")
    played = Played(tmp_path, f"""workflow.define("w", {{ workdir = "{tmp_path}/file/x", create_workdir_before_run = true,
      tasks = {{ t = {{ command = "true" }} }} }})""")
    with pytest.raises(ActionFailed, match="the workdir cannot be made"):
        played.run()


def test_a_workflow_that_names_no_directory_gets_one_of_its_own(tmp_path):
    played = Played(tmp_path, """workflow.define("w", { create_workdir_before_run = true, clean_workdir_after_run = true,
      tasks = { t = { command = function(this) return true, this.workdir.path .. " " .. exec.check("pwd") end } } })""")
    played.run()
    first, second = played.finished("t")["message"].split()
    assert first == second == "/tmp/sloth-run1"
