"""`sloth inventory` as a person types it: forms of inventories, explanations, programs that are slow or interrupted."""

from __future__ import annotations

import json
import os
import signal
import subprocess
from pathlib import Path

import pytest

from tests.e2e.sloth import SLOTH, Folder, environment, until

INI = """\
[web]
web1 ansible_user=deploy ansible_password=hunter2

[web:vars]
port = 80
"""
CLOUD = """\
#!/bin/sh
echo run >> runs
echo '{"web": {"hosts": ["web1"], "vars": {"port": 81}}, "_meta": {"hostvars": {}}}'
"""
SITE = """\
workflow.define("site"):hosts("web"):variables({ port = 90 })
  :roles({ { role = "front", vars = { title = "given" } } })
  :tasks({ task("a"):command("true") })
workflow.define("db"):hosts("db*"):variables({ port = 5432 }):tasks({ task("b"):command("true") })
"""


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    """A project with an inventory, a program that is another, and a workflow with a role."""
    made = Folder(tmp_path)
    made.write("hosts.ini", INI)
    made.write("cloud", CLOUD).chmod(0o755)
    made.write("group_vars/web.yml", "port: 8081\n")
    made.write("values.yml", "# ours\nport: 91\n")
    made.write("site.sloth", SITE)
    made.write("roles/front/defaults/main.json", '{"port": 1, "title": "none"}')
    made.write("roles/front/vars/main.yml", "port: 8888\n")
    made.write("roles/front/tasks/main.sloth", 'task("c"):command("true"):build()\n')
    return made


def test_an_explanation_has_the_winner_first(folder: Folder):
    ended = folder.sloth("inventory", "explain", "-i", "hosts.ini", "web1", "port")
    assert [line.split() for line in ended.stdout.splitlines()] == [
        ["port", "of", "web1"],
        ["wins", "group", "web", "group_vars/web.yml:1", "8081"],
        ["group", "web", "hosts.ini:5", "80"],
    ]
    assert ended.code == 0


def test_workflow_values_and_extra_variables_count_when_they_are_given(folder: Folder):
    words = ("-w", "site.sloth", "--values", "values.yml", "-e", "port=92", "--format", "json")
    ended = folder.sloth("inventory", "explain", "-i", "hosts.ini", "web1", "port", *words)
    said = json.loads(ended.stdout)["said"]
    assert [(one["value"], one["where"], one["role"], one["wins"]) for one in said] == [
        ("92", "-e", "", True),
        (8888, "roles/front/vars/main.yml:1", "front", False),
        (91, "values.yml:2", "", False),
        (90, "site.sloth:1", "", False),
        (8081, "group_vars/web.yml:1", "", False),
        (80, "hosts.ini:5", "", False),
        (1, "roles/front/defaults/main.json:1", "front", False),
    ]


def test_what_a_role_says_wins_for_its_tasks_beside_what_wins_for_all_others(folder: Folder):
    words = ("explain", "-i", "hosts.ini", "web1", "port", "-w", "site.sloth", "--format", "json")
    said = json.loads(folder.sloth("inventory", *words).stdout)["said"]
    assert [(one["value"], one["role"]) for one in said if one["wins"]] == [(8888, "front"), (90, "")]


def test_without_an_inventory_a_workflow_is_explained_for_this_machine(folder: Folder):
    folder.write("own.sloth", 'workflow.define("own"):variables({ port = 7 }):tasks({ task("a"):command("true") })\n')
    assert "own.sloth:1" in folder.sloth("inventory", "explain", "localhost", "port", "-w", "own.sloth").stdout
    ended = folder.sloth("inventory", "explain", "localhost", "port")
    assert ended.code == 1 and "which hosts?" in ended.stderr


