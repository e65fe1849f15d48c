"""What opens sealed values: bound to their place, each told to who masks, the store's own written down once a run."""

from __future__ import annotations

from pathlib import Path

import pytest
from ansible.parsing.vault import VaultLib, VaultSecret

from sloth.core.errors import SecretsDamaged, SecretsError, WrongPassphrase
from sloth.core.sealed import Sealed
from sloth.secrets.keyring import Keyring
from sloth.secrets.passphrase import Passphrases
from tests.unit.secrets.worlds import CHEAP, KeyFile, of_environ, passphrases, vault


class World:
    """A keyring with a store, and what it told."""

    def __init__(self, folder: Path, given: Passphrases | None = None) -> None:
        self.told: list[str] = []
        given = given or KeyFile()
        self.vault = vault(folder, given)
        self.keyring = Keyring(self.vault, given, self.told.append, "site.sloth", CHEAP)

    def string(self, name: str, value: str) -> Sealed:
        return Sealed("string", self.keyring.write(name, value), "vars.yml:1", name)


def test_an_encrypted_string_opens_where_it_belongs(tmp_path: Path):
    world = World(tmp_path)
    sealed = world.string("db_password", "s3cret\nof two lines")
    assert "s3cret" not in sealed.text
    assert world.keyring.open(sealed) == "s3cret\nof two lines"
    assert world.told == ["s3cret\nof two lines"]


def test_a_string_that_was_moved_is_refused(tmp_path: Path):
    world = World(tmp_path)
    sealed = world.string("db_password", "s3cret")
    with pytest.raises(SecretsDamaged, match="encrypted for db_password, and stands at admin_password") as caught:
        world.keyring.open(Sealed("string", sealed.text, "vars.yml:3", "admin_password"))
    assert caught.value.where == "vars.yml:3"


def test_a_string_whose_header_was_changed_does_not_open(tmp_path: Path):
    world = World(tmp_path)
    world.vault.put({"other": "value"})
    text = world.string("db_password", "s3cret").text.replace("db_password", "admin_password")
    with pytest.raises(WrongPassphrase):
        world.keyring.open(Sealed("string", text, "vars.yml:3", "admin_password"))
    text = world.string("db_password", "s3cret").text.replace(";prod;", ";test;")
    with pytest.raises(WrongPassphrase):
        world.keyring.open(Sealed("string", text, "vars.yml:3", "db_password"))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("$SLOTH_SECRET;1;prod;db;scrypt:16384:AAAA\nAAAA", "first line is damaged"),
        ("$SLOTH_SECRET;1;prod;db;scrypt:9999999999:AAAAAAAAAAAAAAAAAAAAAA==\nAAAA", "first line is damaged"),
        ("$SLOTH_SECRET;2;prod;db;x\nAAAA", "format 2"),
        ("$SLOTH_SECRET;1;prod;db", "no header"),
        ("$SLOTH_SECRET;1;prod;../x;hkdf:AAAAAAAAAAAAAAAAAAAAAA==\nAAAA", "first line is damaged"),
    ],
    ids=["short salt", "a cost that nobody pays", "a later format", "too few words", "a name"],
)
def test_a_string_that_nobody_wrote_is_said_to_be_damaged(text, message, tmp_path: Path):
    with pytest.raises(SecretsDamaged, match=message):
        World(tmp_path).keyring.open(Sealed("string", text, "vars.yml:1", "db"))


def test_a_string_opens_without_the_store_and_with_the_passphrase_of_its_environment(tmp_path: Path):
    sealed = World(tmp_path, passphrases("right", "right")).string("db", "s3cret")
    other = World(tmp_path / "elsewhere", of_environ(test="wrong", prod="right"))
    assert other.keyring.open(sealed) == "s3cret"


def test_a_wrong_passphrase_is_said_with_what_was_tried(tmp_path: Path):
    sealed = World(tmp_path, passphrases("right", "right")).string("db", "s3cret")
    with pytest.raises(WrongPassphrase) as caught:
        World(tmp_path / "elsewhere", of_environ(a="wrong", b="too")).keyring.open(sealed)
    assert caught.value.where == "vars.yml:1"
    assert "a@env:a, b@env:b" in caught.value.hint


def test_a_text_of_ansible_vault_that_lacks_a_line_may_be_damaged_and_says_so(tmp_path: Path):
    whole = VaultLib([("default", VaultSecret(b"right"))]).encrypt("s3cret" * 20, VaultSecret(b"right")).decode()
    lines = whole.splitlines()
    world = World(tmp_path, of_environ(a="right"))
    assert world.keyring.open(Sealed("vault", whole, "vars.yml:1")) == "s3cret" * 20
    with pytest.raises(WrongPassphrase, match="or the text is damaged"):
        world.keyring.open(Sealed("vault", "\n".join(lines[:3] + lines[4:]), "vars.yml:1"))


def test_a_named_secret_is_opened_and_written_down_once(tmp_path: Path):
    world = World(tmp_path)
    world.vault.put({"db": "s3cret"})
    for _ in range(3):
        assert world.keyring.open(Sealed("named", "db")) == world.keyring.named("db") == "s3cret"
    assert [(one.what, one.by) for one in world.vault.audit()] == [("set", ""), ("use", "site.sloth")]


def test_what_a_secret_was_before_is_told_too_as_a_host_may_still_have_it(tmp_path: Path):
    world = World(tmp_path)
    for value in ("first", "second", "third"):
        world.vault.put({"db": value})
    assert world.keyring.named("db") == "third"
    assert sorted(world.told) == ["first", "second", "third"]
    assert [one.what for one in world.vault.audit()] == ["set"] * 3 + ["use"]  # nobody saw the older ones


def test_a_name_that_nobody_has_is_said_with_its_place(tmp_path: Path):
    world = World(tmp_path)
    world.vault.put({"db_password": "s3cret"})
    with pytest.raises(SecretsError, match="there is no secret 'db_passwort'") as caught:
        world.keyring.open(Sealed("named", "db_passwort", "vars.yml:7"))
    assert (caught.value.where, caught.value.hint) == ("vars.yml:7", "did you mean 'db_password'?")
