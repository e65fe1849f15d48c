"""What -i may name, and what it may not."""

from __future__ import annotations

import os
from pathlib import Path
from threading import Thread

import pytest

from sloth.core.errors import InventoryError
from sloth.inventory import load, local

TOML = """
    [all.children.web.hosts]
    "web[1:2]" = { sloth_port = 22 }
    [all.children.web.vars]
    day = 2024-01-02
    """


def test_toml_has_the_shape_of_yaml(write):
    inventory = load([str(write("hosts.toml", TOML))])
    assert inventory.groups["web"] == ["web1", "web2"]
    assert inventory.variables("web2") == {"sloth_port": 22, "day": "2024-01-02"}


def test_toml_errors_have_lines(write):
    path = write("hosts.toml", "[all]\nvars = { a = 1 }\nhots = {}\n")
    with pytest.raises(InventoryError) as caught:
        load([str(path)])
    assert (caught.value.where, caught.value.hint) == (f"{path}:3", "did you mean 'hosts'?")


def test_json_is_read_as_well(write):
    assert load([str(write("hosts.json", '{"all": {"hosts": {"a": null}}}'))]).hosts == ("a",)


def test_a_comma_makes_a_list_of_hosts():
    inventory = load(["web[1:2],db:2222, [::1]:23 ,"])
    assert inventory.hosts == ("web1", "web2", "db", "::1")
    assert inventory.connection("db").port == 2222
    assert inventory.groups["ungrouped"] == list(inventory.hosts)


def test_sources_add_up_and_the_later_wins(write):
    first = write("a/one.yml", "web: {hosts: {w1: {x: 1, y: 1}}}")
    second = write("b/two.yml", "web: {hosts: {w1: {x: 2}, w2: }}")
    inventory = load([str(first), str(second), "w3,"])
    assert inventory.hosts == ("w1", "w2", "w3")
    assert inventory.variables("w1") == {"x": 2, "y": 1}


def test_a_directory_is_read_in_alphabetical_order_without_what_is_no_inventory(write, tmp_path: Path):
    write("inv/20-b.yml", "all: {hosts: {b: {x: 2}, a: {x: 2}}}")
    write("inv/10-a.toml", "[all.hosts]\na = { x = 1 }\n")
    for name in (".hidden.yml", "10-a.toml~", "old.yml.bak", "README.md", "group_vars/b.yml", "host_vars/a.yml"):
        write(f"inv/{name}", "x: 3")
    inventory = load([str(tmp_path / "inv")])
    assert inventory.hosts == ("a", "b")
    assert inventory.variables("a") == {"x": 3}
    assert inventory.variables("b") == {"x": 2}


@pytest.mark.parametrize(("name", "text", "message"), [
    pytest.param("hosts", "#!/bin/sh\necho '{}'\n", "may not be executed", id="a script without x"),
    pytest.param("hosts", "\0ELF", "may not be executed", id="bytes"),
    pytest.param("hosts.conf", "x", "no inventory", id="another suffix"),
    pytest.param("hosts.yml", "all: [", "this is no YAML", id="unparsable YAML"),
    pytest.param("hosts.toml", "[all", "this is no TOML", id="unparsable TOML"),
])  # fmt: skip
def test_other_forms_are_named(name: str, text: str, message: str, write):
    path = write(name, text)
    with pytest.raises(InventoryError, match=message) as caught:
        load([str(path)])
    assert caught.value.where.startswith(str(path))


@pytest.mark.parametrize("text", [
    pytest.param("all:\n  hosts:\n    a:\n", id="YAML"),
    pytest.param("# [web]\n\n---\nall: {hosts: {a: }}", id="YAML after a comment"),
    pytest.param('{"all": {"hosts": {"a": null}}}', id="JSON is YAML"),
    pytest.param("[web]\na\n", id="INI"),
    pytest.param("# all:\n  a x=1 # y\n", id="a bare name"),
    pytest.param("; all:\na:22\n", id="a bare name with a port"),
])  # fmt: skip
def test_a_file_without_suffix_is_what_it_looks_like(text: str, write):
    assert load([str(write("hosts", text))]).hosts == ("a",)


@pytest.mark.parametrize("text", ["", "# nothing yet", "\n\n"])
def test_a_file_of_nothing_has_no_hosts(text: str, write):
    assert load([str(write("hosts", text))]).hosts == ()


def test_what_can_be_read_only_once_is_read_once(tmp_path: Path):
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    writer = Thread(target=pipe.write_text, args=["[web]\nw1\n"])
    writer.start()
    assert load([str(pipe)]).groups["web"] == ["w1"]
    writer.join()


def test_an_unknown_file_hints_at_its_neighbour_or_at_the_comma(write, tmp_path: Path):
    write("inv/production.yml", "all:")
    with pytest.raises(InventoryError) as caught:
        load([str(tmp_path / "inv/prodution.yml")])
    assert caught.value.hint == "did you mean 'production.yml'?"
    with pytest.raises(InventoryError) as caught:
        load([str(tmp_path / "web1")])
    assert caught.value.hint == f"a single host is a list with a comma: -i {tmp_path}/web1,"
    with pytest.raises(InventoryError) as caught:
        load(["/nowhere/hosts.yml"])
    assert caught.value.hint == "there is no folder /nowhere"


@pytest.mark.parametrize(("make", "message"), [
    pytest.param([], "there is no inventory in", id="empty directory"),
    pytest.param(["inv/README.md"], "there is no inventory in", id="only a read me"),
    pytest.param(["inv/a.yml", "inv/sub/b.yml"], "holds the directory sub", id="directory inside"),
])  # fmt: skip
def test_a_directory_that_would_not_be_read_whole_is_an_error(make: list[str], message: str, write, tmp_path: Path):
    (tmp_path / "inv").mkdir()
    for name in make:
        write(name, "all:")
    with pytest.raises(InventoryError, match=message):
        load([str(tmp_path / "inv")])


@pytest.mark.parametrize("sources", [[], [","], [" , "]])
def test_no_inventory_is_never_localhost(sources: list[str]):
    with pytest.raises(InventoryError):
        load(sources)


def test_the_local_inventory_is_this_machine_without_ssh(write, tmp_path: Path):
    write("group_vars/all.yml", "a: 1")
    inventory = local(workflow_dir=tmp_path)
    assert inventory.select("all") == ["localhost"]
    assert inventory.connection("localhost").connection == "local"
    assert inventory.variables("localhost") == {"a": 1}
