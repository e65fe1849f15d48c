"""Accounts: what differs from what is wanted, and how passwords and days are read.

Numbers are those of the list of behaviours.
"""

from __future__ import annotations

import pwd

import pytest

from sloth.runtime.failure import ActionFailed, BadArguments
from sloth.runtime.modules.user import known
from sloth.runtime.modules.user.known import Account, Profile, Shadow
from tests.doubles import FakeHost

HASH = "$6$salt$" + "x" * 86


def account(groups=(), gid=0, **fields):
    entry = {"name": "ann", "uid": 1500, "gid": gid, "gecos": "Ann", "dir": "/home/ann", "shell": "/bin/sh", **fields}
    return Account(
        pwd.struct_passwd(
            (entry["name"], "x", entry["uid"], entry["gid"], entry["gecos"], entry["dir"], entry["shell"])
        ),
        groups,
    )


@pytest.mark.parametrize(
    ("profile", "groups", "options"),
    [
        pytest.param({}, (), [], id="27 nothing wanted"),
        pytest.param({"shell": "/bin/sh", "comment": "Ann", "uid": 1500}, (), [], id="27 all as wanted"),
        pytest.param({"shell": "/bin/bash"}, (), ["-s", "/bin/bash"], id="another shell"),
        pytest.param({"home": "/srv/ann"}, (), ["-d", "/srv/ann"], id="27 another home stays where it is"),
        pytest.param({"home": "/srv/ann", "move_home": True}, (), ["-d", "/srv/ann", "-m"], id="27 moved when asked"),
        pytest.param({"home": "/home/ann", "move_home": True}, (), [], id="27 there already"),
        pytest.param({"uid": 7, "non_unique": True}, (), ["-o", "-u", "7"], id="shared uid"),
        pytest.param({"groups": ["a", "b"]}, ("a",), ["-G", "a,b"], id="29 added"),
        pytest.param({"groups": ["a"]}, ("a", "b"), ["-G", "a"], id="29 extras go"),
        pytest.param({"groups": ["a"], "append": True}, ("a", "b"), [], id="29 append leaves extras"),
        pytest.param({"groups": ["a", "c"], "append": True}, ("a", "b"), ["-a", "-G", "c"], id="29 append adds"),
        pytest.param({"groups": []}, ("a",), ["-G", ""], id="29 empty clears"),
        pytest.param({"groups": []}, (), [], id="29 empty already"),
        pytest.param({"append": True}, ("a",), [], id="29 append without groups"),
        pytest.param({"groups": ["root", "a"]}, ("a",), [], id="29 the primary group counts"),
        pytest.param({"group": "root"}, (), [], id="29 primary group as wanted"),
        pytest.param({"group": "daemon"}, (), ["-g", "daemon"], id="29 another primary group"),
    ],
)
def test_usermod_gets_only_what_differs(profile, groups, options):
    assert Profile(**profile).differing(account(groups)) == options


@pytest.mark.parametrize(
    ("current", "wanted", "becomes"),
    [
        pytest.param(HASH, HASH, None, id="28 equal is not set again"),
        pytest.param("!", HASH, HASH, id="28 none yet"),
        pytest.param(HASH, "!", "!", id="28 none any more"),
        pytest.param("*", "*", None, id="28 star"),
        pytest.param("!" + HASH, HASH, None, id="28 a locked one keeps its hash and its lock"),
        pytest.param("!" + HASH, "$6$o$" + "y" * 86, "!$6$o$" + "y" * 86, id="28 another hash leaves the lock"),
    ],
)
def test_a_password_is_compared_by_its_hash(current, wanted, becomes):
    assert known.new_password(current, wanted) == becomes


