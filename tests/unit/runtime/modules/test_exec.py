"""Laws of commands that users run."""

from __future__ import annotations

import os
import subprocess
import sys
import time

import pytest

from sloth.runtime.catalog import collect
from sloth.runtime.failure import ActionFailed, BadArguments, Stopped
from sloth.runtime.modules import exec as exec_
from tests.doubles import real_host
from tests.e2e.sloth import until


@pytest.mark.parametrize(
    ("command", "expected"),
    [
        pytest.param("echo hi", {"stdout": "hi\n", "exit_code": 0, "success": True}, id="output as it came"),
        pytest.param("echo no >&2; exit 3", {"stderr": "no\n", "exit_code": 3, "success": False}, id="exit code"),
        pytest.param("exit 255", {"exit_code": 255, "failed": True}, id="255 is a failure like any other"),
        pytest.param("kill -9 $$", {"exit_code": 137, "signal": "SIGKILL"}, id="signal by name"),
        pytest.param("cat", {"stdout": "", "success": True}, id="stdin is at its end"),
        pytest.param(r"printf '\377\000'", {"stdout": "\udcff\0"}, id="bytes that are no text"),
        pytest.param("no-such-program", {"exit_code": 127}, id="no such program"),
        pytest.param("echo 'é  \"$\\'", {"stdout": 'é  "$\\\n'}, id="46 quotes and more"),
    ],
)
def test_run_tells_how_it_went_and_never_raises(command, expected):
    host = real_host()
    result, stderr, failed = exec_.run(host, command=command)
    assert {key: result[key] for key in expected} == expected
    assert (stderr, failed) == (result["stderr"], not result["success"])
    assert result[result["__string"]] == result["stdout"]
    assert host.changes == [command]


def test_what_cannot_start_fails_and_changes_nothing():
    host = real_host()
    result, stderr, _ = exec_.run(host, command="a\0b")
    assert (result["exit_code"], result["success"]) == (127, False)
    assert "NUL" in stderr.upper()
    assert host.changes == []


def test_surroundings_are_those_of_the_task_unless_told_otherwise(tmp_path, monkeypatch):
    monkeypatch.setenv("OWN", "1")
    host = real_host(workdir=str(tmp_path))
    host.settings.env["TASK"] = "2"
    host.settings.env["BOTH"] = "task"
    (tmp_path / "sub").mkdir()
    command = "echo $OWN $TASK $BOTH; pwd; cat"
    result = exec_.run(host, command=command, env={"BOTH": "call"}, workdir="sub", stdin="fed")[0]
    assert result["stdout"] == f"1 2 call\n{tmp_path}/sub\nfed"


@pytest.mark.parametrize(
    ("command", "starts"),
    [
        pytest.param("{}/own one two=2", "own", id="nothing in it is for a shell"),
        pytest.param("  {}/own   one two=2 ", "own", id="spaces around it"),
        pytest.param("{}/own one two=2; true", "sh", id="two commands"),
        pytest.param("{}/own one 'two=2'", "sh", id="quotes"),
        pytest.param("{}/own one two=$((1+1))", "sh", id="an expansion"),
        pytest.param("{}/bare one two=2", "sh", id="a script that does not say who runs it"),
        pytest.param("X=1 {}/own one two=2", "sh", id="a variable"),
    ],
)
def test_a_shell_comes_where_it_has_something_to_do_and_nobody_sees_the_difference(tmp_path, command, starts):
    body = 'echo "$1 $2 $PWD"\n'
    for name, first in (("own", "#!/bin/sh\n"), ("bare", "")):
        (tmp_path / name).write_text(first + body)
        (tmp_path / name).chmod(0o755)
    host = real_host(workdir=str(tmp_path))
    execute, started = host.execute, []

    def watched(argv, **more):
        started.append(argv)
        return execute(argv, **more)

    host.execute = watched  # type: ignore[method-assign]
    result = exec_.run(host, command=command.format(tmp_path))[0]
    assert (result["stdout"], result["exit_code"]) == (f"one two=2 {tmp_path}\n", 0)
    assert started[-1][0] == ("/bin/sh" if starts == "sh" else f"{tmp_path}/own")


