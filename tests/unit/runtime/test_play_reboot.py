"""A play whose tasks want the host rebooted: what runs ends, nothing more begins."""

from __future__ import annotations

import threading

import pytest

from sloth.runtime import booting
from sloth.runtime.acting import Outcome
from tests.playing import Played, tasks

REBOOT = 'task("boot"):command(function() host.reboot() end)'


def test_nothing_begins_after_a_task_that_reboots_and_the_play_says_how(play):
    run = play(tasks(REBOOT, 'task("after"):command("true")'))
    assert run.statuses == {"boot": "changed"}
    assert run.finished("boot")["reboots"] == booting.boot_id()
    assert run.play.reboot["boot"] == booting.boot_id() and run.play.reboot["user"] is None


def test_the_rest_of_the_function_runs_before_the_reboot(play):
    run = play(tasks('task("boot"):command(function() host.reboot(); log.info("still here") end)'))
    assert run.lines() == ["still here"]


def test_what_runs_beside_it_ends_first(tmp_path):
    begun, over = threading.Event(), threading.Event()

    def look(call):
        if call.action == "reboot":
            assert begun.wait(5)
        if call.action == "debug":
            begun.set()
            assert over.wait(5)

    def hear(run, event):
        if event["type"] == "task_finished" and event["task"] == "boot":
            over.set()

    text = tasks(
        REBOOT, 'task("beside"):command(function() log.debug("x"); log.info("done") end)',
        'task("after"):command("true")', config="max_parallel_tasks = 2",
    )  # fmt: skip
    run = Played(tmp_path, text, before=look, on_event=hear).run()
    assert run.statuses == {"boot": "changed", "beside": "ok"}


def test_in_check_mode_it_would_change_and_goes_on(play):
    run = play(tasks(REBOOT, 'task("after"):command(function() end)'), check=True)
    assert run.statuses == {"boot": "would_change", "after": "ok"}
    assert run.play.reboot is None


def test_handlers_wait_for_the_reboot(play):
    run = play(tasks(
        'task("a"):command("true"):notify("one")', REBOOT, handlers='handler("one", function() log.info("one") end)'
    ))  # fmt: skip
    assert run.lines() == []


def test_handlers_below_one_that_reboots_run_after_it(play):
    handlers = 'handler("one", function() host.reboot() end), handler("two", function() log.info("two") end)'
    run = play(tasks('task("a"):command("true"):notify("one", "two")', handlers=handlers))
    assert list(run.statuses) == ["a", "one"]
    assert run.play.reboot is not None


def test_a_run_that_is_cancelled_reboots_nothing(tmp_path):
    begun = threading.Event()

    def look(call):
        (begun.set if call.action == "check" else begun.wait)()

    def stop(run, event):
        if event["type"] == "task_finished" and event["task"] == "boot":
            threading.Thread(target=run.play.cancel, args=("stopped",)).start()

    text = tasks(REBOOT, 'task("nap"):command("sleep 20")', config="max_parallel_tasks = 2")
    run = Played(tmp_path, text, before=look, on_event=stop).run()
    assert run.play.reboot is None
    assert run.statuses["nap"] == "cancelled"


def test_a_task_that_fails_after_it_asked_has_failed_and_the_reboot_comes(play):
    run = play(tasks('task("boot"):command(function() host.reboot(); error("no") end)'))
    assert run.statuses == {"boot": "failed"} and run.finished("boot")["reboots"] == ""
    assert run.play.reboot is not None


@pytest.mark.parametrize(("boot", "is_left"), [("this", True), ("another", False)])
def test_after_a_crash_a_task_is_done_when_its_reboot_has_happened(boot, is_left):
    event = {"type": "task_finished", "reboots": booting.boot_id() if boot == "this" else "x"}
    assert booting.is_still_to_reboot(event) is is_left
    assert not booting.is_still_to_reboot({"type": "task_finished"})


def test_where_nobody_can_reboot_and_go_on_the_call_fails():
    outcome = Outcome()
    outcome.changes, outcome.reboot = ["reboot"], {"boot": "x"}
    refused = outcome.without_reboot("the run is detached")
    assert refused.failure is not None and refused.failure.message == "host.reboot: the run is detached"
    assert refused.changes == [] and refused.reboot is None
