"""Packages, units, users and facts on a real Debian host, through sloth: each claim holds, and a second time too.

Numbers are those of the list of behaviours.
"""

from __future__ import annotations

import base64
from collections.abc import Iterator

import pytest

from tests.applying import DEPLOY, Act, Inside, on_each_release, remote
from tests.lab.fleet import Lab
from tests.lab.host import Host

pytestmark = [pytest.mark.lab, on_each_release]

HASH = "$6$saltsalt$" + "x" * 86
USER = "sloth-ann"
UNIT = "sloth-sleep"


@pytest.fixture(scope="module")
def inside(lab: Lab, lab_hosts: list[Host], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Inside]:
    with remote(lab, lab_hosts[0], tmp_path_factory.mktemp("project")) as one:
        yield Inside(one)


@pytest.fixture
def packages(inside: Inside) -> Iterator[Inside]:
    purge = "apt-mark unhold lab-demo >/dev/null; apt-get -qq -y purge hello lab-demo figlet >/dev/null"
    inside.sh(purge)
    yield inside
    inside.sh(purge)


@pytest.fixture
def units(inside: Inside) -> Iterator[Inside]:
    clean = (
        f"systemctl stop {UNIT}.timer '{UNIT}*' 2>/dev/null; systemctl disable {UNIT}.timer {UNIT} 2>/dev/null;"
        f"rm -f /etc/systemd/system/{UNIT}[.-]*; systemctl daemon-reload; systemctl reset-failed"
    )
    inside.sh(clean)
    yield inside
    inside.sh(clean)


@pytest.fixture
def people(inside: Inside) -> Iterator[Inside]:
    clean = f"userdel -rf {USER} 2>/dev/null; groupdel {USER} 2>/dev/null; groupdel sloth-team 2>/dev/null; true"
    inside.sh(clean)
    yield inside
    inside.sh(clean)


def test_34_packages_are_installed_in_one_transaction_and_removed(packages):
    assert packages.settles("pkg.install", packages=["hello", "figlet"]) == ["apt-get install hello figlet"]
    assert packages.settles("pkg.remove", packages=["hello", "figlet"], purge=True)


def test_37_an_unknown_package_fails_before_another_is_touched(packages):
    for check in (True, False):
        words = packages.fails("pkg.install", packages=["hello", "no-such-package"], check=check)
        assert "Unable to locate package no-such-package" in words
    assert packages.value("pkg.is_installed", name="hello") is False


def test_34_a_pin_holds_and_goes_down_only_when_allowed(packages):
    packages.settles("pkg.install", name="lab-demo=1.0*")
    packages.settles("pkg.latest", name="lab-demo")
    assert packages.value("pkg.version", name="lab-demo") == "2.0"
    for check in (True, False):
        assert "allow_downgrade" in packages.fails("pkg.install", name="lab-demo", version="1.0", check=check)
    packages.settles("pkg.install", name="lab-demo", version="1.0", allow_downgrade=True)


def test_36_a_held_package_is_left_until_allowed(packages):
    packages.ok("pkg.install", name="lab-demo=1.0")
    packages.settles("pkg.hold", name="lab-demo")
    assert packages.ok("pkg.latest", name="lab-demo").changes == []
    assert "allow_held" in packages.fails("pkg.remove", name="lab-demo")
    packages.settles("pkg.unhold", name="lab-demo")
    packages.ok("pkg.hold", name="lab-demo")
    packages.settles("pkg.latest", name="lab-demo", allow_held=True)
    assert packages.sh("apt-mark showhold") == "lab-demo\n"


def test_36_a_file_is_installed(packages):
    packages.settles("pkg.install_local", path="/srv/repo/lab-demo_1.0_all.deb")


def test_35_a_lock_is_waited_for_and_its_holder_named(packages):
    hold = (
        "import fcntl, time; f = open('/var/lib/dpkg/lock-frontend', 'w'); fcntl.lockf(f, fcntl.LOCK_EX);"
        "print('held', flush=True); time.sleep({})"
    )
    packages.sh(f'python3 -c "{hold.format(4)}" >/dev/null 2>&1 & sleep 0.5')
    assert "held by process" in packages.fails("pkg.install", name="hello", lock_timeout=0)
    packages.ok("pkg.install", name="hello", lock_timeout=30)


def test_two_tasks_never_run_two_transactions_side_by_side(packages):
    calls = ", ".join(f'task("{name}"):command(function() pkg.install {{ name = "{name}", lock_timeout = 0 }} end):build()'
                      for name in ("hello", "figlet", "lab-demo"))  # fmt: skip
    run = packages.remote.run(f'workflow.define("w"):tasks({{ {calls} }}):config({{ max_parallel_tasks = 3 }})')
    assert run.statuses == {"hello": "changed", "figlet": "changed", "lab-demo": "changed"}


