"""Passwords come from a person or a file, once, and never from somewhere else."""

from __future__ import annotations

import getpass
import warnings

import pytest

from sloth.cli.passwords import Source, both
from sloth.core.errors import UsageError


@pytest.fixture
def typed(monkeypatch):
    """What a person types, in order, and the prompts that they saw."""
    answers: list[str] = []
    prompts: list[str] = []

    def ask(prompt: str) -> str:
        prompts.append(prompt)
        return answers.pop(0)

    monkeypatch.setattr(getpass, "getpass", ask)
    return answers, prompts


def a_file(tmp_path, text, mode=0o600):
    path = tmp_path / "password"
    path.write_text(text)
    path.chmod(mode)
    return path


def test_nobody_is_asked_for_what_nobody_wants(typed):
    assert both(Source(), Source()) == (None, None)
    assert typed[1] == []


def test_each_is_asked_for_once(typed):
    typed[0].extend(["one", "two"])
    assert both(Source(ask=True), Source(ask=True)) == ("one", "two")
    assert len(typed[1]) == 2


def test_nothing_typed_for_become_means_the_password_of_the_login(typed):
    typed[0].extend(["one", ""])
    assert both(Source(ask=True), Source(ask=True)) == ("one", "one")
    assert "[the SSH password]" in typed[1][1]


@pytest.mark.parametrize("typed_text", ["", EOFError], ids=["Return", "Ctrl-D"])
def test_a_login_password_that_is_not_typed_is_an_error(monkeypatch, typed_text):
    def ask(_: str) -> str:
        if typed_text is EOFError:
            raise EOFError
        return ""

    monkeypatch.setattr(getpass, "getpass", ask)
    with pytest.raises(UsageError, match="no password was typed"):
        both(Source(ask=True), Source())


def test_a_file_is_read_up_to_its_first_line_end(tmp_path, capsys):
    assert both(Source(file=a_file(tmp_path, "s3cret \r\nmore\n")), Source()) == ("s3cret ", None)
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize("mode", [0o640, 0o604], ids=oct)
def test_a_file_that_others_may_read_is_warned_about(tmp_path, capsys, mode):
    assert both(Source(), Source(file=a_file(tmp_path, "x", mode))) == (None, "x")
    assert "chmod 600" in capsys.readouterr().err


@pytest.mark.parametrize("text", ["", "\nsecret\n"], ids=["empty", "empty first line"])
def test_an_empty_password_is_an_error(tmp_path, text):
    with pytest.raises(UsageError, match="empty"):
        both(Source(file=a_file(tmp_path, text)), Source())


def test_a_file_that_is_not_there_is_an_error(tmp_path):
    with pytest.raises(UsageError, match="cannot read"):
        both(Source(file=tmp_path / "none"), Source())


def test_without_a_terminal_the_password_is_not_read_from_elsewhere(monkeypatch):
    def no_terminal(_: str) -> str:
        warnings.warn("echo", getpass.GetPassWarning, stacklevel=1)
        return "the next line of some pipe"

    monkeypatch.setattr(getpass, "getpass", no_terminal)
    with pytest.raises(UsageError, match="no terminal"):
        both(Source(ask=True), Source())
