"""A user's own systemd, and what logind does to what a user leaves behind (KillUserProcesses=yes).

Debian's installer puts pam_systemd on every host; those of the lab get it here.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest

from tests.applying import DEPLOY, Act, Inside, Run, on_each_release, remote
from tests.e2e.sloth import Folder, until
from tests.lab.fleet import Lab
from tests.lab.host import Host

pytestmark = pytest.mark.lab

UNIT = "sloth-own"
USERS = {"name": UNIT, "scope": "user"}
FILE = f"/home/deploy/.config/systemd/user/{UNIT}.service"
SERVICE = "[Service]\nExecStart=/bin/sleep 1000\n[Install]\nWantedBy=default.target\n"
LINGER = "loginctl enable-linger deploy; systemctl start user@1000"
LEAVE = """
loginctl disable-linger deploy; loginctl terminate-user deploy
systemctl stop user@1000 user-runtime-dir@1000; rm -rf /home/deploy/.config /tmp/sloth-left
"""
STRICT = """
export DEBIAN_FRONTEND=noninteractive; apt-get -qq -y install libpam-systemd
mkdir -p /etc/systemd/logind.conf.d
printf '[Login]\\nKillUserProcesses=yes\\n' >/etc/systemd/logind.conf.d/sloth.conf
systemctl restart systemd-logind
"""
LAX = """
export DEBIAN_FRONTEND=noninteractive; apt-get -qq -y purge libpam-systemd
rm -r /etc/systemd/logind.conf.d; systemctl restart systemd-logind
for id in 0 1000; do systemctl stop user@$id user-runtime-dir@$id; done; systemctl reset-failed
"""


@pytest.fixture(scope="module")
def inside(lab: Lab, lab_hosts: list[Host], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Inside]:
    with remote(lab, lab_hosts[0], tmp_path_factory.mktemp("project")) as one:
        one.sh(STRICT)
        yield Inside(one, "ls -laR /home/deploy/.config; ps -u deploy -o pid,args | grep '[s]leep' || true")
        one.sh(LAX)


@pytest.fixture
def own(inside: Inside) -> Iterator[Inside]:
    """A host whose user deploy lingers, and has a unit."""
    inside.sh(f'mkdir -p $(dirname {FILE}); cat >{FILE} <<"E"\n{SERVICE}E\nchown -R deploy: /home/deploy/.config')
    inside.sh(LINGER)
    yield inside
    inside.sh(LEAVE)


def as_user(own: Inside, *acts: Act, check: bool = False) -> Run:
    """Calls by root, each of whose tasks becomes deploy."""
    tasks = ", ".join(act.lua().replace(":build()", ":become('deploy'):build()") for act in acts)
    return own.remote.run(f"workflow.define('calls'):tasks({{ {tasks} }})", check=check)


@on_each_release
def test_units_of_a_user_run_start_at_boot_and_are_asked(own):
    wanted = [Act("systemd.running", USERS, "running"), Act("systemd.is_active", USERS), Act("systemd.is_enabled", USERS)]
    before = own.snapshot()
    assert as_user(own, wanted[0], check=True).statuses == {"running": "would_change"}
    assert own.snapshot() == before
    run = as_user(own, *wanted)
    assert list(run.finished["running"].changes) == [f"systemctl enable {UNIT}", f"systemctl start {UNIT}"]
    assert run.finished["systemd.is_active"].outputs["value"] is True
    assert run.finished["systemd.is_enabled"].outputs["value"] is True
    assert "/bin/sleep 1000" in own.snapshot()
    assert as_user(own, wanted[0]).statuses == {"running": "ok"}
    assert own.remote.acts([wanted[0]], DEPLOY).statuses == {"running": "ok"}
    acts = [Act("systemd.stop", USERS), Act("systemd.disable", USERS), Act("systemd.start", {**USERS, "name": "nosuch"})]
    run = as_user(own, *acts)
    assert list(run.statuses.values()) == ["changed", "changed", "failed"]
    assert "there is no unit nosuch" in run.finished["systemd.start"].message


@on_each_release
def test_a_user_whose_systemd_does_not_run_is_told_how_it_does(own):
    own.sh(LEAVE)
    start, reload = Act("systemd.start", USERS), Act("systemd.daemon_reload", {"scope": "user"})
    run = as_user(own, start, reload)
    assert {run.finished[act.task].status for act in (start, reload)} == {"failed"}
    assert "`loginctl enable-linger deploy` has it run always" in run.finished[start.task].message
    assert as_user(own, start, check=True).statuses == {start.task: "would_run"}


@pytest.fixture
def folder(inside: Inside, lab: Lab, tmp_path: Path) -> Iterator[Folder]:
    """A project for the host."""
    folder = Folder(tmp_path)
    folder.write("site.sloth", 'task("a"):command("sleep 2; echo $(id -un) >/tmp/sloth-left"):build()')
    for user in ("root", "deploy"):
        folder.write(f"{user}.yml", lab.inventory([inside.host], user))
    yield folder
    inside.sh(LEAVE)


def left(inside: Inside) -> str:
    return inside.host.exec("cat", "/tmp/sloth-left", check=False).stdout.strip()


@pytest.mark.parametrize("user", ["root", "deploy"])
def test_what_is_detached_outlives_the_login_where_logind_ends_what_users_leave_behind(folder, inside, user):
    if user == "deploy":
        inside.sh(LINGER)
    begun = folder.sloth("apply", "--detach", "-i", f"{user}.yml", "site.sloth", "--format", "json")
    assert begun.code == 0, begun.stderr
    assert left(inside) == ""
    until(partial(left, inside))
    collected = folder.sloth("runs", "attach", str(begun.events[0]["run"]), "--format", "json")
    assert (collected.statuses, left(inside)) == ({"a": "changed"}, user)


def test_without_lingering_a_detached_run_is_refused_before_anything_is_done(folder, inside):
    begun = folder.sloth("apply", "--detach", "-i", "deploy.yml", "site.sloth", "--format", "json")
    assert begun.code != 0
    assert "loginctl enable-linger deploy" in begun.stdout + begun.stderr
    assert left(inside) == ""


def test_an_attached_run_is_as_ever_there(folder, inside):
    ended = folder.sloth("apply", "-i", "deploy.yml", "site.sloth", "--format", "json")
    assert (ended.code, ended.statuses, left(inside)) == (0, {"a": "changed"}, "deploy")
