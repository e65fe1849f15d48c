"""A workflow's own hooks: once each, on the controller, in order."""

from __future__ import annotations

from pathlib import Path

import pytest

from sloth.core.errors import WorkflowError
from sloth.core.events import Event, LogLine, Notice, TaskFinished, TaskStarted
from sloth.engine.hooks import Hooks
from sloth.engine.leases import Leases
from sloth.engine.planning import lay_out
from sloth.engine.stateful import Stateful
from sloth.runtime.deadline import Timer
from sloth.store import Locks, SqliteDatabase
from sloth.workflow.load import load
from tests.stateful import stateful_for

TASKS = 'local a = task("a"):command("true"):build()\nworkflow.define("w"):tasks({ a })'


def stateful(folder: Path) -> Stateful:
    database = SqliteDatabase(folder / "store.db")
    return stateful_for(database, Leases(Locks(database), Timer(), print), "hooks")


class Said:
    """Hooks of a file on two hosts, and what they logged."""

    def __init__(self, folder: Path, hooks: str, check: bool = False) -> None:
        path = folder / "site.sloth"
        path.write_text(TASKS + hooks)
        evaluated = load(path, {}, {}, lambda level, text: None)
        plan = lay_out(evaluated.file.workflows[0], ["h1", "h2"], lambda pattern: [])
        self.events: list[Event] = []
        self.hooks = Hooks(
            evaluated, plan, {"wanted": "yes"}, check, Timer(), self.events.append, stateful(folder), str.upper
        )

    @property
    def lines(self) -> list[str]:
        return [event.text for event in self.events if isinstance(event, (LogLine, Notice))]


def finished(host: str, status: str = "ok") -> TaskFinished:
    return TaskFinished(host, "a", status)


@pytest.mark.parametrize(
    ("body", "goes"),
    [
        ("return false", False),
        ("return true", True),
        ("", True),
        ('return vars.wanted == "yes"', True),
    ],
)
def test_on_start_decides_whether_the_run_begins(tmp_path, body, goes):
    assert Said(tmp_path, f":on_start(function() {body} end)").hooks.start() is goes


def test_a_failing_on_start_stops_the_run_and_names_its_line(tmp_path):
    with pytest.raises(WorkflowError, match="on_start of workflow 'w': why") as caught:
        Said(tmp_path, '\n:on_start(function() error("why") end)').hooks.start()
    assert caught.value.where == f"{tmp_path}/site.sloth:3"


def test_task_hooks_run_once_for_all_hosts(tmp_path):
    said = Said(
        tmp_path,
        ":on_task_start(function(n) log.info('start ' .. n) end):on_task_complete(function(n, ok) log.info('end ' .. n .. ' ' .. tostring(ok)) end)",
    )
    for event in (TaskStarted("h1", "a"), TaskStarted("h2", "a"), finished("h1"), finished("h2", "failed")):
        said.hooks.take(event)
    assert said.lines == ["start a", "end a false"]


def test_on_complete_gets_the_statuses_by_host_and_task(tmp_path):
    said = Said(
        tmp_path, ":on_complete(function(ok, results) log.info(tostring(ok) .. results.h1.a .. results.h2.a) end)"
    )
    said.hooks.take(finished("h1"))
    said.hooks.take(finished("h2", "changed"))
    said.hooks.complete(True)
    assert said.lines == ["trueokchanged"]


def test_a_failing_hook_is_a_notice_and_no_failure_of_the_run(tmp_path):
    said = Said(tmp_path, '\n:on_complete(function() error("odd") end)')
    said.hooks.complete(True)
    assert said.lines == [f"{tmp_path}/site.sloth:3: on_complete of workflow 'w': odd"]


def test_hooks_act_on_the_controller_and_only_look_in_check_mode(tmp_path):
    target = tmp_path / "made"
    hook = f":on_complete(function() fs.write('{target}', 'x') end)"
    Said(tmp_path, hook, check=True).hooks.complete(True)
    assert not target.exists()
    Said(tmp_path, hook).hooks.complete(True)
    assert target.read_text() == "x"
