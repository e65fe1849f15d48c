"""The manager of a user: reached through a socket of its own, or told to be missing.

Numbers are those of the list of behaviours.
"""

from __future__ import annotations

import os

import pytest

from sloth.runtime import units
from sloth.runtime.failure import ActionFailed
from tests.actions import actions_of
from tests.doubles import FakeHost

systemd = actions_of("systemd")


@pytest.fixture
def of_users(tmp_path, monkeypatch):
    """Where the managers of users are reached."""
    monkeypatch.setattr(units, "_OF_USERS", str(tmp_path))
    return tmp_path


def test_40_the_users_own_manager_is_asked_through_its_socket(of_users):
    (of_users / str(os.geteuid())).mkdir()
    host = FakeHost({"env XDG_RUNTIME_DIR": "LoadState=loaded\nActiveState=active\n"})
    systemd.start(host, name=["web"], scope="user")
    assert "systemctl --user show" in host.commands[0]


def test_40_where_the_users_own_manager_does_not_run_it_is_told_how_it_does(of_users):
    calls = [
        lambda host: systemd.running(host, name=["web"], scope="user"),
        lambda host: systemd.daemon_reload(host, scope="user"), lambda host: systemd.list_services(host, scope="user"),
    ]  # fmt: skip
    for call in calls:
        with pytest.raises(ActionFailed, match=f"there is no {of_users}.*`loginctl enable-linger"):
            call(FakeHost())
        check = FakeHost(check=True)
        call(check)
        assert "(yet)" in check.warnings[0]
        assert check.commands == []
