"""Services on hosts that OpenRC started, or the scripts of System V: Debian, with its own tools for both.

Numbers are those of the list of behaviours.
"""

from __future__ import annotations

import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.applying import DEPLOY, Act, Inside, remote
from tests.lab.base import STARTED_BY
from tests.lab.fleet import Lab, power
from tests.lab.host import Host

pytestmark = pytest.mark.lab


def started_by(*releases: str) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("release", releases, indirect=True, scope="session")


by_each = started_by(*STARTED_BY)
by_sysv = started_by("bookworm-sysv")

NAME = "sloth-demo"
SCRIPT = Path("/etc/init.d", NAME)
OPENRC = """\
#!/sbin/openrc-run
supervisor=supervise-daemon
command=/bin/sleep
command_args=1000
respawn_max=1
respawn_period=60
extra_started_commands=reload
start_pre() { [ ! -e /etc/sloth-demo.broken ] || { eerror "no such port"; return 1; }; }
reload() { echo reloaded >>/run/sloth-demo.log; }
"""
SYSV = """\
#!/bin/sh
### BEGIN INIT INFO
# Provides:          sloth-demo
# Required-Start:    $remote_fs
# Required-Stop:     $remote_fs
# Default-Start:     2 3 4 5
# Default-Stop:      0 1 6
### END INIT INFO
. /lib/lsb/init-functions
pidfile=/run/sloth-demo.pid
case "$1" in
start)
    [ ! -e /etc/sloth-demo.broken ] || { echo "no such port" >&2; exit 1; }
    start-stop-daemon --start --background --make-pidfile --pidfile $pidfile --exec /bin/sleep -- 1000 ;;
stop) start-stop-daemon --stop --oknodo --remove-pidfile --pidfile $pidfile ;;
restart) $0 stop; $0 start ;;
reload) echo reloaded >>/run/sloth-demo.log ;;
status) status_of_proc -p $pidfile sleep sloth-demo ;;
*) exit 3 ;;
esac
"""
WATCHED = "ls -la /etc/rc?.d /etc/init.d /etc/runlevels/* 2>/dev/null; ps -A -o pid,args --no-headers | grep '[s]leep 1000' || true"
CLEAN = f"""
touch {SCRIPT}; {SCRIPT} stop; rm -f /etc/sloth-demo.broken /run/sloth-demo.log
for name in {NAME} sloth-quick; do rm -f /etc/init.d/$name; update-rc.d $name remove; done
ps -A -o pid,args --no-headers | grep '[s]leep 1000'
"""


@pytest.fixture
def demo(lab: Lab, lab_hosts: list[Host], release: str, tmp_path: Path) -> Iterator[Inside]:
    """A host with a service of ours, that is off and in no runlevel."""
    with remote(lab, lab_hosts[0], tmp_path) as one:
        install(one.host, OPENRC if release.endswith("openrc") else SYSV)
        yield Inside(one, WATCHED)
        one.host.exec("sh", "-c", CLEAN, check=False)


def install(host: Host, script: str, path: Path = SCRIPT) -> None:
    host.exec("sh", "-c", 'cat >"$1"; chmod 755 "$1"', "sh", str(path), stdin=script)


@by_each
def test_40_a_service_runs_and_starts_at_boot_and_neither_again(demo):
    assert demo.value("service.status", name=NAME) == {"name": NAME, "exists": True, "active": False, "enabled": False}
    demo.settles("service.running", name=NAME)
    assert demo.value("service.status", name=NAME) == {"name": NAME, "exists": True, "active": True, "enabled": True}
    demo.settles("service.disable", name=NAME)
    assert (demo.value("service.is_active", name=NAME), demo.value("service.is_enabled", name=NAME)) == (True, False)
    demo.settles("service.stop", name=NAME)
    demo.settles("service.start", name=[NAME, "cron"])
    demo.settles("service.enable", name=NAME)
    assert "sleep 1000" in demo.snapshot()
    assert "SSH_CONNECTION" not in demo.sh("cat /proc/$(pgrep -x sleep)/environ")  # our session is none of its business


@by_each
def test_40_a_restart_is_a_new_process_and_a_reload_is_not(demo):
    demo.ok("service.start", name=NAME)
    first = demo.snapshot().splitlines()[-1]
    assert demo.ok("service.reload", name=NAME).status == "changed"
    assert (demo.snapshot().splitlines()[-1], demo.sh("cat /run/sloth-demo.log")) == (first, "reloaded\n")
    assert demo.ok("service.restart", name=NAME, check=True).status == "would_change"
    assert demo.snapshot().splitlines()[-1] == first
    assert demo.ok("service.restart", name=NAME).status == "changed"
    assert demo.snapshot().splitlines()[-1] != first
    demo.ok("service.stop", name=NAME)
    assert "does not run, so it cannot reload" in demo.fails("service.reload", name=NAME)


