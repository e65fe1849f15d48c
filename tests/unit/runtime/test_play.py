"""One host's graph: order, conditions, attempts, time limits, returns, handlers."""

from __future__ import annotations

import pytest

from tests.playing import HANDLERS, Played, tasks

# order


def test_tasks_run_in_file_order_with_dependencies_first(play):
    text = tasks('task("a"):depends_on("c"):command("true")', 'task("b"):command("true")', 'task("c"):command("true")')
    assert list(play(text).statuses) == ["b", "c", "a"]


def test_a_failed_task_blocks_only_its_descendants(play):
    text = tasks(
        'task("a"):command("false")',
        'task("b"):depends_on("a"):command("true")',
        'task("c"):depends_on("b"):command("true")',
        'task("d"):command("true")',
    )
    played = play(text)
    assert played.statuses == {"a": "failed", "b": "skipped", "c": "skipped", "d": "changed"}
    assert played.finished("b")["message"] == "a did not succeed"


@pytest.mark.parametrize(
    ("left", "statuses"),
    [
        pytest.param('command("true")', {"top": "changed", "left": "changed", "right": "changed", "end": "changed"}, id="ok"),
        pytest.param('command("false")', {"top": "changed", "left": "failed", "right": "changed", "end": "skipped"}, id="failed"),
    ],
)
def test_12_what_closes_a_diamond_runs_once_and_after_both_of_its_sides(play, left, statuses):
    text = tasks(
        'task("end"):depends_on("left", "right"):command("true")',
        f'task("left"):depends_on("top"):{left}',
        'task("right"):depends_on("top"):command("true")',
        'task("top"):command("true")',
        config="max_parallel_tasks = 4",
    )
    played = play(text)
    assert played.statuses == statuses
    order = [event["task"] for event in played.of("task_finished")]
    assert len(order) == 4 and order[0] == "top"
    assert order.index("end") > order.index("left") and (order[-1] == "end" or statuses["end"] == "skipped")


def test_an_ignored_failure_blocks_nobody(play):
    played = play(tasks('task("a"):command("false"):ignore_errors(true)', 'task("b"):depends_on("a"):command("true")'))
    assert played.statuses == {"a": "failed", "b": "changed"}
    assert played.finished("a")["ignored"] is True


def test_side_by_side_only_as_many_as_allowed(play):
    meet = "task(\"{}\"):command(function() fs.write('{}/{}', ''); return exec.check('until test -e {}/{}; do sleep 0.01; done') end):timeout(5)"
    import tempfile

    folder = tempfile.mkdtemp()
    both = tasks(
        meet.format("a", folder, "a", folder, "b"),
        meet.format("b", folder, "b", folder, "a"),
        config="max_parallel_tasks = 2",
    )
    assert play(both).statuses.keys() == {"a", "b"}
    assert set(play(both).statuses.values()) == {"changed"}


def test_one_at_a_time_unless_told_otherwise(play):
    events = [
        (event["type"], event["task"])
        for event in play(tasks('task("a"):command("true")', 'task("b"):command("true")')).events
    ]
    assert [event for event in events if event[0] != "task_output"] == [
        ("task_started", "a"),
        ("task_finished", "a"),
        ("task_started", "b"),
        ("task_finished", "b"),
    ]


# conditions


@pytest.mark.parametrize(
    ("condition", "status"),
    [
        pytest.param(':run_if("true")', "changed", id="shell holds"),
        pytest.param(':run_if("false")', "skipped", id="shell does not"),
        pytest.param(":run_if(function() return true end)", "changed", id="function holds"),
        pytest.param(":run_if(function() return false end)", "skipped", id="function does not"),
        pytest.param(":run_if(function() return nil end)", "skipped", id="function gives nothing"),
        pytest.param(':run_if(function() error("odd") end)', "failed", id="function fails"),
        pytest.param(
            ':run_if(function(this, params) return params.wanted == "yes" end):params({ wanted = "yes" })',
            "changed",
            id="params",
        ),
        pytest.param(
            ':run_if(function() return exec.run("exit 3").exit_code == 3 end)', "changed", id="module call in it"
        ),
    ],
)
def test_run_if_decides(play, condition, status):
    assert play(tasks(f'task("a"){condition}:command("true")')).statuses["a"] == status