def test_35_a_repository_that_fails_is_quoted(packages):
    packages.sh("mkdir -p /etc/apt/sources.list.d; echo 'deb file:/srv/nothing ./' > /etc/apt/sources.list.d/broken.list")
    try:
        assert "file:/srv/nothing" in packages.fails("pkg.update")
    finally:
        packages.sh("rm /etc/apt/sources.list.d/broken.list; apt-get -qq update")
    assert packages.ok("pkg.update", cache_valid_time="1h").changes == []


def test_without_root_packages_can_be_foretold_but_not_changed(packages):
    assert packages.ok("pkg.install", name="hello", check=True, login=DEPLOY).changes
    assert "needs become" in packages.fails("pkg.install", name="hello", login=DEPLOY)


def test_a_service_of_ones_own_is_made_started_and_removed(units):
    units.settles("systemd.create_service", name=UNIT, exec_start="/bin/sleep 1000", environment={"A": 'x "y" 5%'})
    assert 'A=x "y" 5%' in units.sh(f"systemctl show {UNIT} -p Environment").replace("\\", "")
    assert units.settles("systemd.running", name=UNIT) == [f"systemctl enable {UNIT}", f"systemctl start {UNIT}"]
    units.settles("systemd.remove_service", name=UNIT)
    assert "there is no unit" in units.fails("systemd.start", name=UNIT)


def test_several_units_are_started_by_one_command_and_one_that_fails_is_named(units):
    for name, command in ((UNIT, "/bin/sleep 1000"), (f"{UNIT}-two", "/bin/sleep 1000"), (f"{UNIT}-bad", "/bin/false")):
        units.ok("systemd.create_service", name=name, type="exec", exec_start=command)
    both, third = [UNIT, f"{UNIT}-two"], f"{UNIT}-bad"
    started = f"systemctl start {UNIT} {UNIT}-two"
    assert units.settles("service.start", name=[*both, "cron"]) == [started]
    units.settles("systemd.stop", name=both)
    units.sh(f"sed -i s/exec/oneshot/ /etc/systemd/system/{third}.service; systemctl daemon-reload")
    failed = units.remote.act("systemd.start", name=[third, *both])
    assert (failed.status, list(failed.changes)) == ("failed", [f"systemctl start {name}" for name in both])
    assert f"the journal of {third}.service ends" in failed.message
    assert "there is no unit sloth-none" in units.fails("systemd.stop", name=[*both, "sloth-none"])
    told = units.value("systemd.status", name=[third, *both])
    assert isinstance(told, dict)
    assert {name: one["active"] for name, one in told.items()} == {third: "failed", **dict.fromkeys(both, "active")}


def test_38_running_and_enabled_are_independent(units):
    units.ok("systemd.create_service", name=UNIT, exec_start="/bin/sleep 1000")
    units.settles("systemd.start", name=UNIT)
    assert units.value("systemd.is_enabled", name=UNIT) is False
    units.settles("systemd.enable", name=UNIT)
    units.settles("systemd.stop", name=UNIT)
    assert units.value("systemd.is_enabled", name=UNIT) is True
    units.settles("systemd.disable", name=UNIT)


def test_an_enablement_lost_by_hand_is_repaired(units):
    units.ok("systemd.create_service", name=UNIT, exec_start="/bin/sleep 1000")
    units.ok("systemd.running", name=UNIT)
    units.sh(f"rm /etc/systemd/system/multi-user.target.wants/{UNIT}.service")
    assert units.ok("systemd.running", name=UNIT).changes == [f"systemctl enable {UNIT}"]


def test_38_a_restart_gives_a_new_process_and_reads_a_changed_file_first(units):
    units.ok("systemd.create_service", name=UNIT, exec_start="/bin/sleep 1000")
    first = units.value("systemd.start", name=UNIT)
    units.sh(f"sed -i s/1000/2000/ /etc/systemd/system/{UNIT}.service")
    outcome = units.ok("systemd.restart", name=UNIT)
    assert outcome.changes == ["systemctl daemon-reload", f"systemctl restart {UNIT}"]
    now = outcome.outputs["value"]
    assert isinstance(now, dict)
    assert isinstance(first, dict)
    assert now["pid"] != first["pid"]
    assert "2000" in units.sh(f"tr '\\0' ' ' < /proc/{now['pid']}/cmdline")


