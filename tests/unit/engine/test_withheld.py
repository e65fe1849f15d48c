"""What -e says of passwords: told by the name, never written down, asked for again."""

from __future__ import annotations

import json

import pytest

from sloth.core.errors import UsageError
from sloth.engine.withheld import check, is_secret, values, words

SECRET = "hunter2-and-more"


@pytest.mark.parametrize(
    "name", ["password", "db_password", "DB_PASS", "dbPassword", "api_key", "apiToken", "secrets", "client-secret",
             "ssh_private_key", "credentials", "vault.passphrase"],
)  # fmt: skip
def test_a_name_that_ends_like_a_secret_is_one(name):
    assert is_secret(name)


@pytest.mark.parametrize(
    "name", ["password_length", "max_tokens", "key", "secretary", "compass", "tokens", "public_key", "passed", "", "bypass"]
)
def test_other_names_are_none(name):
    assert not is_secret(name)


@pytest.mark.parametrize(
    ("word", "kept"),
    [
        pytest.param(f"a=1 db_password='{SECRET}' b='c d'", "a=1 'db_password=********' 'b=c d'", id="pairs"),
        pytest.param(json.dumps({"a": 1, "db": {"token": SECRET, "port": 5}}),
                     json.dumps({"a": 1, "db": {"token": "********", "port": 5}}), id="JSON"),
        pytest.param(json.dumps({"passwords": [SECRET, SECRET]}), json.dumps({"passwords": ["********"] * 2}), id="a list"),
        pytest.param(json.dumps({"db": {"password": ""}, "token": 5}), json.dumps({"db": {"password": ""}, "token": 5}),
                     id="nothing to hide"),
        pytest.param("a=1   b=2", "a=1   b=2", id="as it was written"),
        pytest.param("@secrets.yml", "@secrets.yml", id="a file"),
    ],
)  # fmt: skip
def test_what_is_written_down_has_stars_for_secrets(word, kept):
    assert words([word]) == (kept,)


def test_the_values_are_hidden_wherever_they_stand():
    assert list(values({"a": "b", "db": {"password": SECRET, "all": [{"api_key": "k"}]}, "token": 5})) == [SECRET, "k"]


def test_what_was_not_written_down_has_to_be_said_again():
    said = [*words([f"a=1 db_password={SECRET}"]), "@file.yml"]
    with pytest.raises(UsageError, match="of db_password was not written down") as caught:
        check(said, "7f3a")
    assert caught.value.hint == "`sloth resume 7f3a -e db_password=…`"
    check([*said, f"db_password={SECRET}"], "7f3a")


def test_a_value_inside_another_is_asked_for_by_the_name_of_that():
    with pytest.raises(UsageError, match="of db was not"):
        check(words([json.dumps({"db": {"password": SECRET}})]), "7f3a")
