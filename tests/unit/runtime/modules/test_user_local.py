"""Accounts of the host's own files, by libuser's programs where the host has them.

Numbers are those of the list of behaviours. What the programs take was tried with libuser 0.64.
"""

from __future__ import annotations

import pytest

from sloth.runtime.failure import ActionFailed, BadArguments
from sloth.runtime.modules.user import known
from tests.actions import actions_of
from tests.doubles import FakeHost

user = actions_of("user")
NEW = "sloth-nobody"


@pytest.fixture
def files(tmp_path, monkeypatch):
    """The host's own files have the user ann and the group team. Nobody else, not even root."""
    (tmp_path / "passwd").write_text("annabel:x:1:1::/:/bin/sh\nann:x:1500:0:Ann:/home/ann:/bin/sh\ntorn:x\n")
    (tmp_path / "group").write_text("team:x:900:\n")
    monkeypatch.setattr(known, "PASSWD", str(tmp_path / "passwd"))
    monkeypatch.setattr(known, "GROUP", str(tmp_path / "group"))


@pytest.mark.parametrize(
    ("act", "arguments", "changes"),
    [
        pytest.param(user.create, {"name": NEW}, [f"luseradd -- {NEW}"], id="29 new"),
        pytest.param(user.create, {"name": NEW, "system": True}, [f"luseradd -M -r -- {NEW}"], id="29 of the system"),
        pytest.param(user.create, {"name": NEW, "groups": ["daemon", "adm"], "skel": "/dev/null"},
                     [f"luseradd -k /dev/null -- {NEW}", f"lgroupmod -M {NEW} -- adm", f"lgroupmod -M {NEW} -- daemon"],
                     id="29 its groups"),
        pytest.param(user.create, {"name": "root"}, ["luseradd -- root"], id="29 a name that only others have"),
        pytest.param(user.create, {"name": "ann", "shell": "/bin/sh"}, [], id="29 as wanted"),
        pytest.param(user.create, {"name": "ann", "shell": "/bin/bash", "group": "daemon", "groups": ["adm"]},
                     ["lusermod -g 1 -s /bin/bash -- ann", "lgroupmod -M ann -- adm"], id="29 what differs"),
        pytest.param(user.delete, {"name": "ann", "remove": True}, ["luserdel -r -- ann"], id="29 removed"),
        pytest.param(user.delete, {"name": "root"}, [], id="29 removed only here"),
        pytest.param(user.group_create, {"name": NEW, "gid": 47110}, [f"lgroupadd -g 47110 -- {NEW}"], id="32 new"),
        pytest.param(user.group_create, {"name": NEW, "system": True}, [f"lgroupadd -r -- {NEW}"], id="32 a low number"),
        pytest.param(user.group_create, {"name": "team"}, [], id="32 there"),
        pytest.param(user.group_create, {"name": "team", "gid": 47110}, ["lgroupmod -g 47110 -- team"], id="32 another number"),
        pytest.param(user.group_delete, {"name": "team"}, ["lgroupdel -- team"], id="32 removed"),
        pytest.param(user.group_delete, {"name": "root"}, [], id="32 removed only here"),
    ],
)  # fmt: skip
def test_only_the_hosts_own_files_count(files, act, arguments, changes):
    host = FakeHost(check=True)
    act(host, local=True, **arguments)
    assert host.changes == changes


@pytest.mark.parametrize(
    ("act", "arguments", "program"),
    [
        pytest.param(user.create, {"name": NEW}, "useradd", id="29 user"),
        pytest.param(user.delete, {"name": "ann"}, "userdel", id="29 removed"),
        pytest.param(user.group_create, {"name": NEW}, "groupadd", id="32 group"),
    ],
)
def test_without_libuser_the_usual_programs_do_it(files, act, arguments, program):
    host = FakeHost(check=True, programs=[])
    act(host, local=True, **arguments)
    assert host.changes[0].split()[0] == program


@pytest.mark.parametrize("arguments", [{"umask": "077"}, {"non_unique": True, "uid": 0}])
def test_29_what_libuser_cannot_do_is_refused(files, arguments):
    host = FakeHost()
    with pytest.raises(BadArguments, match="libuser has nothing for"):
        user.create(host, name=NEW, local=True, **arguments)
    assert host.changes == []


def test_29_a_group_that_nobody_has_fails_before_anything_is_changed(files):
    host = FakeHost()
    with pytest.raises(ActionFailed, match="no group sloth-none"):
        user.create(host, name=NEW, groups=["sloth-none"], local=True)
    assert host.changes == []
