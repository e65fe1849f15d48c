"""The options of the command line that only hosts can prove: passwords, becoming, host keys, locks, many answers."""

from __future__ import annotations

import json
import time
from pathlib import Path

import pytest
import yaml

from tests.e2e.sloth import SLOTH, Folder, Run, until
from tests.e2e.terminal import typed

pytestmark = pytest.mark.lab

SITE = """
local config = task("config"):command(function()
  file_ops.copy { content = "port = 80\\n", dest = "/tmp/command-line.conf" }
end):build()
workflow.define("site"):tasks({ config })
"""
REMOVE = ("--", "rm", "-f", "/tmp/command-line.conf")


@pytest.fixture
def pair(lab_hosts):
    return lab_hosts[:2]


@pytest.fixture
def folder(tmp_path, lab, pair) -> Folder:
    """With inventories of two hosts: root.yml and deploy.yml by key, bare.yml without key and user."""
    made = Folder(tmp_path)
    for user in ("root", "deploy"):
        made.write(f"{user}.yml", lab.inventory(pair, user))
    bare = yaml.safe_load(lab.inventory(pair))
    bare["all"]["vars"] = {"sloth_known_hosts": str(lab.known_hosts)}
    made.write("bare.yml", json.dumps(bare))
    for name, password in (("right", "deploy\n"), ("wrong", "wrong\n")):
        made.write(name, password).chmod(0o600)
    # No key of whoever runs the tests may let us in; and no picture of the progress stands in what is shown.
    made.environ.update(HOME=str(tmp_path), TERM="dumb")
    return made


@pytest.fixture
def both(pair):
    """How the two hosts are told in one line."""
    first, second = (host.name for host in pair)
    return f"h[{first[1:]}:{second[1:]}] (2 hosts)"


def ask(folder: Folder, answers, *words: str | Path):
    return typed([*SLOTH, *words], answers, folder.path, folder.environ)


def test_a_password_from_a_file_lets_us_in(folder, both):
    done = folder.sloth("exec", "-i", "bare.yml", "-u", "deploy", "--password-file", "right", "all", "--", "id", "-un")
    assert (done.code, done.stdout, done.stderr) == (0, f"changed  {both}\n    deploy\n", "")


def test_a_wrong_password_is_one_error_for_all_hosts(folder, both):
    done = folder.sloth("exec", "-i", "bare.yml", "-u", "deploy", "--password-file", "wrong", "all", "--", "true")
    first, hint = done.stdout.splitlines()
    assert done.code == 3
    assert first.startswith(f"{both}  unreachable  not let in as deploy")
    assert "and the password" in hint


def test_typed_passwords_let_us_in_and_become_root(folder, both):
    answers = [("SSH password: ", "deploy"), ("become password [the SSH password]: ", "")]
    code, shown = ask(folder, answers, "exec", "-i", "bare.yml", "-u", "deploy", "-k", "-K", "-b", "all", "id -un")
    assert code == 0
    assert shown.splitlines()[-2:] == [f"changed  {both}", "    root"]
    assert "deploy" not in shown


@pytest.mark.parametrize(
    ("options", "user"),
    [
        pytest.param(["-b"], "root", id="root"),
        pytest.param(["-b", "--become-user", "nobody"], "nobody", id="another user"),
        pytest.param(["--become-user", "nobody"], "nobody", id="another user, without -b"),
        pytest.param([], "deploy", id="nobody becomes anybody"),
    ],
)
def test_we_work_as_who_was_asked_for(folder, both, options, user):
    words = ["exec", "-i", "deploy.yml", "--become-password-file", "right", *options]
    done = folder.sloth(*words, "all", "--", "id", "-un")
    assert (done.code, done.stdout) == (0, f"changed  {both}\n    {user}\n")


def test_a_wrong_become_password_is_tried_once_on_each_host(folder, pair, both):
    since = f"@{int(time.time())}"
    code, shown = ask(folder, [("become password: ", "wrong")], "exec", "-i", "deploy.yml", "-b", "-K", "all", "true")
    assert code == 3
    assert f"{both}  unreachable  wrong sudo password" in shown
    for host in pair:
        told = host.exec("journalctl", "-q", "-t", "sudo", f"--since={since}", "-o", "cat").stdout
        assert told.count("pam_unix(sudo:auth): authentication failure") == 1


def test_without_a_become_password_the_way_to_give_one_is_told(folder, both):
    done = folder.sloth("exec", "-i", "deploy.yml", "-b", "all", "--", "true")
    assert (done.code, done.stdout.splitlines()) == (
        3, [f"{both}  unreachable  sudo asks for a password to become root",
            "    hint: give it with -K, or as sloth_become_password"],
    )  # fmt: skip


@pytest.mark.parametrize(
    ("words", "said"),
    [
        pytest.param(["echo $((1 + 1)) | tr 2 3"], "3", id="one word is a line for the shell"),
        pytest.param(["echo", "a  b", "$HOME"], "a  b $HOME", id="several are a program and its arguments"),
    ],
)
def test_a_command_is_run_as_it_was_typed(folder, both, words, said):
    done = folder.sloth("exec", "-i", "root.yml", "all", "--", *words)
    assert (done.code, done.stdout) == (0, f"changed  {both}\n    {said}\n")


