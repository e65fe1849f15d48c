"""What a host that lies is not given, by whatever question it asks: secrets of others' tasks, our memory."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from sloth.core.connection import Connection
from sloth.core.sealed import Sealed
from sloth.engine.allowance import Allowance
from sloth.engine.answers import Answers, Shared
from sloth.engine.artifacts import Artifacts
from sloth.engine.disclosing import Disclosure, Mentioned
from sloth.engine.files import Files, names_of
from sloth.engine.leases import Leases
from sloth.engine.templates import Templates
from sloth.runtime.deadline import Timer
from sloth.runtime.failure import ActionFailed
from sloth.secrets.keyring import Keyring
from sloth.store import Locks, SqliteDatabase
from sloth.workflow.load import load
from sloth.workflow.project import Project
from tests.stateful import stateful_for
from tests.unit.secrets.worlds import CHEAP, KeyFile, vault

SITE = """
local mine = task("mine"):command(function() return template.render("app.j2") .. secrets.mine .. vars.token end):build()
local theirs = task("theirs"):command(function()
  return template.render("db.j2") .. template.render("{{ secrets.theirs }}\\n") .. secrets.theirs .. vars.hidden
end):build()
workflow.define("w"):tasks({ mine, theirs }):roles({ "db" })
"""
FILES = {
    "site.sloth": SITE,
    "templates/app.j2": "app: {{ secrets.of_app }} {% include 'part.j2' %}\n",
    "templates/part.j2": "{{ secrets.of_part }}",
    "templates/db.j2": "db: {{ secrets.theirs }}\n",
    "roles/db/tasks/main.sloth": 'task("of db"):command(function() return template.render("app.j2") end):build()\n',
    "roles/db/templates/app.j2": "role: {{ secrets.theirs }}\n",
}


@pytest.fixture
def answers(tmp_path: Path) -> Answers:
    """Those for a host that has the task `mine` alone."""
    for name, text in FILES.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    evaluated = load(tmp_path / "site.sloth", {}, {}, lambda level, text: None, Project.around(tmp_path))
    workflow = evaluated.file.workflows[0]
    given = KeyFile()
    store = vault(tmp_path / "secrets", given)
    store.put({name: f"value of {name}" for name in ("mine", "theirs", "of_app", "of_part", "token", "hidden")})
    keyring = Keyring(store, given, lambda _: None, "", CHEAP)
    sealed = {"token": Sealed("named", "token"), "hidden": Sealed("named", "hidden")}
    job: dict[str, Any] = {
        "host": "h1", "vars": sealed, "extra": {}, "others": {}, "values": {}, "groups": {}, "sources": evaluated.file.sources,
        "roles": {"db": {"defaults": {}, "vars": {}}}, "steps": [{"role": None}],
    }  # fmt: skip
    project = evaluated.sources.project
    shared = Shared(
        workflow, tmp_path, project.role, Templates(), Files(), names_of(evaluated.file.sources.values()),
        Artifacts(tmp_path / "artifacts"), lambda event: None,
    )  # fmt: skip
    disclosure = Disclosure(Mentioned(evaluated.file, workflow).by(["mine"]), keyring)
    database = SqliteDatabase(tmp_path / "store.db")
    stateful = stateful_for(database, Leases(Locks(database), Timer(), print), "h1")
    return Answers(shared, job, Connection("h1", "h1"), stateful, disclosure, Allowance(1 << 30, "limits.files"), lambda name: name)


def test_what_its_own_tasks_name_is_given(answers: Answers):
    assert answers.secret({"name": "mine"}) == {"value": "value of mine"}
    assert answers.template({"src": "app.j2"}) == {"text": "app: value of of_app value of of_part"}


@pytest.mark.parametrize(
    "asked",
    [
        pytest.param({"name": "theirs"}, id="another's secret"),
        pytest.param({"name": "hidden"}, id="one behind a variable"),
        pytest.param({"name": "of_app"}, id="one of a template, outside of it"),
        pytest.param({"name": "nothing"}, id="one that is not there"),
        pytest.param({"name": ["mine"]}, id="no name"),
        pytest.param({}, id="nothing"),
    ],
)
def test_other_secrets_are_refused(answers: Answers, asked: Mapping[str, Any]):
    with pytest.raises(ActionFailed, match="no task of this host names the secret"):
        answers.secret(asked)


@pytest.mark.parametrize(
    "asked",
    [
        pytest.param({"src": "db.j2"}, id="another's template"),
        pytest.param({"src": "app.j2", "role": "db"}, id="one of the same name of a role that it does not have"),
        pytest.param({"text": "{{ secrets.theirs }}"}, id="text that another's task has"),
        pytest.param({"text": "{{ secrets.theirs }}\n{{ 7 * 7 }}"}, id="text that nobody has"),
        pytest.param({"text": "{{ secrets[name] }}", "vars": {"name": "theirs"}}, id="a name that it sends along"),
        pytest.param({"text": "{{ hidden }}"}, id="a variable that its tasks do not name"),
        pytest.param({"text": "{{ vars.hidden }}\n"}, id="the same by vars"),
        pytest.param({"text": "{% include 'db.j2' %}"}, id="an include"),
        pytest.param({"text": "{% include name %}", "vars": {"name": "db.j2"}}, id="an include by a variable"),
    ],
)
def test_no_template_gives_away_others_secrets(answers: Answers, asked: Mapping[str, Any]):
    with pytest.raises(ActionFailed) as caught:
        answers.template(asked)
    assert "value of" not in str(caught.value)


@pytest.mark.parametrize(
    ("verb", "args"),
    [
        pytest.param("tree", {"src": "templates", "exclude": ["?" * 1000] * 100}, id="tree"),
        pytest.param("artifacts", {"names": ["?" * 1000] * 100}, id="artifacts"),
    ],
)
def test_patterns_that_would_eat_up_our_memory_are_refused(verb, args, answers):
    with pytest.raises(ActionFailed, match="has more than 65536 characters"):
        answers.verbs()[verb](args)
