"""The command as its users type it: a process of its own, on this machine, judged by output and exit code."""

from __future__ import annotations

import json
import os
import pty
import select
import shutil
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

import pytest

from sloth.cli.app import COMMANDS
from tests.prerequisites import skip_or_fail

SITE = """
local config = task("config"):tags({ "conf" }):description("a file")
  :command(function()
    file_ops.copy { content = "port = 80\\n", dest = vars.dest }
    log.info("\\27]0;evil\\7logged")
    return true, "written", { port = 80 }
  end):build()
local check = task("check"):depends_on("config"):command(vars.check or "true"):build()
local last = task("last"):depends_on("check"):command("true"):build()
workflow.define("site"):description("a site"):tasks({ config, check, last })
"""
SLEEPER = 'workflow.define("w"):tasks({ task("sleep"):command("sleep 30"):build() })'
CYCLE = """
local a = task("a"):depends_on("b"):command("true"):build()
local b = task("b"):depends_on("a"):command("true"):build()
workflow.define("w"):tasks({ a, b })
"""


# Two runs do not work on one machine at once.
pytestmark = pytest.mark.xdist_group("localhost")


class Project:
    """A directory with workflow files, in which sloth is run."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.environ = {**os.environ, "SLOTH_HOME": str(directory / "home"), "SLOTH_CONFIG": "/dev/null"}

    def write(self, name: str, text: str) -> None:
        (self.directory / name).write_text(text)

    def start(self, *words: str, **more: object) -> subprocess.Popen[str]:
        # Others may work on this machine, too.
        patient = ("--lock-timeout", "60s") if words[0] in {"apply", "run", "exec"} else ()
        command = [sys.executable, "-m", "sloth", words[0], *patient, *words[1:]]
        return subprocess.Popen(command, cwd=self.directory, env=self.environ, text=True, **more)  # type: ignore[call-overload,no-any-return]  # whatever Popen takes

    def sloth(self, *words: str) -> tuple[int, str, str]:
        process = self.start(*words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, stdin=subprocess.DEVNULL)
        out, err = process.communicate(timeout=60)
        return process.returncode, out, err


@pytest.fixture
def project(tmp_path):
    made = Project(tmp_path)
    made.write("site.sloth", SITE)
    made.write("cycle.sloth", CYCLE)
    made.write("sleep.sloth", SLEEPER)
    made.write("broken.sloth", 'local a = task("a"\nworkflow.define(')
    return made


@pytest.mark.parametrize("command", COMMANDS)
def test_each_command_finds_what_it_needs_in_a_python_of_its_own(command):
    done = subprocess.run([sys.executable, "-m", "sloth", command, "--help"], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize("command", ["run", "apply"])
def test_without_an_inventory_a_run_changes_this_machine_and_then_changes_no_more(project, command):
    words = [command, "site.sloth", "-e", f"dest={project.directory}/site.conf", "-t", "conf"]
    code, out, err = project.sloth(*words)
    assert (code, err) == (0, "")
    assert "config  changed  localhost  written" in out
    assert "localhost | logged" in out
    assert "\x1b" not in out
    code, out, _ = project.sloth(*words)
    assert code == 0
    assert "config  ok       localhost  written" in out


def test_check_and_diff_tell_and_change_nothing(project):
    dest = project.directory / "site.conf"
    words = ["run", "site.sloth", "-e", f"dest={dest}", "-t", "conf", "-CD"]
    code, out, _ = project.sloth(*words)
    assert code == 0
    assert "would_change" in out
    assert "+port = 80" in out
    assert not dest.exists()
    assert project.sloth(*words, "--detailed-exitcode")[0] == 4


def test_a_failure_blocks_what_depends_on_it_and_ends_with_2(project):
    words = ["-e", f"dest={project.directory}/x", "-e", "check='echo seen; echo why >&2; exit 3'"]
    code, out, _ = project.sloth("run", "site.sloth", *words)
    assert code == 2
    lines = out.splitlines()
    at = next(index for index, line in enumerate(lines) if line.startswith("check   failed"))
    assert lines[at + 1 : at + 5] == ["    stdout:", "    seen", "    stderr:", "    why"]
    assert any(line.startswith("last    skipped") for line in lines)


def test_json_is_three_types_of_objects_and_nothing_else(project):
    code, out, err = project.sloth("run", "site.sloth", "-e", f"dest={project.directory}/x", "--format", "json")
    events = [json.loads(line) for line in out.splitlines()]
    assert (code, err) == (0, "")
    assert [event["type"] for event in events] == ["run_started", *["task_finished"] * 3, "run_finished"]
    assert events[1]["outputs"] == {"port": 80}
    assert events[-1]["counts"] == {"localhost": {"changed": 3}}


def test_what_a_run_would_touch_is_listed(project):
    code, out, _ = project.sloth("run", "site.sloth", "--list-hosts", "--list-tasks", "--list-tags")
    assert code == 0
    assert [line.rstrip() for line in out.splitlines()[1:]] == [
        "  hosts (1)", "    localhost", "  tasks (3)", "    config  conf", "    check", "    last", "  tags (1)", "    conf",
    ]  # fmt: skip


def test_a_plan_has_hosts_and_tasks_in_order(project):
    code, out, _ = project.sloth("plan", "site.sloth", "-i", "a,b,", "--format", "json")
    assert code == 0
    [workflow] = json.loads(out)["workflows"]
    assert [host["host"] for host in workflow["hosts"]] == ["a", "b"]
    check = workflow["hosts"][0]["tasks"][1]
    assert (check["name"], check["depends_on"]) == ("check", ["config"])


def test_the_plan_of_a_rolling_run_has_its_batches(project):
    project.write("roll.sloth", 'workflow.define("w"):tasks({ task("t"):command("true"):build() }):config({ serial = 2 })')
    _, out, _ = project.sloth("plan", "roll.sloth", "-i", "a1,a2,a3,")
    assert "  in 2 batches: a[1:2] (2 hosts) · a3\n" in out
    _, out, _ = project.sloth("plan", "roll.sloth", "-i", "a1,a2,a3,", "--format", "json")
    assert json.loads(out)["workflows"][0]["batches"] == [["a1", "a2"], ["a3"]]


def test_a_file_is_shown_as_one_object(project):
    code, out, _ = project.sloth("workflow", "show", "site.sloth", "--format", "json")
    shown = json.loads(out)
    assert code == 0
    assert shown.keys() == {"file", "stack", "workflows", "tests"}
    assert [task["name"] for task in shown["workflows"][0]["tasks"]] == ["config", "check", "last"]
    assert shown["workflows"][0]["tasks"][1]["depends_on"] == ["config"]


def test_files_are_listed_those_that_are_broken_too(project):
    code, out, _ = project.sloth("workflow", "list")
    assert code == 0
    assert "site.sloth" in out
    assert "error:" in next(line for line in out.splitlines() if line.startswith("broken.sloth"))


def test_lua_files_are_listed_that_hold_a_workflow_and_no_libraries(project, tmp_path):
    folder = tmp_path / "lua"
    folder.mkdir()
    for name, text in {
        "site.lua": 'task("greet"):command("true"):build()', "tools.lua": "return { path = '/srv' }",
        "editor.lua": "vim.opt.number = true", "odd.lua": "not Lua",
    }.items():  # fmt: skip
        (folder / name).write_text(text)
    _, out, _ = project.sloth("workflow", "list", folder)
    assert [line.split()[1:] for line in out.splitlines()] == [["site", "1", "task"]]


def test_a_sound_file_is_valid(project):
    code, out, _ = project.sloth("workflow", "validate", "site.sloth")
    assert (code, out.split(" · ")[0]) == (0, "site.sloth: sound")


def test_of_several_files_each_is_checked(project):
    code, out, err = project.sloth("workflow", "validate", "broken.sloth", "site.sloth", "cycle.sloth")
    assert (code, out.split(" · ")[0]) == (1, "site.sloth: sound")
    assert "broken.sloth:2" in err
    assert "→" in err


@pytest.mark.parametrize(
    ("file", "said"),
    [
        pytest.param("broken.sloth", "broken.sloth:2", id="syntax"),
        pytest.param("cycle.sloth", "→", id="cycle"),
        pytest.param("sit.sloth", "did you mean", id="missing"),
    ],
)
def test_what_is_wrong_with_a_file_is_said_and_ends_with_1(project, file, said):
    code, out, err = project.sloth("workflow", "validate", file)
    assert (code, out) == (1, "")
    assert said in err


def test_a_call_that_does_not_fail_for_an_exit_code_tells_it(project):
    code, out, _ = project.sloth("call", "-c", "local", "-i", "a,", "all", "exec.run", "echo hello; exit 3")
    assert (code, out) == (0, "changed  a\n    hello\n    exit_code = 3\n")


def test_one_command_is_told_by_what_it_says(project):
    code, out, _ = project.sloth("exec", "-c", "local", "-i", "a,", "all", "--", "echo", "hello  world")
    assert code == 0
    assert out == "changed  a\n    hello  world\n"


def test_one_word_is_a_line_for_the_shell(project):
    code, out, _ = project.sloth("exec", "-c", "local", "localhost", "--", "echo a; exit 255")
    assert code == 2
    assert "    a\n" in out


def test_a_reader_that_goes_away_does_not_stop_the_run(project):
    dest = project.directory / "site.conf"
    process = project.start("run", "site.sloth", "-e", f"dest={dest}", stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert process.stdout is not None
    process.stdout.close()
    assert process.wait(timeout=60) == 0
    assert dest.exists()


BASH = """
source ./completion
COMP_WORDS=({typed}); COMP_CWORD=$((${{#COMP_WORDS[@]}} - 1))
_sloth_completion sloth
echo "${{COMPREPLY[@]}}"
"""
# As from a folder of fpath: the file is the function. What zsh makes of the offers is not ours.
ZSH = """
mv completion _sloth; fpath=($PWD $fpath)
autoload -Uz compinit; compinit -u -D
_arguments() {{ print -r -- "$*" | grep -o '"[a-z-]*"' | tr -d '"' }}
words=({typed}); CURRENT=$#words
$_comps[sloth]
"""
FISH = """
source ./completion
complete -C '{typed}' | cut -f1
"""


@pytest.mark.parametrize(
    ("typed", "offered"),
    [
        pytest.param("sloth wo", ["workflow"], id="command"),
        pytest.param("sloth workflow v", ["validate"], id="command of a group"),
        pytest.param("sloth apply --ho", ["--host-keys"], id="option"),
        pytest.param("sloth apply --host-keys a", ["accept-new"], id="choice"),
    ],
)
@pytest.mark.parametrize(("shell", "asks"), [("bash", BASH), ("zsh", ZSH), ("fish", FISH)], ids=["bash", "zsh", "fish"])
def test_a_shell_completes_what_is_typed(project, shell, asks, typed, offered):
    if not shutil.which(shell):
        skip_or_fail(f"{shell} is not installed")
    _, script, _ = project.sloth("completion", shell)
    project.write("completion", script)
    project.write("sloth", f'#!/bin/sh\nexec {sys.executable} -m sloth "$@"\n')
    (project.directory / "sloth").chmod(0o755)
    done = subprocess.run(
        [shell, "-c", asks.format(typed=typed)], cwd=project.directory,
        env={**project.environ, "PATH": f"{project.directory}:{os.environ['PATH']}", "HOME": str(project.directory)},
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert (done.stdout.split(), done.stderr) == (offered, "")


@pytest.mark.parametrize(("sent", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)], ids=["Ctrl-C", "SIGTERM"])
def test_a_signal_stops_the_run_and_leaves_no_process(project, sent, code):
    mark = f"3{os.getpid()}"
    project.write("sleep.sloth", SLEEPER.replace("30", mark))
    process = project.start("run", "sleep.sloth", stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    wait_for(lambda: processes(mark))
    process.send_signal(sent)
    assert process.wait(timeout=30) == code
    assert not processes(mark)


def processes(mark: str) -> list[str]:
    """Command lines of the sleeping processes of this test."""
    found = []
    for file in Path("/proc").glob("[0-9]*/cmdline"):
        with suppress(OSError):  # it ended meanwhile
            found.append(file.read_bytes().replace(b"\0", b" ").decode(errors="replace"))
    return [line for line in found if line.startswith("sleep ") and mark in line]


def wait_for(holds) -> None:
    deadline = time.monotonic() + 20
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_on_a_terminal_progress_is_drawn_and_taken_away(project):
    project.write("slow.sloth", 'workflow.define("w"):tasks({ task("slow"):command("sleep 1.5"):build() })')
    master, slave = pty.openpty()
    project.environ.update(TERM="xterm", COLUMNS="80", LINES="24")
    process = project.start("run", "slow.sloth", stdout=slave, stderr=slave, stdin=slave)
    os.close(slave)
    screen = read_all(master)
    assert process.wait(timeout=30) == 0
    assert "0/1 tasks" in screen
    assert "\x1b[32m" in screen
    assert "0/1 tasks" not in screen.rpartition("changed")[2]
    assert screen.count("\x1b[?25l") == screen.count("\x1b[?25h")


def read_all(master: int) -> str:
    """What a terminal gets until its program ends."""
    found = b""
    while select.select([master], [], [], 30)[0]:
        try:
            data = os.read(master, 65536)
        except OSError:  # Linux: nobody holds the other end any more
            break
        found += data
    os.close(master)
    return found.decode()


@pytest.mark.parametrize("closed", [">&-", "2>&-", "<&- >&- 2>&-"])
def test_streams_that_are_closed_are_no_trouble(closed):
    line = f'exec "$0" -m sloth modules list {closed}'
    assert subprocess.run(["/bin/sh", "-c", line, sys.executable], check=False).returncode == 0
