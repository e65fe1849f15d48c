"""A job that goes on alone: how it outlives the login that began it."""

from __future__ import annotations

import pwd

import pytest

from sloth.runtime.detached import kept_alive
from sloth.runtime.failure import ActionFailed

USER = next(one for one in pwd.getpwall() if one.pw_uid)
OF_LOGIN = "0::/user.slice/user-1000.slice/session-7.scope\n"


@pytest.fixture
def login(tmp_path):
    """The files that tell of a login session, and of users who may leave something behind."""
    (tmp_path / "cgroup").write_text(OF_LOGIN)
    (tmp_path / "linger").mkdir()
    return {"cgroup": str(tmp_path / "cgroup"), "lingering": str(tmp_path / "linger")}


@pytest.mark.parametrize(
    ("cgroup", "ends"),
    [(OF_LOGIN, False), ("0::/system.slice/ssh.service\n", True), ("", True)],
    ids=["nobody ends it", "no session of logind", "no cgroup"],
)
def test_where_nobody_ends_it_a_job_needs_no_help(login, tmp_path, cgroup, ends):
    (tmp_path / "cgroup").write_text(cgroup)
    assert kept_alive(1000, lambda: ends, **login) == []


def test_roots_job_gets_a_scope_of_the_system(login):
    assert kept_alive(0, lambda: True, **login)[:2] == ["systemd-run", "--scope"]


def test_a_user_who_may_leave_something_behind_gets_a_scope_of_their_own(login, tmp_path):
    (tmp_path / "linger" / USER.pw_name).touch()
    assert kept_alive(USER.pw_uid, lambda: True, **login)[:3] == ["systemd-run", "--user", "--scope"]


def test_any_other_user_is_told_what_to_do(login):
    with pytest.raises(ActionFailed, match=f"loginctl enable-linger {USER.pw_name}"):
        kept_alive(USER.pw_uid, lambda: True, **login)
