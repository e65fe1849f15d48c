"""Roles bring what they need: each once, first what it depends on, with the variables that it is given."""

from __future__ import annotations

from pathlib import Path

import pytest

from sloth.core.errors import SlothError
from sloth.core.model import Workflow
from sloth.workflow.load import load
from sloth.workflow.project import Project


def role(folder: Path, name: str, meta: str = "", suffix: str = "yml") -> None:
    tasks = folder / "roles" / name / "tasks" / "main.sloth"
    tasks.parent.mkdir(parents=True)
    tasks.write_text('task("do"):command("true"):build()')
    if meta:
        path = folder / "roles" / name / "meta" / f"main.{suffix}"
        path.parent.mkdir()
        path.write_text(meta)


def workflow(folder: Path, roles: str, **around: list[str]) -> Workflow:
    path = folder / "site.sloth"
    path.write_text(f"workflow.define('site'):roles({roles})")
    return load(path, {}, {}, lambda level, text: None, Project.around(folder, **around)).file.workflows[0]


@pytest.mark.parametrize(
    ("suffix", "meta"),
    [
        pytest.param("yml", "dependencies: [base, { role: firewall, vars: { ports: [80] } }]", id="yaml"),
        pytest.param("toml", 'dependencies = ["base", { role = "firewall", vars = { ports = [80] } }]', id="toml"),
        pytest.param("json", '{"dependencies": ["base", {"role": "firewall", "vars": {"ports": [80]}}]}', id="json"),
    ],
)
def test_a_role_comes_behind_those_that_it_needs_and_each_comes_once(tmp_path, suffix, meta):
    role(tmp_path, "base")
    role(tmp_path, "firewall", "dependencies: [base]")
    role(tmp_path, "web", meta, suffix)
    found = workflow(tmp_path, '{ "web", "base" }')
    assert [task.name for task in found.tasks] == ["base : do", "firewall : do", "web : do"]
    assert {use.name: use.variables for use in found.roles} == {"base": {}, "firewall": {"ports": [80]}, "web": {}}


def test_the_word_of_the_workflow_wins_over_that_of_a_role(tmp_path):
    role(tmp_path, "firewall")
    role(tmp_path, "web", "dependencies: [{ role: firewall, vars: { ports: [80], log: true } }]")
    uses = {use.name: use for use in workflow(tmp_path, '{ "web", role("firewall", { ports = { 443 } }) }').roles}
    assert uses["firewall"].variables == {"ports": [443], "log": True}


def tags_of(workflow: Workflow) -> dict[str, tuple[str, ...]]:
    return {task.name.partition(" ")[0]: task.tags for task in workflow.tasks}


def test_15_tasks_inherit_the_tags_of_their_role_of_who_needs_it_and_of_the_workflow(tmp_path):
    role(tmp_path, "base")
    role(tmp_path, "firewall", "dependencies: [base]")
    role(tmp_path, "web", "dependencies: [firewall]")
    path = tmp_path / "roles" / "web" / "tasks" / "main.sloth"
    path.write_text('task("do"):tags("own", "net"):command("true"):build()')
    found = workflow(tmp_path, '{ role("web"):tags("net", "http"), { role = "base", tags = { "os" } } }):tags("site"')
    assert tags_of(found) == {
        "base": ("os", "net", "http", "site"), "firewall": ("net", "http", "site"), "web": ("own", "net", "http", "site"),
    }  # fmt: skip


@pytest.mark.parametrize(
    ("used", "tags"),
    [
        pytest.param('role("web"):tags("never")', ("never",), id="who needs it never runs"),
        pytest.param('role("web"):tags("never"), "base"', (), id="the workflow wants it itself"),
        pytest.param('role("web"):tags("never"), "mail"', (), id="another role wants it"),
    ],
)
def test_15_what_a_role_needs_inherits_never_only_where_nothing_else_wants_it(tmp_path, used, tags):
    role(tmp_path, "base")
    role(tmp_path, "web", "dependencies: [base]")
    role(tmp_path, "mail", "dependencies: [base]")
    assert tags_of(workflow(tmp_path, f"{{ {used} }}"))["base"] == tags


def test_a_role_is_found_on_the_configured_path(tmp_path):
    role(tmp_path / "shared", "base")
    found = workflow(tmp_path, '{ "base" }', roles_path=[str(tmp_path / "shared" / "roles")])
    assert [task.name for task in found.tasks] == ["base : do"]


@pytest.mark.parametrize(
    ("meta", "used", "says", "hint"),
    [
        pytest.param("dependencies: [a]", '{ "a" }', "in a circle: a → a", "", id="itself"),
        pytest.param("dependencies: [b]", '{ "a" }', "in a circle: a → b → a", "", id="circle"),
        pytest.param("dependencies: [bb]", '{ "a" }', "there is no role 'bb'", "'b'", id="unknown role"),
        pytest.param("dependencys: [b]", '{ "a" }', "unknown key 'dependencys'", "'dependencies'", id="unknown key"),
        pytest.param("dependencies: [{ name: b }]", '{ "a" }', "a dependency is a role's name", "", id="form"),
        pytest.param(
            "parameters: { port: int }", '{ role("a", { prt = 1 }) }', "no parameter 'prt'", "port", id="name"
        ),
        pytest.param("parameters: { port: int }", '{ role("a", { port = "x" }) }', "wants an integer", "", id="type"),
        pytest.param("parameters: { port: nit }", '{ "a" }', "unknown type 'nit'", "int", id="unknown type"),
        pytest.param("", '{ "a", "a" }', "has the role 'a' twice", "", id="twice"),
        pytest.param("", '{ "A" }', "there is no role 'A'", "", id="no such role"),
    ],
)
def test_what_is_wrong_with_a_role_is_told(tmp_path, meta, used, says, hint):
    role(tmp_path, "a", meta)
    role(tmp_path, "b", "dependencies: [a]")
    with pytest.raises(SlothError) as caught:
        workflow(tmp_path, used)
    assert says in str(caught.value) and hint in caught.value.hint and caught.value.where


def test_roles_that_want_different_values_of_a_third_one_need_the_word_of_the_workflow(tmp_path):
    role(tmp_path, "firewall")
    for name, port in (("web", 80), ("mail", 25)):
        role(tmp_path, name, f"dependencies: [{{ role: firewall, vars: {{ port: {port} }} }}]")
    with pytest.raises(SlothError, match="want different values of port"):
        workflow(tmp_path, '{ "web", "mail" }')
    uses = {use.name: use for use in workflow(tmp_path, '{ "web", "mail", role("firewall", { port = 1 }) }').roles}
    assert uses["firewall"].variables == {"port": 1}
