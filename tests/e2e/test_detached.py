"""Runs that are detached: hosts go on without the connection, and what they did is collected later."""

from __future__ import annotations

import json
import shutil
import signal
import subprocess
from functools import partial
from pathlib import Path

import pytest

from tests.e2e.sloth import SLOTH, Ended, Folder, environment, until
from tests.lab.fleet import Lab
from tests.lab.host import Host

SITE = """
local tasks = {}
for number = 1, 4 do
  local one = task("t" .. number):notify("restart"):command(function()
    exec.check(vars.before .. "; echo t" .. number .. " >> " .. vars.log)
    log.info("did " .. number)
    return true, "", { number = number }
  end)
  if number > 1 then one = one:depends_on("t" .. (number - 1)) end
  tasks[number] = one:build()
end
workflow.define("site"):tasks(tasks):handlers({
  handler("restart", function() exec.run("echo restart >> " .. vars.log) end),
})
"""
DONE = ["t1", "t2", "t3", "t4", "restart"]


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    made = Folder(tmp_path)
    made.write("site.sloth", SITE)
    return made


def run_of(ended: Ended) -> str:
    """The run that has begun."""
    return str(ended.events[0]["run"])


def detach(folder: Folder, *words: str, before: str = "sleep 0.2") -> str:
    """Begin a detached run on this machine, whose tasks each do something before; its id."""
    extra = json.dumps({"log": f"{folder.path}/log", "before": before})
    begun = folder.sloth("run", "--detach", "site.sloth", "--format", "json", "-e", extra, *words)
    assert begun.code == 0, begun.stderr
    assert begun.events[-1]["type"] == "run_detached"
    return run_of(begun)


def lines(folder: Folder) -> list[str]:
    path = folder.path / "log"
    return path.read_text().split() if path.exists() else []


def status(folder: Folder, run: str) -> str:
    found = json.loads(folder.sloth("runs", "list", "--format", "json").stdout)["runs"]
    return next(str(one["status"]) for one in found if one["id"] == run)


def test_a_detached_run_goes_on_and_is_collected_while_it_does(folder: Folder):
    run = detach(folder)
    assert status(folder, run) == "detached"
    collected = folder.sloth("runs", "attach", run, "--format", "json")
    assert collected.code == 0, collected.stderr
    assert list(collected.statuses.values()) == ["changed"] * 5
    assert lines(folder) == DONE
    assert status(folder, run) == "ok"


def test_what_was_done_in_the_meantime_is_collected_afterwards_with_outputs_and_logs(folder: Folder):
    run = detach(folder, before="true")
    until(lambda: lines(folder) == DONE)
    assert folder.sloth("runs", "attach", run).code == 0
    shown = folder.sloth("runs", "logs", run).stdout
    assert "did 4" in shown
    assert folder.sloth("runs", "show", run, "--format", "json").events[2]["outputs"] == {"number": 1}
    again = folder.sloth("runs", "attach", run, "--format", "json")
    assert len(again.tasks) == 5  # it is shown again, and nothing is there twice


def test_a_controller_that_lost_all_but_the_journal_collects_what_was_done(folder: Folder):
    """As after a reboot on another boot, with cold caches and an older backup of the store."""
    run = detach(folder, before="true")
    until(lambda: lines(folder) == DONE)
    for path in (folder.path / "home").iterdir():
        if path.name != "runs":
            shutil.rmtree(path) if path.is_dir() else path.unlink()
    collected = folder.sloth("runs", "attach", run)
    assert (collected.code, "t4" in collected.stdout) == (0, True), collected.stderr
    assert status(folder, run) == "ok"
    again = folder.sloth("runs", "attach", run).stdout
    assert ("t4" in again, "runs attach" in again) == (True, False)


def test_hosts_behind_an_encrypted_inventory_are_collected_with_what_opens_it(folder: Folder):
    folder.write("value", "h1")
    folder.write("opens", "correct horse")
    (folder.path / "opens").chmod(0o600)
    made = folder.sloth("secrets", "encrypt-string", "sloth_become_password", "--from-file", "value", "--passphrase", "opens").stdout
    folder.write("hosts.yml", "all:\n  hosts: {here: }\n  vars:\n    sloth_connection: local\n    " + made.replace("\n", "\n    "))
    run = detach(folder, "-i", "hosts.yml", "--passphrase", "opens", before="true")
    alone = folder.sloth("runs", "attach", run)
    assert (alone.code, "--passphrase" in alone.stdout) == (3, True)
    assert folder.sloth("runs", "attach", run, "--passphrase", "opens").code == 0
    assert lines(folder) == DONE


