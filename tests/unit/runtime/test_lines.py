"""Laws of editing lines: numbers in the ids are those of the list of behaviours."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sloth.runtime import lines
from sloth.runtime.failure import ActionFailed, BadArguments

EOF = lines.Anchor(None, None)


@pytest.mark.parametrize(
    ("content", "line", "regexp", "options", "expected"),
    [
        pytest.param(b"a\nb", b"c", None, {}, b"a\nb\nc\n", id="1 no final newline: nothing is joined"),
        pytest.param(b"", b"c", None, {"after": "^x"}, b"c\n", id="2 empty file, after not found: at the end"),
        pytest.param(b"", b"c", None, {"before": "^x"}, b"c\n", id="2 empty file, before not found: at the end"),
        pytest.param(b"", b"c", None, {"before": "BOF"}, b"c\n", id="2 empty file, BOF"),
        pytest.param(b"a\n", b"c", None, {"after": "^x"}, b"a\nc\n", id="2 one line, after not found: at the end"),
        pytest.param(b"a\n", b"c", None, {"before": "^x"}, b"a\nc\n", id="2 one line, before not found: at the end"),
        pytest.param(b"a\n", b"c", None, {"before": "BOF"}, b"c\na\n", id="2 BOF is the beginning"),
        pytest.param(b"k=1\nz\nk=2\n", b"k=3", "^k=", {"after": "^z"}, b"k=1\nz\nk=3\n", id="3 last match"),
        pytest.param(b"k=1\nk=2\n", b"k=3", "^k=", {"first": True}, b"k=3\nk=2\n", id="3 firstmatch"),
        pytest.param(b"z\ny\n", b"k=3", "^k=", {"after": "^z"}, b"z\nk=3\ny\n", id="3 no match: after the anchor"),
        pytest.param(b"z\nz\n", b"k", None, {"after": "^z", "first": True}, b"z\nk\nz\n", id="3 first anchor"),
        pytest.param(b"c\nz\n", b"c", None, {"after": "^z"}, b"c\nz\n", id="4 there already, elsewhere"),
        pytest.param(b"z\nc\n", b"c", None, {"before": "^z"}, b"z\nc\n", id="4 there already, before another"),
        pytest.param(b"c\nz\n", b"c", "^nothing", {"after": "^z"}, b"c\nz\n", id="4 the same where a pattern misses"),
        pytest.param(b"a=1\n", rb"\1=2", "^(b)=", {"backrefs": True}, b"a=1\n", id="5 backrefs without a match"),
        pytest.param(b"a = 1\n", rb"\g<k>=2", r"^(?P<k>\w+)\s*=", {"backrefs": True}, b"a=2\n", id="5 named group"),
        pytest.param(b"a\n", rb"\1x\2", "(a)|(b)", {"backrefs": True}, b"ax\n", id="5 unmatched group is empty"),
        pytest.param(b"a\n", rb"""'"$\1`\n{{ x }}""", "^a", {}, rb"""'"$\1`\n{{ x }}""" + b"\n", id="6 byte-exact"),
        pytest.param(b"a\r\nb\r\n", b"c", None, {}, b"a\r\nb\r\nc\r\n", id="6 CRLF kept for a new line"),
        pytest.param(b"a\r\nb\r\n", b"c", "^a$", {}, b"c\r\nb\r\n", id="6 CRLF kept for a replaced line"),
        pytest.param(b"\xe9t\xe9\nb\n", b"c", "^b", {}, b"\xe9t\xe9\nc\n", id="6 latin-1 unharmed"),
        pytest.param(b"a\nb", b"c", "^b", {}, b"a\nc", id="a replaced last line keeps its missing end"),
        pytest.param(b"a\x0cb\x0b\n", b"c", "^z", {}, b"a\x0cb\x0b\nc\n", id="only newlines end lines"),
    ],
)
def test_a_line_is_put_where_it_belongs_and_stays_there(content, line, regexp, options, expected):
    match = None if regexp is None else lines.pattern(regexp)
    anchor = lines.Anchor(options.get("after"), options.get("before"), options.get("first", False))
    chosen = {key: value for key, value in options.items() if key in {"first", "backrefs"}}
    once = lines.with_line(content, line, match, anchor, **chosen)
    assert once == expected
    if not options.get("backrefs"):
        assert lines.with_line(once, line, match, anchor, **chosen) == once