def test_39_what_cannot_run_is_told_with_its_own_words(units):
    units.ok("systemd.create_service", name=UNIT, type="exec", exec_start="/bin/sh -c 'echo no such port; exit 3'")
    units.remote.act("systemd.start", name=UNIT)
    units.sh(f"systemctl reset-failed {UNIT} 2>/dev/null; sed -i s/exec/oneshot/ /etc/systemd/system/{UNIT}.service")
    assert "no such port" in units.fails("systemd.start", name=UNIT)
    assert "does not run" in units.fails("systemd.reload", name=UNIT)


def test_39_a_masked_unit_says_what_permits_it(units):
    units.settles("systemd.mask", name="cron")
    try:
        assert "systemd.unmask" in units.fails("systemd.restart", name="cron")
    finally:
        units.settles("systemd.unmask", name="cron")
    assert units.ok("systemd.running", name="cron").changes == []


def test_a_timer_is_made_and_a_bad_one_leaves_the_old(units):
    units.ok("systemd.create_service", name=UNIT, exec_start="/bin/true")
    units.settles("systemd.timer", name=UNIT, on_calendar="daily")
    assert "on_calendar" in units.fails("systemd.timer", name=UNIT, on_calendar="dayly")
    assert "OnCalendar=daily" in units.sh(f"cat /etc/systemd/system/{UNIT}.timer")


def test_without_root_units_can_be_asked_but_not_changed(units):
    assert units.value("systemd.is_active", name="cron", login=DEPLOY) is True
    assert "needs become" in units.fails("systemd.restart", name="cron", login=DEPLOY)


def test_27_a_user_is_made_changed_and_removed(people):
    people.settles("user.create", name=USER, shell="/bin/sh", groups=["adm", "users"], comment="Ann Ä")
    people.settles("user.create", name=USER, groups=["staff"], append=True)
    people.settles("user.create", name=USER, groups=["staff"])
    assert people.value("user.get_groups", name=USER) == [USER, "staff"]
    people.settles("user.create", name=USER, home=f"/home/{USER}-2", move_home=True)
    people.settles("user.delete", name=USER, remove=True)
    assert people.sh(f"ls -d /home/{USER}* 2>/dev/null || true") == ""


def test_27_a_home_is_made_closed_and_empty_when_asked(people):
    people.settles("user.create", name=USER, skel="/dev/null", umask="077", home="/opt/sloth/deep/home")
    try:
        assert people.sh("stat -c %a /opt/sloth/deep/home; ls -A /opt/sloth/deep/home") == "700\n"
    finally:
        people.sh("rm -rf /opt/sloth")


def test_28_a_password_is_set_once_and_survives_a_lock(people):
    people.settles("user.create", name=USER, password=HASH)
    people.settles("user.lock", name=USER)
    assert people.ok("user.create", name=USER, password=HASH).changes == []
    people.settles("user.unlock", name=USER)
    assert people.sh(f"getent shadow {USER} | cut -d: -f2").strip() == HASH
    people.ok("user.create", name=USER, password="!", update_password="on_create")
    assert people.sh(f"getent shadow {USER} | cut -d: -f2").strip() == HASH


def test_30_an_account_ends_when_it_is_said_to(people):
    people.ok("user.create", name=USER)
    people.settles("user.create", name=USER, expires="2030-01-01", password_max_days=90, password_warn_days=14)
    assert people.sh(f"getent shadow {USER} | cut -d: -f5,6,8").strip() == "90:14:21915"
    people.settles("user.create", name=USER, expires=0)
    people.settles("user.create", name=USER, expires="never")


def test_32_groups_are_made_and_removed(people):
    people.settles("user.group_create", name="sloth-team", gid=47110)
    people.settles("user.group_create", name="sloth-team", gid=47111)
    people.ok("user.create", name=USER, group="47111")
    assert "primary group" in people.fails("user.group_delete", name="sloth-team")
    people.ok("user.delete", name=USER)
    people.settles("user.group_delete", name="sloth-team")


def public_key(letter: str) -> str:
    blob = b"\0\0\0\x0bssh-ed25519\0\0\0\x20" + letter.encode() * 32
    return "ssh-ed25519 " + base64.b64encode(blob).decode()


def test_keys_are_the_users_own_and_closed(people):
    people.ok("user.create", name=USER)
    people.settles("user.authorized_key", user=USER, key=public_key("a") + " ann")
    people.settles("user.authorized_key", user=USER, key=public_key("b"), options=["no-pty"])
    modes = people.sh(f"stat -c '%a %U' /home/{USER}/.ssh /home/{USER}/.ssh/authorized_keys")
    assert modes == f"700 {USER}\n600 {USER}\n"
    people.settles("user.authorized_key", user=USER, key=public_key("b"), exclusive=True)
    people.settles("user.authorized_key", user=USER, key=public_key("b"), state="absent")
    assert people.sh(f"cat /home/{USER}/.ssh/authorized_keys") == ""


