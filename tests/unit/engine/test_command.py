"""What is typed at a prompt, as a call: words, positions, JSON, files; and what is refused before anything connects."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from sloth.core.errors import UsageError
from sloth.engine import command
from sloth.engine.request import Targets
from sloth.runtime.catalog import Catalog


@pytest.mark.parametrize(("action", "words", "positional", "named"), [
    pytest.param("systemd.restart", ["nginx"], ["nginx"], {}, id="by position"),
    pytest.param("systemd.restart", ["name=nginx"], [], {"name": "nginx"}, id="by name"),
    pytest.param("pkg.install", ['packages=["vim", "git"]'], [], {"packages": ["vim", "git"]}, id="a list"),
    pytest.param("pkg.install", ["vim", "git"], ["vim", "git"], {}, id="the rest"),
    pytest.param("file_ops.template", ["a.j2", "/b", 'vars={"a": {"b": 1}}'], ["a.j2", "/b"], {"vars": {"a": {"b": 1}}},
                 id="a table"),
    pytest.param(
        "file_ops.copy", ["dest=/x", 'content={"a": 1}'], [], {"dest": "/x", "content": '{"a": 1}'},
        id="text stays text",
    ),
    pytest.param("file_ops.copy", ["dest=/x", "content=a=b\nc"], [], {"dest": "/x", "content": "a=b\nc"}, id="= inside"),
    pytest.param("file_ops.copy", ['{"dest": "/x", "content": "y"}'], [], {"dest": "/x", "content": "y"}, id="JSON"),
    pytest.param("exec.run", ["ls -l", "timeout=5s"], ["ls -l"], {"timeout": "5s"}, id="an option of every call"),
    pytest.param("facts.get", ["os"], ["os"], {}, id="a query"),
])  # fmt: skip
def test_arguments_are_read_as_the_action_wants_them(action, words, positional, named):
    found = Catalog().find(*action.split("."))
    assert command.arguments(found, words) == (positional, named)
    (extra,) = command.of_call(Targets(), "all", action, words, Catalog()).extra
    assert json.loads(extra)["sloth_call"]["named"] == named


def test_arguments_may_be_in_a_file(tmp_path: Path):
    file = tmp_path / "copy.yml"
    file.write_text("dest: /x\ncontent: y\n")
    found = Catalog().find("file_ops", "copy")
    assert command.arguments(found, [f"@{file}", "content=z"]) == ([], {"dest": "/x", "content": "z"})


@pytest.mark.parametrize(("action", "words", "said", "hint"), [
    pytest.param("file_ops", [], "which action", "file_ops has copy, template", id="no action"),
    pytest.param("file_op", [], "which action", "file_ops", id="no action of a misspelt module"),
    pytest.param("nothing.here", [], "no module nothing", "modules list", id="no module"),
    pytest.param("file_ops.cop", [], "did you mean copy", "modules list", id="near match"),
    pytest.param("file_ops.copy", ["dst=/x"], "unknown argument dst .did you mean dest", "modules show file_ops.copy",
                 id="unknown argument"),
    pytest.param("systemd.restart", [], "missing argument name", "modules show", id="missing argument"),
    pytest.param("systemd.running", ["name=x", "enabled=maybe"], "enabled wants true or false", "", id="wrong type"),
    pytest.param("pkg.install", ["packages=[vim"], r"packages=\[vim", "JSON", id="broken JSON"),
    pytest.param("systemd.restart", ["a", "user", "c", "d", "e"], "too many arguments", "", id="too many"),
])  # fmt: skip
def test_what_does_not_fit_is_refused_before_anything_connects(action, words, said, hint):
    with pytest.raises(UsageError, match=said) as caught:
        command.of_call(Targets(), "all", action, words, Catalog())
    assert hint in caught.value.hint


def test_the_pattern_and_the_limit_both_hold():
    assert command.of_line(Targets(limit="b,c"), "a", ["true"]).targets.patterns == ["a", "b,c"]