@pytest.mark.parametrize(
    ("content", "line", "regexp", "expected"),
    [
        pytest.param(b"a\nb\na\n", b"a", None, (b"b\n", 2), id="7 literal: every one"),
        pytest.param(b"ax\nb\nay", None, "^a", (b"b\n", 2), id="7 pattern: every one"),
        pytest.param(b"b\n", b"a", None, (b"b\n", 0), id="7 none"),
        pytest.param(b"a\r\nb\r\n", b"a", None, (b"b\r\n", 1), id="7 CRLF"),
    ],
)
def test_absent_lines_go_and_are_counted(content, line, regexp, expected):
    assert lines.without_lines(content, line, None if regexp is None else lines.pattern(regexp)) == expected


MARKERS = (b"# B", b"# E")
BLOCK = b"# B\nx\ny\n# E\n"


@pytest.mark.parametrize(
    ("content", "block", "options", "expected"),
    [
        pytest.param(b"", b"x\ny", {}, BLOCK, id="12 empty file"),
        pytest.param(b"a", b"x\ny\n", {}, b"a\n" + BLOCK, id="12 missing final newline"),
        pytest.param(b"a\n# B\nold\n# E\nz\n", b"x\ny", {}, b"a\n" + BLOCK + b"z\n", id="12 replaced in place"),
        pytest.param(b"a\n# B\nold\n# E", b"x\ny", {}, b"a\n" + BLOCK[:-1], id="12 a missing last end stays so"),
        pytest.param(b"a\n" + BLOCK + b"z\n", b"", {}, b"a\nz\n", id="12 empty block: away with the markers"),
        pytest.param(b"a\nz\n", b"", {}, b"a\nz\n", id="12 nothing to take away"),
        pytest.param(b"a\nz\n", b"x\ny", {"after": "^a"}, b"a\n" + BLOCK + b"z\n", id="12 after"),
        pytest.param(b"a\nz\n", b"x\ny", {"before": "BOF"}, BLOCK + b"a\nz\n", id="12 BOF"),
        pytest.param(b"a {\n}\nz\n", b"x\ny", {"after": r"a \{\n\}\n"}, b"a {\n}\n" + BLOCK + b"z\n", id="12 spans on"),
        pytest.param(b"q\na {\n}\n", b"x\ny", {"before": r"a \{\n\}"}, b"q\n" + BLOCK + b"a {\n}\n", id="12 spans"),
        pytest.param(b"a\nz\n", b"x\ny", {"after": "a", "blank": (1, 1)}, b"a\n\n" + BLOCK + b"\nz\n", id="12 blank"),
        pytest.param(b"a\n\nz\n", b"x\ny", {"after": "a\n\n", "blank": (1, 1)}, b"a\n\n" + BLOCK + b"\nz\n",
                     id="12 no second blank before"),
        pytest.param(b"a\n\nz\n", b"x\ny", {"after": "a", "blank": (1, 1)}, b"a\n\n" + BLOCK + b"\nz\n",
                     id="12 no second blank after"),
        pytest.param(b"# C\nx\n# D\n", b"x\ny", {}, b"# C\nx\n# D\n" + BLOCK, id="12 other markers coexist"),
        pytest.param(b"a\r\n", b"x", {}, b"a\r\n# B\r\nx\r\n# E\r\n", id="6 CRLF"),
    ],
)
def test_a_block_stands_once_between_its_markers(content, block, options, expected):
    anchor = lines.Anchor(options.get("after"), options.get("before"))
    blank = options.get("blank", (False, False))
    once = lines.with_block(content, block, MARKERS, anchor, blank=blank)
    assert once == expected
    assert lines.with_block(once, block, MARKERS, anchor, blank=blank) == once


def test_a_block_without_its_end_is_an_error_that_names_the_line():
    with pytest.raises(ActionFailed, match="line 2 has no end"):
        lines.with_block(b"a\n# B\nx\n", b"y", MARKERS, EOF)


@pytest.mark.parametrize("wrong", ["(", "[a", "*x", "a{9999999999999}"])
def test_a_wrong_pattern_is_a_bad_argument(wrong):
    with pytest.raises(BadArguments, match="no regular expression"):
        lines.pattern(wrong)


def test_a_reference_to_no_group_is_a_bad_argument():
    with pytest.raises(BadArguments, match="does not have"):
        lines.with_line(b"a\n", rb"\7", lines.pattern("a"), EOF, backrefs=True)


def test_after_and_before_exclude_each_other():
    with pytest.raises(BadArguments, match="exclude"):
        lines.Anchor("a", "b")


@given(st.binary(), st.binary().filter(lambda line: b"\n" not in line and not line.endswith(b"\r")))
def test_any_line_is_added_once_and_disturbs_no_other(content, line):
    once = lines.with_line(content, line, None, EOF)
    assert lines.with_line(once, line, None, EOF) == once
    assert once.startswith(content)


@given(st.binary())
def test_splitting_loses_nothing(content):
    assert b"".join(lines.split(content)) == content
