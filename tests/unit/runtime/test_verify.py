"""Checks of a play: what infra_test looked at is told, and when checks are what it is for, all are looked at."""

from __future__ import annotations

from tests.playing import Played

CHECKS = """
task("checks"):command(function()
  infra_test.is_directory("/")
  infra_test.file_exists("/none")
  infra_test.file_mode { path = "/", mode = "0755" }
  infra_test.file_exists("/nowhere")
end):build()
task("after"):depends_on("checks"):command(function() file_ops.touch("/none/file") end):build()
"""


def lost(played: Played) -> list[tuple[str, str]]:
    return [(one["check"], one["lost"]) for one in played.finished("checks")["checks"]]


def test_in_a_run_the_first_check_that_does_not_hold_ends_its_task(tmp_path):
    played = Played(tmp_path, CHECKS).run()
    assert played.finished("checks")["message"] == "/none does not exist"
    assert lost(played) == [("is_directory /", ""), ("file_exists /none", "/none does not exist")]
    assert played.statuses["after"] == "skipped"


def test_when_checks_are_what_it_is_for_all_of_them_are_made(play):
    played = play(CHECKS, check=True, verify=True)
    assert played.finished("checks")["message"] == "2 of 4 checks do not hold"
    assert [what for what, why in lost(played) if why] == ["file_exists /none", "file_exists /nowhere"]


def test_in_check_mode_a_check_that_does_not_hold_is_something_nobody_knows(tmp_path):
    played = Played(tmp_path, CHECKS, check=True).run()
    assert played.statuses["checks"] == "would_run"


def test_a_check_is_told_as_the_workflow_has_written_it(tmp_path):
    play = """
    task("checks"):command(function()
      infra_test.file_mode("/", "0755")
      infra_test.http_status { url = "http://127.0.0.1:1/", verify = false }
    end):build()
    """
    assert lost(Played(tmp_path, play).run()) == [
        ("file_mode / 0755", ""),
        ("http_status url=http://127.0.0.1:1/ verify=false", "GET http://127.0.0.1:1/: Connection refused, wanted 200"),
    ]
