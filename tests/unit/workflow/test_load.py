"""What the controller makes of a workflow file, and what it refuses with file, line and a hint."""

from __future__ import annotations

from pathlib import Path

import pytest

from sloth.core.errors import WorkflowError
from sloth.workflow.load import load

REFUSED = {
    "unknown dependency": (
        'task("packages"):command("true"):build()\ntask("b"):depends_on("package"):command("true"):build()',
        2,
        "task 'b' depends on 'package', which is not in the workflow",
        "did you mean 'packages'?",
    ),
    "unknown handler": (
        'workflow.define("w"):handlers({ handler("reload", print) }):tasks({ task("a"):notify("relod"):command("true") })',
        1,
        "task 'a' notifies 'relod', which is no handler of the workflow",
        "did you mean 'reload'?",
    ),
    "unknown role": ('\nworkflow.define("w"):roles({ "wbe" })', 2, "there is no role 'wbe'", "did you mean 'web'?"),
    "misspelt config": (
        'workflow.define("w"):config({ max_paralel_tasks = 2 })',
        1,
        "unknown key max_paralel_tasks",
        "did you mean 'max_parallel_tasks'?",
    ),
    "module misspelt": ("\npgk.install('vim')", 2, "(global 'pgk'): did you mean 'pkg'?", ""),
}


@pytest.fixture
def project(tmp_path: Path) -> Path:
    (tmp_path / "roles/web/tasks").mkdir(parents=True)
    (tmp_path / "roles/web/tasks/main.sloth").write_text('task("page"):command("true"):build()\n')
    (tmp_path / "plays").mkdir()
    return tmp_path


def load_text(folder: Path, text: str):
    path = folder / "site.sloth"
    path.write_text(text)
    return load(path, {}, {}, lambda level, said: None).file


@pytest.mark.parametrize(
    ("text", "line", "message", "hint"), [pytest.param(*case, id=name) for name, case in REFUSED.items()]
)
def test_what_is_refused_has_its_line_and_a_hint(project, text, line, message, hint):
    with pytest.raises(WorkflowError) as caught:
        load_text(project, text)
    assert message in str(caught.value)
    assert (caught.value.where, caught.value.hint) == (f"{project}/site.sloth:{line}", hint)


@pytest.mark.parametrize("where", ["beside the file", "beside its folder"])
@pytest.mark.parametrize("how", ["from the folder", "from elsewhere"])
def test_roles_are_found(project, monkeypatch, where, how):
    folder = project if where == "beside the file" else project / "plays"
    monkeypatch.chdir(folder if how == "from the folder" else project.parent)
    file = load_text(
        Path() if how == "from the folder" else folder.relative_to(project.parent),
        'workflow.define("w"):roles({ "web" })',
    )
    assert [task.name for task in file.workflows[0].tasks] == ["web : page"]


def test_a_folder_is_no_workflow_file(project):
    with pytest.raises(WorkflowError, match="plays is a folder, not a workflow file"):
        load(project / "plays", {}, {}, lambda level, said: None)
