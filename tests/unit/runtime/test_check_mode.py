"""Check mode: what nobody can know yet is told as that, and spreads to what depends on it."""

from __future__ import annotations

import pytest

from tests.playing import Played

SITE = 'workflow.define("w", {{ tasks = {{ {{ name = "a", command = {first} }}, {rest} }} }})'
RUNS = '"make"'
CHANGES = 'function() file_ops.directory { path = "/tmp/nowhere/at/all" } end'
SETTLED = 'function() file_ops.directory { path = "/tmp" } end'


def check(folder, first: str, *rest: str) -> Played:
    return Played(folder, SITE.format(first=first, rest=", ".join(rest)), check=True).run()


@pytest.mark.parametrize(("first", "status"), [
    pytest.param(RUNS, "would_run", id="after what would run"),
    pytest.param(CHANGES, "would_run", id="after what would change"),
    pytest.param(SETTLED, None, id="after what is so already"),
])  # fmt: skip
@pytest.mark.parametrize(("task", "alone"), [
    pytest.param("run_if = 'false', command = 'true'", "skipped", id="a condition that does not hold"),
    pytest.param("command = function() error('not there', 0) end", "failed", id="a failure"),
])  # fmt: skip
def test_neither_a_closed_condition_nor_a_failure_is_believed(tmp_path, first, status, task, alone):
    played = check(tmp_path, first, f'{{ name = "b", depends_on = "a", {task} }}', f'{{ name = "c", {task} }}')
    assert played.statuses["b"] == (status or alone)
    assert played.statuses["c"] == alone  # which depends on nothing


def test_what_is_missing_in_a_workdir_that_is_yet_to_be_made_is_not_believed(tmp_path):
    site = f"""workflow.define("w", {{ workdir = "{tmp_path}/new", create_workdir_before_run = true, tasks = {{
      {{ name = "here", run_if = "test -d .", command = "true" }},
      {{ name = "elsewhere", workdir = "/tmp", run_if = "false", command = "true" }} }} }})"""
    played = Played(tmp_path, site, check=True).run()
    assert played.statuses == {"here": "would_run", "elsewhere": "skipped"}
    assert "before the workdir is made" in played.finished("here")["message"]
    assert Played(tmp_path, site).run().statuses == {"here": "changed", "elsewhere": "skipped"}


def test_why_nobody_knows_is_told(tmp_path):
    played = check(tmp_path, RUNS, '{ name = "b", depends_on = "a", command = function() error("no make", 0) end }')
    assert played.finished("b")["message"] == "nobody knows before a has run: no make"
    assert played.finished("b")["blocks"] is False


def test_it_spreads_on(tmp_path):
    failing = "command = function() error('x', 0) end"
    played = check(
        tmp_path, RUNS, f'{{ name = "b", depends_on = "a", {failing} }}', f'{{ name = "c", depends_on = "b", {failing} }}'
    )
    assert played.statuses == {"a": "would_run", "b": "would_run", "c": "would_run"}


def test_outputs_that_nobody_knows_say_so(tmp_path):
    played = check(
        tmp_path, RUNS,
        '{ name = "b", depends_on = "a", command = function(_, deps) return true, tostring(deps.a.unknown) end }',
    )  # fmt: skip
    assert (played.statuses["b"], played.finished("b")["message"]) == ("ok", "true")


def test_an_abort_is_one_in_a_check_too(tmp_path):
    played = check(tmp_path, RUNS, '{ name = "b", depends_on = "a", abort_if = "true", command = "true" }')
    assert played.statuses["b"] == "failed"


def test_in_earnest_a_failure_is_one(tmp_path):
    site = SITE.format(first=CHANGES.replace("/tmp/nowhere", str(tmp_path)), rest="""
      { name = "b", depends_on = "a", command = "false" }""")
    assert Played(tmp_path, site).run().statuses == {"a": "changed", "b": "failed"}


WRITES = 'file_ops.directory { path = "/tmp/nowhere/at/all" }'
MAKES = 'exec.run("make")'
LOOKS = 'exec.run("true", { changed_if = false })'


@pytest.mark.parametrize(("body", "status"), [
    pytest.param(f'{WRITES} file_ops.lineinfile {{ path = "/tmp/nowhere/at/all/a", line = "x" }}', "would_run",
                 id="what it would have made is not there"),
    pytest.param(f'{MAKES} error("no program")', "would_run", id="after a command that is not run"),
    pytest.param(f'{MAKES} return false, "no program"', "would_run", id="its own word after that"),
    pytest.param(f'{LOOKS} error("no program")', "failed", id="after a look"),
    pytest.param(f"{WRITES} file_ops.directory {{ pth = 1 }}", "failed", id="arguments that are wrong all the same"),
])  # fmt: skip
def test_a_task_does_not_fail_for_what_it_would_have_done_before(tmp_path, body, status):
    played = check(tmp_path, f"function() {body} end")
    assert played.statuses == {"a": status}
    assert played.finished("a")["message"].startswith("nobody knows before it has done") == (status == "would_run")
