"""Which place gives a host its variables, and that nothing is read for hosts that nobody asks for."""

from __future__ import annotations

from itertools import combinations
from pathlib import Path

import pytest

from sloth.core.errors import InventoryError
from sloth.inventory import Inventory, load

# Every place that can give a host a variable, lowest first; {0} is the value that it gives.
PLACES = {
    "all, inventory": "",
    "all, beside the inventory": "inv/group_vars/all.yml",
    "all, beside the workflow": "flow/group_vars/all.yml",
    "parent, inventory": "",
    "parent, beside the inventory": "inv/group_vars/zparent.yaml",
    "parent, beside the workflow": "flow/group_vars/zparent.yml",
    "child a, inventory": "",
    "child a, beside the inventory": "inv/group_vars/a.toml",
    "child a, beside the workflow": "flow/group_vars/a.json",
    "child b, inventory": "",
    "child b, beside the inventory": "inv/group_vars/b/10-first.yml",
    "child b, beside the inventory, later file": "inv/group_vars/b/20/second.yml",
    "child b, beside the workflow": "flow/group_vars/b",
    "host, inventory": "",
    "host, beside the inventory": "inv/host_vars/h.yml",
    "host, beside the workflow": "flow/host_vars/h/x.yml",
}
INVENTORY = """
    all:
      vars: {{{0}}}
      children:
        zparent:
          vars: {{{1}}}
          children:
            b: {{vars: {{{3}}}, hosts: {{h: {{{4}}}}}}}
            a: {{vars: {{{2}}}, hosts: {{h: }}}}
    """
TEXTS = {".toml": "x = '{0}'", ".json": '{{"x": "{0}"}}'}


def set_in(places: tuple[str, ...], write, tmp_path: Path) -> Inventory:
    """An inventory whose host h gets x from these places, each giving its own name."""
    inside = [place for place, name in PLACES.items() if not name]
    write("inv/hosts.yml", INVENTORY.format(*(f"x: '{place}'" if place in places else "" for place in inside)))
    for place in places:
        if name := PLACES[place]:
            write(name, TEXTS.get(Path(name).suffix, "x: '{0}'").format(place))
    return load([str(tmp_path / "inv/hosts.yml")], workflow_dir=tmp_path / "flow")


@pytest.mark.parametrize(("lower", "higher"), [
    pytest.param(lower, higher, id=f"{lower} < {higher}") for lower, higher in combinations(PLACES, 2)
])  # fmt: skip
def test_of_two_places_the_higher_wins(lower: str, higher: str, write, tmp_path: Path):
    inventory = set_in((lower, higher), write, tmp_path)
    assert inventory.variables("h")["x"] == higher
    assert [layer.values["x"] for layer in inventory.layers("h")] == [lower, higher]


def test_layers_say_where_they_come_from(write, tmp_path: Path):
    inventory = set_in(tuple(PLACES), write, tmp_path)
    layers = inventory.layers("h")
    assert [layer.values["x"] for layer in layers] == list(PLACES)
    assert [layer.name for layer in layers][:4] == ["all", "all", "all", "group zparent"]
    assert layers[0].where("x") == f"{tmp_path}/inv/hosts.yml:3"
    assert layers[7].where("x") == f"{tmp_path}/inv/group_vars/a.toml:1"
    assert layers[-1].source == f"{tmp_path}/flow/host_vars/h/x.yml"


def test_the_whole_value_is_replaced_and_never_merged(of):
    inventory = of("all: {vars: {x: {a: 1, b: 1}, y: [1]}, hosts: {h: {x: {b: 2}}}}")
    assert inventory.variables("h") == {"x": {"b": 2}, "y": [1]}


def test_a_changed_answer_changes_no_later_one(of):
    inventory = of("all: {vars: {x: 1}, hosts: {h: }}")
    inventory.variables("h")["x"] = 2
    assert inventory.variables("h") == {"x": 1}


