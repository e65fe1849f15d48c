"""A host gets the secrets that its own tasks name, and no others."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from sloth.core.errors import AnswerError, SecretsError
from sloth.core.sealed import Sealed
from sloth.engine.disclosing import Disclosure, Mentioned, references
from sloth.secrets.keyring import Keyring
from sloth.workflow.load import load
from sloth.workflow.project import Project
from tests.unit.secrets.worlds import CHEAP, KeyFile, vault


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("secrets.db", ["db"]),
        ("x=secrets . db_1..y", ["db_1"]),
        ('secrets["a-b"] secrets[ \'c\' ]', ["a-b", "c"]),
        ("secrets.get('a.b') secrets.get \"c\" secrets.get(\"d\")", ["a.b", "c", "d"]),
        ("{{ secrets.db }} {% if secrets.get('x') %}", ["db", "x"]),
        ("secrets.get(name) secrets[name] mysecrets.a secrets", []),
        ("secrets.getter", ["getter"]),
    ],
    ids=str,
)
def test_how_a_secret_is_named(text, names):
    assert references(text) == set(names)


FILE = """
local function shared() return secrets.of_all end

local one = task("one"):command(function()
  shared()
  return true, secrets.of_one
end):build()

local two = task("two"):command(function() return true, secrets.of_two .. vars.token end):build()

local both = task("three"):secrets { "made_*" }:command(function()
  return true, secrets.get("made_" .. "up")
end):build()

workflow.define("w"):tasks({ one, two, both })
workflow.define("other"):tasks({ task("else"):command(function() return secrets.of_other end):build() })
"""


@pytest.fixture
def mentioned(tmp_path: Path) -> Mentioned:
    path = tmp_path / "site.sloth"
    path.write_text(FILE)
    evaluated = load(path, {}, {}, lambda level, text: None, Project.around(tmp_path))
    return Mentioned(evaluated.file, evaluated.file.workflows[0])


@pytest.mark.parametrize(
    ("tasks", "names"),
    [
        (["one"], ["of_all", "of_one"]),
        (["two"], ["of_all", "of_two"]),
        (["one", "two"], ["of_all", "of_one", "of_two"]),
        (["three"], ["of_all"]),
    ],
    ids=str,
)
def test_what_tasks_of_other_hosts_and_workflows_name_does_not_count(mentioned, tasks, names):
    assert mentioned.by(tasks).secrets == set(names)


def test_what_a_task_declares_counts_for_its_hosts(mentioned):
    assert mentioned.by(["three"]).secret("made_up")
    assert not mentioned.by(["one"]).secret("made_up")


@pytest.fixture
def keyring(tmp_path: Path) -> Keyring:
    given = KeyFile()
    store = vault(tmp_path / "secrets", given)
    store.put({name: f"value of {name}" for name in ("of_all", "of_one", "of_two", "token")})
    return Keyring(store, given, lambda _: None, "", CHEAP)


def test_a_host_that_asks_for_more_is_refused(mentioned, keyring):
    disclosure = Disclosure(mentioned.by(["one"]), keyring)
    assert disclosure.secret("of_one") == "value of of_one"
    with pytest.raises(AnswerError, match="no task of this host names the secret 'of_two'") as caught:
        disclosure.secret("of_two")
    assert "value" not in f"{caught.value} {caught.value.hint}"


def test_a_template_that_the_hosts_tasks_name_may_name_more(mentioned, keyring):
    disclosure = Disclosure(mentioned.by(["one"]), keyring)
    assert disclosure.secret("of_two", "{{ secrets.of_two }}") == "value of of_two"


def test_a_secret_that_is_not_there_is_a_failure_of_the_call(mentioned, keyring):
    with pytest.raises(SecretsError, match="there is no secret 'made_up'"):
        Disclosure(mentioned.by(["three"]), keyring).secret("made_up")


def test_a_job_has_the_encrypted_variables_that_its_tasks_name_and_not_the_others(mentioned, keyring):
    sealed = {"token": Sealed("named", "token"), "unused": Sealed("named", "nowhere"), "plain": [1, "x"]}
    job: dict[str, Any] = {"vars": sealed, "extra": {}, "others": {"h2": sealed}, "roles": {"r": {"defaults": sealed}}}
    found = Disclosure(mentioned.by(["two"]), keyring).job(job)
    wanted = {"token": "value of token", "plain": [1, "x"]}
    assert found == {"vars": wanted, "extra": {}, "others": {"h2": wanted}, "roles": {"r": {"defaults": wanted}}}
    assert Disclosure(mentioned.by(["one"]), keyring).job(job)["vars"] == {"plain": [1, "x"]}
