"""Choosing tasks at the command line: from one on, or one by one as a person says."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.e2e.sloth import SLOTH, Folder
from tests.e2e.terminal import typed

SITE = """
workflow.define("first", { tasks = { before = { command = "true" } } })
workflow.define("w", { config = { timeout = "90s" }, tasks = {
  { name = "one", command = "true" },
  { name = "two", command = function() return true, "", { said = 2 } end },
  { name = "three", depends_on = { "one", "two" }, command = function(_, deps)
    return true, "two said " .. tostring(deps.two and deps.two.said) end },
} })
"""


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    made = Folder(tmp_path)
    made.write("site.sloth", SITE)
    made.environ["TERM"] = "dumb"
    return made


def step(folder: Folder, *answers: tuple[str, str], words: tuple[str, ...] = ()) -> tuple[int, str]:
    """Run with --step; answers: (task, what is typed)."""
    asked = [(f"run task {task}? (N)o, (y)es, (c)ontinue without asking: ", said) for task, said in answers]
    return typed([*SLOTH, "run", "site.sloth", "--lock-timeout", "60s", "--step", *words], asked, folder.path, folder.environ)


def test_a_run_may_start_at_a_task(folder):
    ended = folder.sloth("run", "site.sloth", "--start-at-task", "two", "--format", "json")
    assert (ended.code, ended.statuses) == (0, {"two": "ok", "three": "ok"})
    listed = folder.sloth("run", "site.sloth", "--start-at-task", "two", "--list-tasks")
    assert listed.stdout.splitlines()[1:] == ["  tasks (2)", "    two", "    three"]
    assert "two" in folder.sloth("plan", "site.sloth", "--start-at-task", "two").stdout


def test_a_task_to_start_at_that_does_not_exist_is_an_error_with_a_near_match(folder):
    ended = folder.sloth("run", "site.sloth", "--start-at-task", "tow")
    assert (ended.code, ended.stdout) == (1, "")
    assert ended.stderr == "error: there is no task 'tow' to start at\n  hint: did you mean 'two'?\n"


def test_a_person_is_asked_before_each_task(folder):
    code, shown = step(folder, ("before", "y"), ("one", "what?"), ("one", "n"), ("two", "Yes"), ("three", "c"))
    assert code == 0
    told = [line.split()[:2] for line in shown.splitlines()]
    results = [words for words in told if words[1:] in (["ok"], ["changed"], ["skipped"]) and words[0] != "host"]
    assert results == [["before", "changed"], ["one", "skipped"], ["two", "ok"], ["three", "ok"]]
    assert "left out by a person" in shown
    assert "two said 2" in shown


def test_continue_asks_no_more_and_nothing_typed_is_no(folder):
    code, shown = step(folder, ("one", ""), ("two", "c"), words=("--workflow", "w"))
    assert (code, shown.count("run task")) == (0, 2)
    assert "three  ok" in shown


def test_without_a_terminal_there_is_nobody_to_ask(folder):
    ended = folder.sloth("run", "site.sloth", "--step")
    assert (ended.code, ended.stdout) == (1, "")
    assert "no terminal" in ended.stderr


TIERS = """
local here = task("here"):command("true"):build()
workflow.define("db"):hosts("d1"):tasks({ here })
workflow.define("web"):hosts("w1,w2"):tasks({ here })
"""


@pytest.fixture
def tiers(folder: Folder) -> Folder:
    folder.write("tiers.sloth", TIERS)
    folder.write("hosts.yml", "all: {hosts: {d1: , w1: , w2: , lonely: }}\n")
    return folder


def test_a_workflow_without_a_host_in_the_limit_is_left_out(tiers):
    ended = tiers.sloth("plan", "-i", "hosts.yml", "tiers.sloth", "-l", "w2")
    assert ended.code == 0
    assert [line for line in ended.stdout.splitlines() if not line.startswith("    ")] == ["web (tiers.sloth:4)", "  w2"]
    assert ended.stderr == "note: workflow 'db' (d1) has no host in 'w2' and is left out\n"


def test_a_limit_that_leaves_no_workflow_a_host_is_an_error(tiers):
    ended = tiers.sloth("plan", "-i", "hosts.yml", "tiers.sloth", "-l", "lonely")
    assert (ended.code, ended.stdout) == (1, "")
    assert ended.stderr.startswith("error: no host of the workflows 'db' (d1), 'web' (w1,w2) is in 'lonely'\n")
