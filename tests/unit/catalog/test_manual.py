"""The manual is read off the code: names, types, defaults, meanings, examples."""

from __future__ import annotations

import json

import pytest
from msgspec import to_builtins

from sloth.catalog import manual
from sloth.catalog.library import Library
from sloth.core.errors import UsageError
from sloth.runtime.catalog import Catalog


def test_every_module_and_action_is_in_it():
    catalog = Catalog()
    found = {one.name: one for one in manual.modules(Library())}
    assert list(found) == catalog.names
    for name in catalog.names:
        told = {known for one in found[name].actions for known in (one.name, *one.synonyms)}
        assert told == {f"{name}.{key}" for key in catalog.module(name)}


def test_everything_is_said_that_people_and_programs_ask_for():
    for module in manual.modules(Library()):
        assert module.summary, module.name
        for action in module.actions:
            assert action.summary, action.name
            assert action.examples, action.name
            assert all(one.type and one.meaning for one in action.parameters), action.name
        json.dumps(to_builtins(module))


def test_an_action_is_taken_apart():
    copy = manual.action("file_ops.copy", Library())
    parameters = {one.name: one for one in copy.parameters}
    assert copy.summary.endswith(".")
    assert not copy.query
    assert parameters["dest"].required
    assert parameters["dest"].type == "a string"
    assert "path" in parameters["dest"].synonyms
    assert parameters["backup"].default is False
    assert all(example.startswith("file_ops.copy") for example in copy.examples)


@pytest.mark.parametrize(
    ("name", "modes"),
    [
        pytest.param("file_ops.stat", "query; changes nothing: check mode makes no difference", id="query"),
        pytest.param("infra_test.is_file", "changes nothing: check mode makes no difference", id="check"),
        pytest.param("pkg.install", "check mode foretells what it changes", id="foretold"),
        pytest.param("file_ops.copy", "check mode foretells what it changes; -D shows the difference", id="diff"),
        pytest.param(
            "exec.run", "check mode does not run it: nobody can know what it would change", id="a command"
        ),
        pytest.param("artifact.keep", "changes nothing on the host: check mode leaves it out", id="left out"),
    ],
)
def test_what_check_mode_and_diff_make_of_an_action_is_told(name, modes):
    assert manual.action(name, Library()).modes == modes


def test_a_query_foretells_no_change():
    actions = [one for module in manual.modules(Library()) for one in module.actions]
    assert [one.name for one in actions if one.query and one.check not in {"same", "left_out"}] == []
    assert [one.name for one in actions if one.diff and one.check != "foretells"] == []


@pytest.mark.parametrize(
    ("ask", "name", "hint"),
    [
        pytest.param(manual.module, "pkgs", "did you mean 'pkg'?", id="near a module"),
        pytest.param(manual.module, "zzzzz", "`sloth modules list` shows all", id="near nothing"),
        pytest.param(manual.action, "pkg.instal", "did you mean 'pkg.install'?", id="near an action"),
        pytest.param(manual.action, "pkg.zzzzz", "`sloth modules show pkg` shows all of them", id="near no action"),
        pytest.param(manual.action, "pgk.install", "did you mean 'pkg'?", id="action of a near module"),
    ],
)
def test_an_unknown_name_is_answered_with_a_near_one(ask, name, hint):
    with pytest.raises(UsageError) as caught:
        ask(name, Library())
    assert caught.value.hint == hint
