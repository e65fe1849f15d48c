"""A rehearsal ends, whatever the task does."""

from __future__ import annotations

from sloth.engine.jobs import Variables
from sloth.engine.mocks import Mocks
from sloth.engine.rehearsal import Rehearsal
from sloth.runtime.catalog import Catalog
from sloth.runtime.deadline import Timer
from sloth.workflow.load import load


def test_a_task_that_never_ends_is_ended(tmp_path):
    path = tmp_path / "site.sloth"
    path.write_text('task("t"):command(function() while true do end end):build()')
    evaluated = load(path, {}, {}, lambda level, text: None)
    mocks = Mocks(Catalog(), [], lambda number, arguments: [])
    result = Rehearsal(evaluated, mocks, Variables({}, {}), Timer(), limit=0.05).task("t", {})
    assert (result["status"], result["error"]) == ("cancelled", "not over after 0.05 s")
