"""Secrets of an environment: what was set is there, what was changed by others is noticed, all of it is in the trail."""

from __future__ import annotations

import json
import os
import stat
import subprocess
from pathlib import Path

import pytest

from sloth.core.errors import SecretsDamaged, SecretsError, WrongPassphrase
from sloth.secrets.passphrase import Passphrase
from tests.unit.secrets.worlds import lines, passphrases, vault


def test_a_value_that_was_set_is_there_for_who_knows_the_passphrase(tmp_path: Path):
    assert vault(tmp_path, passphrases("right", "right")).put({"db": "s3cret", "api": "k" * 1000}) == {"api": 1, "db": 1}
    assert vault(tmp_path, passphrases("right")).get("db") == "s3cret"


def test_nothing_of_a_value_is_on_the_disk(tmp_path: Path):
    vault(tmp_path).put({"db": "s3cret-value"})
    for path in tmp_path.iterdir():
        assert b"s3cret-value" not in path.read_bytes()
        assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_a_wrong_passphrase_is_said_to_be_wrong(tmp_path: Path):
    vault(tmp_path, passphrases("right", "right")).put({"db": "s3cret"})
    with pytest.raises(WrongPassphrase, match="wrong passphrase for the secrets of 'prod'"):
        vault(tmp_path, passphrases("wrong")).get("db")


def test_the_first_passphrase_is_typed_twice_alike(tmp_path: Path):
    with pytest.raises(SecretsError, match="differ"):
        vault(tmp_path, passphrases("one", "other")).put({"db": "s3cret"})
    assert not (tmp_path / "prod.json").exists()


def test_versions_are_kept_and_go_on_after_a_deletion(tmp_path: Path):
    one = vault(tmp_path)
    for number in range(12):
        one.put({"db": f"value {number}"})
    assert one.get("db", 5) == "value 4"
    assert one.names()[0].versions == list(range(3, 13))
    with pytest.raises(SecretsError, match="has no version 2"):
        one.get("db", 2)
    one.delete(["db"])
    assert one.names() == []
    with pytest.raises(SecretsError, match="no secret 'db'"):
        one.get("db")
    assert one.put({"db": "again"}) == {"db": 13}


def test_environments_are_apart(tmp_path: Path):
    vault(tmp_path).put({"db": "of prod"})
    vault(tmp_path, environment="test").put({"db": "of test"})
    assert vault(tmp_path, environment="test").get("db") == "of test"
    (tmp_path / "test.json").write_bytes((tmp_path / "prod.json").read_bytes())
    with pytest.raises(SecretsDamaged, match="of the environment 'prod'"):
        vault(tmp_path, environment="test").get("db")


def test_of_many_deletions_one_that_is_wrong_undoes_all(tmp_path: Path):
    one = vault(tmp_path)
    one.put({"a": "first", "b": "second"})
    with pytest.raises(SecretsError, match="there is no secret 'bb'"):
        one.delete(["a", "bb"])
    assert [listed.name for listed in one.names()] == ["a", "b"]


def _swap(document):
    secrets = document["secrets"]
    secrets["a"]["values"], secrets["b"]["values"] = secrets["b"]["values"], secrets["a"]["values"]


def _older(document):
    document["secrets"]["a"]["values"].pop()


def _cheaper(document):
    document["recipe"] = "scrypt:2:" + document["recipe"].rpartition(":")[2]


@pytest.mark.parametrize(
    "change",
    [
        pytest.param(_swap, id="values swapped"),
        pytest.param(_older, id="a version taken away"),
        pytest.param(_cheaper, id="a weaker recipe"),
        pytest.param(lambda document: document["secrets"].pop("b"), id="a secret taken away"),
        pytest.param(lambda document: document.update(mac="0" * 64), id="another signature"),
        pytest.param(lambda document: document.pop("last"), id="a part left out"),
        pytest.param(lambda document: document.update(secrets=[]), id="another shape"),
    ],
)
def test_a_change_by_somebody_else_is_noticed(change, tmp_path: Path):
    one = vault(tmp_path)
    one.put({"a": "first", "b": "second"})
    one.put({"a": "later"})
    path = tmp_path / "prod.json"
    document = json.loads(path.read_text())
    change(document)
    path.write_text(json.dumps(document))
    with pytest.raises(SecretsDamaged, match="damaged, or somebody changed them") as caught:
        vault(tmp_path).get("a")
    assert caught.value.where == str(path)


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b'{"format": 1}', b"\xff", pytest.param(b"[" * 100_000, id="deep")], ids=repr)
def test_what_is_no_store_at_all_is_said_to_be_damaged(content, tmp_path: Path):
    (tmp_path / "prod.json").write_bytes(content)
    with pytest.raises(SecretsDamaged):
        vault(tmp_path).names()


def test_a_store_that_was_cut_off_anywhere_is_damaged(tmp_path: Path):
    vault(tmp_path).put({"a": "first", "b": "second"})
    path = tmp_path / "prod.json"
    whole = path.read_bytes()
    for size in range(0, len(whole) - 1, 97):
        path.write_bytes(whole[:size])
        with pytest.raises(SecretsDamaged):
            vault(tmp_path).get("a")


