"""Gates: what waits for a task of another host."""

from __future__ import annotations

from sloth.core.events import TaskFinished
from sloth.core.model import HostPlan, Plan, Workflow
from sloth.engine.gates import Gates, Opened


def gates(*on: str) -> Gates:
    """A plan in which `web` on h9 waits for `db` on these hosts."""
    hosts = [HostPlan(host, {"db": ()}) for host in on]
    waiting = HostPlan("h9", {"web": ()}, {"web": ("db",)})
    return Gates(Plan(Workflow("w", "w:1"), (*hosts, waiting), (), {"db": tuple((host, "db") for host in on)}))


def finished(host: str, status: str = "ok", *, blocks: bool = False, **outputs: object) -> TaskFinished:
    return TaskFinished(host, "db", status, outputs=outputs, blocks=blocks)


def test_a_gate_opens_when_its_task_has_ended_on_all_its_hosts():
    told: list[Opened] = []
    between = gates("h1", "h2")
    assert between.follow(["db"], lambda name, opened: told.append(opened)) == {}
    between.take(finished("h1", port=1))
    assert told == []
    between.take(finished("h2", port=2))
    assert told == [{"name": "db", "ok": True, "outputs": {"h1": {"port": 1}, "h2": {"port": 2}}}]


def test_outputs_of_one_host_stand_alone():
    between = gates("h1")
    between.take(finished("h1", port=1))
    assert between.follow(["db"], lambda *_: None)["db"]["outputs"] == {"port": 1}


def test_a_failure_on_one_host_shuts_the_gate():
    between = gates("h1", "h2")
    between.take(finished("h1", "failed", blocks=True))
    between.take(finished("h2"))
    assert between.follow(["db"], lambda *_: None)["db"]["ok"] is False


def test_an_ignored_failure_does_not():
    between = gates("h1")
    between.take(finished("h1", "failed", blocks=False))
    assert between.follow(["db"], lambda *_: None)["db"]["ok"] is True


def test_handlers_of_the_same_name_open_nothing():
    between = gates("h1")
    between.take(TaskFinished("h1", "db", "ok", handler=True))
    assert between.follow(["db"], lambda *_: None) == {}


def test_in_a_check_a_gate_tells_that_what_is_behind_it_is_only_foretold():
    between = gates("h1", "h2")
    between.take(finished("h1", "would_run"))
    between.take(finished("h2"))
    assert between.follow(["db"], lambda *_: None)["db"]["unsettled"] is True
