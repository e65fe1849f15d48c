"""Ansible's INI inventories: their sections, the types of their values, and what is wrong with them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from sloth.core.connection import Connection
from sloth.core.errors import InventoryError
from sloth.inventory import Inventory, load

TEXT = """\
# what every shop has
mail.example.com ansible_host=192.0.2.9

[web]                     ; the front
web[01:03]:2222 rack=7
lb  note='a "b" # c' \\
    ignored=no

[db]
db-[a:b].example.com
web01 rack=8              # a web server with a database

[site:children]
web
db

[site:vars]
domain = example.com # not a comment
ports = [80, 443]

[web]
web04
"""


@pytest.fixture
def ini(write) -> Callable[[str], Inventory]:
    """The inventory of an INI text."""
    return lambda text: load([str(write("hosts.ini", text))])


def test_sections_are_groups_and_those_of_one_name_add_up(ini):
    inventory = ini(TEXT.replace(" \\\n    ignored=no", ""))
    assert inventory.hosts == (
        "mail.example.com", "web01", "web02", "web03", "lb", "web04", "db-a.example.com", "db-b.example.com",
    )  # fmt: skip
    assert inventory.groups["web"] == ["web01", "web02", "web03", "lb", "web04"]
    assert inventory.groups["site"] == [host for host in inventory.hosts if host != "mail.example.com"]
    assert inventory.groups["ungrouped"] == ["mail.example.com"]
    assert inventory.connection("web02").port == 2222
    assert inventory.connection("mail.example.com").address == "192.0.2.9"
    assert inventory.variables("lb") == {
        "note": 'a "b" # c', "domain": "example.com # not a comment", "ports": [80, 443],
    }  # fmt: skip
    assert inventory.variables("web01")["rack"] == 8


def test_lines_are_not_continued(ini):
    with pytest.raises(InventoryError, match="nothing follows a backslash"):
        ini(TEXT)


@pytest.mark.parametrize(("written", "meant"), [
    pytest.param("8080", 8080, id="number"),
    pytest.param("-1", -1, id="negative"),
    pytest.param("1.5", 1.5, id="fraction"),
    pytest.param("1e3", 1000.0, id="exponent"),
    pytest.param("1_000", 1000, id="underscores"),
    pytest.param("0644", "0644", id="what YAML takes for octal is text"),
    pytest.param("0o644", 420, id="octal"),
    pytest.param("0x1f", 31, id="hexadecimal"),
    pytest.param("True", True, id="True"),
    pytest.param("true", "true", id="true is text"),
    pytest.param("yes", "yes", id="yes is text"),
    pytest.param("None", None, id="None"),
    pytest.param("Nonesuch", "Nonesuch", id="begins like None"),
    pytest.param("null", "null", id="null is text"),
    pytest.param("'8080'", "8080", id="quoted number"),
    pytest.param('"a b"', "a b", id="quoted text"),
    pytest.param("'a' 'b'", "ab", id="Python joins"),
    pytest.param(r"'\d'", r"\d", id="an escape that is none"),
    pytest.param("10.0.0.1", "10.0.0.1", id="address"),
    pytest.param("2001:db8::1", "2001:db8::1", id="IPv6 address"),
    pytest.param("1.2", 1.2, id="version that is a number"),
    pytest.param("1,2", [1, 2], id="tuple"),
    pytest.param("[1, 'a', [None]]", [1, "a", [None]], id="list"),
    pytest.param("{'a': {'b': 1}}", {"a": {"b": 1}}, id="mapping"),
    pytest.param("[a, b]", "[a, b]", id="names are no literals"),
    pytest.param("(a|b)", "(a|b)", id="regular expression"),
    pytest.param("-o X=1 -o Y=2", "-o X=1 -o Y=2", id="text with ="),
    pytest.param("1 # one", 1, id="a comment of Python"),
    pytest.param("__import__('os').getcwd()", "__import__('os').getcwd()", id="no expression"),
    pytest.param("{{ x }}", "{{ x }}", id="no template"),
    pytest.param("", "", id="nothing"),
    pytest.param("9" * 5000, "9" * 5000, id="a number that Python refuses"),
])  # fmt: skip
def test_values_are_literals_of_python_or_text(written: str, meant: object, ini):
    assert ini(f"[a]\nh\n[a:vars]\nx = {written}\n").variables("h") == {"x": meant}


@pytest.mark.parametrize(("written", "meant"), [
    pytest.param("x=1", 1, id="number"),
    pytest.param("x='1'", 1, id="the shell's quotes come off first"),
    pytest.param("""x="'1'" """, "1", id="quotes in quotes"),
    pytest.param("x='a b'", "a b", id="space"),
    pytest.param(r"x=a\ b", "a b", id="escaped space"),
    pytest.param("x=a=b", "a=b", id="= in the value"),
    pytest.param("x='[1, 2]'", [1, 2], id="list"),
    pytest.param("x='#' # y='", "#", id="a comment with a quote"),
    pytest.param("x=", "", id="nothing"),
])  # fmt: skip
def test_a_hosts_line_is_split_as_a_shell_does(written: str, meant: object, ini):
    assert ini(f"h {written}\n").variables("h") == {"x": meant}


def test_a_password_of_digits_stays_as_it_was_written(ini):
    inventory = ini("h ansible_password=0123 ansible_become_pass=1e3\ng ansible_password=12\n")
    assert [inventory.connection("h").password, inventory.connection("h").become_password] == ["0123", "1e3"]
    assert inventory.connection("g").password == "12"


def test_each_variable_knows_its_line(ini, tmp_path):
    layers = ini("h a=1\n[w]\nh b=2\n[w:vars]\n# c\nc=3\n").layers("h")
    found = {name: layer.where(name) for layer in layers for name in layer.values}
    path = tmp_path / "hosts.ini"
    assert found == {"a": f"{path}:1", "b": f"{path}:3", "c": f"{path}:6"}


@pytest.mark.parametrize(("text", "line", "message", "hint"), [
    pytest.param("web1 web2\n", 1, "'web2' is no name=value", "one host", id="two hosts on a line"),
    pytest.param("h\nh a = 1\n", 2, "'a' is no name=value", "without spaces", id="spaces around ="),
    pytest.param("h =1\n", 1, "'=1' is no name=value", "", id="no name"),
    pytest.param("h a='b\n", 1, "a quote is not closed", "", id="open quote"),
    pytest.param("h a=b#c\n", 1, "# stands in the middle", "wants quotes", id="comment without space"),
    pytest.param("h a=1 a=2\n", 1, "a is said twice for h, first on line 1", "", id="twice on a line"),
    pytest.param("[w]\nh a=1\n[x]\n[w]\nh a=2\n", 5, "a is said twice for h, first on line 2", "", id="twice in a group"),
    pytest.param("[w]\n[w:vars]\na=1\na=1\n", 4, "a is said twice for w, first on line 3", "", id="twice in vars"),
    pytest.param("[w:var]\n", 1, "a section [w:var] means nothing", "'vars'", id="kind of section"),
    pytest.param("[w:]\n", 1, "a section [w:] means nothing", "", id="no kind"),
    pytest.param("[w x]\n", 1, "[w x] is no section", "", id="name with a space"),
    pytest.param("[]\n", 1, "[] is no section", "", id="no name of a section"),
    pytest.param("[a,b]\n", 1, "no name of a host or group", "", id="comma in a group"),
    pytest.param("[w]\n[w:vars]\na\n", 3, "'a' is no name = value", "[w]", id="host among variables"),
    pytest.param("[w]\n[s:children]\nw x=1\n", 3, "no name of a group", "", id="variables behind a child"),
    pytest.param("[w]\n[s:children]\nweb\n[ww]\n", 3, "no section defines a group 'web'", "", id="child"),
    pytest.param("[web]\n[wob:vars]\na=1\n", 2, "no section defines a group 'wob'", "'web'", id="vars of nobody"),
    pytest.param("h a=\"{'b':{1}}\"\n", 1, "a.b is a set", "", id="set"),
    pytest.param("h a=1e999\n", 1, "JSON cannot carry", "", id="infinite"),
    pytest.param("h a={1:2}\n", 1, "the key 1, which is no string", "", id="number as key"),
    pytest.param("h a=" + "[" * 150 + "]" * 150, 1, "deeper than 100", "", id="deep"),
    pytest.param("h a=" + "-" * 100_000 + "1", 1, "nested too deeply", "", id="very deep"),
    pytest.param("web[3:1]\n", 1, "is empty", "smaller", id="range"),
    pytest.param("h ansible_port=ssh\n", 1, "wants a port", "", id="port"),
    pytest.param("[w]\n[w:vars]\nansible_group_priority=high\n", 3, "whole number", "", id="priority"),
])  # fmt: skip
def test_what_is_wrong_has_a_file_and_a_line(text: str, line: int, message: str, hint: str, write):
    path = write("hosts.ini", text)
    with pytest.raises(InventoryError) as caught:
        reached(path)
    assert caught.value.where == f"{path}:{line}"
    assert message in str(caught.value)
    assert hint in caught.value.hint


def reached(path: Path) -> list[Connection]:
    """How each host of an inventory is reached."""
    inventory = load([str(path)])
    return [inventory.connection(host) for host in inventory.hosts]


@pytest.mark.parametrize("line", [
    pytest.param("h ansible_password=hunter2#x", id="comment"),
    pytest.param("h ansible_password='hunter2", id="quote"),
    pytest.param("h ansible_password=my hunter2", id="space"),
    pytest.param("h ansible_password=hunter2 ansible_password=hunter2", id="twice"),
    pytest.param("h ansible_password={{hunter2}}", id="template"),
])  # fmt: skip
def test_no_error_shows_a_password(line: str, write):
    path = write("hosts.ini", line)
    with pytest.raises(InventoryError) as caught:
        reached(path)
    assert "hunter2" not in f"{caught.value} {caught.value.where} {caught.value.hint}"


def test_windows_line_ends_and_marks_are_no_part_of_names(tmp_path):
    path = tmp_path / "hosts"
    path.write_bytes(b"\xef\xbb\xbf[web]\r\nw1 a=1\r\n")
    assert load([str(path)]).variables("w1") == {"a": 1}


def test_a_group_may_be_called_as_a_key_of_yaml(ini):
    inventory = ini("[plugin]\np\n[hosts]\nh\n")
    assert [inventory.groups["plugin"], inventory.groups["hosts"]] == [["p"], ["h"]]
