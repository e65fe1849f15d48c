"""Groups and variables that a file makes of the hosts' variables."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from sloth.core.errors import InventoryError
from sloth.inventory import Inventory, load

HOSTS = """
    web:
      hosts:
        w1: {os: {name: Debian, version: 12}, memory: 4, tags: [blue, "a b"], public: 192.0.2.1}
        w2.example.com: {os: {name: Alpine}, memory: 64, tags: [blue]}
    db:
      hosts:
        d1: {memory: 128, text: "{{ 7 * 7 }}"}
    """


@pytest.fixture
def made(write, tmp_path: Path) -> Callable[[str], Inventory]:
    """The inventory of HOSTS and a text below `plugin: constructed`."""

    def making(text: str) -> Inventory:
        hosts = write("hosts.yml", HOSTS)
        rules = write("groups.yml", text)
        rules.write_text("plugin: constructed\n" + rules.read_text())
        return load([str(rules), str(hosts)])

    return making


def others(inventory: Inventory) -> dict[str, list[str]]:
    """The groups that HOSTS does not name."""
    known = {"all", "ungrouped", "web", "db"}
    return {name: list(hosts) for name, hosts in inventory.groups.items() if name not in known}


@pytest.mark.parametrize(("expression", "hosts"), [
    pytest.param("memory > 32", ["w2.example.com", "d1"], id="comparison"),
    pytest.param("os.name == 'Debian'", ["w1"], id="some hosts lack it"),
    pytest.param("os is not defined", ["d1"], id="asking whether it is defined"),
    pytest.param("'blue' in tags", ["w1", "w2.example.com"], id="in a list"),
    pytest.param("inventory_hostname.startswith('w')", ["w1", "w2.example.com"], id="name"),
    pytest.param("inventory_hostname_short == 'w2'", ["w2.example.com"], id="short name"),
    pytest.param("'db' in group_names", ["d1"], id="groups"),
    pytest.param("nobody_has_it", [], id="no host has it"),
    pytest.param("true", ["w1", "w2.example.com", "d1"], id="all"),
])  # fmt: skip
def test_a_group_has_the_hosts_for_which_its_expression_is_true(expression: str, hosts: list[str], made):
    assert others(made(f"groups: {{made: {expression}}}" if expression == "true" else f'groups: {{made: "{expression}"}}')) == {
        "made": hosts
    }


@pytest.mark.parametrize(("keyed", "groups"), [
    pytest.param("{key: os.name, prefix: os}", {"os_Debian": ["w1"], "os_Alpine": ["w2.example.com"]}, id="prefix"),
    pytest.param("{key: os.name, separator: ''}", {"Debian": ["w1"], "Alpine": ["w2.example.com"]}, id="nothing before"),
    pytest.param("{key: os.name}", {"_Debian": ["w1"], "_Alpine": ["w2.example.com"]}, id="as Ansible has it"),
    pytest.param("{key: memory, prefix: m, separator: '-'}",
                 {"m_4": ["w1"], "m_64": ["w2.example.com"], "m_128": ["d1"]}, id="separator and numbers"),
    pytest.param("{key: memory, separator: ''}",
                 {"_": ["w1"], "_4": ["w2.example.com"], "_28": ["d1"]}, id="no name begins with a digit"),
    pytest.param("{key: tags, prefix: tag}", {"tag_blue": ["w1", "w2.example.com"], "tag_a_b": ["w1"]}, id="list"),
    pytest.param("{key: os, prefix: os}", {"os_name_Debian": ["w1"], "os_version_12": ["w1"],
                                           "os_name_Alpine": ["w2.example.com"]}, id="mapping"),
    pytest.param("{key: \"(os | default({})).version | default('')\", prefix: v, default_value: none}",
                 {"v_12": ["w1"], "v_none": ["w2.example.com", "d1"]}, id="default"),
    pytest.param("{key: os.version, prefix: v, parent_group: versions}", {"versions": ["w1"], "v_12": ["w1"]}, id="parent"),
])  # fmt: skip
def test_a_key_makes_a_group_for_each_value(keyed: str, groups: dict[str, list[str]], made):
    assert others(made(f"keyed_groups: [{keyed}]")) == groups


def test_the_separator_before_a_name_without_prefix_can_be_left_out(made):
    assert set(others(made("leading_separator: false\nkeyed_groups: [{key: os.name}]"))) == {"Debian", "Alpine"}


def test_composed_variables_are_the_hosts_and_groups_see_them(made, tmp_path):
    inventory = made("""\
compose:
  ansible_host: public
  size: "{'big': memory > 32}"
groups:
  big: size.big
