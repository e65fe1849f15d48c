"""A real host whose Python is away: commands work through its shell, enough to bring a Python; all else says so."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.applying import BECOME, DEPLOY, ROOT, Login, Remote, remote
from tests.lab.fleet import Lab
from tests.lab.host import Host

pytestmark = pytest.mark.lab

AWAY = "mkdir -p /root/python.away && mv /usr/bin/python3* /root/python.away/"
BACK = "mv /root/python.away/* /usr/bin/ && rmdir /root/python.away"
TASK = 'workflow.define("w"):tasks({ task("t"):command(function() %s end):timeout("%s"):build() })'


@pytest.fixture(scope="module")
def site(lab: Lab, lab_hosts: list[Host], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Remote]:
    with remote(lab, lab_hosts[0], tmp_path_factory.mktemp("project")) as one:
        one.sh(AWAY)
        yield one
        one.sh(f"[ ! -d /root/python.away ] || {{ {BACK}; }}")


@pytest.mark.parametrize(
    ("login", "user"), [(ROOT, "root"), (DEPLOY, "deploy"), (BECOME, "root")], ids=["root", "deploy", "sudo"]
)
def test_commands_work(site, login, user):
    run = site.run(TASK % ('return true, exec.check("id -un").stdout', "20s"), login)
    assert (run.code, run.finished["t"].message.strip()) == (0, user)


def test_noise_input_and_exit_codes_are_told_apart(site):
    site.sh("cp /root/.bashrc /root/bashrc.kept; sed -i '1i echo noise; echo more noise >&2' /root/.bashrc")
    run = site.run(TASK % ('local r = exec.run("cat; exit 7", { stdin = "ö" }) return true, r.stdout .. r.exit_code', "20s"))
    site.sh("mv /root/bashrc.kept /root/.bashrc")
    assert run.finished["t"].message == "ö7"


def test_a_command_that_takes_its_shell_along_has_failed_and_its_host_is_reachable(site):
    run = site.run(TASK % ('exec.run("kill -9 0") return exec.run("exit 255")', "20s"))
    assert (run.code, run.statuses, run.finished["t"].message) == (2, {"t": "failed"}, "exit code 255")
    run = site.run(TASK % ('return exec.run("echo before; kill -9 0")', "20s"))
    assert (run.statuses, run.finished["t"].message) == ({"t": "failed"}, "exit code 137")
    assert run.finished["t"].outputs["stdout"] == "before\n"


def test_a_time_limit_ends_what_runs(site):
    run = site.run(TASK % ('exec.run("sleep 4248 & sleep 4248")', "1s"))
    assert run.statuses == {"t": "timed_out"}
    assert site.sh("pgrep -f 'sleep 424[8]' || true") == ""


def test_what_needs_python_says_so(site):
    run = site.run(TASK % ('pkg.install("hello")', "20s"))
    assert (run.code, run.statuses) == (2, {"t": "failed"})
    assert "pkg.install needs Python on the host" in run.finished["t"].message


def test_a_wrong_sudo_password_is_tried_once(site):
    since = site.sh("date '+%F %T'").strip()
    twice = 'exec.run("id", { ignore_errors = true }) exec.run("id")'
    run = site.run(TASK % (twice, "20s"), Login("deploy", become=True, password="wrong"))
    assert (run.code, run.statuses) == (3, {"t": "unreachable"})
    assert "wrong sudo password" in run.finished["t"].message
    assert site.sh("journalctl -q -t sudo --since=\"$1\" -o cat | grep -c 'auth): auth.*failure'", since).strip() == "1"


def test_the_python_of_the_platform_serves(site):
    site.sh("mkdir -p /usr/libexec && ln -s /root/python.away/python3 /usr/libexec/platform-python")
    run = site.run(TASK % ("return true, facts.python.executable", "20s"))
    site.sh("rm /usr/libexec/platform-python")
    assert (run.statuses, run.finished["t"].message) == ({"t": "ok"}, "/usr/libexec/platform-python")


def test_a_first_workflow_brings_python_and_the_next_one_uses_it(site):
    site.run(TASK % (f"exec.check([[{BACK}]], {{ creates = '/usr/bin/python3' }})", "20s"))
    run = site.run(TASK % ("return true, facts.os.id", "20s"))
    site.sh(AWAY)
    assert run.finished["t"].message == "debian"
