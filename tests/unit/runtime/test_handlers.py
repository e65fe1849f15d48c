"""Handlers: topics that several listen to, and running what is due in the middle of a play."""

from __future__ import annotations

import pytest

from sloth.core.errors import WorkflowError
from tests.playing import Played

SITE = """
local said = function(name) return function() log.info("handler " .. name) end end
local h1 = handler("one", said("one")):listen("web", "both")
local h2 = handler("two", said("two")):listen({ "both" })
workflow.define("w"):tasks({ %s }):handlers({ h1, h2 })
"""


def played(folder, *tasks: str, **options) -> Played:
    return Played(folder, SITE % ", ".join(tasks), **options).run()


@pytest.mark.parametrize(("notify", "lines"), [
    pytest.param("both", ["handler one", "handler two"], id="several on one topic, in the order of their definition"),
    pytest.param("web", ["handler one"], id="one of several topics"),
    pytest.param("two", ["handler two"], id="by name"),
])  # fmt: skip
def test_a_topic_notifies_all_that_listen_to_it(tmp_path, notify, lines):
    assert played(tmp_path, f'{{ name = "a", command = "true", notify = "{notify}" }}').lines() == lines
    assert played(tmp_path, f'{{ name = "a", command = function() notify("{notify}") end }}').lines() == lines


def test_a_handler_that_two_topics_want_runs_once(tmp_path):
    assert played(tmp_path, '{ name = "a", command = "true", notify = { "web", "both", "one" } }').lines() == [
        "handler one", "handler two",
    ]  # fmt: skip


def test_a_topic_that_nobody_listens_to_is_an_error_with_a_near_match(tmp_path):
    with pytest.raises(WorkflowError, match="'bot', which is no handler") as caught:
        played(tmp_path, '{ name = "a", command = "true", notify = "bot" }')
    assert "both" in caught.value.hint
    failed = played(tmp_path, '{ name = "a", command = function() notify("bot") end }').finished("a")
    assert failed["message"] == "there is no handler 'bot'; there are: one, web, both, two"


def test_flushed_handlers_run_at_once_and_not_again_at_the_end(tmp_path):
    run = played(
        tmp_path, '{ name = "a", command = "true", notify = "one" }', '{ name = "flush", command = flush_handlers }',
        '{ name = "b", command = function() log.info("b") end }',
    )  # fmt: skip
    assert run.lines() == ["handler one", "b"]
    assert list(run.statuses) == ["a", "one", "flush", "b"]


def test_a_handler_that_is_notified_after_a_flush_runs_again(tmp_path):
    run = played(
        tmp_path, '{ name = "a", command = "true", notify = "one" }', '{ name = "flush", command = flush_handlers }',
        '{ name = "b", command = "true", notify = "one" }',
    )  # fmt: skip
    assert run.lines() == ["handler one", "handler one"]


def test_a_task_may_flush_what_it_has_itself_notified(tmp_path):
    run = played(tmp_path, """{ name = "a", command = function()
      notify("web"); flush_handlers(); log.info("after") end }""")
    assert run.lines() == ["handler one", "after"]
    assert run.finished("a")["notified"] == []


def test_what_earlier_runs_left_over_is_flushed_too(tmp_path):
    assert played(tmp_path, '{ name = "flush", command = flush_handlers }', pending=["two"]).lines() == ["handler two"]


def test_nothing_is_flushed_on_a_host_where_a_task_has_failed(tmp_path):
    tasks = (
        '{ name = "a", command = "true", notify = "one" }', '{ name = "bad", command = "false" }',
        '{ name = "flush", command = flush_handlers }',
    )  # fmt: skip
    run = played(tmp_path, *tasks)
    assert run.statuses == {"a": "changed", "bad": "failed", "flush": "ok"}
    assert run.lines() == ["as a task did not succeed, handlers wait for the next run that does: one"] * 2
    assert "one" in played(tmp_path, *tasks, force_handlers=True).statuses


BROKEN = """
workflow.define("w"):tasks({ { name = "a", command = function()
  tries = (tries or 0) + 1
  notify("bad"); notify("after")
  flush_handlers()
end %s } }):handlers({
  handler("bad", function() if tries < %d then error("broken", 0) end end), handler("after", function() end),
})
"""


def test_a_handler_that_fails_fails_the_task_that_flushes_and_the_rest_stays_due(tmp_path):
    run = Played(tmp_path, BROKEN % ("", 9)).run()
    assert run.statuses == {"bad": "failed", "a": "failed"}
    assert run.finished("a")["message"] == "handler 'bad' did not succeed"
    assert run.finished("a")["notified"] == ["bad", "after"]


def test_a_further_attempt_flushes_again(tmp_path):
    run = Played(tmp_path, BROKEN % (", retries = { count = 1, delay = '1ms' }", 2)).run()
    assert [(event["task"], event["status"]) for event in run.of("task_finished")] == [
        ("bad", "failed"), ("bad", "ok"), ("after", "ok"), ("a", "ok"),
    ]  # fmt: skip


def test_a_handler_cannot_flush(tmp_path):
    run = Played(tmp_path, """
      workflow.define("w"):tasks({ task("a"):command("true"):notify("h") })
        :handlers({ handler("h", function() flush_handlers() end) })""").run()
    assert "is a handler itself" in run.finished("h")["message"]


def test_what_a_hook_notifies_is_wanted(tmp_path):
    assert played(tmp_path, '{ name = "a", command = "true", on_success = function() notify("one") end }').lines() == [
        "handler one"
    ]


def test_where_a_flush_failed_is_the_line_of_its_task(tmp_path):
    run = Played(tmp_path, """
workflow.define("w", { handlers = { handler("h", function() error("no", 0) end) }, tasks = {
  first = { command = "true", notify = "h" },
  second = { command = flush_handlers },
} })""").run()
    assert list(run.statuses) == ["first", "h", "second"]
    assert run.finished("second")["failure"]["where"] == "site.sloth:4"