def test_a_broken_file_of_another_host_harms_nobody(write, tmp_path: Path):
    write("hosts.yml", "a: {hosts: {good: }}\nb: {hosts: {bad: }}")
    write("group_vars/b.yml", "x: [")
    write("host_vars/bad.yml", "x: [")
    inventory = load([str(tmp_path / "hosts.yml")])
    assert inventory.variables("good") == {}
    with pytest.raises(InventoryError) as caught:
        inventory.variables("bad")
    assert caught.value.where.startswith(str(tmp_path / "group_vars/b.yml"))


def test_each_file_is_read_once(write, tmp_path: Path):
    write("hosts.yml", "web: {hosts: {'w[1:2]': }}")
    path = write("group_vars/web.yml", "x: 1")
    inventory = load([str(tmp_path / "hosts.yml")], workflow_dir=tmp_path)
    assert inventory.variables("w1") == {"x": 1}
    path.write_text("x: 2")
    assert inventory.variables("w2") == {"x": 1}
    assert [layer.source for layer in inventory.layers("w1")] == [str(path)]


@pytest.mark.parametrize(("names", "message"), [
    pytest.param(["web.yml", "web.toml"], "two places", id="two files"),
    pytest.param(["web.yml", "web/x.yml"], "two places", id="file and directory"),
])  # fmt: skip
def test_two_places_for_one_name_are_an_error(names: list[str], message: str, write, tmp_path: Path):
    write("hosts.yml", "web: {hosts: {w1: }}")
    for name in names:
        write(f"group_vars/{name}", "x = 1" if name.endswith("toml") else "x: 1")
    with pytest.raises(InventoryError, match=message):
        load([str(tmp_path / "hosts.yml")]).variables("w1")


def test_backups_in_group_vars_are_passed_over(write, tmp_path: Path):
    write("hosts.yml", "web: {hosts: {w1: }}")
    for name in ("web.yml", "web.yml~", ".web.yml.swp", "web.yml.bak"):
        write(f"group_vars/{name}", f"x: '{name}'")
    assert load([str(tmp_path / "hosts.yml")]).variables("w1") == {"x": "web.yml"}


def test_a_priority_lets_a_sibling_win(of):
    text = "a: {{hosts: {{h: }}, vars: {{x: a{0}}}}}\nb: {{hosts: {{h: }}, vars: {{x: b}}}}"
    assert of(text.format("")).variables("h")["x"] == "b"
    assert of(text.format(", ansible_group_priority: 2")).variables("h")["x"] == "a"


def test_siblings_that_disagree_are_a_warning_once(of):
    inventory = of("a: {hosts: {'h[1:3]': }, vars: {x: 1, same: 1}}\nb: {hosts: {'h[1:3]': }, vars: {x: 2, same: 1}}")
    (warning,) = inventory.warnings(inventory.hosts)
    assert warning.startswith("x differs between the groups a and b, which share h1; b wins by its name")


@pytest.mark.parametrize("text", [
    pytest.param("a: {hosts: {h: {x: 0}}, vars: {x: 1}}\nb: {hosts: {h: }, vars: {x: 2}}", id="the host decides"),
    pytest.param("a: {children: {b: {hosts: {h: }, vars: {x: 2}}}, vars: {x: 1}}", id="parent and child"),
    pytest.param("a: {hosts: {g: }, vars: {x: 1}}\nb: {hosts: {h: }, vars: {x: 2}}", id="no host in both"),
])  # fmt: skip
def test_what_is_decided_is_no_warning(text: str, of):
    inventory = of(text)
    assert inventory.warnings(inventory.hosts) == []


def test_an_unknown_host_has_no_variables(of):
    with pytest.raises(InventoryError, match="no host 'web2'") as caught:
        of("all: {hosts: {web1: }}").variables("web2")
    assert caught.value.hint == "did you mean 'web1'?"
