"""Where passphrases come from; each is read once, when it is needed, and from files that are their owner's alone."""

from __future__ import annotations

import os
import resource
from pathlib import Path

import pytest

from sloth.core.errors import SecretsError
from sloth.secrets.passphrase import Passphrases, parse

NONE = resource.getrlimit(resource.RLIMIT_NOFILE)[0]
"""No descriptor of a process has this number."""


def of(*written: str, typed: tuple[str, ...] = (), environ: dict[str, str] | None = None) -> Passphrases:
    answers = iter(typed)
    return Passphrases([parse(word) for word in written], lambda _: next(answers), {} if environ is None else environ)


@pytest.mark.parametrize(
    ("written", "label", "kind", "word"),
    [
        ("prompt", "", "prompt", ""),
        ("prod@prompt", "prod", "prompt", ""),
        ("fd:3", "", "fd", "3"),
        ("env:NAME", "", "env", "NAME"),
        ("prod@command:pass show a@b", "prod", "command", "pass show a@b"),
        ("key:~/k", "", "key", "~/k"),
        ("~/pass", "", "file", "~/pass"),
        ("file:prompt", "", "file", "prompt"),
        ("/a@b/c", "", "file", "/a@b/c"),
        ("dev@/etc/p", "dev", "file", "/etc/p"),
    ],
    ids=str,
)
def test_how_a_source_is_written(written, label, kind, word):
    source = parse(written)
    assert (source.label, source.kind, source.word) == (label, kind, word)


@pytest.mark.parametrize("written", ["", "prod@", "fd:", "fd:x", "fd:-1", "fd:" + "9" * 20, "env:", "key:", "command: "], ids=repr)
def test_what_is_no_source(written):
    with pytest.raises(SecretsError, match="tells no place"):
        parse(written)


def test_a_file_is_its_owners_alone(tmp_path: Path):
    path = tmp_path / "pass"
    path.write_text("right\n")
    path.chmod(0o640)
    with pytest.raises(SecretsError, match="others may read") as caught:
        list(of(str(path)).of("prod"))
    assert caught.value.hint == f"`chmod 600 {path}`"
    path.chmod(0o600)
    assert [one.value for one in of(str(path)).of("prod")] == [b"right"]


def test_a_program_in_place_of_a_file_is_not_taken_for_a_passphrase(tmp_path: Path):
    path = tmp_path / "pass"
    path.write_text("#!/bin/sh\necho right\n")
    path.chmod(0o700)
    with pytest.raises(SecretsError, match="this is a program"):
        list(of(str(path)).of("prod"))
    assert [one.value for one in of(f"command:{path}").of("prod")] == [b"right"]


def test_a_descriptor_is_read_to_its_end():
    reading, writing = os.pipe()
    os.write(writing, b"right\n")
    os.close(writing)
    passphrases = of(f"fd:{reading}")
    assert [one.value for one in passphrases.of("a")] == [one.value for one in passphrases.of("b")] == [b"right"]


def test_a_person_is_told_which_passphrase_is_asked_for():
    asked: list[str] = []

    def answer(question: str) -> str:
        asked.append(question)
        return "x"

    for label in ("", "prod"):
        next(Passphrases([parse("prompt")], answer, {}).of(label))
    assert asked == ["passphrase of secrets: ", "passphrase of secrets (prod): "]


def test_a_variable_is_taken_out_of_the_environment():
    environ = {"SECRET": "right", "HOME": "/"}
    assert [one.value for one in of("env:SECRET", environ=environ).of("prod")] == [b"right"]
    assert environ == {"HOME": "/"}


def test_a_label_decides_which_is_tried_first_and_the_others_are_read_only_then():
    passphrases = of("prompt", "dev@prompt", "prod@prompt", typed=("of prod", "of all"))
    found = passphrases.of("prod")
    assert next(found).value == b"of prod"
    assert next(found).value == b"of all"


@pytest.mark.parametrize(
    ("word", "message"),
    [
        pytest.param("env:NOTHING", "is empty", id="empty"),
        pytest.param("command:false", "ended with 1", id="a program that fails"),
        pytest.param("command:/nowhere/x", "cannot run", id="no program"),
        pytest.param("command:'", "no closing quotation", id="a quote"),
        pytest.param("/nowhere/x", "no such file", id="no file"),
        pytest.param(f"fd:{NONE}", f"descriptor {NONE}", id="no descriptor"),
    ],
)
def test_what_gives_no_passphrase_is_said(word, message):
    with pytest.raises(SecretsError, match=message):
        list(of(word).of("prod"))


def test_a_key_file_has_enough_bytes(tmp_path: Path):
    path = tmp_path / "key"
    path.write_bytes(b"short")
    path.chmod(0o600)
    with pytest.raises(SecretsError, match="at least 32 random bytes") as caught:
        list(of(f"key:{path}").of("prod"))
    assert "openssl rand" in caught.value.hint
    path.write_bytes(os.urandom(32).hex().encode())
    assert next(of(f"key:{path}").of("prod")).is_random
