"""What was run: lists, one run, its logs, its events, the files that it left."""

from __future__ import annotations

import json
import select
import subprocess
from pathlib import Path

import pytest

from tests.e2e.sloth import SLOTH, Folder, until

SITE = """
local a = task("a"):workdir(vars.here):artifacts({ "report.txt" }):command(function()
  log.info("from a")
  exec.run("echo hello; echo content > report.txt")
  return true, "fine", { number = 7 }
end):build()
local b = task("b"):depends_on("a"):command(function() return vars.fail ~= "yes", "broken" end):build()
workflow.define("site"):tasks({ a, b })
"""


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    made = Folder(tmp_path)
    made.write("site.sloth", SITE)
    return made


def run(folder: Folder, *words: str) -> str:
    """A run; its id."""
    return str(
        folder.sloth("run", "site.sloth", "--format", "json", "-e", f"here={folder.path}", *words).events[0]["run"]
    )


def listed(folder: Folder, *words: str) -> list[tuple[str, str]]:
    found = json.loads(folder.sloth("runs", "list", "--format", "json", *words).stdout)["runs"]
    return [(one["id"], one["status"]) for one in found]


def test_runs_are_listed_by_status_workflow_and_host(folder: Folder):
    good, bad = run(folder), run(folder, "-e", "fail=yes")
    assert listed(folder) == [(bad, "failed"), (good, "ok")]
    assert listed(folder, "--status", "failed") == [(bad, "failed")]
    assert len(listed(folder, "--workflow", "site", "--host", "localhost", "--since", "1h", "-n", "1")) == 1
    for words in (("--host", "localhots"), ("--workflow", "sit"), ("--status", "fail")):
        refused = folder.sloth("runs", "list", *words)
        assert refused.code == 1 and "did you mean" in refused.stderr


def test_a_run_is_shown_with_what_was_asked_how_its_tasks_ended_and_what_is_left(folder: Folder):
    bad = run(folder, "-e", "fail=yes")
    shown = folder.sloth("runs", "show", bad[:5], "-vv")
    assert shown.code == 0
    for text in (bad, "status", "failed", "site.sloth", "fail=yes", "number = 7", "broken", f"sloth resume {bad[:4]}"):
        assert text in shown.stdout
    events = folder.sloth("runs", "show", bad, "--format", "json").events
    assert [event["type"] for event in events] == [
        "run",
        "run_started",
        "task_finished",
        "task_finished",
        "run_finished",
    ]


def test_logs_are_shown_with_the_time_of_one_host_and_task(folder: Folder):
    good = run(folder)
    logs = folder.sloth("runs", "logs", good, "--task", "a").stdout
    assert "localhost a | from a" in logs and "changed in" in logs and " b |" not in logs


def test_a_file_that_the_run_did_not_leave_is_said_with_what_is_near(folder: Folder):
    refused = folder.sloth("artifacts", "get", run(folder), "reprot.txt")
    assert (refused.code, "did you mean 'report.txt'?" in refused.stderr) == (1, True)


@pytest.mark.parametrize("command", ["runs show", "runs logs", "events list", "artifacts list"])
def test_a_host_that_the_run_does_not_have_is_said(folder: Folder, command: str):
    refused = folder.sloth(*command.split(), run(folder), "--host", "localhots")
    assert (refused.code, refused.stdout) == (1, "")
    assert "the run has no host 'localhots'" in refused.stderr and "did you mean 'localhost'?" in refused.stderr


def test_what_a_failure_said_is_in_the_logs_once(folder: Folder):
    folder.write("said.sloth", 'task("a"):command(function() exec.check("echo words-of-it >&2; exit 3") end):build()')
    done = folder.sloth("run", "said.sloth", "--format", "json").events[0]["run"]
    logs = folder.sloth("runs", "logs", done).stdout
    assert logs.count("| words-of-it") == 1 and "exit code 3" in logs


def test_old_runs_are_removed_with_what_they_left(folder: Folder):
    old, new = run(folder), run(folder)
    assert json.loads(folder.sloth("runs", "prune", "--keep", "1", "--format", "json").stdout) == {"removed": [old]}
    assert listed(folder) == [(new, "ok")]
    assert old not in folder.sloth("artifacts", "list", "--format", "json").stdout
    assert folder.sloth("runs", "prune").code == 1


