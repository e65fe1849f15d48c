"""Results that are objects: a repository has the actions of its module as methods."""

from __future__ import annotations

from tests.unit.runtime.lua.script import Request, script

REPOSITORY = {"changed": True, "path": "/srv/app", "__module": "fs"}


def answer(request: Request) -> list[object]:
    return ["clean"] if request["action"] == "status" else [dict(REPOSITORY), "done"]


def test_what_changes_an_object_can_be_chained_and_what_looks_gives_its_value():
    flow = script("local repo = fs.clone('x', '/srv/app'):checkout('main', { force = true }):pull() "
                  "return repo.path, (repo:status())")  # fmt: skip
    assert flow.call("t", answer) == ["/srv/app", "clean"]
    assert [(one["action"], one["args"], one["named"]) for one in flow.requests] == [
        ("clone", ["x", "/srv/app"], {}),
        ("checkout", ["/srv/app", "main"], {"force": True}),
        ("pull", ["/srv/app"], {}),
        ("status", ["/srv/app"], {}),
    ]
    assert {one["where"] for one in flow.requests} == {"a.sloth:1"}


def test_an_object_is_plain_data_for_others():
    flow = script("local repo = fs.clone('x') log.info(repo) return true, '', { repo = repo }")
    assert flow.call("t", answer) == [True, "", {"repo": {"changed": True, "path": "/srv/app"}}]


def test_a_method_gives_no_error_when_it_went_well():
    flow = script("local repo = fs.clone('x') local same, err = repo:pull() return same == repo, err, select('#', repo:pull())")
    assert flow.call("t", answer) == [True, None, 2]
