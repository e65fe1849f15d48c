"""Hosts without Python: what a shell can do for them, and what is refused."""

from __future__ import annotations

import subprocess
from typing import Any

import pytest

from sloth.core.connection import Connection
from sloth.core.errors import BecomeFailed, ConnectionLost, NoShell
from sloth.runtime.failure import ActionFailed
from sloth.runtime.process import Done
from sloth.transport.link import Heard
from sloth.transport.raw import FILES, RawSession
from sloth.transport.shell import WHOLE, _line, _Talk


class TalkingLink:
    """A channel over which a host says this and no more."""

    def __init__(self, out: bytes, err: bytes) -> None:
        self._heard = [Heard(out, err)]

    def receive(self, _timeout: float) -> Heard:
        return self._heard.pop() if self._heard else Heard(ended=True)


class LocalShell:
    """The shell of this machine, in place of a host's. lost: the connection breaks at the first command."""

    def __init__(self, lost: bool = False) -> None:
        self.login = self
        self.warnings: list[str] = []
        self.users: list[str] = []
        self._lost = lost

    def run(self, script: str, _token: object, *, user: str = "", stdin: bytes = b"", hear: object = None) -> Done:
        self.users.append(user)
        if self._lost:
            raise ConnectionLost("web: gone")
        done = subprocess.run(["/bin/sh", "-c", script], input=stdin, capture_output=True, check=False)
        return Done(done.returncode, done.stdout, done.stderr)

    def close(self) -> None:
        """Nothing to close."""


def session(shell: LocalShell, **settings: Any) -> RawSession:
    connection = Connection("web", "web", user="ann", **settings)
    return RawSession(connection, shell, "no Python 3 was found", lambda args: None)  # type: ignore[arg-type]  # a double


def act(action: str, *args: object, shell: LocalShell | None = None, user: str | None = None, check: bool = False,
        settings: dict[str, Any] | None = None, **named: object) -> dict[str, Any]:  # fmt: skip
    module, name = action.split(".")
    message = {"act": 1, "user": user, "module": module, "action": name, "args": list(args), "named": named,
               "settings": {"check": check, "diff": True}}  # fmt: skip
    answer = session(shell or LocalShell(), **(settings or {})).call("act", message)
    assert isinstance(answer, dict)
    return answer


def test_commands_give_what_they_give_with_python(tmp_path):
    answer = act("exec.run", 'cat; echo "$A"; exit 3', stdin="in ", env={"A": "a 'b"}, workdir=str(tmp_path))
    result = answer["value"][0]
    assert (result["stdout"], result["exit_code"], result["success"]) == ("in a 'b\n", 3, False)
    assert answer["changes"] == ['cat; echo "$A"; exit 3']


def test_creates_is_a_path_or_a_pattern_whatever_its_name_holds(tmp_path):
    (tmp_path / "a 'b").touch()
    assert act("exec.run", "false", creates=f"{tmp_path}/a 'b")["changes"] == []
    assert act("exec.run", "false", creates="a*", workdir=str(tmp_path))["changes"] == []
    assert act("exec.run", "false", creates="b*", workdir=str(tmp_path))["changes"] == ["false"]


def test_check_mode_runs_nothing(tmp_path):
    answer = act("exec.run", f"touch {tmp_path}/made", check=True)
    assert (answer["changes"], answer["unknown"]) == ([f"touch {tmp_path}/made"], True)
    assert not (tmp_path / "made").exists()


def test_a_file_is_written_once_and_read_again(tmp_path):
    path = str(tmp_path / "ä 'b")
    assert act("fs.write", path, "one\n", check=True)["changes"] == [f"write {path}"]
    assert act("fs.exists", path)["value"] is False
    first = act("fs.write", path, "one\n", mode="0640")
    assert first["changes"] == [f"write {path}", f"chmod 0640 {path}"]
    assert "+one" in first["diffs"][0]["text"]
    assert act("fs.write", path, "one\n", mode="0640")["changes"] == []
    assert act("fs.write", path, "two\n")["changes"] == [f"write {path}"]
    assert act("fs.read", path)["value"] == "two\n"
    assert (tmp_path / "ä 'b").stat().st_mode & 0o777 == 0o640
    assert [entry.name for entry in tmp_path.iterdir()] == ["ä 'b"]


