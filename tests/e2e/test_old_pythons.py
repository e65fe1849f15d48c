"""A whole run on each Python that a host may have: what only newer ones know shows when it is called, not before."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.e2e.sloth import Folder
from tests.interpreters import interpreters

SITE = """
workflow.define("w", {
  tasks = {
    { name = "conf", command = "echo 80", register = "said", notify = "web", stream = true, timeout = "30s" },
    { name = "flush", command = flush_handlers },
    { name = "fails", command = "false", retries = { count = 1, delay = "1ms" }, ignore_errors = true },
    { name = "text", params = { word = "hello" }, command = function(this, params)
        return true, template.render("{{ word }} {{ said.stdout }}"), { os = facts.os.family }
    end },
  },
  handlers = { handler("restart", function() end):listen("web") },
})
"""


@pytest.mark.old_python
@pytest.mark.parametrize("version", interpreters())
def test_a_run_goes_well_on(tmp_path: Path, version):
    folder = Folder(tmp_path)
    folder.write("site.sloth", SITE)
    folder.write("hosts.yml", f"all: {{hosts: {{h: {{sloth_connection: local, sloth_python: {interpreters()[version]}}}}}}}\n")
    ended = folder.sloth("apply", "-i", "hosts.yml", "site.sloth", "--format", "json")
    assert ended.code == 0, ended.stdout
    assert ended.statuses == {"conf": "changed", "restart": "ok", "flush": "ok", "fails": "failed", "text": "ok"}
    assert ended.tasks["text"]["message"].strip() == "hello 80"
