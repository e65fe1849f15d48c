"""As whom things are done on real hosts: a whole run, a task, a call."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.e2e.sloth import Ended, Folder
from tests.lab.fleet import Lab
from tests.lab.host import Host

pytestmark = pytest.mark.lab

WHO = """
local function who(options) return exec.check("id -un", options).stdout:gsub("%s", "") end
task("task"):become("deploy"):command(function() return true, who() end):build()
task("user"):user("nobody"):command(function() return true, who() end):build()
task("call"):command(function() return true, who({ become = "nobody" }) .. " " .. who() end):build()
task("root"):become(true):command(function() return true, who() end):build()
task("none"):command(function() return true, who() end):build()
"""


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    made = Folder(tmp_path)
    made.write("site.sloth", WHO)
    made.write("password", "deploy\n").chmod(0o600)
    return made


def said(ended: Ended) -> dict[str, str]:
    return {task: event["message"] for task, event in ended.tasks.items()}


@pytest.mark.parametrize(
    ("login", "words", "none"),
    [
        pytest.param("root", [], "root", id="root"),
        pytest.param("deploy", [], "deploy", id="a user who may"),
        pytest.param("deploy", ["-b"], "root", id="a whole run as root"),
        pytest.param("root", ["--become-user", "deploy"], "deploy", id="a whole run as another user"),
    ],
)
def test_become_belongs_to_one_run_one_task_or_one_call(lab: Lab, lab_hosts: list[Host], folder, login, words, none):
    folder.write("hosts.yml", lab.inventory(lab_hosts[:1], user=login))
    words = ["-i", "hosts.yml", "--become-password-file", "password", *words]
    ended = folder.sloth("apply", "site.sloth", "--format", "json", *words)
    assert (ended.code, ended.stderr) == (0, "")
    assert said(ended) == {"task": "deploy", "user": "nobody", "call": f"nobody {none}", "root": "root", "none": none}


def test_without_the_password_every_task_that_needs_it_says_so(lab: Lab, lab_hosts: list[Host], folder):
    folder.write("hosts.yml", lab.inventory(lab_hosts[:1], user="deploy"))
    ended = folder.sloth("apply", "-i", "hosts.yml", "site.sloth", "--format", "json")
    assert ended.code == 2
    assert (ended.statuses["none"], ended.statuses["root"]) == ("changed", "failed")
    assert "becoming root by sudo wants a password: give one with -K" in said(ended)["root"]