def test_more_runs_than_are_to_be_kept_go_by_themselves(folder: Folder):
    folder.environ["SLOTH_RUNS_KEEP"] = "2"
    runs = [run(folder) for _ in range(3)]
    assert [one for one, _ in listed(folder)] == [runs[2], runs[1]]


def test_a_run_that_never_began_is_not_kept(folder: Folder):
    folder.write(
        "bad.sloth",
        """
        workflow.define("w"):on_start(function() error("no") end):tasks({ task("a"):command("true"):build() })
    """,
    )
    assert folder.sloth("run", "bad.sloth").code == 1
    assert listed(folder) == []


def test_a_secret_that_does_not_open_leaves_no_run_and_an_old_one_as_it_was(folder: Folder):
    opened = ("--passphrase", "env:GOOD")
    folder.environ.update(GOOD="a good passphrase", BAD="another passphrase")
    folder.write("value", "secret value")
    assert folder.sloth("secrets", "set", "key", "--from-file", "value", *opened).code == 0
    folder.write("site.sloth", """
        task("a"):command(function() return #secrets.key == 0, "broken" end):build()
        workflow.define("w"):tasks({ "a" })
    """)  # fmt: skip
    assert folder.sloth("run", "site.sloth", "--passphrase", "env:BAD").code == 1
    assert listed(folder) == []
    assert folder.sloth("run", "site.sloth", *opened).code == 2
    ((bad, _),) = listed(folder)
    assert folder.sloth("resume", bad, "--passphrase", "env:BAD").code == 1
    shown = folder.sloth("runs", "show", bad).stdout
    assert "failed" in shown and "interrupted" not in shown and "resumed" not in shown


def test_events_are_listed_shown_counted_and_cleared(folder: Folder):
    good = run(folder)
    events = [json.loads(line) for line in folder.sloth("events", "list", good, "--format", "json").stdout.splitlines()]
    finished = next(event for event in events if event["type"] == "task_finished")
    shown = folder.sloth("events", "show", good, str(finished["number"])).stdout
    assert "fine" in shown and '"number": 7' in shown
    assert json.loads(folder.sloth("events", "stats", "--format", "json").stdout)["statuses"] == {"changed": 1, "ok": 1}
    assert folder.sloth("events", "clear", good).code == 0
    assert "from a" not in folder.sloth("events", "list", good).stdout
    assert "task_finished" in folder.sloth("events", "list", good).stdout
    assert folder.sloth("events", "clear").code == 1


def test_artifacts_are_listed_and_copied_and_take_the_place_of_nothing(folder: Folder):
    good = run(folder)
    (kept,) = json.loads(folder.sloth("artifacts", "list", "--format", "json").stdout)["artifacts"]
    assert (kept["run"], kept["host"], kept["task"], kept["name"]) == (good, "localhost", "a", "report.txt")
    assert folder.sloth("artifacts", "get", good, "report.txt", "-o", "copy").code == 0
    assert (folder.path / "copy").read_text() == "content\n"
    again = folder.sloth("artifacts", "get", good, "report.txt", "-o", "copy")
    assert again.code == 1 and "there already" in again.stderr
    assert folder.sloth("artifacts", "get", good, "reprot.txt").code == 1
    assert folder.sloth("artifacts", "prune", "--keep", "0").code == 0
    assert "no artifacts" in folder.sloth("artifacts", "list").stdout


@pytest.mark.parametrize("command", [["state", "watch"], ["events", "watch"]], ids=" ".join)
def test_who_watches_ends_when_nobody_reads_any_more(folder: Folder, command: list[str]):
    run(folder)  # there is something to change
    watching = subprocess.Popen([*SLOTH, *command], cwd=folder.path, env=folder.environ, stdout=subprocess.PIPE)
    try:
        assert watching.stdout is not None
        ready = select.poll()
        ready.register(watching.stdout)
        until(lambda: change(folder) and bool(ready.poll(0)))
        watching.stdout.close()
        until(lambda: change(folder) and watching.poll() is not None)
        assert watching.returncode == 0
    finally:
        watching.kill()
        watching.wait()


def change(folder: Folder) -> bool:
    """Something happens that watchers show."""
    folder.sloth("state", "incr", "n")
    return folder.sloth("run", "site.sloth", "-e", f"here={folder.path}").code == 0
