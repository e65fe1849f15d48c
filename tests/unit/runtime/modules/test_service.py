"""service: the same words for OpenRC and System V (their command lines, with doubles) as for systemd.

Both are tried on hosts that they started in tests/integration/test_services_without_systemd.py; chkconfig is not.

Numbers are those of the list of behaviours.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from sloth.runtime import services
from sloth.runtime.failure import ActionFailed, BadArguments
from sloth.runtime.modules import service
from tests.doubles import FakeHost, SystemdHost

# What these tools print on Alpine 3.20 (OpenRC 0.54) and Debian 12 without systemd.
UPDATE = "              nginx | default\n            networking | boot\n              cron |\n"
SHOW = "Id=nginx.service\nLoadState=loaded\nActiveState={}\nSubState=running\nMainPID=1\n"


class OpenRC(FakeHost):
    """An Alpine host: a service `nginx` that runs, or whose status ends with `otherwise`."""

    def __init__(self, *, runs: bool, check: bool = False, otherwise: int = 3) -> None:
        answers = {
            "rc-service --exists nginx": 0, "rc-service --exists cron": 0, "rc-update show": UPDATE,
            "rc-service nginx status": 0 if runs else otherwise, "rc-service cron status": 3,
        }  # fmt: skip
        super().__init__(answers, check=check, programs=["rc-service", "rc-update"])

    def finds(self, pattern: str) -> bool:
        return False


@pytest.mark.parametrize(
    ("action", "name", "runs", "made"),
    [
        (service.running, "nginx", True, []),
        (service.running, "nginx", False, ["rc-service nginx start"]),
        (service.running, "cron", False, ["rc-update add cron default", "rc-service cron start"]),
        (service.stop, "nginx", True, ["rc-service nginx stop"]),
        (service.stop, "cron", True, []),
        (service.restart, "nginx", True, ["rc-service nginx restart"]),
        (service.reload, "nginx", True, ["rc-service nginx reload"]),
        (service.enable, "nginx", True, []),
        (service.disable, "nginx", True, ["rc-update del nginx default"]),
        (service.disable, "cron", True, []),
    ],
)
@pytest.mark.parametrize("check", [False, True])
def test_40_openrc(action, name, runs, made, check):
    host = OpenRC(runs=runs, check=check)
    action(host, name=[name])
    assert host.changes == made


@pytest.mark.parametrize("code", [32, 64], ids=["crashed", "unsupervised"])
def test_what_openrc_has_lost_is_reset_as_it_would_start_nothing(code):
    host = OpenRC(runs=False, otherwise=code)
    service.start(host, name=["nginx"])
    assert host.changes == ["rc-service nginx zap", "rc-service nginx start"]


@pytest.mark.parametrize("name", ["", "../../bin/true", "--help", "a b"])
def test_what_cannot_be_a_name_is_refused(name):
    for action in (service.start, service.reload):
        with pytest.raises(BadArguments, match="cannot be the name of a service"):
            action(OpenRC(runs=True), name=[name])


def test_a_script_that_knows_no_status_is_not_asked_for_it(etc):
    host = SysV(programs=[])
    assert service.status(host, name="app")["active"] is False
    assert host.commands == []


def test_openrc_is_asked():
    host = OpenRC(runs=True)
    assert service.status(host, name="nginx") == {"name": "nginx", "exists": True, "active": True, "enabled": True}
    assert service.status(host, name="cron") == {"name": "cron", "exists": True, "active": False, "enabled": False}
    assert service.status(host, name="none")["exists"] is False


class SysV(FakeHost):
    def __init__(self, *, programs: list[str]) -> None:
        super().__init__({}, programs=programs)

    def finds(self, pattern: str) -> bool:
        return pattern.endswith("init.d") or (super().finds(pattern) and "systemd" not in pattern)


@pytest.fixture
def etc(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "init.d").mkdir()
    (tmp_path / "rc2.d").mkdir()
    script = tmp_path / "init.d/app"
    script.write_text("#!/bin/sh\n")
    script.chmod(0o755)
    monkeypatch.setattr(services, "_SCRIPTS", str(tmp_path / "init.d"))
    monkeypatch.setattr(services, "_AT_BOOT", str(tmp_path / "rc[S2345].d/S[0-9][0-9]"))
    return tmp_path


@pytest.mark.parametrize(
    ("programs", "made"),
    [
        (["update-rc.d", "service"], ["update-rc.d app defaults", "update-rc.d app enable", "service app start"]),
        (["chkconfig"], ["chkconfig app on", "{etc}/init.d/app start"]),
    ],
)
def test_40_system_v(etc, programs, made):
    host = SysV(programs=programs)
    service.running(host, name=["app"])
    assert host.changes == [line.format(etc=etc) for line in made]
    (etc / "rc2.d/S01app").symlink_to("../init.d/app")
    host = SysV(programs=programs)
    service.enable(host, name=["app"])
    assert host.changes == []


def test_a_service_that_is_not_there_is_named_and_in_a_check_may_yet_come(etc):
    with pytest.raises(ActionFailed, match="there is no service none"):
        service.restart(SysV(programs=[]), name=["none"])
    host = OpenRC(runs=True, check=True)
    service.running(host, name=["none"])
    assert host.unknown
    assert host.changes == ["rc-update add none default", "rc-service none start"]


def test_40_with_systemd_it_is_systemctl():
    host = SystemdHost({"systemctl show": SHOW.format("inactive"), "systemctl is-enabled": "disabled"})
    service.running(host, name=["nginx"])
    assert host.changes == ["systemctl enable nginx", "systemctl start nginx"]
    host = SystemdHost({"systemctl show": SHOW.format("active"), "systemctl is-enabled": "enabled"})
    service.running(host, name=["nginx"])
    assert host.changes == []


def test_a_host_without_any_says_so():
    class Bare(FakeHost):
        def finds(self, pattern: str) -> bool:
            return False

    with pytest.raises(ActionFailed, match="nothing that starts services is known"):
        service.start(Bare(programs=[]), name="x")
