"""Where a job is played: on the host, or here when the host has no Lua machine."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from sloth.core.connection import Placement
from sloth.core.errors import ConnectionLost, Unreachable
from sloth.engine.jobs import JobMaker, Variables
from sloth.engine.placement import Placed
from sloth.engine.planning import lay_out
from sloth.engine.request import Request
from sloth.runtime.catalog import Catalog
from sloth.runtime.deadline import Timer
from sloth.runtime.failure import ActionFailed
from sloth.workflow.load import load

Event = dict[str, Any]
TEXT = """
local a = task("a"):command(function() return true, exec.run("hostname").stdout end):build()
local b = task("b"):command(function() end):build()
workflow.define("w"):tasks({ a, b })
"""


class FakeSession:
    """A host that answers acts, and jobs only when it has Lua."""

    def __init__(self, has_lua: bool = True, is_lost: bool = False) -> None:
        self.uploading = 0.0
        self.warnings: list[str] = []
        self.verbs: list[str] = []
        self._has_lua = has_lua
        self._is_lost = is_lost

    def call(self, verb: str, args: dict[str, Any]) -> object:
        self.verbs.append(verb)
        if verb == "job" and not self._has_lua:
            raise ActionFailed("there is no Lua extension for cp36-s390x", kind="no_lua")
        if verb == "act" and self._is_lost:
            raise ConnectionLost("h1 is gone")
        result = {"stdout": "far\n", "exit_code": 0, "success": True, "__string": "stdout"}
        return {"value": [result, "", False], "several": True, "changes": ["hostname"]} if verb == "act" else {}

    def tell(self, verb: str, args: dict[str, Any]) -> None:
        self.verbs.append(verb)

    def close(self) -> None:
        self.verbs.append("close")


def play(folder: Path, session: FakeSession, placement: Placement = "auto") -> tuple[list[Event], list[str]]:
    path = folder / "site.sloth"
    path.write_text(TEXT)
    file = load(path, {}, {}, lambda level, text: None).file
    plan = lay_out(file.workflows[0], ["h1"], lambda pattern: [])
    job = JobMaker("r", file, plan, Request(str(path)), Variables({}, {}), {}).job(plan.hosts[0], lambda host: {})
    events: list[Event] = []
    said: list[str] = []
    Placed(lambda hear: session, {"event": events.append}, placement, Timer(), said.append, Catalog().names).call("job", job)
    return [event for event in events if event["type"] == "task_finished"], said


def test_a_host_with_lua_plays_its_job_itself(tmp_path):
    session = FakeSession()
    assert play(tmp_path, session) == ([], [])
    assert session.verbs == ["job"]


def test_a_host_without_lua_is_steered_and_a_person_is_told(tmp_path):
    session = FakeSession(has_lua=False)
    events, said = play(tmp_path, session)
    assert session.verbs == ["job", "hold", "act"]
    assert [(event["task"], event["status"]) for event in events] == [("a", "changed"), ("b", "ok")]
    assert events[0]["message"] == "far\n"
    assert "no Lua extension for cp36-s390x; its tasks are steered from here" in said[0]


def test_placement_can_be_forced_either_way(tmp_path):
    forced = FakeSession()
    play(tmp_path, forced, "controller")
    assert forced.verbs == ["hold", "act"]
    with pytest.raises(ActionFailed, match="no Lua extension"):
        play(tmp_path, FakeSession(has_lua=False), "target")


def test_a_host_that_is_lost_midway_is_unreachable_and_nothing_is_called_cancelled(tmp_path):
    session = FakeSession(has_lua=False, is_lost=True)
    events: list[Event] = []
    with pytest.raises(Unreachable, match="h1 is gone"):
        events, _ = play(tmp_path, session)
    assert events == []
