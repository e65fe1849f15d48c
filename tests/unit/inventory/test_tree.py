"""The shape of an inventory: hosts, groups and what is wrong with them."""

from __future__ import annotations

from itertools import pairwise

import pytest

from sloth.core.errors import InventoryError
from sloth.inventory import load


def test_groups_hold_the_hosts_of_their_children(of):
    inventory = of("""
        all:
          hosts: {lonely: }
          children:
            site:
              children:
                web: {hosts: {'web[1:2]': }}
                db: {hosts: {db1: }}
            staging: {hosts: {web2: }}
        """)
    assert inventory.hosts == ("lonely", "web1", "web2", "db1")
    assert inventory.groups == {
        "all": ["lonely", "web1", "web2", "db1"], "ungrouped": ["lonely"], "site": ["web1", "web2", "db1"],
        "web": ["web1", "web2"], "db": ["db1"], "staging": ["web2"],
    }  # fmt: skip
    assert inventory.group_names("web2") == ["site", "staging", "web"]
    assert inventory.group_names("lonely") == ["ungrouped"]


@pytest.mark.parametrize("text", [
    pytest.param("web: {hosts: {w1: }}", id="groups at the top level"),
    pytest.param("all: {children: {web: {hosts: w1}}}", id="a single host as a string"),
    pytest.param("all: {children: {web: {hosts: {w1: {}}, vars: }, empty: }}", id="empty parts"),
])  # fmt: skip
def test_shapes_that_ansible_takes(text: str, of):
    assert of(text).groups["web"] == ["w1"]


@pytest.mark.parametrize("text", ["", "all:", "all: {hosts: }"])
def test_an_inventory_may_be_empty_but_matches_nothing(text: str, of):
    with pytest.raises(InventoryError, match="matches no host") as caught:
        of(text).select("all")
    assert caught.value.hint == "the inventory has no hosts"


@pytest.mark.parametrize(("text", "line", "message", "hint"), [
    pytest.param("all:\n  host:\n    a:", 2, "all has 'host'", "did you mean 'hosts'?", id="unknown key"),
    pytest.param("all:\n  hosts:\n    - a", 2, "hosts must be a mapping, not a list", "a dash", id="list of hosts"),
    pytest.param("all:\n  hosts:\n    a: 22", 3, "host a must be a mapping, not a number", "", id="a number"),
    pytest.param("all:\n  vars: [a]", 2, "vars must be a mapping", "", id="list of vars"),
    pytest.param("all:\n  children:\n    - web", 2, "children must be a mapping", "a dash", id="list of children"),
    pytest.param("web: [a]", 1, "a group must be a mapping, not a list", "", id="group is a list"),
    pytest.param("hosts:\n  a:", 1, "hosts stands outside of a group", "all:", id="hosts at the top level"),
    pytest.param("plugin: aws_ec2", 1, "plugin 'aws_ec2' is Ansible's", "a program", id="plugin configuration"),
    pytest.param("all:\n  hosts:\n    'a[3:1]':", 3, "is empty", "smaller", id="empty range"),
    pytest.param("all:\n  children:\n    'a b':", 3, "no name of a host or group", "", id="space in a group"),
    pytest.param("all:\n  vars:\n    ansible_group_priority: hi", 3, "wants a whole number", "", id="priority"),
])  # fmt: skip
def test_what_is_wrong_has_a_file_and_a_line(text: str, line: int, message: str, hint: str, write):
    path = write("hosts.yml", text)
    with pytest.raises(InventoryError) as caught:
        load([str(path)])
    assert caught.value.where == f"{path}:{line}"
    assert message in str(caught.value)
    assert hint in caught.value.hint


@pytest.mark.parametrize(("text", "cycle"), [
    pytest.param("a: {children: {b: {children: {c: {children: {a: }}}}}}", {"a", "b", "c"}, id="three"),
    pytest.param("a: {children: {a: }}", {"a"}, id="itself"),
    pytest.param("a: {children: {all: }}", {"a", "all"}, id="all"),
])  # fmt: skip
def test_a_cycle_of_groups_is_shown(text: str, cycle: set[str], of):
    with pytest.raises(InventoryError, match="groups contain each other: ") as caught:
        of(text)
    shown = str(caught.value).partition(": ")[2].split(" > ")
    assert shown[0] == shown[-1]
    assert set(shown) == cycle


def test_a_cycle_is_shown_from_parent_to_child(of):
    with pytest.raises(InventoryError) as caught:
        of("a: {children: {b: {children: {c: {children: {a: }}}}}}")
    shown = str(caught.value).partition(": ")[2].split(" > ")
    assert set(pairwise(shown)) == {("a", "b"), ("b", "c"), ("c", "a")}


def test_a_group_below_two_parents_is_one_group(of):
    inventory = of("""
        a: {children: {shared: {hosts: {h: }}}}
        b: {children: {shared: }}
        """)
    assert inventory.groups["a"] == inventory.groups["b"] == ["h"]


def test_a_duplicate_host_is_an_error(write):
    path = write("hosts.yml", "all:\n  hosts:\n    a:\n    b:\n    a:\n")
    with pytest.raises(InventoryError, match="duplicate key 'a', first on line 3") as caught:
        load([str(path)])
    assert caught.value.where == f"{path}:5:5"


def test_a_port_in_the_name_is_the_port_unless_a_variable_says_it(of):
    inventory = of("""
        all:
          vars: {ansible_port: 1}
          hosts:
            a:2222:
            "[::1]:2223":
            b:2224: {ansible_port: 3}
        """)
    assert [inventory.connection(host).port for host in ("a", "::1", "b")] == [2222, 2223, 3]
    assert inventory.connection("::1").address == "::1"
