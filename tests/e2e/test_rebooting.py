"""Hosts that are rebooted in the middle of a run, by lab hosts that really go down. The lab is their power button."""

from __future__ import annotations

import signal
from pathlib import Path

import pytest

from tests.e2e.sloth import Folder, Run, until
from tests.lab.fleet import power

pytestmark = pytest.mark.lab

BOOTED = """
local boot = task("boot"):command(function()
  export { before = host.boot_id() }
  host.reboot { wait = "60s", %s }
  return true, "", { id = host.boot_id() }
end):register("old"):notify("say"):build()
local after = task("after"):depends_on(boot):command(function(this, params, deps)
  export { after = host.boot_id() }
  assert(deps.boot.id == vars.old.id and deps.boot.id ~= host.boot_id(), "it is the same boot")
end):build()
workflow.define("w"):tasks({ boot, after, %s }):handlers({
  handler("say", function() export { handler = host.boot_id() } end),
}):config({ max_parallel_tasks = 2 })
"""


def write(folder: Path, options: str = "", tasks: str = "") -> Path:
    site = folder / "site.sloth"
    site.write_text(BOOTED % (options, tasks))
    return site


def test_the_run_goes_on_after_a_reboot_and_other_hosts_are_not_disturbed(lab, lab_hosts, lab_inventory, tmp_path):
    host, other, _ = lab_hosts
    beside = f"""
      task("beside"):hosts("{host.name}"):command("sleep 2"):build(),
      task("nap"):hosts("{other.name}"):command("sleep 9"):build(),
    """
    site = write(tmp_path, tasks=beside)
    text = site.read_text()
    for task in ("boot", "after"):
        text = text.replace(f'task("{task}")', f'task("{task}"):hosts("{host.name}")')
    site.write_text(text)
    with power(lab, host):
        run = Run(tmp_path / "home", "apply", "-i", lab_inventory, site)
        assert run.end(timeout=120) == 0, run.stderr
    assert run.statuses == {
        (host.name, "beside"): "changed", (host.name, "boot"): "changed", (host.name, "after"): "ok",
        (host.name, "say"): "ok", (other.name, "nap"): "changed",
    }  # fmt: skip
    (outputs,) = run.events[-1]["outputs"].values()
    assert outputs["before"] != outputs["after"] == outputs["handler"]


def test_another_user_reboots_with_become(lab, lab_hosts, lab_inventory, tmp_path):
    host = lab_hosts[0]
    text = lab.inventory([host], user="deploy")
    lab_inventory.write_text(text.replace("  vars:\n", "  vars:\n    sloth_become_password: deploy\n"))
    site = write(tmp_path, options="become = true")
    with power(lab, host):
        run = Run(tmp_path / "home", "apply", "-i", lab_inventory, site)
        assert run.end(timeout=120) == 0, run.stderr
    assert run.of_host(host.name) == ["changed", "ok", "ok"]


def test_a_steered_host_is_rebooted_too(lab, lab_hosts, lab_inventory, tmp_path):
    host = lab_hosts[0]
    site = write(tmp_path, options='test_command = "systemctl is-active ssh"')
    with power(lab, host):
        run = Run(
            tmp_path / "home", "apply", "-i", lab_inventory, "-l", host.name, "-e", "sloth_placement=controller", site
        )
        assert run.end(timeout=120) == 0, run.stderr
    assert run.of_host(host.name) == ["changed", "ok", "ok"]


def test_a_run_whose_controller_is_killed_while_the_host_reboots_is_resumed_without_a_second_reboot(
    lab, lab_hosts, lab_inventory, tmp_path
):
    host = lab_hosts[0]
    folder = Folder(tmp_path)
    site = write(tmp_path)
    run = Run(tmp_path / "home", "apply", "-i", lab_inventory, "-l", host.name, site)
    until(lambda: host.pid is None, timeout=60)
    run.signal(signal.SIGKILL)
    run.end()
    lab.up([host.index])
    assert run.finished == []
    boot = host.exec("cat", "/proc/sys/kernel/random/boot_id").stdout.strip()
    resumed = folder.sloth("resume", run.events[0]["run"], "--format", "json")
    assert resumed.code == 0, resumed.stderr
    assert resumed.statuses == {"boot": "changed", "after": "ok", "say": "ok"}
    assert host.exec("cat", "/proc/sys/kernel/random/boot_id").stdout.strip() == boot


def test_a_host_that_does_not_come_back_is_unreachable_and_says_why(lab, lab_hosts, lab_inventory, tmp_path):
    host = lab_hosts[0]
    site = write(tmp_path)
    site.write_text(site.read_text().replace("60s", "3s"))
    try:
        words = ("-l", host.name, "-e", "sloth_connect_timeout=1")
        run = Run(tmp_path / "home", "apply", "-i", lab_inventory, *words, site)
        assert run.end(timeout=90) == 3
        assert run.of_host(host.name) == ["unreachable", "unreachable"]
        assert "is not back 3 s after its reboot" in run.finished[0]["message"]
    finally:
        until(lambda: host.pid is None)
        lab.up([host.index])


SSHD = """
local restart = task("restart"):command(function()
  sshd.option { key = "MaxAuthTries", value = 5 }
  systemd.restart("ssh")
  return exec.check("sleep 1", { changed_if = false }).success
end):build()
local after = task("after"):depends_on(restart):command(function()
  assert(sshd.get("MaxAuthTries") == "5")
  sshd.option { key = "MaxAuthTries", state = "absent" }
  exec.check("sleep 1", { changed_if = false })
end):build()
workflow.define("w"):tasks({ restart, after })
"""


def test_an_ssh_server_that_is_restarted_or_told_of_options_cuts_no_run(lab_hosts, lab_inventory, tmp_path):
    host = lab_hosts[0]
    site = tmp_path / "site.sloth"
    site.write_text(SSHD)
    before = host.exec("systemctl", "show", "-p", "MainPID", "ssh").stdout
    try:
        run = Run(tmp_path / "home", "apply", "-i", lab_inventory, "-l", host.name, site)
        assert run.end() == 0, run.finished
    finally:
        host.exec("sh", "-c", "rm -f /etc/ssh/sshd_config.d/00-sloth.conf*")
    assert run.of_host(host.name) == ["changed", "changed"]
    assert host.exec("systemctl", "show", "-p", "MainPID", "ssh").stdout != before


def test_a_check_reboots_nothing_and_a_detached_run_refuses(lab_hosts, lab_inventory, tmp_path):
    host = lab_hosts[0]
    site = write(tmp_path)
    boot = host.exec("cat", "/proc/sys/kernel/random/boot_id").stdout
    folder = Folder(tmp_path)
    checked = folder.sloth("apply", "-i", lab_inventory, "-l", host.name, "--check", "--format", "json", site)
    assert checked.statuses["boot"] == "would_change"
    begun = folder.sloth("apply", "-i", lab_inventory, "-l", host.name, "--detach", "--format", "json", site)
    attached = folder.sloth("runs", "attach", begun.events[0]["run"], "--format", "json")
    assert attached.code == 2 and "detached" in attached.tasks["boot"]["message"]
    assert host.exec("cat", "/proc/sys/kernel/random/boot_id").stdout == boot