@pytest.mark.parametrize("link", [".ssh", ".ssh/authorized_keys"])
def test_root_follows_no_link_in_a_home(people, link):
    people.ok("user.create", name=USER)
    victim = "/opt/sloth-victim"
    people.sh(f"mkdir -p /home/{USER}/.ssh {victim}; echo keep > {victim}/authorized_keys; rm -rf /home/{USER}/{link}")
    target = victim if link == ".ssh" else f"{victim}/authorized_keys"
    people.sh(f"ln -s {target} /home/{USER}/{link}; chown -hR {USER} /home/{USER}")
    try:
        assert "symbolic link" in people.fails("user.authorized_key", user=USER, key=public_key("a"))
        assert people.sh(f"cat {victim}/authorized_keys; stat -c %U {victim}/authorized_keys") == "keep\nroot\n"
    finally:
        people.sh(f"rm -rf {victim}")


def test_without_root_accounts_can_be_asked_but_not_changed(people):
    assert people.ok("user.create", name="deploy", login=DEPLOY).changes == []
    assert "needs become" in people.fails("user.create", name=USER, login=DEPLOY)
    assert "needs become" in people.fails("user.lock", name="deploy", login=DEPLOY)


def test_check_mode_on_a_bare_host_goes_on_where_an_earlier_task_would_bring_what_is_missing(inside):
    acts = [
        Act("systemd.running", {"name": "sloth-none"}), Act("systemd.mask", {"name": "sloth-none"}),
        Act("user.create", {"name": USER, "groups": ["sloth-team"]}), Act("user.set_password", {"name": USER, "password": HASH}),
        Act("user.modify", {"name": USER, "shell": "/bin/sh"}), Act("user.lock", {"name": USER}),
        Act("user.unlock", {"name": USER}), Act("user.add_to_group", {"name": USER, "groups": ["sloth-team"]}),
        Act("user.remove_from_group", {"name": USER, "groups": ["sloth-team"]}),
        Act("user.authorized_key", {"user": USER, "key": public_key("a")}), Act("pkg.hold", {"packages": ["sloth-none"]}),
    ]  # fmt: skip
    run = inside.remote.acts(acts, check=True)
    assert {act.action: run.statuses[act.task] for act in acts} == {
        act.action: "would_change" if act.action == "user.create" else "would_run" for act in acts
    }
    assert [act.action for act in acts if not any("(yet)" in text for text in run.warnings(act.task))] == []
    assert set(inside.remote.acts([act for act in acts if act.action != "user.create"]).statuses.values()) == {"failed"}


def test_all_facts_of_a_real_host_are_told(inside):
    run = inside.remote.acts([Act("facts.all", {})])
    assert run.warnings("facts.all") == []
    found = run.finished["facts.all"].outputs["value"]
    assert isinstance(found, dict)
    assert (found["hostname"], found["os"]["id"]) == (inside.host.name, "debian")
    assert found["network"]["default"]["address"] == inside.host.address
    assert found["services"]["cron"] == {"active": "active", "sub": "running", "enabled": "enabled"}
    assert "dpkg" in found["packages"]
    assert found["virtualization"]["container"] is True
    assert found["disk"][0]["mount"] == "/"


STATES = f"""
cd /etc/systemd/system
printf '[Service]\\nExecStart=/bin/true\\n[Install]\\nWantedBy=multi-user.target\\n' | tee {UNIT}.service >{UNIT}@.service
systemctl --quiet enable {UNIT} {UNIT}@one
systemctl --quiet --runtime mask cron
systemctl daemon-reload
systemctl list-unit-files --type=service --plain --no-legend
"""


def test_services_of_facts_are_what_systemctl_says_of_them(inside):
    try:
        listed = [line.split()[:2] for line in inside.sh(STATES).splitlines()]
        told = inside.value("facts.get", names=["services"])
    finally:
        inside.sh(f"systemctl -q unmask --runtime cron; systemctl -q disable {UNIT} {UNIT}@one; "
                  f"rm /etc/systemd/system/{UNIT}*.service; systemctl daemon-reload")  # fmt: skip
    assert isinstance(told, dict)
    assert {name: told[name.removesuffix(".service")]["enabled"] for name, _ in listed} == dict(listed)
    assert told["ssh"]["active"] == "active"
