"""What Ansible Vault writes is read, as Ansible itself reads it; what is not its writing is said to be none."""

from __future__ import annotations

import pytest
from ansible.parsing import vault
from hypothesis import given, settings
from hypothesis import strategies as st

from sloth.secrets.ansible import BadVault, parse


def encrypted(data: bytes, passphrase: bytes = b"right", label: str | None = None) -> str:
    """By Ansible."""
    secrets = [(label or "default", vault.VaultSecret(passphrase))]
    text: bytes = vault.VaultLib(secrets).encrypt(data, vault_id=label)
    return text.decode()


@settings(max_examples=15)  # each derives keys twice
@given(data=st.binary(max_size=300), passphrase=st.binary(min_size=1, max_size=40))
def test_whatever_ansible_encrypts_is_read(data: bytes, passphrase: bytes):
    assert parse(encrypted(data, passphrase)).open(passphrase) == data


def test_the_vault_id_of_the_format_1_2_is_known():
    envelope = parse(encrypted(b"text", label="prod"))
    assert (envelope.label, envelope.open(b"right"), envelope.open(b"wrong")) == ("prod", b"text", None)


def test_line_ends_of_windows_and_indentation_change_nothing():
    text = encrypted(b"text").replace("\n", "\r\n    ")
    assert parse(text).open(b"right") == b"text"


@pytest.mark.parametrize(
    ("change", "message"),
    [
        pytest.param(lambda text: text.replace("1.1", "1.0"), "format 1.0;AES256", id="an old format"),
        pytest.param(lambda text: text.replace("AES256", "AES"), "format 1.1;AES", id="an old cipher"),
        pytest.param(lambda text: text[:-9], "damaged", id="cut"),
        pytest.param(lambda text: text.replace("3", "x"), "damaged", id="no hexadecimal"),
        pytest.param(lambda text: text.splitlines()[0], "damaged", id="a header alone"),
        pytest.param(lambda text: text[1:], "no header", id="another header"),
    ],
)
def test_what_ansible_did_not_write_is_said_to_be_none(change, message):
    with pytest.raises(BadVault, match=message):
        parse(change(encrypted(b"some text")))


def test_a_changed_ciphertext_does_not_open():
    text = encrypted(b"some text").rstrip()
    assert parse(text[:-1] + ("2" if text[-1] == "1" else "1")).open(b"right") is None
