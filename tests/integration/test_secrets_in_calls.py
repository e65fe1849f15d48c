"""A secret in any argument of any action: whatever comes of the call, nothing that the run tells has it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from msgspec import to_builtins

from sloth.runtime.action import Action, Parameter
from tests.applying import DEPLOY, Remote, lua, remote
from tests.integration.sweep.calls import CATALOG
from tests.lab.fleet import Lab
from tests.lab.host import Host

pytestmark = pytest.mark.lab

SECRET = "Tr0ub4dor-&3 'käse'"
ACTIONS = [one for name in CATALOG.names for key, one in CATALOG.module(name).items() if key == one.name]
TEXTS = ("str", "list[str]", "object", "dict[str", "list[object]")


@pytest.fixture
def site(lab: Lab, lab_hosts: list[Host], tmp_path: Path) -> Iterator[Remote]:
    with remote(lab, lab_hosts[0], tmp_path) as one:
        yield one


def calls(action: Action) -> Iterator[str]:
    """Calls with the secret in each argument that takes a text, and what else is required."""
    required = {one.name: _fitting(one) for one in action.parameters if one.required}
    for one in action.parameters:
        if any(text in one.type for text in TEXTS):
            secret = "{ secret = vars.db_password }" if one.type.startswith("dict[") else "vars.db_password"
            named = {name: lua(value) for name, value in required.items()} | {one.name: secret}
            table = ", ".join(f"[{lua(name)}] = {value}" for name, value in named.items())
            yield f"said[#said + 1] = {{ pcall(function() return {action.full_name}{{ {table} }} end) }}"


def _fitting(parameter: Parameter) -> object:
    if parameter.type.startswith("Literal"):
        return parameter.type.split("'")[1]
    return {"int": 1, "float": 1, "bool": True, "Duration": 1}.get(parameter.type.partition(" ")[0], "x")


def task(action: Action) -> str:
    body = "\n".join(calls(action))
    return (
        f"task({lua(action.full_name)}):command(function()\nlocal said = {{}}\n{body}\n"
        "for i, one in ipairs(said) do said[i] = { one[1], tostring(one[2]), one[2], tostring(one[3]) } end\n"
        "return true, '', { said = said } end):build()"
    )


@pytest.mark.parametrize("check", [True, False], ids=["check mode", "in earnest, where nothing is changed"])
def test_no_secret_of_a_call_is_told(site, check):
    harmless = [one for one in ACTIONS if check or (one.query and one.module not in {"http", "net"})]
    tasks = ",\n".join(map(task, harmless))
    given = json.dumps({"db_password": SECRET})
    run = site.run(f"workflow.define('w'):tasks({{\n{tasks}\n}})\n", DEPLOY, check=check, extra=[given])
    told = [json.dumps(to_builtins(event), ensure_ascii=False, default=str) for event in run.events]
    for form in (SECRET, json.dumps(SECRET)[1:-1], json.dumps(SECRET, ensure_ascii=False)[1:-1]):
        assert [text for text in told if form in text] == []
    assert run.finished.keys() == {one.full_name for one in harmless}
    assert sum("***" in text for text in told) > len(harmless) // 4  # many tell what they were given