@pytest.mark.parametrize(
    "first",
    [
        pytest.param(b"#!/bin/sh\n", id="a shell's"),
        pytest.param(b"", id="it does not say who runs it"),
        pytest.param(b"#!\n", id="it says that nobody does"),
        pytest.param(b"#!/no/such/program\n", id="who runs it is missing"),
        pytest.param(b"#!/etc/passwd\n", id="who runs it is no program"),
        pytest.param(b"\x7fELF", id="a program of another machine"),
    ],
)
def test_whatever_the_kernel_makes_of_a_program_it_ends_as_under_a_shell(tmp_path, first):
    path = tmp_path / "own"
    path.write_bytes(first + b"exit 3\n")
    path.chmod(0o755)
    told = []
    for command in (f"{path} x", f"{path} 'x'"):
        host = real_host()
        result = exec_.run(host, command=command)[0]
        told.append((result["exit_code"], result["stdout"], result["stderr"].replace("'", ""), len(host.changes)))
    assert told[0] == told[1]


def test_a_program_that_is_being_written_fails_as_under_a_shell(tmp_path):
    path = tmp_path / "own"
    path.write_bytes(b"#!/bin/sh\n")
    path.chmod(0o755)
    with path.open("ab"):
        codes = {exec_.run(real_host(), command=command)[0]["exit_code"] for command in (f"{path} x", f"{path} 'x'")}
    assert len(codes) == 1


def test_a_program_is_told_where_it_is_as_a_shell_tells_it(tmp_path, monkeypatch):
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to("real")
    monkeypatch.chdir(tmp_path / "real")
    for known, seen in (("link", "link"), ("real", "real"), ("none", "real"), ("", "real")):
        monkeypatch.setenv("PWD", f"{tmp_path}/{known}")
        for command in ("/usr/bin/env", "/usr/bin/env; true"):
            assert f"PWD={tmp_path}/{seen}" in exec_.run(real_host(), command=command)[0]["stdout"].splitlines()
    result = exec_.run(real_host(workdir=str(tmp_path)), command="/usr/bin/env", env={"PWD": "/own"})[0]
    assert "PWD=/own" in result["stdout"].splitlines()


def test_a_directory_that_has_been_removed_is_no_fault(tmp_path, monkeypatch):
    (tmp_path / "gone").mkdir()
    monkeypatch.chdir(tmp_path / "gone")
    (tmp_path / "gone").rmdir()
    assert exec_.run(real_host(), command="/bin/true")[0]["success"]


