"""Hosts that are steered from the controller, as where no Lua machine can be had: nobody can tell the difference."""

from __future__ import annotations

import shutil
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.sloth import Run, until
from tests.interpreters import interpreters
from tests.lab.host import Host

pytestmark = pytest.mark.lab

SITE = """
local a = task("file"):command(function()
  local put = file_ops.copy { src = "here.txt", dest = "/tmp/sloth-placed" }
  if put.changed then notify("tell") end
  return true, facts.hostname, { changed_file = put.changed }
end):build()
local b = task("template"):depends_on("file"):become("nobody"):command(function(this, params, deps)
  file_ops.template { src = "t.j2", dest = "/tmp/sloth-placed-t", vars = { word = exec.run("id -un", { changed_if = false }).stdout } }
end):build()
local c = task("late"):timeout("1s"):ignore_errors(true):command("sleep 4242"):build()
local d = task("fails"):ignore_errors(true):command(function() exec.check("echo why >&2; exit 7") end):build()
workflow.define("w"):tasks({ a, b, c, d }):handlers({ handler("tell", function() exec.run("true") end) })
"""


def inventory(lab, hosts, folder: Path, placement: str) -> Path:
    path = folder / f"{placement}.yml"
    path.write_text(lab.inventory(hosts).replace("  vars:\n", f"  vars:\n    sloth_placement: {placement}\n"))
    return path


def outcome(run: Run) -> list[tuple[str, str, str, str, list[str]]]:
    return sorted(
        (event["host"], event["task"], event["status"], event["message"], sorted(event["changes"]))
        for event in run.finished
    )  # fmt: skip


def test_both_placements_do_and_say_the_same(lab, lab_hosts, tmp_path):
    (tmp_path / "site.sloth").write_text(SITE)
    (tmp_path / "here.txt").write_text("from here\n")
    (tmp_path / "t.j2").write_text("{{ word }} on {{ facts.hostname }}\n")
    seen = []
    for placement in ("target", "controller"):
        for host in lab_hosts:
            host.exec("rm", "-f", "/tmp/sloth-placed", "/tmp/sloth-placed-t")
        hosts = inventory(lab, lab_hosts, tmp_path, placement)
        runs = [Run(tmp_path / "home", "apply", "-i", hosts, tmp_path / "site.sloth") for _ in range(1)]
        assert [run.end() for run in runs] == [0]
        again = Run(tmp_path / "home", "apply", "-i", hosts, tmp_path / "site.sloth")
        assert again.end() == 0
        seen.append([outcome(runs[0]), outcome(again)])
    assert seen[0] == seen[1]
    statuses = {task: status for _, task, status, _, _ in seen[1][0]}
    assert statuses == {
        "file": "changed",
        "template": "changed",
        "late": "timed_out",
        "fails": "failed",
        "tell": "changed",
    }
    for host in lab_hosts:
        host.exec("rm", "-f", "/tmp/sloth-placed", "/tmp/sloth-placed-t")


def test_ctrl_c_leaves_nothing_running_on_a_steered_host(lab, lab_hosts, tmp_path):
    (tmp_path / "site.sloth").write_text('task("a"):command("sleep 4243"):build()')
    run = Run(
        tmp_path / "home", "apply", "-i", inventory(lab, lab_hosts, tmp_path, "controller"), tmp_path / "site.sloth"
    )
    until(lambda: all(host.exec("pgrep", "-f", "sleep 424[3]", check=False).stdout for host in lab_hosts))
    run.signal(signal.SIGINT)
    assert run.end(timeout=15) == 130
    assert set(run.statuses.values()) == {"cancelled"}
    until(lambda: not any(host.exec("pgrep", "-f", "sleep 424[3]", check=False).stdout for host in lab_hosts))


def test_a_steered_host_that_loses_power_is_unreachable(lab, lab_hosts, tmp_path):
    victim = lab_hosts[2]
    (tmp_path / "site.sloth").write_text(
        f'task("a"):command(function() exec.run(inventory_hostname == "{victim.name}" and "sleep 4244" or "true") end):build()'
    )
    run = Run(
        tmp_path / "home", "apply", "-i", inventory(lab, lab_hosts, tmp_path, "controller"), tmp_path / "site.sloth"
    )
    until(lambda: victim.exec("pgrep", "-f", "sleep 424[4]", check=False).stdout)
    victim.kill()
    try:
        assert run.end(timeout=120) == 3
        assert run.of_host(victim.name) == ["unreachable"]
    finally:
        lab.up([victim.index])


@pytest.fixture
def closed_python(lab_hosts: list[Host]) -> Iterator[tuple[Host, Path]]:
    """A host whose old Python can load no extension: nothing may be run from its home, nor from memory."""
    python, host = interpreters()["3.7"], lab_hosts[0]
    prefix = python.resolve().parent.parent
    away = host.root / prefix.relative_to("/")
    skipped = shutil.ignore_patterns("test", "site-packages", "__pycache__", "*.a")
    shutil.copytree(prefix, away, ignore=skipped, symlinks=True)
    host.exec("sh", "-c", "mkdir -p ~/.cache; mount -t tmpfs -o noexec tmpfs ~/.cache; mount -o remount,noexec /dev/shm")
    yield host, prefix / "bin" / "python3.7"
    host.exec("sh", "-c", "umount ~/.cache; mount -o remount,exec /dev/shm")
    shutil.rmtree(away)


@pytest.mark.old_python
def test_a_host_that_can_load_no_lua_is_steered_and_says_so(lab, closed_python, tmp_path):
    host, python = closed_python
    (tmp_path / "hosts.yml").write_text(
        lab.inventory([host]).replace("  vars:\n", f"  vars:\n    sloth_python: {python}\n")
    )
    (tmp_path / "site.sloth").write_text('task("a"):command(function() return true, facts.python end):build()')
    run = Run(tmp_path / "home", "apply", "-i", tmp_path / "hosts.yml", tmp_path / "site.sloth", "-v")
    assert run.end() == 0
    assert run.stderr.count("cannot load the Lua extension") == 1
    assert "its tasks are steered from here" in run.stderr
    assert [event["status"] for event in run.finished] == ["ok"]
