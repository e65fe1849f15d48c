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


def test_a_top_level_that_does_not_end_is_ended_and_its_line_named(project):
    path = project / "site.sloth"
    path.write_text("\nwhile true do pcall(function() while true do end end) end")
    with pytest.raises(WorkflowError, match=r"loading takes longer than 0\.1 s") as caught:
        load(path, {}, {}, lambda level, said: None, limit=0.1)
    assert (caught.value.where, caught.value.hint) == (
        f"{path}:2",
        "the top level of a file only declares tasks: work belongs into their commands",
    )


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
    with pytest.raises(WorkflowError, match="/dev/null is no regular file"):
        load(Path("/dev/null"), {}, {}, lambda level, text: None)
    with pytest.raises(WorkflowError, match="plays is a folder, not a workflow file"):
        load(project / "plays", {}, {}, lambda level, said: None)


WARNED = {
    "a key of the config": (
        'workflow.define("w", { config = { budget_owner = 1 }, tasks = { a = "true" } })',
        "config of workflow 'w': the key budget_owner means nothing here",
    ),
    "a task that can never run": (
        (
            'workflow.define("w", { tasks = { a = "x", b = { command = "x", depends_on = "a" },\n'
            '  c = { command = "x", depends_on = "b", next_if_fail = "a" } } })'
        ),
        "task 'c' can never run: it wants 'a' both to succeed and to fail",
    ),
}


@pytest.mark.parametrize(("text", "message"), [pytest.param(*case, id=name) for name, case in WARNED.items()])
def test_what_may_be_a_mistake_is_a_warning(project, text, message):
    (warning,) = load_text(project, text).warnings
    assert warning.startswith(f"{project}/site.sloth:")
    assert warning.endswith(message)


def test_the_values_of_a_file_lie_below_the_values_files(project):
    path = project / "site.sloth"
    path.write_text('values({ a = { b = 1, c = 1 }, l = { 1, 2 } }) stack("s") task("t"):command("true"):build()')
    file = load(path, {}, {"a": {"b": 2}, "l": [3]}, lambda level, said: None).file
    assert (file.values, file.stack) == ({"a": {"b": 2, "c": 1}, "l": [3]}, "s")


def test_a_chain_of_many_dependencies_is_no_trouble(project):
    text = (
        "local tasks = {} for i = 1, 3000 do tasks[i] = { name = 't' .. i, command = 'x', "
        "depends_on = i > 1 and 't' .. (i - 1) or nil, next_if_fail = i == 3000 and 't1' or nil } end "
        "workflow.define('w', { tasks = tasks })"
    )
    (warning,) = load_text(project, text).warnings
    assert "'t3000' can never run" in warning


@pytest.mark.parametrize(
    ("said", "sizes"),
    [("2", (2,)), ("'25%'", ("25%",)), ("{ 1, '50%' }", (1, "50%")), ("4 / 2", (2,))],
    ids=["a number", "a percentage", "a list", "a whole number"],
)
def test_a_task_says_how_many_hosts_run_it_at_a_time(project, said, sizes):
    text = f"task('a'):serial({said}):command('x'):build() task({{ name = 'b', command = 'x', serial = {said} }})"
    (workflow,) = load_text(project, text).workflows
    assert [task.serial for task in workflow.tasks] == [sizes, sizes]
