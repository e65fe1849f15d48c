"""`sloth verify`: the checks of a workflow as tests; nothing is changed."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.e2e.sloth import Folder

pytestmark = pytest.mark.xdist_group("localhost")  # two runs do not work on one machine at once

SITE = """
task("web"):command(function()
  infra_test.is_directory("/etc")
  infra_test.file_exists(vars.path or "/none")
  file_ops.touch(vars.dir .. "/never")
  infra_test.command_succeeds("sleep 0.02")
end):build()
task("next"):depends_on("web"):command(function() infra_test.file_mode("/etc", "0755") end):build()
task("quiet"):command(function() file_ops.touch(vars.dir .. "/never") end):build()
"""


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    made = Folder(tmp_path)
    made.write("site.sloth", SITE)
    return made


def test_every_check_is_a_test_and_one_that_does_not_hold_ends_with_2(folder):
    ended = folder.sloth("verify", "site.sloth", "-e", f"dir={folder.path}", "--format", "json")
    (said,) = ended.events
    assert ended.code == 2
    assert [(one["name"], one["status"]) for one in said["tests"]] == [
        ("web: is_directory /etc", "passed"),
        ("web: file_exists /none", "failed"),
        ("web: command_succeeds sleep 0.02", "passed"),
    ], "what depends on a failure is not looked at, and tasks without checks are no tests"
    assert said["tests"][2]["duration"] >= 0.02
    assert said["tests"][1]["message"] == "/none does not exist"
    assert said["tests"][1]["where"].endswith("site.sloth:4")
    assert not (folder.path / "never").exists()


def test_what_holds_ends_with_0_and_is_told_to_people_and_to_ci(folder):
    words = ("verify", "site.sloth", "-e", json.dumps({"dir": str(folder.path), "path": "/etc"}))
    ended = folder.sloth(*words)
    assert (ended.code, ended.stderr) == (0, "")
    assert "✓ next: file_mode /etc 0755" in ended.stdout
    assert "4 passed" in ended.stdout
    assert '<testsuite name="localhost" tests="4" failures="0"' in folder.sloth(*words, "--format", "junit").stdout


def test_a_workflow_without_checks_is_no_success(folder):
    ended = folder.sloth("verify", "site.sloth", "-e", f"dir={folder.path}", "--start-at-task", "quiet")
    assert ended.code == 1
    assert "makes no checks on these hosts" in ended.stderr


def test_what_keeps_it_from_looking_is_a_failure(folder):
    folder.write("site.sloth", 'task("t"):command(function() infra_test.is_file("/etc") error("oops") end):build()')
    ended = folder.sloth("verify", "-i", "a,", "-c", "local", "site.sloth")
    assert "✗ t: is_file /etc" in ended.stdout
    assert "oops" in ended.stdout
    assert ended.code == 2
    lost = folder.sloth("verify", "-i", "127.0.0.1:1,", "site.sloth")
    assert lost.code == 3
