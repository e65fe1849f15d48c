"""A stack from run to run, as a person sees it."""

from __future__ import annotations

import json

from tests.e2e.sloth import Folder

WORKFLOW = """
stack("prod")
local a = task("a"):command(function()
  local before = stack.get_output("runs", 0)
  stack.set_output("runs", before + 1)
  if vars.boom then error("boom") end
  return true, stack.get_name() .. " " .. stack.get_status() .. " " .. before
end):build()
workflow.define("w"):tasks({ a }):on_complete(function()
  stack.set_output("seen by the hook", stack.get_output("runs"))
end)
"""


def test_a_stack_knows_what_the_runs_before_have_left(tmp_path):
    folder = Folder(tmp_path)
    first = folder.run(WORKFLOW)
    assert (first.code, first.tasks["a"]["message"]) == (0, "prod new 0")
    assert folder.run(WORKFLOW, "-e", "boom=1").code == 2
    checked = folder.run(WORKFLOW, "--check")
    assert (checked.code, checked.tasks["a"]["message"]) == (0, "prod failed 2")
    last = folder.run(WORKFLOW)
    assert last.tasks["a"]["message"] == "prod failed 2"
    for output in ("runs", "seen by the hook"):
        assert json.loads(folder.sloth("state", "get", "-n", "stacks/prod", f"outputs/{output}").stdout) == 3
