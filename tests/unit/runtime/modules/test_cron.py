"""Jobs of cron; numbers are those of the list of behaviours."""

from __future__ import annotations

import os

import pytest

from sloth.runtime.crontab import Crontab, Entry, schedule
from sloth.runtime.failure import ActionFailed, BadArguments
from sloth.runtime.modules import cron
from sloth.runtime.process import Done
from tests.doubles import FakeHost, real_host

JOB = "#Ansible: backup\n30 2 * * * /bin/backup -a '50%' ü\n"
OTHERS = "MAILTO=root\n# by hand\n*/5 * * * * by-hand"
NONE = Done(1, b"", b"no crontab for root\n")


def host(text: str | Done, *, check: bool = False) -> FakeHost:
    return FakeHost({"crontab -l": text, "crontab -u ann -l": text, "crontab -": 0}, check=check)


ADD = {"name": "backup", "schedule": "30 2 * * *", "command": "/bin/backup -a '50%' ü"}


@pytest.mark.parametrize(
    ("before", "arguments", "after"),
    [
        pytest.param(NONE, ADD, JOB, id="33 no crontab yet"),
        pytest.param(JOB, ADD, None, id="33 there already"),
        pytest.param(OTHERS, ADD, OTHERS + "\n" + JOB, id="33 others kept, a missing last newline added"),
        pytest.param(JOB + OTHERS, {**ADD, "schedule": "daily"}, JOB.replace("30 2 * * *", "@daily") + OTHERS + "\n",
                     id="33 updated in its place"),
        pytest.param(OTHERS, {"name": "größer", "schedule": "reboot", "command": "echo ß"},
                     OTHERS + "\n#Ansible: größer\n@reboot echo ß\n", id="33 a special time, and letters beyond ASCII"),
        pytest.param(JOB, {**ADD, "disabled": True}, JOB.replace("30 2", "#30 2"), id="33 disabled is a comment"),
        pytest.param(JOB.replace("30 2", "#30 2"), ADD, JOB, id="33 enabled again"),
        pytest.param(OTHERS, {**ADD, "env": {"PATH": "/bin"}}, 'PATH="/bin"\n' + OTHERS + "\n" + JOB, id="33 env at the top"),
        pytest.param("#Ansible: backup\n", ADD, JOB, id="33 a name without its job"),
        pytest.param("#Ansible: a\n#Ansible: backup\n1 1 1 1 1 x\n", {**ADD, "name": "a"},
                     JOB.replace("backup\n", "a\n", 1) + "#Ansible: backup\n1 1 1 1 1 x\n", id="33 a name before another"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("check", [False, True])
def test_a_job_is_there_once_and_all_else_stays(before, arguments, after, check):
    one = host(before, check=check)
    cron.add(one, **arguments)
    assert one.changes == ([] if after is None else ["change the crontab of the current user"])
    assert one.stdins == ([] if after is None or check else [after])


@pytest.mark.parametrize(
    ("act", "before", "after"),
    [
        pytest.param(cron.remove, JOB + OTHERS, OTHERS + "\n", id="remove"),
        pytest.param(cron.remove, OTHERS, None, id="remove what is not there"),
        pytest.param(cron.remove, NONE, None, id="remove without a crontab"),
        pytest.param(cron.disable, JOB, JOB.replace("30 2", "#30 2"), id="disable"),
        pytest.param(cron.enable, JOB, None, id="enabled already"),
    ],
)
def test_33_by_its_name_a_job_goes_and_is_turned_off(act, before, after):
    one = host(before)
    act(one, name="backup")
    assert one.stdins == ([] if after is None else [after])


def test_what_is_not_there_cannot_be_turned_off():
    with pytest.raises(ActionFailed, match="there is no job 'nosuch'"):
        cron.disable(host(JOB), name="nosuch")
    check = host(JOB, check=True)
    cron.disable(check, name="nosuch")
    assert check.unknown


def test_33_a_users_crontab_is_asked_for_by_name():
    one = host(NONE)
    cron.add(one, user="ann", **ADD)
    assert one.made == ["crontab -u ann -"]


@pytest.mark.parametrize(
    ("before", "value", "after"),
    [
        pytest.param("A=1\n* * * * * x\n", "2", 'A="2"\n* * * * * x\n', id="33 in its place"),
        pytest.param('A="2"\n', "2", None, id="as it is"),
        pytest.param("A=1\nB=1\nA=3\n", "2", 'A="2"\nB=1\n', id="twice"),
        pytest.param("A=1\n* * * * * x\n", None, "* * * * * x\n", id="gone"),
        pytest.param("* * * * * x\n", None, None, id="gone already"),
    ],
)
def test_33_a_variable_is_set_and_jobs_stay(before, value, after):
    one = host(before)
    cron.env(one, name="A", value=value)
    assert one.stdins == ([] if after is None else [after])


def test_jobs_are_listed_with_their_state():
    entries = Crontab("#Ansible: a b\n#@daily ann run me\n#Ansible: c\n1 2 3 4 5 bob x y\n# c\n", has_users=True).entries()
    assert [entry.plain() for entry in entries] == [
        {"name": "a b", "schedule": "@daily", "command": "run me", "disabled": True, "user": "ann"},
        {"name": "c", "schedule": "1 2 3 4 5", "command": "x y", "disabled": False, "user": "bob"},
    ]
    assert Entry("n", "@daily", "x", "ann").line() == "@daily ann x"
    assert cron.exists(host(JOB), name="backup")
    assert not cron.exists(host(JOB), name="other")


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """Cron's own folder; its files belong to whom we are."""
    monkeypatch.setattr(cron, "_FOLDER", str(tmp_path))
    monkeypatch.setattr(cron, "_OWNER", os.geteuid())
    return tmp_path


@pytest.mark.parametrize(
    ("before", "after"),
    [
        pytest.param(None, "#Ansible: backup\n30 2 * * * root /bin/backup -a '50%' ü\n", id="33 a new file, of root"),
        pytest.param("A=1\n# by hand\n* * * * * ann x",
                     "A=1\n# by hand\n* * * * * ann x\n#Ansible: backup\n30 2 * * * root /bin/backup -a '50%' ü\n",
                     id="33 others kept"),
    ],
)  # fmt: skip
def test_a_job_in_a_file_has_a_user_and_the_file_the_mode_that_cron_wants(folder, before, after):
    path = folder / "jobs"
    if before is not None:
        path.write_text(before)
        path.chmod(0o600)
    for check, changed, text in ((True, True, before), (False, True, after), (False, False, after)):
        one = real_host(check=check, diff=True)
        cron.add(one, cron_file="jobs", **ADD)
        assert (bool(one.changes), path.read_text() if path.exists() else None) == (changed, text)
    assert path.stat().st_mode & 0o7777 == 0o644


def test_33_a_file_that_has_become_empty_goes_and_one_that_was_never_there_is_fine(folder):
    cron.add(real_host(), cron_file="jobs", user="ann", **ADD)
    assert "* ann /bin/backup" in (folder / "jobs").read_text()
    for changes in (1, 0):
        one = real_host()
        cron.remove(one, name="backup", cron_file="jobs")
        assert (len(one.changes), list(folder.iterdir())) == (changes, [])


def test_33_the_crontab_of_the_system_is_emptied_and_never_deleted(folder, monkeypatch):
    monkeypatch.setattr(cron, "_SYSTEM", f"{folder}/crontab")
    (folder / "crontab").write_text("#Ansible: backup\n1 1 * * * root x\n")
    cron.remove(real_host(), name="backup", cron_file=f"{folder}/crontab")
    assert (folder / "crontab").read_text() == ""


@pytest.mark.parametrize("text", ["* * * * *", "*/5 0-6/2 1,15 jan-mar mon", "0 0 1 1 7", "@daily", "reboot"])
def test_a_schedule_that_cron_knows(text):
    assert schedule(text)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        pytest.param("* * * *", "4 fields", id="too few"),
        pytest.param("60 * * * *", "'60' is no minute", id="minute"),
        pytest.param("* 5-2 * * *", "'5-2' is no hour", id="backwards"),
        pytest.param("*/0 * * * *", "is no minute", id="step of nothing"),
        pytest.param("5/2 * * * *", "is no minute", id="step of one number"),
        pytest.param("* * * feb2 *", "is no month", id="month"),
        pytest.param("often", "no schedule", id="a word"),
    ],
)
def test_a_schedule_that_cron_does_not_know_is_explained(text, why):
    with pytest.raises(BadArguments, match=why):
        schedule(text)


def test_validate_schedule_answers_and_does_not_raise_for_a_misuse():
    assert cron.validate_schedule(host(JOB), schedule="*/5 * * * *") is True
    with pytest.raises(ActionFailed, match="it has 3 fields") as failed:
        cron.validate_schedule(host(JOB), schedule="* * *")
    assert not isinstance(failed.value, BadArguments)  # which even a query raises; this is `nil, "why"` in Lua


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        pytest.param({"command": "a\nb"}, "one line", id="two lines"),
        pytest.param({"name": ""}, "not empty", id="no name"),
        pytest.param({"cron_file": "my.file"}, "letters, digits", id="33 a dot in the file's name"),
        pytest.param({"cron_file": "../passwd"}, "letters, digits", id="out of the folder"),
        pytest.param({"env": {"A B": "1"}}, "no name of a variable", id="a variable"),
    ],
)
def test_what_would_break_a_crontab_is_refused(arguments, why):
    one = host(JOB)
    with pytest.raises(BadArguments, match=why):
        cron.add(one, **{**ADD, **arguments})
    assert one.made == []


def test_a_refusal_without_root_says_so(monkeypatch):
    one = FakeHost({"crontab -u ann -l": Done(1, b"", b"must be privileged to use -u\n")})
    with pytest.raises(ActionFailed, match="must be privileged"):
        cron.list_(one, user="ann")