def test_hosts_of_a_file_are_those_of_a_run(folder, pair):
    folder.write("failed.txt", f"{pair[1].name}\n")
    done = folder.sloth("exec", "-i", "root.yml", "-l", "@failed.txt", "all", "--", "hostname")
    assert done.stdout == f"changed  {pair[1].name}\n    {pair[1].name}\n"


def test_pending_changes_are_shown_and_end_with_4(folder, both):
    folder.write("site.sloth", SITE)
    folder.sloth("exec", "-i", "root.yml", "all", *REMOVE)
    check = ("apply", "-i", "root.yml", "site.sloth", "-CD", "--detailed-exitcode")
    done = folder.sloth(*check)
    assert done.code == 4
    assert f"config  would_change  {both}" in done.stdout
    assert done.stdout.count("+port = 80") == 1
    assert folder.sloth("apply", "-i", "root.yml", "site.sloth").code == 0
    done = folder.sloth(*check)
    assert (done.code, f"config  ok            {both}" in done.stdout) == (0, True)
    folder.sloth("exec", "-i", "root.yml", "all", *REMOVE)


def test_new_host_keys_are_kept_when_they_are_accepted_and_that_is_noted_once(folder, pair, both):
    inventory = yaml.safe_load((folder.path / "root.yml").read_text())
    known = folder.write("known_hosts", "")
    inventory["all"]["vars"]["sloth_known_hosts"] = str(known)
    folder.write("fresh.yml", json.dumps(inventory))
    words = ("exec", "-i", "fresh.yml", "all", "--", "true")
    done = folder.sloth(*words)
    assert (done.code, known.read_text()) == (3, "")
    assert done.stdout.count("no known_hosts file has its key") == 2
    done = folder.sloth(words[0], "--host-keys", "accept-new", *words[1:])
    assert (done.code, done.stderr) == (0, f"note: {both}: a new host key is kept in {known} from now on\n")
    done = folder.sloth(*words)
    assert (done.code, done.stderr) == (0, "")


def test_json_stays_json_whatever_else_there_is_to_say(folder, pair):
    inventory = yaml.safe_load((folder.path / "root.yml").read_text())
    inventory["all"]["hosts"]["gone"] = {"sloth_host": pair[0].address, "sloth_port": 1}
    inventory["all"]["vars"]["sloth_known_hosts"] = str(folder.write("known_hosts", "no line of known_hosts\n"))
    folder.write("mixed.yml", json.dumps(inventory))
    folder.write("site.sloth", 'log.warn("x")\nlocal idle = task("idle"):command("true"):build()\n' + SITE)
    done = folder.sloth(
        "apply", "-i", "mixed.yml", "site.sloth", "-C", "-v", "--host-keys", "accept-new", "--format", "json"
    )
    assert done.code == 3
    assert {event["type"] for event in done.events} == {"run_started", "task_finished", "run_finished"}
    assert done.events[-1]["counts"]["gone"] == {"unreachable": 1}
    for said in ("idle", "a new host key", "not a line of known_hosts", "gone  unreachable"):
        assert done.stderr.count(said) == 1


def test_a_command_waits_for_a_busy_host_only_when_told_to(folder, pair):
    host = pair[0].name
    first = Run(folder.path / "home", "exec", "-i", folder.path / "root.yml", host, "sleep 3.14159")
    until(lambda: pair[0].exec("pgrep", "-f", "sleep 3.1415[9]", check=False).stdout)
    words = ("-i", "root.yml", host, "--", "true")
    assert folder.sloth("exec", "--lock-timeout", "0s", *words).code == 6
    assert folder.sloth("exec", "--lock-timeout", "20s", *words).code == 0
    assert first.end() == 0


def test_a_reader_that_has_seen_enough_stops_nothing(folder, both):
    script = folder.write(
        "look.sh", f"set -o pipefail\n{' '.join(SLOTH)} exec -i root.yml all -- seq 99999 | head -1\n"
    )
    code, shown = typed(["bash", script], [], folder.path, folder.environ)
    assert (code, shown) == (0, f"changed  {both}\n")


@pytest.mark.parametrize(("words", "code", "shown"), [
    pytest.param(["fs.exists", "/etc/hostname"], 0, "ok       {both}\n    true\n", id="a query"),
    pytest.param(["exec.run", "echo out; exit 3"], 0, "changed  {both}\n    out\n    exit_code = 3\n", id="a command"),
    pytest.param(["file_ops.directory", "path=/tmp", "-C"], 0, "ok            {both}  nothing to change\n", id="check"),
    pytest.param(["fs.read", "/nothing"], 2, "failed   {both}  cannot read /nothing: No such file or directory\n",
                 id="a failure"),
    pytest.param(["fs.reed", "/nothing"], 1, "", id="no action"),
])  # fmt: skip
def test_one_call_on_many_hosts(folder, both, words, code, shown):
    done = folder.sloth("call", "-i", "root.yml", "all", *words)
    assert (done.code, done.stdout.partition("    path")[0]) == (code, shown.format(both=both))


def test_a_call_as_json_and_with_differences(folder, pair):
    words = ["call", "-i", "root.yml", pair[0].name, "file_ops.copy", "dest=/tmp/called", "content=one\n"]
    try:
        (_, task, _) = folder.sloth(*words, "-D", "--format", "json").events
        assert (task["status"], task["outputs"]["dest"]) == ("changed", "/tmp/called")
        assert "+one" in task["diff"][0]["text"]
        assert folder.sloth(*words).stdout.startswith("ok       ")
    finally:
        pair[0].exec("rm", "-f", "/tmp/called")