def test_a_new_key_opens_all_versions_and_the_old_passphrase_none(tmp_path: Path):
    one = vault(tmp_path, passphrases("right", "right"))
    one.put({"db": "first"})
    one.put({"db": "second"})
    assert one.rotate(Passphrase("", b"new")) == 2
    other = vault(tmp_path, passphrases("new"))
    assert (other.get("db", 1), other.get("db")) == ("first", "second")
    with pytest.raises(WrongPassphrase):
        vault(tmp_path, passphrases("right")).get("db")
    assert [entry.what for entry in other.audit()] == ["set", "set", "rotate", "get", "get"]


def test_rotation_without_another_passphrase_makes_another_key_of_the_same(tmp_path: Path):
    one = vault(tmp_path, passphrases("right", "right"))
    one.put({"db": "first"})
    before = json.loads((tmp_path / "prod.json").read_text())
    assert one.rotate(None) == 1
    after = json.loads((tmp_path / "prod.json").read_text())
    assert before["recipe"] != after["recipe"]
    assert vault(tmp_path, passphrases("right")).get("db") == "first"


def test_the_trail_tells_who_did_what_and_no_value(tmp_path: Path):
    one = vault(tmp_path)
    one.put({"db": "s3cret", "api": "other"}, what="import", by="sloth secrets import")
    one.get("db", by="sloth secrets get")
    one.delete(["api"])
    told = [(entry.number, entry.who, entry.what, entry.name, entry.version) for entry in one.audit()]
    assert told == [
        (1, "ada@desk", "import", "api", 1), (2, "ada@desk", "import", "db", 1), (3, "ada@desk", "get", "db", 1),
        (4, "ada@desk", "delete", "api", 1),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("change", "line"),
    [
        pytest.param(lambda entries: entries[:-2], 3, id="the last two cut off"),
        pytest.param(lambda entries: entries[1:], 1, id="the first one left out"),
        pytest.param(lambda entries: [entries[0], entries[2], entries[1], entries[3]], 2, id="two swapped"),
        pytest.param(lambda entries: [entries[0].replace(b"ada", b"bob"), *entries[1:]], 1, id="another author"),
        pytest.param(lambda entries: [*entries, entries[-1]], 5, id="one twice"),
        pytest.param(lambda entries: [], 1, id="all gone"),
        pytest.param(lambda entries: [b"null\n"], 1, id="something else"),
    ],
)
def test_a_trail_that_was_changed_does_not_pass(change, line, tmp_path: Path):
    one = vault(tmp_path)
    for name in ("a", "b", "c", "d"):
        one.put({name: "value of " + name})
    path = tmp_path / "prod.audit"
    path.write_bytes(b"".join(change(lines(path))))
    with pytest.raises(SecretsDamaged, match="audit trail") as caught:
        vault(tmp_path).audit()
    assert caught.value.where == f"{path}:{line}"


def test_what_a_crash_kept_from_the_trail_comes_back(tmp_path: Path):
    one = vault(tmp_path)
    one.put({"a": "first"})
    one.put({"b": "second", "c": "third"})
    path = tmp_path / "prod.audit"
    whole = path.read_bytes()
    for end in range(len(lines(path)[0]), len(whole) + 1, 23):
        path.write_bytes(whole[:end])
        assert len(vault(tmp_path).audit()) == 3
        assert path.read_bytes() == whole


def test_what_a_process_that_died_left_behind_is_no_obstacle(tmp_path: Path):
    one = vault(tmp_path)
    one.put({"a": "first"})
    (tmp_path / ".prod.json.new").write_bytes(b"half")
    one.put({"a": "second"})
    assert vault(tmp_path).get("a") == "second"
    assert not (tmp_path / ".prod.json.new").exists()


@pytest.mark.needs_root
def test_a_full_disk_leaves_the_old_secrets(tmp_path: Path):
    folder = tmp_path / "small"
    folder.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64k,mode=700", "tmpfs", str(folder)], check=True)
    try:
        one = vault(folder)
        one.put({"a": "first"})
        with pytest.raises(SecretsError, match="no space left on device; they are as they were"):
            one.put({"b": os.urandom(60_000).hex()})
        assert {path.name for path in folder.rglob("*") if path.name.endswith(".new")} == set()
        assert vault(folder).get("a") == "first"
        assert len(vault(folder).audit()) == 2
    finally:
        subprocess.run(["umount", str(folder)], check=True)


@pytest.mark.parametrize("name", ["", "9", "a b", "../a", "a/b", "é", "a" * 129, "a\n"], ids=repr)
def test_names_are_plain_words(name, tmp_path: Path):
    with pytest.raises(SecretsError, match="is no name of a secret"):
        vault(tmp_path).put({name: "value"})


@pytest.mark.parametrize(
    ("value", "message"),
    [("", "is empty"), ("a\0b", "null byte"), ("x" * (257 << 10), "more than 256 KiB")],
    ids=["empty", "null", "large"],
)
def test_values_are_text_of_a_sane_length(value, message, tmp_path: Path):
    with pytest.raises(SecretsError, match=message):
        vault(tmp_path).put({"a": value})


@pytest.mark.parametrize("environment", ["", "../x", "a b", ".", "-x"], ids=repr)
def test_names_of_environments_are_plain_words(environment, tmp_path: Path):
    with pytest.raises(SecretsError, match="is no name of an environment"):
        vault(tmp_path, environment=environment)
