"""What a run looks like from outside: live lines, JUnit's XML, where the time went, levels of detail."""

from __future__ import annotations

import subprocess
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from tests.e2e.sloth import SLOTH, Folder

SITE = """
workflow.define("w", { tasks = {
  { name = "loud", stream = true, command = "echo from loud" },
  { name = "quiet", command = function() exec.run("echo from quiet") return true, "", { port = 80 } end },
  { name = "call", command = function() exec.run("echo from call", { stream = true }) end },
} })
"""


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    made = Folder(tmp_path)
    made.write("site.sloth", SITE)
    return made


@pytest.mark.parametrize(("words", "live"), [
    pytest.param([], ["loud", "call"], id="what wants to be seen"),
    pytest.param(["-v"], ["loud", "quiet", "call"], id="-v: all of it"),
])  # fmt: skip
def test_output_is_shown_while_it_comes_for_who_wants_it(folder, words, live):
    shown = folder.sloth("run", "site.sloth", *words).stdout
    assert [line.split()[-1] for line in shown.splitlines() if line.startswith("localhost | ")] == live


@pytest.mark.parametrize(("words", "has"), [
    pytest.param([], [False, False, False], id="results"),
    pytest.param(["-v"], [True, False, False], id="changes"),
    pytest.param(["-vv"], [True, True, False], id="values"),
    pytest.param(["-vvv"], [True, True, True], id="steps"),
])  # fmt: skip
def test_each_v_adds_something(folder, words, has):
    ended = folder.sloth("run", "site.sloth", *words)
    found = ["* echo from quiet" in ended.stdout, "port = 80" in ended.stdout, "quiet begins" in ended.stderr]
    assert found == has


def test_junit_is_one_document_and_nothing_else(folder):
    ended = folder.sloth("run", "site.sloth", "--format", "junit")
    assert (ended.code, ended.stderr) == (0, "")
    (suite,) = ET.fromstring(ended.stdout)
    assert (suite.get("hostname"), [case.get("name") for case in suite]) == ("localhost", ["loud", "quiet", "call"])


def test_lists_have_no_junit_form(folder):
    ended = folder.sloth("run", "site.sloth", "--format", "junit", "--list-tasks")
    assert (ended.code, ended.stdout) == (1, "")


def test_where_the_time_went_is_told_when_it_is_asked_for(folder):
    shown = folder.sloth("run", "site.sloth", "--profile").stdout.splitlines()
    assert shown[-2].split() == ["seconds", "connect", "upload", "lua", "modules", "waiting", "total"]
    times = folder.sloth("run", "site.sloth", "--profile", "--format", "json").events[-2]
    assert times["type"] == "host_times"
    parts = sum(times[name] for name in ("connect", "upload", "lua", "modules", "waiting"))
    assert parts == pytest.approx(times["total"], abs=0.05)


TWO_HOSTS = """
workflow.define("w", { tasks = { { name = "one", stream = true, command = function(this)
  exec.run("echo begins; while ! test -e go; do sleep 0.05; done", { changed_if = false, workdir = vars.here })
end } } })
"""


def test_a_line_that_waits_for_other_hosts_reaches_a_pipe_though_nothing_else_happens(folder):
    local = "sloth_connection: local, sloth_placement: controller"
    folder.write("hosts.yml", f"all: {{hosts: {{a: {{{local}}}, b: {{{local}}}}}}}\n")
    words = ["apply", "-i", "hosts.yml", "two.sloth", "-C", "-e", f"here={folder.path}"]
    folder.write("two.sloth", TWO_HOSTS)
    run = subprocess.Popen(
        [*SLOTH, *words], cwd=folder.path, env=folder.environ, text=True, stdout=subprocess.PIPE, stdin=subprocess.DEVNULL
    )
    assert run.stdout is not None
    first, second = run.stdout.readline(), run.stdout.readline()
    folder.write("go", "")
    run.communicate(timeout=60)
    assert first.startswith("w: 1 task on")
    assert second.endswith("| begins\n")