@by_each
def test_39_what_cannot_start_is_told_with_its_own_words(demo):
    demo.sh("touch /etc/sloth-demo.broken")
    assert "no such port" in demo.fails("service.start", name=NAME)
    assert demo.value("service.is_active", name=NAME) is False


@by_each
def test_39_a_service_that_is_not_there_is_named_and_no_other_is_touched(demo):
    for check in (False, True):
        failed = demo.remote.act("service.start", name=[NAME, "nosuch"], check=check)
        assert failed.status == ("would_run" if check else "failed")
    assert "there is no service nosuch" in demo.fails("service.start", name=[NAME, "nosuch"])
    assert "sleep 1000" not in demo.snapshot()
    for name in ("", "../../bin/true", "--help"):
        assert "cannot be the name of a service" in demo.fails("service.start", name=name)


@by_each
def test_a_service_whose_process_died_is_started(demo):
    demo.ok("service.start", name=NAME)
    demo.sh("pkill -9 supervise; pkill -9 -x sleep || true")
    assert demo.value("service.is_active", name=NAME) is False
    demo.ok("service.start", name=NAME)
    assert demo.value("service.is_active", name=NAME) is True
    assert "sleep 1000" in demo.snapshot()


@by_sysv
def test_a_service_that_does_not_run_though_its_start_went_well_is_warned_of(demo):
    install(demo.host, SYSV.replace("start-stop-daemon --start", "true"))
    run = demo.remote.acts([Act("service.start", {"name": NAME})])
    assert "says that it does not run after its start" in run.warnings("service.start")[0]


@by_each
def test_without_root_services_can_be_asked_but_not_changed(demo):
    demo.ok("service.running", name=NAME)
    assert demo.ok("service.running", name="cron", login=DEPLOY).changes == []
    assert "needs become" in demo.fails("service.disable", name=NAME, login=DEPLOY)


@by_each
def test_a_service_that_was_enabled_runs_after_a_reboot_and_one_that_was_disabled_does_not(demo, lab):
    demo.ok("service.enable", name=NAME)
    demo.ok("service.disable", name="rsync")
    calls = [Act("host.reboot", {"wait": "60s"}), Act("service.is_active", {"name": NAME}), Act("service.is_enabled", {"name": "rsync"})]
    with power(lab, demo.host):
        run = demo.remote.acts(calls)
    assert run.statuses == {"host.reboot": "changed", "service.is_active": "ok", "service.is_enabled": "ok"}
    assert [run.finished[call.task].outputs["value"] for call in calls[1:]] == [True, False]
    demo.ok("service.enable", name="rsync")


@by_sysv
def test_36_a_service_of_a_package_is_not_started_where_that_is_not_wanted(demo):
    packages = {"packages": ["nginx"]}
    calls = [
        Act("pkg.install", {**packages, "start_services": False}), Act("service.status", {"name": "nginx"}),
        Act("pkg.remove", {"packages": ["nginx", "nginx-common"], "purge": True}), Act("pkg.install", packages, "again"),
        Act("service.status", {"name": "nginx"}, "then"),
    ]  # fmt: skip
    try:
        run = demo.remote.acts(calls)
    finally:
        demo.sh("apt-get -qq -y purge nginx nginx-common")
    found = {task: run.finished[task].outputs["value"] for task in ("service.status", "then")}
    expected = {"name": "nginx", "exists": True, "active": False, "enabled": True}
    assert found == {"service.status": expected, "then": {**expected, "active": True}}


@by_sysv
def test_the_name_and_the_zone_of_the_host_are_set(demo):
    try:
        demo.settles("hostname.set", name="sloth-other")
        demo.settles("timezone.set", name="Asia/Tokyo")
    finally:
        demo.ok("hostname.set", name=demo.host.name)
        demo.ok("timezone.set", name="Etc/UTC")


@by_each
def test_checks_and_facts_know_these_services(demo):
    demo.ok("infra_test.service_is_running", name="ssh")
    demo.ok("infra_test.service_is_enabled", name="ssh")
    assert "does not run" in demo.fails("infra_test.service_is_running", name=NAME)
    assert "does not start at boot" in demo.fails("infra_test.service_is_enabled", name=NAME)
    told = demo.value("facts.get", names=["services"])
    assert isinstance(told, dict)
    assert told["cron"] == {"active": "active", "sub": "running", "enabled": "enabled"}
    assert told[NAME] == {"active": "inactive", "sub": "dead", "enabled": "disabled"}


@by_each
def test_an_option_of_the_ssh_server_is_in_use_at_once(demo):
    def greeting() -> bytes:
        demo.host.wait()  # a server that reads its configuration again is not there for a moment
        with socket.create_connection((demo.host.address, 22), timeout=5) as connection:
            return connection.recv(100)

    try:
        assert b"Debian" in greeting()
        demo.ok("sshd.option", key="DebianBanner", value=False)
        assert b"Debian" not in greeting()
        assert demo.ok("sshd.option", key="DebianBanner", value=False).changes == []
    finally:
        demo.ok("sshd.option", key="DebianBanner", state="absent")
    assert b"Debian" in greeting()