def test_a_workdir_of_any_name_is_one_in_any_locale(tmp_path):
    folder = tmp_path / "ł"
    folder.mkdir()
    program = """if True:
        import os, sys
        from sloth.runtime.modules import exec as exec_
        from tests.doubles import real_host
        path = os.fsencode(sys.argv[1]).decode("utf-8")
        stdout = exec_.run(real_host(workdir=path), command="/bin/pwd")[0]["stdout"]
        os.write(1, stdout.encode("utf-8", "surrogateescape"))
    """
    environment = {**os.environ, "LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
    done = subprocess.run([sys.executable, "-c", program, folder], capture_output=True, check=False, env=environment)
    assert done.stdout == os.fsencode(folder) + b"\n", done.stderr


def test_what_is_no_program_fails_as_a_shell_says_it(tmp_path):
    (tmp_path / "plain").write_text("no program")
    os.mkfifo(tmp_path / "pipe", 0o755)
    for name, code in (("none", 127), ("plain", 126), ("pipe", 126), (".", 126)):
        result = exec_.run(real_host(), command=f"{tmp_path}/{name} x")[0]
        assert (result["exit_code"], result["success"]) == (code, False), name
        assert name in result["stderr"]


def test_a_workdir_that_is_missing_is_told_and_raises_nothing(tmp_path):
    result = exec_.run(real_host(), command="true", workdir=f"{tmp_path}/none")[0]
    assert result["exit_code"] == 127
    assert "does not exist" in result["stderr"]


@pytest.mark.parametrize("action", ["check", "sh"])
def test_check_and_sh_raise_with_the_last_words(action):
    name = "script" if action == "sh" else "command"
    with pytest.raises(ActionFailed, match="exit code 4\nwhy") as caught:
        getattr(exec_, action)(real_host(), **{name: "echo out; echo why >&2; exit 4"})
    assert caught.value.result["exit_code"] == 4
    assert caught.value.result["stdout"] == "out\n"


def test_a_failure_repeats_no_whole_script():
    with pytest.raises(ActionFailed, match=r"^set -e …: exit code 1$"):
        exec_.check(real_host(), command="\nset -e\nfalse\n")
    with pytest.raises(ActionFailed, match=r"^false x{194} …: exit code 1$"):
        exec_.check(real_host(), command="false " + "x" * 300)


def test_sh_stops_at_the_first_line_that_fails():
    host = real_host()
    with pytest.raises(ActionFailed, match="exit code 1"):
        exec_.sh(host, script="echo one\nfalse\necho two")


def test_command_needs_no_quoting():
    host = real_host()
    action = collect(exec_, "exec")["command"]
    bound = action.bind(["printf", "%s|", "a b", "$HOME", "*"], {})
    assert exec_.command(host, **bound)[0]["stdout"] == "a b|$HOME|*|"


def test_live_output_arrives_while_the_command_runs():
    host = real_host()
    arrived: list[tuple[str, bytes]] = []
    host.output = lambda stream, data: arrived.append((stream, data))
    exec_.run(host, command="echo one; echo two >&2", stream=True)
    assert sorted(arrived) == [("stderr", b"two\n"), ("stdout", b"one\n")]


@pytest.mark.parametrize(("live", "stream", "shown"), [
    (False, None, False), (True, None, True), (False, True, True), (True, False, False),
])  # fmt: skip
def test_a_call_that_says_whether_it_is_shown_wins_over_the_run(live, stream, shown):
    host = real_host()
    host.settings.live = live
    arrived: list[bytes] = []
    host.output = lambda stream, data: arrived.append(data)
    exec_.run(host, command="echo here", stream=stream)
    assert arrived == [b"here\n"] * shown


@pytest.mark.parametrize(
    ("options", "runs", "changes", "unknown"),
    [
        pytest.param({}, False, True, True, id="nobody knows what it does"),
        pytest.param({"changed_if": False}, True, False, False, id="it only looks: it runs"),
        pytest.param({"changed_if": True}, False, True, False, id="it changes something"),
        pytest.param({"creates": "here"}, False, False, False, id="what it creates is there"),
        pytest.param({"creates": "missing"}, False, True, False, id="what it creates is missing"),
        pytest.param({"removes": "here"}, False, True, False, id="what it removes is there"),
        pytest.param({"removes": "missing*"}, False, False, False, id="what it removes is gone"),
    ],
)
def test_45_check_mode_runs_only_what_looks(tmp_path, options, runs, changes, unknown):
    (tmp_path / "here").write_text("")
    host = real_host(check=True, workdir=str(tmp_path))
    result = exec_.run(host, command="touch ran", **options)[0]
    assert (tmp_path / "ran").exists() is runs
    assert bool(host.changes) is changes
    assert host.unknown is unknown
    assert result["success"]
    assert result.get("unknown", False) is (changes and not runs)


@pytest.mark.parametrize(
    ("options", "runs"),
    [
        pytest.param({"creates": "he*"}, False, id="creates: there"),
        pytest.param({"creates": "missing"}, True, id="creates: missing"),
        pytest.param({"removes": "here"}, True, id="removes: there"),
        pytest.param({"removes": "missing"}, False, id="removes: missing"),
        pytest.param({"creates": "dangling"}, False, id="creates: a dangling link counts"),
    ],
)
def test_creates_and_removes_decide_whether_it_runs(tmp_path, options, runs):
    (tmp_path / "here").write_text("")
    (tmp_path / "dangling").symlink_to("nowhere")
    host = real_host(workdir=str(tmp_path))
    result = exec_.run(host, command="touch ran", **options)[0]
    assert (tmp_path / "ran").exists() is runs
    assert bool(host.changes) is runs
    assert result.get("skipped", False) is not runs


def test_creates_counts_from_where_the_command_runs(tmp_path):
    (tmp_path / "sub").mkdir()
    for changes in (1, 0):
        host = real_host(workdir=str(tmp_path))
        exec_.run(host, command="touch made", creates="made", workdir="sub")
        assert len(host.changes) == changes


def test_changed_if_false_leaves_the_task_unchanged():
    host = real_host()
    exec_.run(host, command="true", changed_if=False)
    assert not host.changes


def test_a_stopped_token_ends_the_command():
    host = real_host()
    host.settings.live = True
    host.output = lambda _stream, _data: host.token.stop("timed out")
    started = time.monotonic()
    with pytest.raises(Stopped, match="timed out"):
        exec_.run(host, command="sleep 61 & echo up; wait")
    assert time.monotonic() - started < 5


@pytest.mark.parametrize(
    ("content", "said"),
    [
        pytest.param(b"echo $1 $PWD", "a b {}\n", id="no first line: /bin/sh"),
        pytest.param(b"#!/bin/cat\nhello\n", "#!/bin/cat\nhello\n", id="its own interpreter"),
        pytest.param(b"#! /usr/bin/env -S sh -e\necho $1", "a b\n", id="interpreter with an argument"),
    ],
)
def test_a_script_of_the_controller_runs_and_leaves_nothing(tmp_path, content, said):
    host = real_host(workdir=str(tmp_path), files={"s.sh": content})
    args = [] if b"cat" in content else ["a b"]
    before = leftovers()
    assert exec_.script(host, src="s.sh", args=args)[0]["stdout"] == said.format(tmp_path)
    wait_until_gone(leftovers() - before)
    assert host.changes == ["script s.sh"]


def leftovers() -> set[str]:
    return {entry.name for entry in os.scandir("/tmp") if entry.name.startswith(".sloth-")}


def wait_until_gone(left: set[str]) -> None:
    """Others who test on this machine make such folders too, and take theirs away."""
    until(lambda: not left & leftovers())


def test_a_script_that_fails_raises_and_leaves_nothing():
    before = leftovers()
    with pytest.raises(ActionFailed, match=r"script s\.sh: exit code 7"):
        exec_.script(real_host(files={"s.sh": b"exit 7"}), src="s.sh")
    wait_until_gone(leftovers() - before)


def test_a_script_that_breaks_off_on_its_way_does_not_run(tmp_path):
    before = leftovers()
    host = real_host(workdir=str(tmp_path))
    meta = {"name": "s", "size": 99, "mode": 0o644, "sha256": "0" * 64, "same": False}
    host.receive = lambda _verb, _arguments: (meta, iter([b"touch ran\n"]))
    with pytest.raises(ActionFailed, match="damaged"):
        exec_.script(host, src="s")
    wait_until_gone(leftovers() - before)
    assert not (tmp_path / "ran").exists()


def test_a_script_that_is_missing_fails_also_in_check_mode():
    with pytest.raises(ActionFailed, match="there is no file"):
        exec_.script(real_host(check=True, files={}), src="s.sh")


def test_a_command_is_needed():
    with pytest.raises(BadArguments, match="missing argument command"):
        collect(exec_, "exec")["run"].bind([], {})
