"""A task that runs once, where the first of its hosts is down."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.e2e.sloth import Folder

pytestmark = pytest.mark.xdist_group("localhost")  # two runs do not work on one machine at once

HOSTS = """
all:
  hosts:
    down: { sloth_host: 127.0.0.1, sloth_port: 1 }
    here: { sloth_connection: local }
"""
SITE = """
local token = task("token"):run_once():command(function()
  exec.run("echo token >> " .. vars.log)
  return true, "", { from = inventory_hostname }
end):build()
local use = task("use"):depends_on(token):command(function(this, params, deps)
  if vars.broken then return false, "broken" end
  return true, "from " .. deps.token.from
end):build()
workflow.define("site"):tasks({ token, use })
"""


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    site = Folder(tmp_path)
    site.write("hosts.yml", HOSTS)
    site.write("site.sloth", SITE)
    return site


def test_the_next_host_runs_it_and_what_waits_for_it_goes_on(folder):
    ended = folder.sloth("apply", "-i", "hosts.yml", "site.sloth", "-e", f"log={folder.path}/log", "--format", "json")
    statuses = {(event["host"], event["task"]): event["status"] for event in ended.events
                if event["type"] == "task_finished"}  # fmt: skip
    assert statuses == {("here", "token"): "changed", ("here", "use"): "ok", ("down", "use"): "unreachable"}
    assert "from here" in [event.get("message") for event in ended.events]
    assert ended.code == 3


def test_it_is_not_run_again_when_the_run_is_taken_up(folder):
    words = ("-i", "hosts.yml", "site.sloth", "-e", f"log={folder.path}/log", "-e", "@more.yml")
    folder.write("more.yml", "broken: true\n")
    first = folder.sloth("apply", *words, "--format", "json")
    assert first.code == 2
    run = first.events[0]["run"]
    again = folder.sloth("resume", run[:6], "--format", "json")
    assert again.code == 2
    assert again.events[0]["hosts"] == {"down": ["use"], "here": ["use"]}
    assert (folder.path / "log").read_text() == "token\n"
