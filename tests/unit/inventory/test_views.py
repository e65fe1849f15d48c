"""What the commands show of an inventory."""

from __future__ import annotations

from sloth.core.sealed import MASK
from sloth.inventory import views
from sloth.inventory.views import GroupNode

TEXT = """
    all:
      hosts: {lonely: }
      vars: {x: 1, ansible_password: hunter2}
      children:
        site:
          children:
            web:
              hosts:
                w1: {x: 2, ansible_host: 192.0.2.1, ansible_become_pass: hunter3}
    """


def test_the_graph_is_the_tree_with_each_host_where_it_is_named(of):
    web = GroupNode("web", ("w1",), ())
    assert views.graph(of(TEXT)) == GroupNode(
        "all", (), (GroupNode("site", (), (web,)), GroupNode("ungrouped", ("lonely",), ()))
    )
    assert views.graph(of(TEXT), "web") == web


def test_rows_have_what_is_asked_first(of):
    inventory = of(TEXT)
    lonely, web = views.rows(inventory, inventory.hosts)
    assert (web.name, web.address, web.groups) == ("w1", "192.0.2.1", ["site", "web"])
    assert (lonely.name, lonely.address, lonely.connection) == ("lonely", "lonely", "ssh")


def test_a_host_is_shown_with_the_place_of_each_variable_and_no_password(of, tmp_path):
    view = views.show(of(TEXT), "w1")
    found = {variable.name: (variable.value, variable.where) for variable in view.variables}
    assert found["x"] == (2, f"{tmp_path}/hosts.yml:10")
    assert found["ansible_password"] == (MASK, f"{tmp_path}/hosts.yml:4")
    assert view.connection["become_password"] == MASK
    assert view.connection["address"] == "192.0.2.1"
    assert "hunter" not in repr(view)
