"""What sudo says, and what it means."""

from __future__ import annotations

import pytest

from sloth.runtime import sudo


def test_the_command_line_does_not_show_the_prompt():
    assert sudo.prompt("abc") == "[sloth-%abc]"
    assert not any(sudo.prompt("abc") in word for word in sudo.argv("root", "abc"))
    assert sudo.argv("web", "abc") == ["sudo", "-S", "-H", "-p", "[sloth-%%abc]", "-u", "web", "--"]


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
        pytest.param("sh: 1: exec: sudo: not found\n", "sh: 1: exec: sudo: not found", id="no sudo"),
        pytest.param("", "sudo ended without a word", id="silence"),
    ],
)  # fmt: skip
def test_the_line_that_tells_is_found(errors, line):
    assert sudo.complaint(errors, "n") == line


def test_requiretty_is_recognized():
    assert sudo.wants_terminal("sudo: sorry, you must have a tty to run sudo\n")
    assert not sudo.wants_terminal("sudo: 3 incorrect password attempts\n")
