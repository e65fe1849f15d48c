"""Which place wins: each pair of places that can give a host a variable, through a whole run on this machine.

One project says a variable of its own for each pair, in just these two places; one run tells what its tasks, a
template and `inventory explain` make of all of them.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import combinations

import pytest

from sloth.core.events import Event, TaskFinished
from sloth.engine import root
from sloth.engine.request import Request, Targets
from tests.applying import lua

# Every place, lowest first, and its file below the project; those without are parts of the inventory or the workflow.
PLACES = {
    "role defaults": "roles/r/defaults/main.yml",
    "all, inventory": "",
    "all, beside the inventory": "inv/group_vars/all.yml",
    "all, beside the workflow": "group_vars/all.json",
    "parent, inventory": "",
    "parent, beside the inventory": "inv/group_vars/zparent.yml",
    "parent, beside the workflow": "group_vars/zparent/main.yml",
    "child, inventory": "",
    "child, beside the inventory": "inv/group_vars/child.json",
    "child, beside the workflow": "group_vars/child.yml",
    "host, inventory": "",
    "host, beside the inventory": "inv/host_vars/h.yml",
    "host, beside the workflow": "host_vars/h.json",
    "workflow": "",
    "values file": "values.json",
    "later values file": "more.yml",
    "role vars": "roles/r/vars/main.json",
    "role, as the workflow uses it": "",
    "params": "",
    "extra variables": "",
    "later extra variables": "extra.yml",
}
SCOPES = {"role defaults": 1, "role vars": 1, "role, as the workflow uses it": 1, "params": 2}
"""Who sees a place that not all do: 1 the tasks of the role, 2 one task of it."""
PAIRS = {f"v_{a}_{b}": (one, other) for (a, one), (b, other) in combinations(enumerate(PLACES), 2)}
SITE = """
workflow.define("site")
  :variables({variables})
  :roles({{ {{ role = "r", vars = {role} }} }})
  :tasks({{ task("outside"):command(function() return true, "", {{ seen = vars }} end) }})
"""
ROLE = """
task("inside"):params({params}):command(function(this, params)
  return true, "", {{ seen = vars, params = params, rendered = template.render("{{{{ vars | tojson }}}}\\n") }}
end):build()
"""


def said(place: str) -> dict[str, str]:
    """What a place says: its own name, for every pair that it is one of."""
    return {name: place for name, pair in PAIRS.items() if place in pair}


@dataclass(frozen=True, slots=True)
class Seen:
    """What came of each variable: in a role's task, in its templates, in a task of no role, and as explained."""

    inside: Mapping[str, str]
    params: Mapping[str, str]
    rendered: Mapping[str, str]
    outside: Mapping[str, str]
    request: Request


@pytest.fixture(scope="module")
def seen(tmp_path_factory: pytest.TempPathFactory) -> Seen:
    """The run."""
    folder = tmp_path_factory.mktemp("project")
    host = {**said("host, inventory"), "sloth_connection": "local"}
    child = {"vars": said("child, inventory"), "hosts": {"h": host}}
    parent = {"vars": said("parent, inventory"), "children": {"child": child}}
    inventory = {"all": {"vars": said("all, inventory"), "children": {"zparent": parent}}}
    site = SITE.format(variables=lua(said("workflow")), role=lua(said("role, as the workflow uses it")))
    role = ROLE.format(params=lua(said("params")))
    files = {"inv/hosts.json": json.dumps(inventory), "site.sloth": site, "roles/r/tasks/main.sloth": role}
    files |= {file: json.dumps(said(place)) for place, file in PLACES.items() if file}
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    request = Request(
        str(folder / "site.sloth"), Targets((str(folder / "inv/hosts.json"),)), lock_wait=60.0,
        values=(str(folder / "values.json"), str(folder / "more.yml")),
        extra=(json.dumps(said("extra variables")), f"@{folder / 'extra.yml'}"),
    )  # fmt: skip
    events: list[Event] = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SLOTH_HOME", str(folder / "home"))
        patch.setenv("SLOTH_CONFIG", "/dev/null")
        assert root.apply(request, [events.append]) == 0, events
    outputs = {event.task: event.outputs for event in events if isinstance(event, TaskFinished)}
    inside, outside = outputs["r : inside"], outputs["outside"]
    return Seen(inside["seen"], inside["params"], json.loads(str(inside["rendered"])), outside["seen"], request)  # type: ignore[arg-type]


every_pair = pytest.mark.parametrize(
    ("variable", "lower", "higher"),
    [pytest.param(name, *pair, id=f"{pair[0]} < {pair[1]}") for name, pair in PAIRS.items()],
)


@every_pair
def test_of_two_places_the_higher_wins_in_a_roles_task(variable: str, lower: str, higher: str, seen: Seen):
    assert seen.inside[variable] == higher
    assert seen.rendered[variable] == higher
    assert seen.params.get(variable) == (higher if "params" in (lower, higher) else None)


@every_pair
def test_what_a_role_says_is_not_seen_outside_of_it(variable: str, lower: str, higher: str, seen: Seen):
    heard = [place for place in (lower, higher) if place not in SCOPES]
    assert seen.outside.get(variable) == (heard[-1] if heard else None)


@every_pair
def test_the_explanation_has_both_and_the_winner_first(variable: str, lower: str, higher: str, seen: Seen):
    found = root.explain(seen.request, "h", variable, lambda event: None)
    assert [one.value for one in found.said] == [higher, lower]
    alone = SCOPES.get(higher, 0) > SCOPES.get(lower, 0)
    assert [one.wins for one in found.said] == [True, alone]
