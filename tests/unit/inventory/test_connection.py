"""Connection settings out of variables: names, types, and which layer wins."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import fields

from sloth.core.connection import Connection
from sloth.core.errors import InventoryError
from sloth.inventory.connection import BY_FIELD, SECRET_VARIABLES, is_one_typo, resolve, warnings
from sloth.inventory.layer import Layer

VALUES = {
    "address": "192.0.2.1", "port": 2222, "user": "ada", "private_key": "/k", "known_hosts": "/h",
    "host_keys": "accept-new", "password": "p", "jump": "j", "connection": "local", "become": True,
    "become_method": "sudo", "become_user": "www", "become_password": "q", "python": "/usr/bin/python3",
    "placement": "controller", "connect_timeout": 3.0,
}  # fmt: skip
ANSIBLE_VALUES = {"host_keys": (False, "off")}


def connection(*layers: dict[str, object], host: str = "h") -> Connection:
    return resolve(host, [Layer(f"layer {number}", layer) for number, layer in enumerate(layers)])


def test_nothing_said_is_ssh_to_the_name_with_strict_keys():
    assert connection({}) == Connection(name="h", address="h")


def test_every_field_has_a_setting():
    assert {"name", *BY_FIELD} == {field.name for field in fields(Connection)}


@pytest.mark.parametrize(("field", "variable"), [
    pytest.param(field, variable, id=variable) for field, setting in BY_FIELD.items() for variable in setting.variables
])  # fmt: skip
def test_every_spelling_sets_its_field(field: str, variable: str):
    value, expected = VALUES[field], VALUES[field]
    if variable.startswith("ansible_"):
        value, expected = ANSIBLE_VALUES.get(field, (value, expected))
    assert getattr(connection({variable: value}), field) == expected


@pytest.mark.parametrize(("variable", "written", "field", "meant"), [
    pytest.param("ansible_port", "2222", "port", 2222, id="port as text"),
    pytest.param("ansible_become", "yes", "become", True, id="yes as text"),
    pytest.param("ansible_become", "False", "become", False, id="False as text"),
    pytest.param("ansible_become", 1, "become", True, id="1"),
    pytest.param("ansible_become_method", "su", "become_method", "su", id="su"),
    pytest.param("ansible_become_method", "ansible.builtin.su", "become_method", "su", id="su by its full name"),
    pytest.param("ansible_become_method", "community.general.doas", "become_method", "doas", id="doas by its full name"),
    pytest.param("ansible_connection", "smart", "connection", "ssh", id="smart"),
    pytest.param("ansible_connection", "paramiko", "connection", "ssh", id="paramiko"),
    pytest.param("ansible_python_interpreter", "auto_silent", "python", None, id="python auto"),
    pytest.param("sloth_host_keys", False, "host_keys", "off", id="YAML's off is false"),
    pytest.param("ansible_host_key_checking", "True", "host_keys", "strict", id="host key checking"),
    pytest.param("sloth_host", "[::1]", "address", "::1", id="IPv6 in brackets"),
    pytest.param("sloth_user", None, "user", None, id="null says nothing"),
    pytest.param("sloth_user", "", "user", None, id="empty says nothing"),
    pytest.param("ansible_timeout", "5", "connect_timeout", 5.0, id="timeout as text"),
    pytest.param("sloth_connect_timeout", "2m", "connect_timeout", 120.0, id="timeout as a duration"),
    pytest.param("sloth_private_key", "~/k", "private_key", str(Path.home() / "k"), id="home"),
    pytest.param("ansible_password", "{{ a", "password", "{{ a", id="a password may have braces"),
    pytest.param("ansible_ssh_pass", " x ", "password", " x ", id="a password keeps its spaces"),
])  # fmt: skip
def test_values_as_people_write_them(variable: str, written: object, field: str, meant: object):
    assert getattr(connection({variable: written}), field) == meant


@pytest.mark.parametrize(("variable", "value", "message"), [
    pytest.param("ansible_user", False, "false is wrong, it wants a string; quote the value", id="a user called no"),
    pytest.param("ansible_port", 0, "0 is wrong, it wants a port", id="port 0"),
    pytest.param("ansible_port", 65536, "wants a port", id="port too high"),
    pytest.param("ansible_port", True, "wants a port", id="port true"),
    pytest.param("ansible_port", "ssh", "wants a port", id="port as a word"),
    pytest.param("ansible_port", 22.0, "wants a port", id="port with a dot"),
    pytest.param("ansible_user", 1000, "wants a string; quote", id="user as a number"),
    pytest.param("ansible_user", "a\nb", "line break", id="user with a line break"),
    pytest.param("ansible_host", "{{ ip }}", "is a template", id="template"),
    pytest.param("ansible_host", "-x", "wants a name or an address", id="option as address"),
    pytest.param("ansible_become", "maybe", "wants true or false", id="become maybe"),
    pytest.param("ansible_become", [], "wants true or false", id="become a list"),
    pytest.param("ansible_become_method", "pbrun", "wants sudo, su or doas", id="pbrun"),
    pytest.param("ansible_become_method", ["sudo"], "wants a string", id="list of methods"),
    pytest.param("ansible_connection", "winrm", "wants ssh or local", id="winrm"),
    pytest.param("sloth_connection", "agent", "no other way to a host yet", id="agent"),
    pytest.param("sloth_connection", {}, "wants a string", id="connection a mapping"),
    pytest.param("sloth_placement", "moon", "wants auto, target or controller", id="placement"),
    pytest.param("sloth_host_keys", "ask", "wants strict, accept-new or off", id="host keys"),
    pytest.param("sloth_connect_timeout", 0, "wants seconds", id="timeout 0"),
    pytest.param("sloth_connect_timeout", "nan", "wants seconds", id="timeout nan"),
    pytest.param("sloth_connect_timeout", True, "wants seconds", id="timeout true"),
])  # fmt: skip
def test_wrong_values_name_variable_host_and_place(variable: str, value: object, message: str):
    with pytest.raises(InventoryError) as caught:
        connection({variable: value})
    assert message in str(caught.value)
    assert str(caught.value).startswith(f"{variable} of h")
    assert caught.value.where == "layer 0"


@pytest.mark.parametrize("variable", sorted(SECRET_VARIABLES))
def test_passwords_are_in_no_error_and_no_repr(variable: str):
    for value in (31415926, "{{ 31415926 }}", "31415926\n"):
        with pytest.raises(InventoryError) as caught:
            connection({variable: value})
        assert "31415926" not in f"{caught.value!r} {caught.value} {caught.value.hint}"
    assert "31415926" not in repr(connection({variable: "31415926"}))


@pytest.mark.parametrize(("layers", "user"), [
    pytest.param([{"sloth_user": "low"}, {"ansible_user": "high"}], "high", id="the layer counts, not the name"),
    pytest.param([{"ansible_user": "a", "sloth_user": "s", "ansible_ssh_user": "o"}], "s", id="one layer: ours"),
    pytest.param([{"ansible_user": "a", "ansible_ssh_user": "o"}], "a", id="one layer: the newer name"),
    pytest.param([{"ansible_user": "low"}, {"sloth_user": None}], None, id="null takes a lower value away"),
])  # fmt: skip
def test_the_highest_layer_wins(layers: list[dict[str, object]], user: str | None):
    assert connection(*layers).user == user


@pytest.mark.parametrize(("variables", "way"), [
    pytest.param({}, "local", id="nothing said"),
    pytest.param({"ansible_user": "root", "sloth_become": True}, "local", id="user and become"),
    pytest.param({"sloth_connection": "ssh"}, "ssh", id="ssh"),
    pytest.param({"ansible_port": 2222}, "ssh", id="a port"),
    pytest.param({"ansible_host": "192.0.2.1"}, "ssh", id="an address"),
])  # fmt: skip
def test_localhost_is_local_unless_something_says_how_it_is_reached(variables: dict[str, object], way: str):
    assert connection(variables, host="localhost").connection == way


def test_defaults_are_below_the_inventory_and_the_command_line_above(of):
    inventory = of("all: {vars: {ansible_user: inventory}, hosts: {h: }}")
    both = {"sloth_user": "given", "sloth_become": True}
    assert inventory.connection("h", defaults=both).user == "inventory"
    assert inventory.connection("h", defaults=both).become is True
    assert inventory.connection("h", over=both).user == "given"


def test_a_wrong_setting_of_one_host_has_its_line_and_harms_no_other(write):
    from sloth.inventory import load

    path = write("hosts.yml", "all:\n  hosts:\n    good:\n    bad:\n      ansible_port: x\n")
    inventory = load([str(path)])
    assert inventory.connection("good").port is None
    with pytest.raises(InventoryError) as caught:
        inventory.connection("bad")
    assert caught.value.where == f"{path}:5"


@pytest.mark.parametrize(("variable", "warns"), [
    pytest.param("sloth_usr", "did you mean sloth_user?", id="letter missing"),
    pytest.param("sloth_hots", "did you mean sloth_host?", id="letters swapped"),
    pytest.param("sloth_ports", "did you mean sloth_port?", id="letter too many"),
    pytest.param("sloth_fork", None, id="a variable of the user"),
    pytest.param("sloth_user", None, id="known"),
    pytest.param("usr", None, id="no prefix"),
    pytest.param("ansible_ssh_common_args", "sloth_jump", id="not supported"),
    pytest.param("ansible_distribution", None, id="Ansible's own"),
])  # fmt: skip
def test_variables_that_look_like_settings_are_warned_of(variable: str, warns: str | None):
    found = list(warnings(Layer("x", {variable: "-o A=b"})))
    assert ([warns in text for text in found] if warns else found) == ([True] if warns else [])


def test_the_user_is_warned_once_with_file_and_line(write):
    from sloth.inventory import load

    path = write("hosts.yml", "all:\n  vars:\n    sloth_usr: x\n  hosts:\n    h[1:9]:\n")
    inventory = load([str(path)])
    assert inventory.warnings(inventory.hosts) == [f"{path}:3: sloth_usr has no effect; did you mean sloth_user?"]


words = st.text("abc", max_size=6)


@given(words, st.integers(0, 6), st.sampled_from("abcx"), st.sampled_from(["insert", "delete", "replace", "swap"]))
def test_one_edit_is_one_typo(word: str, at: int, letter: str, edit: str):
    head, tail = word[:at], word[at:]
    edited = {
        "insert": head + letter + tail, "delete": head + tail[1:], "replace": head + letter * bool(tail) + tail[1:],
        "swap": head + tail[1::-1] + tail[2:],
    }[edit]  # fmt: skip
    assert is_one_typo(word, edited) == (word != edited)
    assert is_one_typo(edited, word) == (word != edited)


@given(words, words)
def test_a_typo_is_as_far_in_both_directions(one: str, other: str):
    assert is_one_typo(one, other) == is_one_typo(other, one)
