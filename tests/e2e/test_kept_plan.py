"""A plan that is kept and applied later: only while all that it was made of is as it was."""

from __future__ import annotations

import json
import shutil
import stat
from pathlib import Path

import pytest

from tests.e2e.sloth import Ended, Folder

SITE = """
local conf = task("conf"):command(function()
  return true, "", { text = template.render("conf.j2"), home = os.getenv("SITE_HOME") } end):build()
local home = os.getenv("SITE_HOME")
workflow.define("site"):roles({ "r" }):tasks({ conf, task("more"):tags("more"):command("true") })
"""
INVENTORY = {"all": {"hosts": {name: {"sloth_connection": "local", "port": 80} for name in ("h1", "h2")}}}


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    made = Folder(tmp_path)
    made.environ["SITE_HOME"] = "/srv"
    made.write("project/site.sloth", SITE)
    made.write("project/hosts.json", json.dumps(INVENTORY))
    made.write("project/templates/conf.j2", "port {{ port }} {{ word }}\n")
    made.write("project/roles/r/tasks/main.sloth", 'task("t"):command("true"):build()')
    made.write("project/roles/r/files/a", "one")
    made.write("project/values.yml", "other: 1\n")
    return made


def keep(folder: Folder, *words: str) -> Ended:
    return folder.sloth(
        "plan", "-i", "project/hosts.json", "project/site.sloth", "-o", "kept.plan", "-e", "word=sesame",
        "--values", "project/values.yml", *words,
    )  # fmt: skip


def apply(folder: Folder, *words: str) -> Ended:
    return folder.sloth("apply", "kept.plan", "-f", "1", *(words or ("-e", "word=sesame")))


def test_a_plan_is_applied_as_it_was_made(folder):
    assert keep(folder, "-l", "h2", "--skip-tags", "more").code == 0
    ended = apply(folder, "-e", "word=sesame", "--format", "json")
    assert (ended.code, ended.stderr) == (0, "")
    assert {(event["host"], event["task"]) for event in ended.events[1:-1]} == {("h2", "r : t"), ("h2", "conf")}
    assert ended.tasks["conf"]["outputs"]["text"] == "port 80 sesame\n"


def test_a_plan_has_no_values_and_is_its_owners_alone(folder):
    keep(folder)
    path = folder.path / "kept.plan"
    text = path.read_text()
    assert "sesame" not in text
    assert json.loads(text)["workflows"] == {"site": {host: ["r : t", "conf", "more"] for host in ("h1", "h2")}}
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_a_plan_moves_with_its_project(folder):
    keep(folder)
    (folder.path / "elsewhere").mkdir()
    for name in ("project", "kept.plan"):
        shutil.move(folder.path / name, folder.path / "elsewhere" / name)
    assert folder.sloth("apply", "elsewhere/kept.plan", "-e", "word=sesame", "-f", "1", "-C").code == 0


CHANGES = {
    "site.sloth": (SITE + "-- more", ["source site.sloth changed"]),
    "templates/conf.j2": ("port {{ port }}\n", ["file templates/conf.j2 changed"]),
    "templates/new.j2": ("", ["file templates/new.j2 is new"]),
    "roles/r/files/a": ("two", ["file role r: files/a changed"]),
    "roles/r/defaults/main.yml": ("x: 1\n", ["variable x is new (role r, defaults)"]),
    "values.yml": ("other: 2\n", ["variable other changed (values)"]),
    "group_vars/all.yml": ("y: 1\n", ["variable y is new (h1, h2)"]),
    "hosts.json": (
        json.dumps(INVENTORY).replace("80", "81", 1).replace("h2", "h3"),
        ["host h3 takes part now", "host h2 takes part no more", "group all changed", "variable port changed (h1)"],
    ),
}


@pytest.mark.parametrize(("name", "text", "said"), [pytest.param(name, *rest, id=name) for name, rest in CHANGES.items()])
def test_what_has_changed_is_told_and_nothing_is_done(folder, name, text, said):
    keep(folder)
    folder.write(f"project/{name}", text)
    ended = apply(folder)
    assert (ended.code, ended.stdout) == (1, "")
    first, *lines, hint = ended.stderr.splitlines()
    assert first.startswith("error: since kept.plan was made, at ")
    assert [line.removeprefix("  * ") for line in lines if "ungrouped" not in line] == said
    assert "make the plan again" in hint


def test_other_variables_of_the_command_line_or_the_environment_are_a_change_too(folder):
    keep(folder)
    assert "  * variable word changed (-e)\n" in apply(folder, "-e", "word=other").stderr
    assert "  * variable word is gone (-e)\n" in apply(folder, "-C").stderr
    folder.environ["SITE_HOME"] = "/opt"
    assert "  * environment variable SITE_HOME changed\n" in apply(folder).stderr


@pytest.mark.parametrize("words", [["-t", "more"], ["-l", "h1"], ["-i", "h9,"], ["--start-at-task", "more"]], ids=str)
def test_what_the_plan_says_itself_cannot_be_said_again(folder, words):
    keep(folder)
    ended = apply(folder, *words)
    assert (ended.code, ended.stdout) == (1, "")
    assert f"what {words[0]} would say" in ended.stderr


@pytest.mark.parametrize(("text", "said"), [
    pytest.param('{"a": 1}', "neither a workflow file nor a plan", id="other JSON"),
    pytest.param("{", "neither a workflow file nor a plan", id="no JSON"),
    pytest.param('{"sloth_plan": 99}', "of form 99", id="a later form"),
])  # fmt: skip
def test_a_file_that_is_no_plan_is_an_error(folder, text, said):
    folder.write("kept.plan", text)
    ended = apply(folder)
    assert (ended.code, said in ended.stderr) == (1, True)


def test_a_plan_is_written_over_no_other_file(folder):
    ended = keep(folder, "-o", "project/site.sloth")
    assert (ended.code, "site.sloth is there and is no plan" in ended.stderr) == (1, True)
    assert (folder.path / "project/site.sloth").read_text() == SITE
    assert keep(folder).stdout.splitlines()[-1] == "kept: sloth apply kept.plan"
    assert keep(folder).code == 0  # over the earlier one


def test_a_plan_that_cannot_be_written_leaves_what_was_there(folder):
    ended = keep(folder, "-o", "nowhere/kept.plan")
    assert (ended.code, "cannot write nowhere/kept.plan" in ended.stderr) == (1, True)


def test_a_kept_plan_can_be_looked_at(folder):
    keep(folder)
    assert "r : t" in folder.sloth("plan", "kept.plan", "-e", "word=sesame").stdout
    assert folder.sloth("apply", "kept.plan", "-e", "word=sesame", "--list-hosts").stdout.splitlines()[2:] == [
        "    h1", "    h2",
    ]  # fmt: skip
