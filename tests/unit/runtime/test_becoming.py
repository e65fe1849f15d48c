"""What sudo, su and doas are told and say, and what it means."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from sloth.runtime import becoming
from sloth.runtime.users import ASKED, STREAMED


def test_the_command_line_does_not_show_the_prompt():
    assert becoming.prompt("abc") == "[sloth-%abc]"
    assert not any(becoming.prompt("abc") in word for word in becoming.argv("sudo", "root", "abc", True))
    assert becoming.argv("sudo", "web", "abc", True) == ["sudo", "-S", "-H", "-p", "[sloth-%%abc]", "-u", "web", "--"]


@pytest.mark.parametrize(
    ("errors", "line"),
    [
        pytest.param("[sloth-%n]sudo: 1 incorrect password\n", "sudo: 1 incorrect password", id="wrong"),
        pytest.param(
            "sudo: unknown user nobody2\nsudo: error initializing audit plugin sudoers_audit\n",
            "sudo: unknown user nobody2", id="unknown user",
        ),
        pytest.param(
            "We trust you have received the lecture\n\n    #1) Respect\n[sloth-%n]bob is not in the sudoers file.\n",
            "bob is not in the sudoers file.", id="lecture",
        ),
        pytest.param(
            "Sorry, user bob is not allowed to execute '/usr/bin/python3 -c import zlib\nstart(1)\n abc memory' as root on web1.\n",
            "Sorry, user bob is not allowed to execute sloth's runtime as root on web1", id="only some commands",
        ),
        pytest.param("sh: 1: exec: sudo: not found\n", "sh: 1: exec: sudo: not found", id="no sudo"),
        pytest.param("", "sudo ended without a word", id="silence"),
    ],
)  # fmt: skip
def test_the_line_that_tells_is_found(errors, line):
    assert becoming.complaint("sudo", errors, "n") == line


@pytest.mark.parametrize(
    ("method", "errors", "line"),
    [
        pytest.param("su", "su: user nosuch does not exist\n", "su: user nosuch does not exist", id="unknown user"),
        pytest.param("su", "Password: \nsu: Permission denied\n", "su: Permission denied", id="pam_wheel"),
        pytest.param("doas", "doas: Operation not permitted\n", "doas: Operation not permitted", id="no rule"),
        pytest.param("doas", "", "doas ended without a word", id="silence"),
    ],
)
def test_su_and_doas_say_why_themselves(method, errors, line):
    assert becoming.complaint(method, errors, "n") == line


@pytest.mark.parametrize("said", [
    pytest.param("su: Authentication failure\n", id="su of util-linux"),
    pytest.param("su: incorrect password\n", id="su of busybox"),
    pytest.param("doas: Authentication failed\n", id="doas"),
    pytest.param("Sorry, try again.\n", id="sudo"),
])
def test_a_wrong_password_is_recognized(said):
    assert becoming.is_wrong_password(said)


@pytest.mark.parametrize(("method", "silent"), [("sudo", True), ("doas", True), ("su", False)])
def test_who_has_no_password_to_give_is_not_asked_for_it(method, silent):
    assert ("-n" in becoming.argv(method, "root", "abc", False)) == silent


@pytest.mark.parametrize("said", ["sudo: a password is required\n", "doas: Authentication required\n"])
def test_that_a_password_would_have_been_wanted_is_recognized(said):
    assert becoming.wants_password(said)
    assert not becoming.is_wrong_password(said)


@pytest.mark.parametrize("method", becoming.METHODS)
def test_no_command_line_shows_the_prompt(method):
    words = [*becoming.argv(method, "root", "abc", True), becoming.hidden("abc")]
    assert not any(becoming.prompt("abc") in word for word in words)


def test_an_account_without_a_shell_is_explained():
    assert "login shell of nobody" in becoming.advice("su", "nobody", "This account is currently not available.\n")


def test_who_may_run_some_commands_only_is_told_what_is_needed():
    said = "[sloth-%n]Sorry, user bob is not allowed to execute '/bin/sh -c x\ny' as root on web1.\n"
    assert "sudoers has to allow it all commands" in becoming.advice("sudo", "root", said)


@pytest.mark.parametrize(
    ("said", "last"), [("", ""), ("[sloth-%n]", ""), ("hello\n[sloth-%n]Code: \n", "Code:"), ("x" * 300, "x" * 200)]
)
def test_what_was_said_last_is_told_without_our_own_prompt(said, last):
    assert becoming.last_line(said, "n") == last


def test_requiretty_is_recognized():
    assert becoming.wants_terminal("sudo: sorry, you must have a tty to run sudo\n")
    assert not becoming.wants_terminal("sudo: 3 incorrect password attempts\n")


def test_what_actions_ask_they_may_ask_as_another_user_too():
    asked: dict[str, set[str]] = {"ask": set(), "receive": set()}
    for path in Path(becoming.__file__).parent.rglob("*.py"):
        for how, verb in re.findall(r'\bhost\.(ask|receive)\(\s*"(\w+)"', path.read_text()):
            asked[how].add(verb)
    assert asked == {"ask": set(ASKED), "receive": set(STREAMED)}