@pytest.mark.parametrize("parameters", ["this, params, deps", "params, deps"])
def test_conditions_see_what_the_dependencies_left(play, parameters):
    played = play(tasks(
        'task("size"):command(function() return true, "", { size = 5 } end)',
        f'task("big"):depends_on("size"):run_if(function({parameters}) return deps.size.size > 6 end):command("true")',
        f'task("small"):depends_on("size"):run_if(function({parameters}) return deps.size.size < 6 end):command("true")',
        f'task("stop"):depends_on("size"):abort_if(function({parameters}) return deps.size.size == 5 end)',
    ))
    assert played.statuses == {"size": "ok", "big": "skipped", "small": "changed", "stop": "failed"}


def test_skipped_by_its_condition_counts_as_satisfied(play):
    text = tasks('task("a"):run_if("false"):command("true")', 'task("b"):depends_on("a"):command("true")')
    assert play(text).statuses == {"a": "skipped", "b": "changed"}


def test_abort_if_fails_its_task_and_stops_the_rest(play):
    text = tasks('task("a"):command("true")', 'task("b"):abort_if("true"):command("true")', 'task("c"):command("true")')
    played = play(text)
    assert played.statuses == {"a": "changed", "b": "failed", "c": "skipped"}
    assert played.finished("c")["message"] == "abort_if of task b holds, which stops the workflow"


# attempts


def test_retries_are_extra_attempts(play, tmp_path):
    count = tmp_path / "count"
    text = tasks(
        f'task("a"):retries(2, "fixed"):retry_delay("10ms"):command("echo x >> {count}; test $(wc -l < {count}) -eq 3")'
    )
    played = play(text)
    assert played.statuses == {"a": "changed"}
    assert played.finished("a")["attempts"] == 3
    assert [event["attempt"] for event in played.of("task_retrying")] == [1, 2]


def test_memory_bombs_fail_their_task_only(play):
    text = tasks(
        'task("a"):command(function() local t = {} while true do t[#t + 1] = ("x"):rep(1000) .. #t end end):timeout(20)',
        'task("b"):command("true")',
    )
    assert play(text).statuses == {"a": "failed", "b": "changed"}


def test_a_failure_names_the_users_line(play):
    event = play('task("a"):command(function()\n  local x = 1\n  error("why")\nend):build()').finished("a")
    assert event["failure"]["where"] == "site.sloth:3"


def test_variables_follow_their_precedence(play):
    text = 'task("a"):command(function() return true, vars.x .. vars.y .. vars.z end):build()'
    assert play(text, variables={"x": 1, "y": 1, "z": 1}, extra={"z": 3}).finished("a")["message"] == "113"


# handlers


def test_handlers_run_once_at_the_end_in_the_order_of_their_definition(play):
    text = tasks(
        'task("a"):command(function() notify("two"); notify("one"); exec.run("true") end)',
        'task("b"):command("true"):notify("two")',
        handlers=HANDLERS,
    )
    assert list(play(text).statuses) == ["a", "b", "one", "two"]


def test_a_call_of_notify_counts_though_nothing_changed(play):
    assert list(play(tasks('task("a"):command(function() notify("one") end)', handlers=HANDLERS)).statuses) == [
        "a",
        "one",
    ]


def test_an_unchanged_task_does_not_notify_what_it_declares(play):
    text = tasks(
        'task("a"):command(function() exec.run("true", { changed_if = false }) end):notify("one")', handlers=HANDLERS
    )
    assert list(play(text).statuses) == ["a"]


