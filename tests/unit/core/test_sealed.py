"""Encrypted values in files of variables: told from plain ones in every format, and never shown."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from sloth.core.errors import InventoryError
from sloth.core.sealed import MASK, Opener, Sealed, is_sealed, masked, opened, plain_only
from sloth.core.varsfile import closed, parse
from sloth.inventory import Inventory, load, views

VAULT = "$ANSIBLE_VAULT;1.1;AES256\n6162"
STRING = "$SLOTH_SECRET;1;prod;db;hkdf:AAAA\nAAAA"


@pytest.mark.parametrize(
    ("suffix", "text", "kind", "value"),
    [
        pytest.param(".yml", "db: !secret db_password", "named", "db_password", id="YAML name"),
        pytest.param(".yml", f"db: !secret |\n  {STRING.replace(chr(10), chr(10) + '  ')}\n", "string", STRING, id="YAML"),
        pytest.param(".yml", f"db: !vault |\n  {VAULT.replace(chr(10), chr(10) + '  ')}\n", "vault", VAULT, id="YAML vault"),
        pytest.param(".toml", 'db = { "!secret" = "db_password" }', "named", "db_password", id="TOML name"),
        pytest.param(".toml", f'db = {{ "!secret" = """\n{STRING}\n""" }}', "string", STRING, id="TOML"),
        pytest.param(".toml", f'db = {{ "!vault" = """\n{VAULT}\n""" }}', "vault", VAULT, id="TOML vault"),
        pytest.param(".json", '{"db": {"!secret": "db_password"}}', "named", "db_password", id="JSON name"),
        pytest.param(
            ".json", '{"db": {"__ansible_vault": "$ANSIBLE_VAULT;1.1;AES256\\n6162"}}', "vault", VAULT,
            id="JSON of Ansible",
        ),
    ],
)  # fmt: skip
def test_an_encrypted_value_is_told_from_a_plain_one(suffix, text, kind, value):
    found = parse(text, "f", suffix).values["db"]
    assert isinstance(found, Sealed)
    assert (found.kind, found.text, found.key) == (kind, value, "db")
    assert found.where.startswith("f")
    assert value not in repr(found)


def test_in_lists_and_tables_it_knows_the_name_nearest_to_it():
    found = parse("a: {b: [!secret one, {c: !secret two}]}", "f", ".yml").values["a"]["b"]
    assert (found[0].key, found[1]["c"].key) == ("b", "c")
    found = parse('a = [{ "!secret" = "one" }]', "f", ".toml").values["a"]
    assert found[0].key == "a"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a: !secret", "!secret stands before something else"),
        ("a: !vault word", "!vault stands before something else"),
        ("a: !secret {b: 1}", "!secret cannot be a variable"),
        ("!secret a: 1", "is no string"),
    ],
    ids=str,
)
def test_a_tag_in_the_wrong_place(text, message):
    with pytest.raises(InventoryError, match=message) as caught:
        parse(text, "f", ".yml")
    assert caught.value.where.startswith("f:1")


@pytest.mark.parametrize(
    "text", ['a = { "!secret" = 5 }', 'a = { "!secret" = "x", b = 1 }', 'a = { "!vault" = "x" }'], ids=str
)
def test_other_tables_stay_tables(text):
    assert not is_sealed(parse(text, "f", ".toml").values)


def test_a_file_that_was_encrypted_as_a_whole_has_sealed_texts_and_plain_numbers():
    asked = []

    def open_file(text: str, path: str) -> str:
        asked.append((text, path))
        return "user: ada\nport: 80\nmore: [x, true]\n"

    found = parse(VAULT, "vault.yml", ".yml", open_file).values
    assert asked == [(VAULT, "vault.yml")]
    assert found["port"] == 80
    assert opened(found, lambda sealed: sealed.text) == {"user": "ada", "port": 80, "more": ["x", True]}
    assert masked(found) == {"user": MASK, "port": 80, "more": [MASK, True]}
    assert plain_only(found) == {"port": 80}
    assert "ada" not in repr(found)


@pytest.fixture
def inventory(tmp_path: Path) -> Callable[[str], Inventory]:
    def loading(text: str) -> Inventory:
        path = tmp_path / "hosts.yml"
        path.write_text(text)
        return load([str(path)], opener=Opener(lambda sealed: sealed.text.upper(), closed))

    return loading


def test_passwords_of_connections_come_from_secrets(inventory):
    hosts = inventory(
        "all: {hosts: {h: {sloth_password: !secret login, ansible_become_pass: !secret sudo, sloth_user: !secret user}}}"
    )
    way = hosts.connection("h")
    assert (way.password, way.become_password, way.user) == ("LOGIN", "SUDO", "USER")


def test_an_inventory_in_ini_names_secrets_too(tmp_path: Path):
    path = tmp_path / "hosts.ini"
    path.write_text('h sloth_password="!secret login"\n[all:vars]\nsloth_become_password = !secret sudo\nx = !secretive\n')
    hosts = load([str(path)], opener=Opener(lambda sealed: sealed.text.upper(), closed))
    assert (hosts.connection("h").password, hosts.connection("h").become_password) == ("LOGIN", "SUDO")
    assert hosts.variables("h")["x"] == "!secretive"


def test_an_inventory_that_is_shown_has_masks(inventory):
    view = views.show(inventory("all: {hosts: {h: {key: !secret api, list: [!secret a, b]}}}"), "h")
    assert {one.name: one.value for one in view.variables} == {"key": MASK, "list": [MASK, "b"]}


def test_an_opened_value_that_is_wrong_is_not_shown(inventory):
    with pytest.raises(InventoryError) as caught:
        inventory("all: {hosts: {h: {sloth_port: !secret many}}}").connection("h")
    assert "MANY" not in str(caught.value)
