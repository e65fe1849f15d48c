"""Goroutines of a task that is played: real commands side by side, and none of them outlives its task."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.e2e.sloth import until
from tests.playing import Played


@pytest.fixture
def play(play: Callable[..., Played]) -> Callable[..., Played]:
    """Plays the body of one task, on the host itself and from a controller."""

    def run(body: str, settings: str = "") -> Played:
        return play(f'task("t"){settings}:command(function(this, params)\n{body}\nend):build()')

    return run


def meet(folder: Path, mine: str, other: str) -> str:
    """A command that ends when the other one runs at the same time."""
    return f"touch {folder}/{mine}; until test -e {folder}/{other}; do sleep 0.01; done"


def is_alive(pid_file: Path) -> bool:
    try:
        os.kill(int(pid_file.read_text()), 0)
    except ProcessLookupError:
        return False
    return True


def test_commands_of_goroutines_run_side_by_side(play, tmp_path):
    played = play(f"""
        local results = parallel({{
          {{ name = "a", command = "{meet(tmp_path, "a", "b")}" }},
          {{ name = "b", command = function() exec.check("{meet(tmp_path, "b", "a")}") return true, "met" end }},
        }})
        return true, results[1].status .. " " .. results[2].message
    """, ':timeout("10s")')
    assert (played.finished("t")["status"], played.finished("t")["message"]) == ("changed", "ok met")


@pytest.mark.parametrize(("wait", "status"), [
    pytest.param("goroutine.sleep('1m')", "timed_out", id="the time limit"),
    pytest.param("while not fs.exists('{pid}') do goroutine.sleep(5) end", "ok", id="the end of the function"),
    pytest.param("while not fs.exists('{pid}') do goroutine.sleep(5) end error('x')", "failed", id="an error"),
])
def test_no_command_of_a_goroutine_outlives_its_task(play, tmp_path, wait, status):
    pid = tmp_path / "pid"
    command = f"echo $$ > {pid}.new; mv {pid}.new {pid}; exec sleep 60"
    limit = "500ms" if status == "timed_out" else "30s"
    played = play(
        f'goroutine.spawn(function() exec.run("{command}") end) {wait.format(pid=pid)}', f':timeout("{limit}")'
    )
    assert played.finished("t")["status"] == status
    until(lambda: not is_alive(pid))  # at a time limit the report does not wait for the other side of a wire


def test_a_command_that_is_too_slow_for_its_goroutine_is_ended(play, tmp_path):
    pid = tmp_path / "pid"
    played = play(f"""
        local ok, why = goroutine.timeout("300ms", function() exec.run("echo $$ > {pid}; exec sleep 60") end)
        return true, tostring(ok) .. " " .. why
    """)
    assert played.finished("t")["message"] == "false timeout"
    assert not is_alive(pid)


def test_what_goroutines_change_counts_for_the_task(play, tmp_path):
    played = play(f"""
        goroutine.map({{ 1, 2, 3 }}, function(i) file_ops.copy {{ dest = "{tmp_path}/f" .. i, content = "x" }} end)
    """)
    assert played.finished("t")["status"] == "changed"
    assert sorted(path.name for path in tmp_path.glob("f?")) == ["f1", "f2", "f3"]


def test_a_deadlock_fails_the_task_and_the_next_one_runs(tmp_path):
    text = (
        'task("a"):command(function()\nlocal ch = goroutine.channel()\ngoroutine.spawn(function() ch:send(1) end)\n'
        'goroutine.wait_group():wait() goroutine.mutex():lock() goroutine.channel():receive() end):build()\n'
        'task("b"):command("true"):build()'
    )
    played = Played(tmp_path, text).run()
    assert played.statuses == {"a": "failed", "b": "changed"}
    assert played.finished("a")["message"] == (
        "deadlock: no goroutine can go on: site.sloth:4 (receive), site.sloth:3 (send)"
    )
