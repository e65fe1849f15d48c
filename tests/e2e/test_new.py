"""What `sloth new` writes is sound, tested, can be applied, and changes nothing the second time; nothing is overwritten."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.e2e.sloth import Folder


def statuses(folder: Folder, *words: str) -> set[str]:
    ended = folder.sloth(*words, "--format", "json")
    assert ended.code == 0, ended.stderr
    return set(ended.statuses.values())


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    return Folder(tmp_path)


def test_a_project_can_be_applied_at_once(folder):
    name = f"sloth-{folder.path.name}"  # its files go to /tmp
    assert folder.sloth("new", "project", name).code == 0
    inside = Folder(folder.path / name)
    del inside.environ["SLOTH_CONFIG"]
    assert "sound" in inside.sloth("workflow", "validate", "site.sloth").stdout
    assert inside.sloth("test", "tests").code == 0
    given = ("apply", "site.sloth", "-e", f"hello_folder={folder.path}/there")
    assert "changed" in statuses(inside, *given)
    assert statuses(inside, *given) == {"ok"}


def test_a_workflow_passes_its_test_and_runs_twice(folder):
    assert folder.sloth("new", "workflow", "backup").code == 0
    assert "sound" in folder.sloth("workflow", "validate", "backup.sloth").stdout
    assert folder.sloth("test", "backup_test.sloth").code == 0
    text = (folder.path / "backup.sloth").read_text()
    folder.write("backup.sloth", text.replace("/tmp/backup", f"{folder.path}/backup"))
    assert statuses(folder, "run", "backup.sloth") == {"changed"}
    assert statuses(folder, "run", "backup.sloth") == {"ok"}


def test_a_role_runs_twice(folder):
    assert folder.sloth("new", "role", "my-app").code == 0
    folder.write(
        "site.sloth", f'workflow.define("s"):roles({{ role("my-app", {{ my_app_folder = "{folder.path}/app" }}) }})'
    )
    assert "changed" in statuses(folder, "run", "site.sloth")
    assert statuses(folder, "run", "site.sloth") == {"ok"}


@pytest.mark.parametrize("lua", [pytest.param((), id="python"), pytest.param(("--lua",), id="lua")])
def test_a_module_is_in_the_manual_and_passes_its_test(folder, lua):
    assert folder.sloth("modules", "new", "greet", *lua).code == 0
    assert "greet.ensure" in folder.sloth("modules", "show", "greet").stdout
    ended = folder.sloth("test", "tests")
    assert ended.code == 0, ended.stdout


@pytest.mark.parametrize(
    ("words", "says"),
    [
        pytest.param(("new", "workflow", "site"), "site.sloth exists already", id="workflow"),
        pytest.param(("new", "role", "../x"), "is no name", id="path"),
        pytest.param(("modules", "new", "pkg"), "sloth has a module called 'pkg'", id="shipped module"),
        pytest.param(("modules", "new", "task"), "means something else", id="a word of the language"),
        pytest.param(("modules", "new", "end", "--lua"), "means something else", id="a word of Lua"),
        pytest.param(("modules", "new", "my-tools"), "is no name", id="module"),
    ],
)
def test_nothing_is_overwritten_and_names_are_names(folder, words, says):
    folder.write("site.sloth", "mine")
    ended = folder.sloth(*words)
    assert ended.code == 1 and says in ended.stderr
    assert (folder.path / "site.sloth").read_text() == "mine"
    assert sorted(path.name for path in folder.path.iterdir()) == ["site.sloth"]
