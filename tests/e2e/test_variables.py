"""Which of a task's own variables win, in Lua and in templates: registered ones, params, extra variables."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.e2e.sloth import Folder

SITE = """
workflow.define("w", { tasks = {
  { name = "first", command = function() return true, "", { made = "here" } end, register = "answer" },
  { name = "task", params = %s, command = function(this, params)
    local rendered = template.render("{{ answer.made | default(answer) }} {{ name | default('no name') }}\\n")
    return true, "", { answer = vars.answer.made or vars.answer, rendered = rendered, param = params.name }
  end },
  { name = "other", command = function() return true, "", { name = vars.name } end },
} })
"""


@pytest.mark.parametrize(("params", "words", "seen"), [
    pytest.param("{}", (), {"answer": "here", "rendered": "here no name\n"}, id="registered"),
    pytest.param(
        "{ answer = 'mine', name = 'x' }", (), {"answer": "mine", "rendered": "mine x\n", "param": "x"},
        id="a param above what is registered",
    ),
    pytest.param(
        "{ name = 'x' }", ("-e", "name=y", "-e", "answer=said"),
        {"answer": "said", "rendered": "said y\n", "param": "y"}, id="an extra variable above both",
    ),
    pytest.param("{ name = 'x' }", ("--values", "values.json"),
                 {"answer": "here", "rendered": "here x\n", "param": "x"}, id="a param above a values file"),
])  # fmt: skip
def test_what_a_task_sees_of_its_own(tmp_path: Path, params, words, seen):
    folder = Folder(tmp_path)
    folder.write("values.json", json.dumps({"name": "of the file", "answer": "of the file"}))
    ended = folder.run(SITE % params, *words)
    assert ended.code == 0, ended.stderr
    assert ended.tasks["task"]["outputs"] == seen
    assert ended.tasks["other"]["outputs"].get("name") != "x"  # params are those of one task


def test_the_explanation_tells_params_of_their_task(tmp_path: Path):
    folder = Folder(tmp_path)
    folder.write("site.sloth", SITE % "{ name = 'x' }")
    words = ("inventory", "explain", "-i", "h1,", "h1", "name", "-w", "site.sloth")
    ended = folder.sloth(*words, "--values", str(folder.write("values.json", '{"name": "y"}')))
    assert [line.split("  ")[1] for line in ended.stdout.splitlines()[1:]] == ["wins", "wins"]
    assert "params of task task" in ended.stdout.splitlines()[1]
    ended = folder.sloth(*words, "-e", "name=z", "--format", "json")
    assert [(one["by"], one["wins"]) for one in json.loads(ended.stdout)["said"]] == [
        ("extra variables", True), ("params of task task", False),
    ]  # fmt: skip