@pytest.mark.parametrize(
    ("action", "args", "text"),
    [
        pytest.param("file_ops.copy", [], "file_ops.copy needs Python on the host", id="another module"),
        pytest.param("fs.mkdir", ["/x"], "exec.check first", id="another action of fs"),
        pytest.param("exec.script", ["x"], "needs Python", id="another action of exec"),
        pytest.param("ours.deploy", [], "ours.deploy needs Python", id="a module of the project"),
        pytest.param("exec.nosuch", [], "no action exec.nosuch", id="no action"),
        pytest.param("fs.read", ["relative"], "write the whole path", id="a relative path"),
        pytest.param("fs.read", ["/nowhere"], "No such file", id="a missing file"),
        pytest.param("fs.write", ["/nowhere/x", "y"], "/nowhere/x", id="a missing directory"),
        pytest.param("exec.run", [], "missing argument command", id="bad arguments"),
    ],
)
def test_what_does_not_work_says_why(action, args, text):
    failure = act(action, *args)["failure"]
    assert text in failure["message"]


@pytest.mark.parametrize(
    ("user", "settings", "became"),
    [
        pytest.param(None, {}, "", id="nobody else"),
        pytest.param("root", {}, "root", id="the task's user"),
        pytest.param(None, {"become": True, "become_user": "web"}, "web", id="the run's user"),
        pytest.param("ann", {}, "", id="who we are"),
    ],
)
def test_sudo_makes_us_another_user(user, settings, became):
    shell = LocalShell()
    act("exec.run", "true", shell=shell, user=user, settings=settings)
    assert shell.users == [became]


def test_su_needs_python():
    with pytest.raises(BecomeFailed, match="only sudo makes us another user"):
        act("exec.run", "true", user="root", settings={"become_method": "su"})


def test_a_lost_connection_is_no_failure_of_the_action():
    with pytest.raises(ConnectionLost, match="web: gone"):
        act("exec.run", "true", shell=LocalShell(lost=True))


def test_a_job_is_steered_from_here_and_a_person_is_told_what_works():
    with pytest.raises(ActionFailed, match=r"no Python 3 was found: only exec\.run, .*fs\.write work there") as caught:
        session(LocalShell()).call("job", {})
    assert caught.value.result["kind"] == "no_lua"
    assert set(FILES) == {"fs.read", "fs.exists", "fs.write"}


@pytest.mark.parametrize("group", [b"", b"one", b"-1"])
def test_a_shell_that_tells_no_process_group_is_none(group):
    link = TalkingLink(b"\nkram %s\n" % group, b"\nkram\n")
    talk = _Talk(link, "mark", "", Connection("web", "web"), None)  # type: ignore[arg-type]  # a double
    with pytest.raises(NoShell, match="does not tell its process group"):
        talk.start()


def test_a_shell_that_tells_its_process_group_has_started():
    link = TalkingLink(b"noise\nkram 4711\nthe rest", b"\nkram\n")
    talk = _Talk(link, "mark", "", Connection("web", "web"), None)  # type: ignore[arg-type]  # a double
    assert (talk.start(), talk.out) == (4711, b"the rest")


def start(arrived: bytes, path: str = "/usr/bin:/bin") -> subprocess.CompletedProcess[bytes]:
    """Give that to a shell that was started as on a host."""
    return subprocess.run(
        ["/bin/sh", "-c", _line("feed", "", False)], input=arrived, env={"PATH": path}, capture_output=True, check=False
    )


def test_a_script_that_arrived_in_part_is_not_begun(tmp_path):
    script = WHOLE.format(script=f"touch {tmp_path}/a\ntouch {tmp_path}/b").encode()
    sent = b"%d\n" % len(script) + script
    for cut in range(len(sent)):
        assert start(sent[:cut]).returncode != 0
    assert list(tmp_path.iterdir()) == []
    assert start(sent).returncode == 0
    assert len(list(tmp_path.iterdir())) == 2


def test_a_shell_that_cannot_take_scripts_says_so():
    done = start(b"4\ntrue", path="/nowhere")
    assert (done.returncode, done.stdout) == (127, b"")
    assert b"there is no dd in /nowhere" in done.stderr
