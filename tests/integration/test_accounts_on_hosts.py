"""Accounts, jobs and units on a real Debian host, where they are at their oddest.

Numbers are those of the list of behaviours.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.applying import Inside, remote
from tests.lab.fleet import Lab
from tests.lab.host import Host

pytestmark = pytest.mark.lab

USER, TEAM, UNIT = "sloth-odd", "sloth-odd-team", "sloth-odd"
UNITS = "/usr/local/lib/systemd/system"
CLEAN = f"""
pkill -u {USER}; userdel -rf {USER} 2>/dev/null; groupdel {USER} 2>/dev/null; groupdel {TEAM} 2>/dev/null
[ -e /root/crontab.system ] && mv /root/crontab.system /etc/crontab
rm -rf /etc/cron.d/sloth-odd /home/{USER}*
systemctl stop '{UNIT}*' 2>/dev/null
rm -f {UNITS}/{UNIT}* /etc/systemd/system/{UNIT}* /etc/systemd/system/*.wants/{UNIT}* /run/systemd/system/*.wants/{UNIT}*
systemctl daemon-reload; systemctl reset-failed; true
"""


@pytest.fixture
def inside(lab: Lab, lab_hosts: list[Host], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Inside]:
    with remote(lab, lab_hosts[0], tmp_path_factory.mktemp("project")) as one:
        one.sh(CLEAN)
        yield Inside(one)
        one.sh(CLEAN)


def field(inside: Inside, database: str, number: int) -> str:
    return inside.sh(f"getent {database} {USER} | cut -d: -f{number}").strip()


def test_27_a_system_user_has_a_low_number_and_no_home(inside):
    inside.settles("user.create", name=USER, system=True)
    assert int(field(inside, "passwd", 3)) < 1000
    assert inside.sh(f"ls -d /home/{USER} 2>/dev/null; true") == ""


def test_27_a_home_moves_only_when_it_is_told_to(inside):
    inside.ok("user.create", name=USER)
    inside.sh(f"touch /home/{USER}/mine")
    inside.settles("user.create", name=USER, home=f"/home/{USER}-2")
    assert inside.sh(f"ls -d /home/{USER}*").split() == [f"/home/{USER}"]
    inside.settles("user.create", name=USER, home=f"/home/{USER}")
    inside.settles("user.create", name=USER, home=f"/home/{USER}-3", move_home=True)
    assert inside.sh(f"ls /home/{USER}-3") == "mine\n"


def test_27_who_is_at_work_is_removed_by_force_alone(inside):
    inside.ok("user.create", name=USER)
    inside.sh(f"setsid runuser -u {USER} sleep 1000 >/dev/null 2>&1 & sleep 0.5")
    assert "currently used" in inside.fails("user.delete", name=USER, remove=True)
    inside.settles("user.delete", name=USER, remove=True, force=True)


@pytest.mark.parametrize("mark", ["!", "*"])
def test_28_a_mark_that_no_password_fits_is_one(inside, mark):
    inside.settles("user.create", name=USER, password=mark)
    assert field(inside, "shadow", 2) == mark


def test_29_groups_are_added_replaced_and_cleared(inside):
    inside.ok("user.group_create", name=TEAM, gid=47113)
    inside.settles("user.create", name=USER, groups=["users", "47113"])
    assert inside.value("user.get_groups", name=USER) == [USER, TEAM, "users"]
    inside.settles("user.create", name=USER, groups=["adm"], append=True)
    inside.settles("user.create", name=USER, groups=["adm"])
    assert inside.value("user.get_groups", name=USER) == [USER, "adm"]
    assert inside.ok("user.create", name=USER, append=True).changes == []
    inside.settles("user.create", name=USER, groups="")
    inside.settles("user.create", name=USER, group="47113")
    assert inside.value("user.get_groups", name=USER) == [TEAM]
    before = inside.sh("cat /etc/passwd /etc/group")
    assert "no group sloth-none" in inside.fails("user.create", name=USER, shell="/bin/sh", groups=["adm", "sloth-none"])
    assert inside.sh("cat /etc/passwd /etc/group") == before


def test_30_an_account_without_a_shadow_entry_is_told_and_no_crash(inside):
    inside.ok("user.create", name=USER)
    inside.sh(f"sed -i /^{USER}:/d /etc/shadow")
    ended = inside.ok("user.create", name=USER, expires="2030-01-01", password_max_days=9)
    assert ended.changes == []
    assert "no entry in /etc/shadow" in inside.fails("user.lock", name=USER)


def test_30_all_days_are_set_in_one_call(inside):
    days = {"password_min_days": 1, "password_max_days": 90, "password_warn_days": 14}
    changes = inside.settles("user.create", name=USER, **days)
    assert [change.split()[0] for change in changes] == ["useradd", "chage"]
    assert [field(inside, "shadow", number) for number in (4, 5, 6)] == ["1", "90", "14"]


def test_32_a_number_is_shared_only_when_it_is_told_to(inside):
    assert "that of users" in inside.fails("user.group_create", name=TEAM, gid=100)
    inside.settles("user.group_create", name=TEAM, gid=100, non_unique=True)
    inside.sh(f"groupdel {TEAM}")
    inside.settles("user.group_create", name=TEAM, system=True)
    assert int(inside.sh(f"getent group {TEAM} | cut -d: -f3")) < 1000


def test_32_a_primary_group_goes_by_force_alone(inside):
    inside.ok("user.group_create", name=TEAM)
    inside.ok("user.create", name=USER, group=TEAM)
    assert f"primary group of {USER}" in inside.fails("user.group_delete", name=TEAM)
    inside.settles("user.group_delete", name=TEAM, force=True)


def test_33_a_job_in_a_file_of_cron_is_as_cron_wants_it(inside):
    job = {"name": "größer", "schedule": "5 4 * * *", "command": "echo 50\\% 'ü' \"$x\"", "cron_file": "sloth-odd", "user": USER}
    inside.settles("cron.add", **job)
    assert inside.sh("stat -c '%a %U %G' /etc/cron.d/sloth-odd; cat /etc/cron.d/sloth-odd") == (
        f"644 root root\n#Ansible: größer\n5 4 * * * {USER} echo 50\\% 'ü' \"$x\"\n"
    )
    inside.settles("cron.env", name="MAILTO", value="", cron_file="sloth-odd")
    inside.settles("cron.add", **{**job, "disabled": True})
    inside.settles("cron.remove", name="größer", cron_file="sloth-odd")
    inside.settles("cron.env", name="MAILTO", cron_file="sloth-odd")
    assert inside.sh("ls /etc/cron.d/sloth-odd 2>/dev/null; true") == ""
    assert inside.ok("cron.remove", name="größer", cron_file="sloth-odd").changes == []


def test_33_a_crontab_keeps_what_others_wrote(inside):
    inside.ok("user.create", name=USER)
    inside.sh(f"printf 'A=1\\n# by hand\\n1 1 * * * true' | crontab -u {USER} - || printf 'A=1\\n# by hand\\n1 1 * * * true\\n' | crontab -u {USER} -")
    inside.settles("cron.add", name="x", schedule="reboot", command="true", user=USER)
    inside.settles("cron.env", name="B", value="2", user=USER)
    assert inside.sh(f"crontab -u {USER} -l") == 'B="2"\nA=1\n# by hand\n1 1 * * * true\n#Ansible: x\n@reboot true\n'


def test_33_the_crontab_of_the_system_is_never_deleted(inside):
    inside.sh("mv /etc/crontab /root/crontab.system; printf '#Ansible: x\\n1 1 * * * root true\\n' > /etc/crontab")
    inside.settles("cron.remove", name="x", cron_file="/etc/crontab")
    assert inside.sh("stat -c '%s %a' /etc/crontab") == "0 644\n"


SLEEP = "[Service]\\nExecStart=/bin/sleep 1000\\n[Install]\\nWantedBy=multi-user.target\\n"


def test_40_an_instance_of_a_template_is_a_unit_like_any_other(inside):
    inside.sh(f"mkdir -p {UNITS}; printf '{SLEEP}' > {UNITS}/{UNIT}@.service; systemctl daemon-reload")
    assert inside.settles("systemd.running", name=f"{UNIT}@100.service") == [
        f"systemctl enable {UNIT}@100.service", f"systemctl start {UNIT}@100.service"
    ]  # fmt: skip
    assert f"{UNIT}@one" in inside.fails("systemd.start", name=f"{UNIT}@")


def test_40_an_alias_and_what_is_enabled_until_the_next_boot(inside):
    inside.sh(f"mkdir -p {UNITS}; printf '{SLEEP}Alias={UNIT}-alias.service\\n' > {UNITS}/{UNIT}.service; systemctl daemon-reload")
    inside.sh(f"systemctl --runtime -q enable {UNIT}")
    assert inside.settles("systemd.enable", name=UNIT) == [f"systemctl enable {UNIT}"]
    assert inside.ok("systemd.enable", name=f"{UNIT}-alias").changes == []
    inside.settles("systemd.disable", name=UNIT)


def test_40_a_unit_that_was_written_a_moment_ago_is_known(inside):
    inside.sh(f"mkdir -p {UNITS}; printf '{SLEEP}' > {UNITS}/{UNIT}.service; systemctl daemon-reload; systemctl start {UNIT}")
    inside.sh(f"printf '{SLEEP}' | sed s/1000/2000/ > {UNITS}/{UNIT}.service")
    assert list(inside.ok("systemd.restart", name=UNIT).changes) == ["systemctl daemon-reload", f"systemctl restart {UNIT}"]