def test_a_failed_notifier_notifies_nobody_and_its_failure_keeps_handlers_back(play):
    text = tasks(
        'task("a"):command("true"):notify("one")', 'task("b"):command("false"):notify("two")', handlers=HANDLERS
    )
    played = play(text)
    assert list(played.statuses) == ["a", "b"]
    assert any("handlers wait" in line and "one" in line and "two" not in line for line in played.lines())


def test_an_unknown_handler_is_an_error_that_lists_those_there_are(play):
    event = play(tasks('task("a"):command(function() notify("tow") end)', handlers=HANDLERS)).finished("a")
    assert event["status"] == "failed"
    assert "no handler 'tow'" in event["message"] and "one, two" in event["message"]


# check mode


def test_check_mode_has_four_outcomes(play, tmp_path):
    there = tmp_path / "there"
    there.write_text("same\n")
    copy = "task(\"{}\"):command(function() file_ops.copy {{ dest = '{}', content = 'same\\n' }} end)"
    text = tasks(
        copy.format("same", there),
        copy.format("new", tmp_path / "new"),
        'task("run"):command("touch /x")',
        'task("skip"):run_if("false"):command("true")',
    )
    played = play(text, check=True)
    assert played.statuses == {"same": "ok", "new": "would_change", "run": "would_run", "skip": "skipped"}
    assert not (tmp_path / "new").exists()


# ends from outside


def test_a_cancelled_play_stops_what_runs_and_starts_nothing_more(tmp_path):
    def cancel(played: Played, event) -> None:
        if event["type"] == "task_started" and event["task"] == "a":
            played.play.cancel("stopped by Ctrl-C")

    text = tasks('task("a"):command("sleep 60")', 'task("b"):command("true")')
    played = Played(tmp_path, text, on_event=cancel).run()
    assert played.statuses == {"a": "cancelled", "b": "cancelled"}


def test_live_output_is_bounded(play):
    played = play(tasks('task("a"):command("head -c 3000000 /dev/zero | tr \'\\\\0\' a")'))
    assert sum(len(event["text"]) for event in played.of("task_output")) < 400_000


def test_hundreds_of_tasks_keep_their_order(play):
    text = 'local ts = {}\nfor i = 1, 300 do ts[i] = task("t" .. i):command(function() end):build() end\nworkflow.define("w"):tasks(ts)'
    assert list(play(text).statuses) == [f"t{number}" for number in range(1, 301)]


def test_a_fault_of_ours_fails_the_task_and_holds_nobody(tmp_path):
    played = Played(tmp_path, tasks('task("a"):command("true")', 'task("b"):command(function() return true end)'))

    def faulty(*_):
        raise RuntimeError("boom")

    played.play.tools.act = faulty
    played.run()
    assert played.statuses == {"a": "failed", "b": "ok"}
    assert played.finished("a")["message"] == "a fault of sloth: RuntimeError: boom"
    assert "faulty" in played.finished("a")["failure"]["traceback"]


def test_the_controller_is_told_when_the_time_limit_begins_anew(play):
    text = tasks(
        'task("a"):timeout("5s"):run_if("true"):retries(1):retry_delay("1ms"):command("false"):on_failure(function() end)'
    )
    played = play(text)
    assert [event["type"] for event in played.events if event["type"] != "task_output"] == [
        "task_started",
        "task_phase",
        "task_phase",
        "task_retrying",
        "task_phase",
        "task_phase",
        "task_finished",
    ]
    assert not play(tasks('task("a"):run_if("true"):command("true")')).of("task_phase")


def test_handlers_that_an_earlier_run_left_over_run_too(tmp_path):
    played = Played(tmp_path, tasks('task("a"):command("true")', handlers=HANDLERS), pending=["two"]).run()
    assert list(played.statuses) == ["a", "two"]


def test_forced_handlers_run_in_spite_of_a_failure(tmp_path):
    text = tasks('task("a"):command("true"):notify("one")', 'task("b"):command("false")', handlers=HANDLERS)
    assert list(Played(tmp_path, text, force_handlers=True).run().statuses) == ["a", "b", "one"]
