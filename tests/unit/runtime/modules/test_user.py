"""Users and groups: what is not there is made, what is there is left, secrets never reach an argument.

Numbers are those of the list of behaviours.
"""

from __future__ import annotations

import pwd

import pytest

from sloth.runtime.failure import ActionFailed, BadArguments
from tests.actions import actions_of
from tests.doubles import FakeHost

user = actions_of("user")


HASH = "$6$salt$" + "x" * 86
NEW = "sloth-nobody"  # an account that no machine has
ROOT = pwd.getpwuid(0)


@pytest.mark.parametrize(
    ("arguments", "argv"),
    [
        pytest.param({}, "useradd -m -- " + NEW, id="27 new"),
        pytest.param({"system": True}, "useradd -M -r -- " + NEW, id="27 a system user has no home"),
        pytest.param({"system": True, "create_home": True}, "useradd -m -r -- " + NEW, id="27 unless asked for"),
        pytest.param({"skel": "/dev/null"}, "useradd -m -k /dev/null -- " + NEW, id="27 no first files"),
        pytest.param({"umask": "077"}, "useradd -m -K UMASK=077 -- " + NEW, id="27 closed home"),
        pytest.param({"groups": ["daemon"], "group": "0"}, f"useradd -m -g root -G daemon -- {NEW}", id="29 groups"),
        pytest.param({"comment": "A B", "shell": "/bin/sh"}, f"useradd -m -s /bin/sh -c A B -- {NEW}", id="fields"),
    ],
)
@pytest.mark.parametrize("check", [False, True])
def test_a_new_user_is_made_with_one_useradd(arguments, argv, check):
    host = FakeHost(check=check)
    user.create(host, name=NEW, **arguments)
    assert host.changes == [argv]
    assert host.made == ([] if check else [argv])


def test_28_a_password_goes_through_a_pipe_and_into_no_note():
    host = FakeHost()
    user.create(host, name=NEW, password=HASH)
    assert host.stdins[-1] == f"{NEW}:{HASH}\n"
    assert HASH not in " ".join(host.made + host.changes + host.commands)


def test_28_plain_text_in_the_place_of_a_hash_is_warned_of_without_telling_it():
    host = FakeHost(check=True)
    user.create(host, name=NEW, password="correct horse")
    assert "plain text" in host.warnings[0]
    assert "correct horse" not in host.warnings[0]


@pytest.mark.parametrize("password", ["", "a:b", "a\nroot:x"])
def test_what_cannot_be_a_password_field_is_refused(password):
    host = FakeHost()
    with pytest.raises(BadArguments):
        user.create(host, name=NEW, password=password)
    assert host.changes == []


def test_a_user_who_is_there_stays_as_he_is():
    host = FakeHost()
    result = user.create(host, name="root", shell=ROOT.pw_shell, home=ROOT.pw_dir)
    assert host.changes == []
    assert result["uid"] == 0


def test_28_on_create_leaves_the_password_of_a_user_who_is_there():
    host = FakeHost()
    user.create(host, name="root", password=HASH, update_password="on_create")
    assert host.changes == []


@pytest.mark.parametrize("arguments", [{"groups": ["nosuch"]}, {"group": "nosuch"}, {"comment": "a:b"}, {"uid": 0}])
def test_29_what_cannot_be_fails_before_anything_is_changed(arguments):
    host = FakeHost()
    with pytest.raises(ActionFailed):
        user.create(host, name=NEW, **arguments)
    assert host.changes == []


@pytest.mark.parametrize(
    ("name", "arguments", "changes"),
    [
        pytest.param(NEW, {}, [], id="27 gone already"),
        pytest.param("root", {}, ["userdel -- root"], id="there"),
        pytest.param("root", {"remove": True, "force": True}, ["userdel -r -f -- root"], id="27 with home"),
    ],
)
def test_delete_takes_only_who_is_there(name, arguments, changes):
    host = FakeHost(check=True)
    user.delete(host, name=name, **arguments)
    assert host.changes == changes


@pytest.mark.parametrize(
    ("arguments", "changes"),
    [
        pytest.param({"name": "root"}, [], id="32 there"),
        pytest.param({"name": "root", "gid": 0}, [], id="32 there with its gid"),
        pytest.param({"name": NEW}, [f"groupadd -- {NEW}"], id="new"),
        pytest.param({"name": NEW, "gid": 47110, "system": True}, [f"groupadd -r -g 47110 -- {NEW}"], id="with a gid"),
        pytest.param({"name": "root", "gid": 47110}, ["groupmod -g 47110 -- root"], id="another gid"),
        pytest.param({"name": NEW, "gid": 0, "non_unique": True}, [f"groupadd -g 0 -o -- {NEW}"], id="32 shared gid"),
    ],
)
def test_a_group_is_made_or_changed_only_where_it_differs(arguments, changes):
    host = FakeHost(check=True)
    user.group_create(host, **arguments)
    assert host.changes == changes


def test_32_the_gid_of_another_group_is_refused():
    with pytest.raises(ActionFailed, match="that of root"):
        user.group_create(FakeHost(), name=NEW, gid=0)


def test_32_a_primary_group_is_removed_only_by_force():
    with pytest.raises(ActionFailed, match="primary group of root"):
        user.group_delete(FakeHost(), name="root")
    host = FakeHost(check=True)
    user.group_delete(host, name="root", force=True)
    user.group_delete(host, name=NEW)
    assert host.changes == ["groupdel -f -- root"]


def test_queries_tell_who_is_there():
    host = FakeHost()
    assert user.exists(host, name="root")
    assert not user.exists(host, name=NEW)
    assert user.get_groups(host, name="root")[0] == "root"
    assert "root" in user.group_members(host, name="root")
    assert [one["name"] for one in user.list(host, system=True)].count("root") == 1
    with pytest.raises(ActionFailed, match=f"no user {NEW}"):
        user.get_info(host, name=NEW)


def test_keys_for_a_user_yet_to_be_made_are_foretold_in_check_mode():
    key = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4"
    host = FakeHost(check=True)
    user.authorized_key(host, user=NEW, key=[key])
    assert len(host.changes) == 1
    with pytest.raises(ActionFailed, match=f"no user {NEW}"):
        user.authorized_key(FakeHost(), user=NEW, key=[key])
