"""host.reboot: whether a reboot is needed, and by what; that it happens is for the run to see to."""

from __future__ import annotations

import os

import pytest

from sloth.runtime import booting
from sloth.runtime.failure import ActionFailed, BadArguments
from sloth.runtime.modules import host as module
from tests.doubles import FakeHost

RUNNING = os.uname().release


def ordered(host: FakeHost, **arguments: object) -> str:
    module.reboot(host, **arguments)
    assert host.reboot is not None
    return str(host.reboot["command"])


def test_a_reboot_is_a_change_and_an_order_and_nothing_is_run_yet():
    host = FakeHost()
    module.reboot(host, message="it's time", wait=60.0)
    assert host.reboot == {
        "command": "shutdown -r now 'it'\\''s time'", "boot": booting.boot_id(), "wait": 60.0, "test_command": None,
    }  # fmt: skip
    assert host.changes == ["reboot"] and host.made == []


def test_in_check_mode_there_is_no_order():
    host = FakeHost(check=True)
    module.reboot(host)
    assert host.reboot is None and host.changes == ["reboot"]


def test_who_is_logged_in_hears_of_it_before_the_delay():
    command = ordered(FakeHost(), delay=90.0)
    assert command.index("wall") < command.index("sleep 90") < command.index("shutdown")


def test_a_host_without_shutdown_has_reboot():
    assert ordered(FakeHost(programs=["reboot"])).endswith("; reboot")
    with pytest.raises(ActionFailed, match="neither"):
        module.reboot(FakeHost(programs=[]))


@pytest.mark.parametrize("times", [{"wait": 0.0}, {"wait": 1e6}, {"delay": 1e6}], ids=str)
def test_times_beyond_a_day_are_refused(times):
    with pytest.raises(BadArguments, match="up to 24 h"):
        module.reboot(FakeHost(), **times)


@pytest.mark.parametrize(
    ("files", "programs", "answers", "why"),
    [
        pytest.param([], [], {}, "", id="nothing"),
        pytest.param(["run/reboot-required"], [], {}, "/run/reboot-required is there", id="Debian's flag"),
        pytest.param(["boot/vmlinuz-999.1.0-1-amd64"], [], {}, f"a newer kernel than {RUNNING} is installed", id="kernel"),
        pytest.param([f"boot/vmlinuz-{RUNNING}", "boot/vmlinuz-0-rescue-9"], [], {}, "", id="the kernel that runs"),
        pytest.param([f"lib/modules/{RUNNING}/x", "lib/modules/1.0/x"], [], {}, "", id="its modules are there"),
        pytest.param(["lib/modules/1.0/x"], [], {}, f"the modules of the running kernel {RUNNING} are gone", id="gone"),
        pytest.param([], ["needs-restarting"], {"needs-restarting -r": 1}, "needs-restarting -r says so", id="dnf"),
        pytest.param([], ["needs-restarting"], {"needs-restarting -r": 0}, "", id="dnf says no"),
        pytest.param([], ["zypper"], {"zypper needs-rebooting": 102}, "zypper needs-rebooting says so", id="zypper"),
    ],
)
def test_a_reboot_is_needed_when_an_update_waits_for_it(tmp_path, files, programs, answers, why):
    for name in files:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    assert module.why_needed(FakeHost(answers, programs=programs), f"{tmp_path}/").replace(f"{tmp_path}", "") == why


def test_a_boot_has_a_word_of_its_own():
    assert module.boot_id(FakeHost()) == booting.boot_id()
