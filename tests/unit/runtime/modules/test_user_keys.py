"""authorized_keys: a key is its type and base64; what else the file holds stays as it is."""

from __future__ import annotations

import base64

import pytest

from sloth.runtime.failure import BadArguments
from sloth.runtime.modules.user.authorized_keys import merge, parse_line, parse_wanted, without


def key(letter, kind="ssh-ed25519"):
    blob = len(kind).to_bytes(4, "big") + kind.encode() + (32).to_bytes(4, "big") + letter.encode() * 32
    return f"{kind} {base64.b64encode(blob).decode()}"


A, B = key("a"), key("b")


@pytest.mark.parametrize(
    ("line", "options", "comment"),
    [
        pytest.param(f"{A} ann@laptop", "", "ann@laptop", id="plain"),
        pytest.param(A, "", "", id="without comment"),
        pytest.param(f"{A} two words", "", "two words", id="comment with blanks"),
        pytest.param(f"no-pty {A} x", "no-pty", "x", id="option"),
        pytest.param(f'command="a \\"b\\"",no-pty {A} x', 'command="a \\"b\\"",no-pty', "x", id="quoted blanks"),
        pytest.param(key("c", "sk-ssh-ed25519@openssh.com"), "", "", id="hardware key"),
    ],
)
def test_a_line_is_read(line, options, comment):
    found = parse_line(line)
    assert found is not None
    assert (found.options, found.comment) == (options, comment)
    assert found.line == line


@pytest.mark.parametrize("line", ["", "   ", "# " + A, "no key at all", "ssh-ed25519"])
def test_what_is_no_key_is_none(line):
    assert parse_line(line) is None


@pytest.mark.parametrize(
    ("before", "wanted", "options", "exclusive", "after"),
    [
        pytest.param("", A, None, False, f"{A}\n", id="first"),
        pytest.param(f"{B} b\n", f"{A} a", None, False, f"{B} b\n{A} a\n", id="added at the end"),
        pytest.param(f"{B} b", A, None, False, f"{B} b\n{A}\n", id="missing final newline"),
        pytest.param(f"{A} old\n", f"{A} new", None, False, f"{A} old\n", id="comment kept"),
        pytest.param(f"no-pty {A} x\n", A, None, False, f"no-pty {A} x\n", id="options kept"),
        pytest.param(f"no-pty {A} x\n", A, "", False, f"{A} x\n", id="options taken away"),
        pytest.param(f"{A} x\n", A, "no-pty", False, f"no-pty {A} x\n", id="options given"),
        pytest.param(f"{A} x\n", f"no-pty {A}", None, False, f"no-pty {A} x\n", id="options in the key"),
        pytest.param(f"# mine\n\n{B}\nodd\n", A, None, False, f"# mine\n\n{B}\nodd\n{A}\n", id="other lines stay"),
        pytest.param(f"# mine\n{B} b\n{A} a\n", A, None, True, f"# mine\n{A} a\n", id="exclusive"),
        pytest.param(f"{A}\n", f"{A}\n{A}\n", None, False, f"{A}\n", id="named twice"),
        pytest.param("", f"{A}\n{A}\n", None, False, f"{A}\n", id="named twice, new"),
        pytest.param("", f"# a file\n{A}\n\n{B}\n", None, False, f"{A}\n{B}\n", id="several lines"),
    ],
)
def test_keys_are_merged_and_a_second_time_changes_nothing(before, wanted, options, exclusive, after):
    keys = parse_wanted([wanted], options)
    once = merge(before, keys, keep_options=options is None, exclusive=exclusive)
    assert once == after
    assert merge(once, keys, keep_options=options is None, exclusive=exclusive) == after


def test_keys_are_taken_out_whatever_their_comment():
    keys = parse_wanted([A], None)
    assert without(f"no-pty {A} x\n{B}\n# c\n", keys) == f"{B}\n# c\n"
    assert without(f"{B}", keys) == B


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("ssh-ed25519 AAAA", id="cut off"),
        pytest.param("hello", id="no key"),
        pytest.param(A.replace("ssh-ed25519", "ssh-rsa"), id="another type than its base64 says"),
        pytest.param("ssh-ed25519 %%%", id="no base64"),
    ],
)
def test_what_is_no_whole_key_is_refused(text):
    with pytest.raises(BadArguments, match="is no public key"):
        parse_wanted([text], None)


def test_options_of_several_lines_are_refused():
    with pytest.raises(BadArguments, match="one line"):
        parse_wanted([A], f"no-pty\n{B}")
