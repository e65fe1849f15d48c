"""State, locks and hosts' leases, as workflows and operators meet them."""

from __future__ import annotations

import json
import secrets
import signal
from pathlib import Path

import pytest

from tests.e2e.sloth import Folder, Run, until

COUNT = """
local deploy = task("deploy"):command(function()
  local build = state.with_lock("deploy", function()
    local ok, why = pcall(function() state.lock("deploy") end)
    assert(not ok and why:find("holds 'deploy'"), why)
    state.set("last", { host = inventory_hostname, fact = state.get("seen", 0) }, { lock = "deploy" })
    return state.incr("builds")
  end, "5s")
  assert(state:get("builds") == build and state.try_lock("deploy"))
  return true, "built " .. build
end):build()
workflow.define("w"):tasks({ deploy }):on_start(function()
  state.lock("begun")
  state.set("seen", state.incr("starts"))
end):on_complete(function(success) state.set("success", success) end)
"""


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    return Folder(tmp_path)


def values(folder: Folder) -> dict[str, object]:
    entries = map(json.loads, folder.sloth("state", "list", "--format", "json").stdout.splitlines())
    return {entry["key"]: entry["value"] for entry in entries}


def test_state_outlives_runs(folder: Folder):
    assert [folder.run(COUNT).statuses for _ in range(2)] == [{"deploy": "changed"}] * 2
    found = values(folder)
    assert found.pop("last") == {"host": "localhost", "fact": 2}
    assert found == {"builds": 2, "starts": 2, "seen": 2, "success": True}
    assert folder.sloth("locks").stdout == "nobody holds anything\n"


def test_a_check_reads_and_predicts(folder: Folder):
    folder.sloth("state", "set", "a", "1")
    site = """task("t"):command(function()
      assert(state.get("a") == 1)
      state.set("a", 2) state.incr("n") state.delete("a") state.with_lock("l", function() state.clear() end)
    end):build()"""
    ended = folder.run(site, "--check")
    assert (ended.code, ended.statuses) == (0, {"t": "would_change"})
    assert values(folder) == {"a": 1}
    assert folder.sloth("locks").stdout == "nobody holds anything\n"


@pytest.mark.parametrize(
    ("body", "message"),
    [
        pytest.param('state.set("a\\n", 1)', "a key has 1 to 512 printable characters", id="odd key"),
        pytest.param('state.unlock("deploy")', "'deploy' is not locked by this host", id="not held"),
        pytest.param('state.with_lock("deploy")', "wants the name of a lock and a function", id="no function"),
        pytest.param('state.with_lock("deploy", function() error("inner") end)', "inner", id="inner error"),
        pytest.param('state.set("a", "x") state.incr("a")', "holds a string", id="no number"),
        pytest.param('state.lock("taken")', "ada holds 'taken'", id="taken"),
    ],
)
def test_what_goes_wrong_fails_the_task_and_leaves_no_lock(folder: Folder, body: str, message: str):
    folder.sloth("state", "lock", "taken", "--owner", "ada", "--ttl", "10m")
    ended = folder.run(f'task("t"):command(function() {body} end):build()')
    assert ended.statuses == {"t": "failed"}
    assert message in ended.tasks["t"]["message"]
    assert "deploy" not in folder.sloth("locks").stdout


# on real hosts


NOBODY = """local nobody = task("nobody"):command(function()
  assert(exec.run("id -un").stdout:find("nobody"))
  state.incr("as_nobody")
end):become("nobody"):build()
workflow.define"""


@pytest.mark.lab
@pytest.mark.parametrize("placement", ["target", "controller"])
def test_hosts_reach_state_wherever_they_are_played_and_whoever_they_become(
    lab_hosts, lab_inventory, tmp_path: Path, placement: str
):
    host, site = lab_hosts[0], tmp_path / "site.sloth"
    site.write_text(COUNT.replace("{ deploy }", "{ deploy, nobody }").replace("workflow.define", NOBODY, 1))
    run = Run(
        tmp_path / "home", "apply", "-i", lab_inventory, "-l", host.name, "-e", f"sloth_placement={placement}", site
    )
    run.code = run.end()
    assert (run.code, run.of_host(host.name)) == (0, ["changed", "changed"])
    folder = Folder(tmp_path)
    assert values(folder)["last"] == {"host": host.name, "fact": 1}
    assert values(folder)["as_nobody"] == 1


NAP = f"sleep {secrets.randbelow(10**6) + 10**6}"


@pytest.mark.lab
def test_a_second_operator_is_told_who_has_the_host_and_a_killed_run_holds_nobody_up(
    lab_hosts, lab_inventory, tmp_path: Path
):
    host, nap, quick = lab_hosts[0], tmp_path / "nap.sloth", tmp_path / "quick.sloth"
    nap.write_text(f'task("nap"):command("{NAP}"):build()')
    quick.write_text('task("quick"):command("true"):build()')
    folder, target = Folder(tmp_path), ("-i", lab_inventory, "-l", host.name)

    def second(home: str) -> Run:
        run = Run(tmp_path / home, "apply", *target, quick)
        run.code = run.end()
        return run

    first = Run(tmp_path / "home", "apply", *target, nap)
    until(lambda: host.exec("pgrep", "-f", f"{NAP[:-1]}[{NAP[-1]}]", check=False).stdout)
    assert f"{host.name}, run " in folder.sloth("locks").stdout
    for home in ("home", "another store"):
        run = second(home)
        assert run.code == 6
        assert " works on " in run.finished[0]["message"] and "(pid " in run.finished[0]["message"]
    assert Run(tmp_path / "home", "apply", *target, quick, "--check").end() == 0
    first.signal(signal.SIGKILL)
    first.end()
    assert folder.sloth("locks").stdout == "nobody holds anything\n"
    until(lambda: second("home").code == 0)
