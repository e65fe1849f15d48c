"""su and doas on a real host, for a whole run and for single tasks: to root and to others, and what they refuse."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from sloth.runtime import becoming
from tests.applying import Login, Remote, on_each_release, remote
from tests.lab.fleet import Lab
from tests.lab.host import Host
from tests.prerequisites import skip_or_fail

pytestmark = pytest.mark.lab

ROOT_PASSWORD = "röot & $1"  # of a host of the lab, for these tests
WORKER_PASSWORD = "w0rker"
PREPARE = """
cp -a /etc/shadow /root/shadow.kept; useradd -m -s /bin/sh worker
printf 'root:%s\\nworker:%s\\n' "$1" "$2" | chpasswd
printf 'permit deploy as root\\npermit nopass deploy as nobody\\n' > /etc/doas.conf; chmod 600 /etc/doas.conf
"""
CLEAN = "userdel -rf worker 2>/dev/null; mv /root/shadow.kept /etc/shadow; rm -f /etc/doas.conf; true"
WHO = """
workflow.define("w"):tasks({ task("who"):command(function() return true, exec.run("id -un").stdout end):build() })
"""
AS_TASK = WHO.replace(":build()", ':become("%s"):build()')
SU_ROOT = Login("deploy", become=True, method="su", password=ROOT_PASSWORD)
SU_WORKER = Login("deploy", become=True, become_user="worker", method="su", password=WORKER_PASSWORD)
DOAS_ROOT = Login("deploy", become=True, method="doas", password="deploy")
DOAS_NOBODY = Login("deploy", become=True, become_user="nobody", method="doas")


@pytest.fixture(scope="module")
def site(lab: Lab, lab_hosts: list[Host], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Remote]:
    with remote(lab, lab_hosts[0], tmp_path_factory.mktemp("project")) as one:
        if one.sh("command -v doas || apt-get -qqy install opendoas >/dev/null 2>&1; command -v doas || true") == "":
            skip_or_fail("the lab's repository has no opendoas: it was built before that was added")
        one.sh(PREPARE, ROOT_PASSWORD, WORKER_PASSWORD)
        yield one
        one.sh(CLEAN)


METHODS = pytest.mark.parametrize(
    ("login", "user"),
    [
        pytest.param(SU_ROOT, "root", id="su to root"),
        pytest.param(SU_WORKER, "worker", id="su to another user"),
        pytest.param(DOAS_ROOT, "root", id="doas to root"),
        pytest.param(DOAS_NOBODY, "nobody", id="doas without a password"),
    ],
)


@on_each_release
@METHODS
def test_a_whole_run_is_that_user(site, login, user):
    run = site.run(WHO, login)
    assert (run.code, run.finished["who"].message.strip()) == (0, user)


@on_each_release
@METHODS
def test_a_single_task_is_that_user(site, login, user):
    run = site.run(AS_TASK % user, Login("deploy", method=login.method, password=login.password))
    assert (run.code, run.finished["who"].message.strip()) == (0, user)


@on_each_release
def test_root_needs_no_password_for_su(site):
    run = site.run(AS_TASK % "worker", Login("root", method="su"))
    assert (run.code, run.finished["who"].message.strip()) == (0, "worker")


@pytest.mark.parametrize(
    ("method", "password", "user", "text"),
    [
        pytest.param("su", "wrong", "root", "wrong su password", id="su, wrong password"),
        pytest.param("su", None, "root", "password", id="su, no password"),
        pytest.param("su", "x", "nosuch", "nosuch", id="su, no such user"),
        pytest.param("doas", "wrong", "root", "wrong doas password", id="doas, wrong password"),
        pytest.param("doas", "deploy", "worker", "Operation not permitted", id="doas, no rule"),
    ],
)
@pytest.mark.parametrize("whole", [True, False], ids=["a whole run", "a task"])
def test_what_they_refuse_is_named_and_the_password_tried_once(site, method, password, user, text, whole):
    since = site.sh("date '+%F %T'").strip()
    login = Login("deploy", become=whole, become_user=user, method=method, password=password)
    run = site.run(WHO if whole else AS_TASK % user, login)
    assert run.code == (3 if whole else 2)
    assert text in run.finished["who"].message
    told = site.sh("journalctl -q --since=\"$1\" -o cat | grep -c 'auth): authentication failure' || true", since)
    assert int(told) == (1 if password == "wrong" else 0)


@pytest.mark.parametrize("method", ["sudo", "doas"])
@pytest.mark.parametrize("whole", [True, False], ids=["a whole run", "a task"])
def test_who_has_no_password_causes_no_failed_login(site, method, whole):
    since = site.sh("date '+%F %T'").strip()
    run = site.run(WHO if whole else AS_TASK % "root", Login("deploy", become=whole, method=method))
    assert run.code == (3 if whole else 2)
    assert "wants a password" in run.finished["who"].message or "asks for a password" in run.finished["who"].message
    told = site.sh("journalctl -q --since=\"$1\" -o cat | grep -cE 'auth\\): (auth|conversation)' || true", since)
    assert int(told) == 0


@pytest.mark.parametrize("method", becoming.METHODS)
@pytest.mark.parametrize("width", [1, 4], ids=["one after the other", "side by side"])
def test_a_wrong_password_is_tried_once_however_many_tasks_and_attempts_want_it(site, method, width):
    since = site.sh("date '+%F %T'").strip()
    tasks = ", ".join(
        f'task("t{number}"):become("root"):retries(2, "fixed"):retry_delay(0.1):command("id"):build()' for number in range(4)
    )
    calls = 'task("calls"):command(function() for i = 1, 3 do pcall(exec.check, "id", { become = "root" }) end end):build()'
    many = f'workflow.define("w"):config({{ max_parallel_tasks = {width} }}):tasks({{ {tasks}, {calls} }})'
    run = site.run(many, Login("deploy", method=method, password="wrong"))
    assert (run.code, set(run.statuses.values())) == (2, {"failed", "ok"})
    assert all("wrong" in event.message for task, event in run.finished.items() if task != "calls")
    told = site.sh("journalctl -q --since=\"$1\" -o cat | grep -c 'auth): authentication failure' || true", since)
    assert int(told) == 1


@on_each_release
def test_no_password_stays_in_a_command_line(site):
    run = site.run(WHO.replace("id -un", "ps -eo args"), SU_ROOT)
    assert run.code == 0
    assert ROOT_PASSWORD not in run.finished["who"].message