@pytest.mark.parametrize(
    ("password", "is_hash"),
    [
        pytest.param(HASH, True, id="sha512"),
        pytest.param("$y$j9T$abc$def", True, id="yescrypt"),
        pytest.param("$2b$12$" + "a" * 53, True, id="bcrypt"),
        pytest.param("!" + HASH, True, id="locked"),
        pytest.param("*", True, id="star"),
        pytest.param("!", True, id="bang"),
        pytest.param("abJnggxhB/yWI", True, id="des"),
        pytest.param("secret", False, id="28 plain text"),
        pytest.param("correct horse battery", False, id="28 plain text with blanks"),
        pytest.param("$ecret", False, id="28 plain text with a dollar"),
    ],
)
def test_plain_text_is_told_from_a_hash(password, is_hash):
    assert known.looks_hashed(password) is is_hash


@pytest.mark.parametrize(
    ("when", "day"),
    [
        pytest.param("never", -1, id="never"), pytest.param(-1, -1, id="30 -1"), pytest.param(0, 0, id="30 epoch"),
        pytest.param(86400 * 3 + 5, 3, id="30 seconds"), pytest.param("2030-01-01", 21915, id="date"),
    ],
)  # fmt: skip
def test_expiry_is_a_day(when, day):
    assert known.expiry_day(when) == day


@pytest.mark.parametrize("when", ["tomorrow", "2030-02-31", -5])
def test_what_is_no_date_is_refused(when):
    with pytest.raises(BadArguments, match="2030-12-31"):
        known.expiry_day(when)


@pytest.mark.parametrize(
    ("wanted", "options"),
    [
        pytest.param({"least": 1, "most": 90, "warn": 7}, ["-m", "1", "-M", "90"], id="30 all in one call"),
        pytest.param({"most": None, "warn": 7}, [], id="as wanted"),
        pytest.param({"expires": -1}, [], id="30 never already"),
        pytest.param({"expires": 0}, ["-E", "0"], id="30 the epoch's day"),
    ],
)
def test_days_that_differ_are_set(wanted, options):
    assert known.ageing(Shadow("*", least="0", most="99999", warn="7", expires=""), wanted) == options


def test_shadow_is_read_by_line(tmp_path):
    path = tmp_path / "shadow"
    path.write_text("annabel:!:1:0:99999:7:::\nann:$6$a$b:2:1:90:14::21915:\nold:x:1\n")
    found = known.shadow("ann", str(path))
    assert found is not None
    assert (found.password, found.least, found.most, found.warn, found.expires) == ("$6$a$b", "1", "90", "14", "21915")
    short = known.shadow("old", str(path))
    assert short is not None
    assert short.expires == ""


@pytest.mark.parametrize("name", ["nosuch", "ann"])
def test_30_an_account_without_a_shadow_entry_has_none(tmp_path, name):
    path = tmp_path / "shadow"
    path.write_text("annabel:!:1:0:99999:7:::\n")
    assert known.shadow(name, str(path)) is None
    assert known.shadow(name, str(tmp_path / "none")) is None


def test_29_an_unknown_group_fails_before_anything_and_warns_in_check_mode():
    with pytest.raises(ActionFailed, match="no group nosuch"):
        Profile(groups=["root", "nosuch"]).resolve(FakeHost(), "ann")
    host = FakeHost(check=True)
    Profile(groups=["nosuch"]).resolve(host, "ann")
    assert "nosuch" in host.warnings[0]


def test_29_groups_may_be_given_by_number_and_several_in_one_string():
    profile = Profile(groups=["0", "daemon, root"])
    profile.resolve(FakeHost(), "ann")
    assert profile.groups == ["daemon", "root"]


def test_the_uid_of_another_is_refused_unless_shared():
    with pytest.raises(ActionFailed, match="root's"):
        Profile(uid=0).resolve(FakeHost(), "ann")
    Profile(uid=0).resolve(FakeHost(), "root")
    Profile(uid=0, non_unique=True).resolve(FakeHost(), "ann")


@pytest.mark.parametrize("name", ["", "-x", "a:b", "a\nb", "a b", "123", "a/b"])
def test_what_cannot_be_a_name_is_refused(name):
    with pytest.raises(BadArguments, match="cannot be the name"):
        known.check_name("user", name)