""")
    assert inventory.connection("w1").address == "192.0.2.1"
    assert inventory.connection("d1").address == "d1"
    assert inventory.variables("w1")["size"] == {"big": False}
    assert others(inventory) == {"big": ["w2.example.com", "d1"]}
    assert inventory.layers("w1")[-1].where("size") == f"{tmp_path}/groups.yml:4"


def test_what_variables_hold_is_never_rendered(made):
    assert made("compose: {copied: text}").variables("d1")["copied"] == "{{ 7 * 7 }}"


def test_variables_beside_the_inventory_count_and_made_groups_have_some_too(write, made):
    write("group_vars/web.yml", "zone: north")
    write("group_vars/north.yml", "x: 1")
    assert made("groups: {north: zone == 'north'}").variables("w1")["x"] == 1
    assert others(made("use_vars_plugins: false\ngroups: {north: zone == 'north'}")) == {"north": []}


def test_a_host_that_gets_a_group_is_ungrouped_no_more(write):
    rules = write("groups.yml", "plugin: ansible.builtin.constructed\ngroups: {made: inventory_hostname == 'a'}")
    inventory = load(["a,b", str(rules)])
    assert inventory.groups["ungrouped"] == ["b"]
    assert inventory.group_names("a") == ["made"]


def test_each_file_sees_what_those_before_it_made(write):
    one = write("1.yml", "plugin: constructed\ncompose: {x: 40 + 2}\ngroups: {made: true}")
    two = write("2.yml", "plugin: constructed\ngroups: {again: x == 42 and 'made' in group_names}")
    assert load(["a,", str(one), str(two)]).groups["again"] == ["a"]


def test_expressions_cannot_change_what_hosts_share(write):
    write("group_vars/all.yml", "shared: [1]")
    write("hosts.yml", "all: {hosts: {'h[1:2]': }}")
    rules = write("rules.yml", "plugin: constructed\ncompose: {x: shared.append(2)}")
    with pytest.raises(InventoryError, match=r"compose\.x of h1: .*not safely callable|unsafe"):
        load([str(write("hosts.yml", "all: {hosts: {'h[1:2]': }}")), str(rules)])


@pytest.mark.parametrize(("text", "line", "message", "hint"), [
    pytest.param("groups:\n  a: memory >", 3, "groups.a is no expression", "", id="syntax"),
    pytest.param("groups:\n  a: x | nofilter", 3, "No filter named 'nofilter'", "", id="filter"),
    pytest.param('groups:\n  a: "{{ memory }}"', 3, "groups.a is an expression, not a template", "leave out", id="template"),
    pytest.param("groups:\n  a: [x]", 3, "groups.a must be an expression, not a list", "", id="list"),
    pytest.param("groups: [a]", 2, "groups must be a mapping", "", id="list of groups"),
    pytest.param("groups:\n  a-b: x", 3, "cannot be called 'a-b'", "makes a_b of it", id="name"),
    pytest.param("keyed_groups:\n  - key: a\n    parent_group: a b", 4, "cannot be called 'a b'", "", id="name of a parent"),
    pytest.param("groups:\n  a: memory + 'x'", 3, "groups.a of w1: unsupported operand", "", id="types"),
    pytest.param("groups:\n  a: memory / 0", 3, "groups.a of w1: division by zero", "", id="arithmetic"),
    pytest.param("groups:\n  a: memory.__class__.__mro__", 3, "groups.a of w1: access to attribute", "", id="sandbox"),
    pytest.param("strict: true\ngroups:\n  a: os.name", 4, "groups.a of d1: 'os' is undefined", "default", id="strict"),
    pytest.param("strict: true\ncompose:\n  a: os", 4, "compose.a of d1: 'os' is undefined", "", id="strict variable"),
    pytest.param("compose:\n  a: tags | map('upper')", 3, "compose.a of w1 is a generator", "", id="no data"),
    pytest.param("compose:\n  a: 1e308 * memory", 3, "a number that JSON cannot carry", "", id="infinite"),
    pytest.param("compose:\n  a: 1e308 * 10", 3, "compose.a of w1: ", "", id="infinite by itself"),
    pytest.param("keyed_groups:\n  - key: memory >", 3, "keyed_groups[0] is no expression", "", id="key"),
    pytest.param("keyed_groups:\n  - prefix: a", 2, "keyed_groups[0] wants a mapping with a `key`", "", id="no key"),
    pytest.param("keyed_groups:\n  - key: a\n    prefx: b", 4, "prefx means nothing", "'prefix'", id="keyed typo"),
    pytest.param("keyed_groups:\n  - key: a\n    prefix: 1", 4, "prefix wants a string", "", id="prefix"),
    pytest.param("keyed_groups:\n  - key: '[[1]]'", 3, "a list names no group", "", id="list in a list"),
    pytest.param("keyed_groups: {key: a}", 2, "keyed_groups must be a list", "", id="mapping"),
    pytest.param("group: {a: b}", 2, "group means nothing here", "'groups'", id="typo"),
    pytest.param("strict: maybe", 2, "strict wants true or false", "", id="strict is text"),
])  # fmt: skip
def test_what_is_wrong_has_a_file_and_a_line(text: str, line: int, message: str, hint: str, made, tmp_path):
    with pytest.raises(InventoryError) as caught:
        made(text)
    assert message in str(caught.value)
    assert caught.value.where == f"{tmp_path}/groups.yml:{line}"
    assert hint in caught.value.hint