def test_ctrl_c_ends_the_collecting_and_leaves_the_hosts_at_work(folder: Folder):
    run = detach(folder, before=f"until test -e '{folder.path}/go'; do sleep 0.05; done")
    process = subprocess.Popen(
        [*SLOTH, "runs", "attach", run], cwd=folder.path, env=folder.environ, stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip
    journal = folder.path / "home" / "runs" / run / "journal.jsonl"
    until(lambda: '"attached"' in journal.read_text())
    process.send_signal(signal.SIGINT)
    assert process.wait(20) == 130
    assert status(folder, run) == "detached"
    folder.write("go", "")
    collected = folder.sloth("runs", "attach", run, "--format", "json")
    assert collected.code == 0
    assert lines(folder) == DONE
    assert list(collected.statuses.values()) == ["changed"] * 5
    log = folder.sloth("runs", "logs", run).stdout
    assert [log.count(f"did {number}") for number in range(1, 5)] == [1] * 4


def test_a_detached_run_that_is_cancelled_stops_where_it_is(folder: Folder):
    run = detach(folder, before="sleep 30")
    stopped = folder.sloth("runs", "cancel", run, "--format", "json")
    assert stopped.code == 2
    assert set(stopped.statuses.values()) == {"cancelled"}
    assert lines(folder) == []
    assert status(folder, run) == "failed"


def test_a_run_that_goes_on_by_itself_is_not_resumed(folder: Folder):
    run = detach(folder)
    refused = folder.sloth("resume", run)
    assert refused.code == 1
    assert "sloth runs attach" in refused.stderr
    folder.sloth("runs", "attach", run)


def test_what_failed_in_a_detached_run_is_resumed_like_any_other(folder: Folder):
    folder.write("site.sloth", 'task("a"):command("test -e ok"):workdir(vars.here):build()')
    begun = folder.sloth("run", "--detach", "site.sloth", "--format", "json", "-e", f"here={folder.path}")
    run = run_of(begun)
    assert folder.sloth("runs", "attach", run).code == 2
    folder.write("ok", "")
    assert folder.sloth("resume", run, "--failed", "--format", "json").statuses == {"a": "changed"}


def test_a_task_that_needs_the_controller_says_that_nobody_is_there(folder: Folder):
    folder.write("files/x", "x")
    folder.write(
        "site.sloth",
        f'task("a"):command(function() file_ops.copy {{ src = "x", dest = "{folder.path}/y" }} end):build()',
    )
    run = run_of(folder.sloth("run", "--detach", "site.sloth", "--format", "json"))
    collected = folder.sloth("runs", "attach", run, "--format", "json")
    assert collected.code == 2
    assert "the run is detached" in collected.tasks["a"]["message"]


@pytest.mark.parametrize(
    ("site", "reason"),
    [
        ('task("a"):command("true"):build() workflow.define("w"):on_start(function() return true end)', "hooks"),
        (
            'local a = task("a"):command("true"):build() workflow.define("v"):tasks({ a }) workflow.define("w"):tasks({ a })',
            "several workflows",
        ),
        ('task("a"):command(function() return secrets.db end):build()', "name secrets"),
    ],
    ids=["hooks", "workflows", "secrets"],
)
def test_a_run_that_needs_the_controller_in_the_middle_cannot_be_detached(folder: Folder, site: str, reason: str):
    folder.write("site.sloth", site)
    refused = folder.sloth("run", "--detach", "site.sloth")
    assert refused.code == 1
    assert "cannot be detached" in refused.stderr
    assert reason in refused.stderr


def test_a_check_cannot_be_detached(folder: Folder):
    assert folder.sloth("run", "--detach", "--check", "site.sloth").code == 1


# on real hosts


def sloth(home: Path, *words: str | Path) -> Ended:
    """One command, to its end."""
    done = subprocess.run(
        [*SLOTH, *map(str, words), "--format", "json"], env=environment(home), text=True, stdin=subprocess.DEVNULL,
        capture_output=True, timeout=120, check=False,
    )  # fmt: skip
    return Ended(done.returncode, done.stdout, done.stderr)


def has_done(host: Host) -> bool:
    return host.exec("cat", "/tmp/sloth-detached", check=False).stdout.split() == DONE


@pytest.fixture
def clean(lab_hosts: list[Host]):
    yield
    for host in lab_hosts:
        host.exec("sh", "-c", "rm -f /tmp/sloth-detached*")


@pytest.mark.lab
@pytest.mark.usefixtures("clean")
def test_hosts_go_on_when_the_controller_is_gone_and_one_that_loses_power_tells_the_truth(
    lab: Lab, lab_hosts: list[Host], lab_inventory: Path, tmp_path: Path
):
    site, home, victim = tmp_path / "site.sloth", tmp_path / "home", lab_hosts[2]
    site.write_text(SITE)
    variables = '{"log": "/tmp/sloth-detached", "before": "sleep 1"}'
    begun = sloth(home, "apply", "--detach", "-i", lab_inventory, "-e", variables, site)
    assert begun.code == 0, begun.stderr
    busy = sloth(
        tmp_path / "other", "apply", "-i", lab_inventory, "-l", lab_hosts[0].name, "-e", "log=/x", "-e", "before=true", site
    )
    assert busy.code == 6 and "works on this host" in str(busy.events)
    until(lambda: "t1" in victim.exec("cat", "/tmp/sloth-detached", check=False).stdout)
    victim.kill()
    lab.up([victim.index])
    for host in lab_hosts[:2]:
        until(partial(has_done, host))
    collected = sloth(home, "runs", "attach", run_of(begun))
    ends = {(one["host"], one["task"]): one for one in collected.events if one["type"] == "task_finished"}
    assert collected.code == 2
    assert [ends[host.name, task]["status"] for host in lab_hosts[:2] for task in DONE] == ["changed"] * 10
    assert ends[victim.name, "t1"]["status"] == "changed"
    assert ends[victim.name, "t4"]["status"] == "cancelled"
    assert "turned off" in ends[victim.name, "t4"]["message"]
    resumed = sloth(home, "resume", run_of(begun))
    assert resumed.code == 0, resumed.stderr
    assert {one["host"] for one in resumed.events if one["type"] == "task_finished"} == {victim.name}


@pytest.mark.lab
@pytest.mark.usefixtures("clean")
def test_a_detached_run_becomes_root_also_for_single_tasks(lab: Lab, lab_hosts: list[Host], tmp_path: Path):
    inventory, site = tmp_path / "deploy.yml", tmp_path / "site.sloth"
    inventory.write_text(lab.inventory(lab_hosts[:1], user="deploy") + "      sloth_become_password: deploy\n")
    site.write_text(
        'task("a"):become(true):command(function() return true, "", { id = exec.check("id -u").stdout } end):build()'
    )
    for words in ((), ("-b",)):
        begun = sloth(tmp_path / "home", "apply", "--detach", "-i", inventory, site, *words)
        assert begun.code == 0, begun.stderr
        collected = sloth(tmp_path / "home", "runs", "attach", run_of(begun))
        assert collected.code == 0, collected.stdout
        assert collected.tasks["a"]["outputs"]["id"].strip() == "0"


@pytest.mark.lab
def test_a_host_whose_cache_is_full_says_at_once_that_it_cannot_go_on_alone(lab_hosts: list[Host], lab_inventory: Path, tmp_path: Path):
    host, site = lab_hosts[0], tmp_path / "site.sloth"
    site.write_text('task("a"):command("true"):build()')
    host.exec("sh", "-c", "mkdir -p /root/.cache; mount -t tmpfs -o size=300k tmpfs /root/.cache")
    try:
        ended = sloth(tmp_path / "home", "apply", "--detach", "-i", lab_inventory, "-l", host.name, site)
    finally:
        host.exec("umount", "-l", "/root/.cache")
    assert (ended.code, ended.statuses) == (2, {"a": "failed"})
    assert "is ~/.cache/sloth full, or read-only?" in ended.stdout