def test_a_setting_goes_by_all_its_names_and_a_password_is_masked(folder: Folder):
    user = folder.sloth("inventory", "explain", "-i", "hosts.ini", "web1", "sloth_user")
    assert "ansible_user: deploy" in user.stdout
    words = ("sloth_user", "-e", "sloth_user=other", "--format", "json")
    said = json.loads(folder.sloth("inventory", "explain", "-i", "hosts.ini", "web1", *words).stdout)["said"]
    assert [one["value"] for one in said] == ["deploy"], "-e is no way to say how a host is reached"
    for name in ("sloth_password", "ansible_ssh_pass"):
        password = folder.sloth("inventory", "explain", "-i", "hosts.ini", "web1", name)
        assert "********" in password.stdout
        assert "hunter2" not in password.stdout + password.stderr


@pytest.mark.parametrize(("words", "error", "hint"), [
    pytest.param(("web1", "prot"), "nobody gives web1 a variable 'prot'", "did you mean 'port'?", id="variable"),
    pytest.param(("web2", "port"), "no host 'web2'", "did you mean 'web1'?", id="host"),
    pytest.param(("web1", "port", "-w", "sit.sloth"), "no workflow file", "did you mean 'site.sloth'?", id="workflow"),
    pytest.param(("web1", "port", "--values", "v.yml"), "there is no file v.yml", "", id="values file"),
    pytest.param(("web1", "port", "-e", "port"), "'port' is no name=value", "", id="extra variables"),
])  # fmt: skip
def test_what_cannot_be_explained_is_an_error(words: tuple[str, ...], error: str, hint: str, folder: Folder):
    ended = folder.sloth("inventory", "explain", "-i", "hosts.ini", *words)
    assert ended.code == 1
    assert error in ended.stderr and hint in ended.stderr


def test_a_program_is_asked_once_a_minute_unless_a_fresh_answer_is_wanted(folder: Folder):
    def runs(*words: str) -> int:
        assert "web1" in folder.sloth("inventory", "list", "-i", "cloud", *words).stdout
        return len((folder.path / "runs").read_text().splitlines())

    assert [runs(), runs(), runs("--refresh"), runs()] == [1, 1, 2, 2]
    folder.write("sloth.toml", 'inventory_cache = "0s"\n')
    folder.environ["SLOTH_CONFIG"] = str(folder.path / "sloth.toml")
    assert [runs(), runs()] == [3, 4]


def test_a_program_that_hangs_is_ended_after_the_time_of_the_settings(folder: Folder):
    folder.write("hangs", "#!/bin/sh\nsleep 1000\n").chmod(0o755)
    folder.environ["SLOTH_INVENTORY_TIMEOUT"] = "200ms"
    ended = folder.sloth("inventory", "list", "-i", "hangs")
    assert ended.code == 1
    assert "has not answered within 0.2 s" in ended.stderr and "hangs --list" in ended.stderr


def test_an_interrupt_ends_the_program_too(folder: Folder):
    folder.write("hangs", "#!/bin/sh\nsleep 1000 &\necho $! > child\nwait\n").chmod(0o755)
    sloth = subprocess.Popen(
        [*SLOTH, "inventory", "list", "-i", "hangs"], cwd=folder.path, env=environment(folder.path / "home"),
        start_new_session=True, stderr=subprocess.PIPE,
    )  # fmt: skip
    until(lambda: (folder.path / "child").exists() and (folder.path / "child").read_text())
    os.kill(sloth.pid, signal.SIGINT)
    _, said = sloth.communicate(timeout=20)
    assert sloth.returncode == 130, said
    child = Path("/proc", (folder.path / "child").read_text().strip(), "stat")
    until(lambda: not child.exists() or child.read_text().split()[2] == "Z")


def test_a_run_works_on_hosts_of_a_program(folder: Folder):
    said = {"web": ["here"], "_meta": {"hostvars": {"here": {"sloth_connection": "local", "text": "{{ 7 * 7 }}"}}}}
    folder.write("here", f"#!/bin/sh\necho '{json.dumps(said)}'\n").chmod(0o755)
    folder.write("one.sloth", 'task("say"):command(function() return true, vars.text end):build()\n')
    ended = folder.sloth("apply", "-i", "here", "one.sloth", "--format", "json")
    assert ended.tasks["say"]["message"] == "{{ 7 * 7 }}", ended.stderr
