"""What a host sends can do nothing on a terminal; colour and width are as the person wants them."""

from __future__ import annotations

import io
import json

import pytest

from sloth.cli.render.screen import Screen, inert, is_live, one_line
from tests.unit.cli.streams import ClosedPipe, Terminal, screen


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        pytest.param("plain\ttext\n", "plain\ttext\n", id="plain"),
        pytest.param("\x1b[31mred\x1b[0m", "red", id="colour"),
        pytest.param("a\x1b[2J\x1b[Hb", "ab", id="clear the screen"),
        pytest.param("\x1b]0;title\x07x", "x", id="title, BEL"),
        pytest.param("\x1b]52;c;ZXZpbA==\x1b\\x", "x", id="clipboard, ST"),
        pytest.param("\x1b]8;;http://evil\x1b\\link\x1b]8;;\x1b\\", "link", id="link"),
        pytest.param("\x1b]0;never ended\nnext", "\nnext", id="an OSC without an end costs a line, no more"),
        pytest.param("\x1bP+q544e\x1b\\x", "x", id="DCS"),
        pytest.param("\x9b31mred", "red", id="C1 CSI"),
        pytest.param("\x9d0;title\x9cx", "x", id="C1 OSC"),
        pytest.param("\x1bcx", "x", id="reset"),
        pytest.param("\x1b(0x", "x", id="another character set"),
        pytest.param("a\x1b", "a", id="a lone escape"),
        pytest.param("a\x08\x08b\x00\x07", "ab", id="controls"),
        pytest.param("10%\r20%\r\nok", "10%\n20%\nok", id="carriage returns"),
        pytest.param("a\u202egpj.exe", "agpj.exe", id="text turned around"),
        pytest.param("caf\xe9 \u732b \U0001f9a5", "caf\xe9 \u732b \U0001f9a5", id="other alphabets stay"),
        pytest.param("bytes \udcff\udc80", "bytes \ufffd\ufffd", id="what was no UTF-8"),
    ],
)
def test_text_of_hosts_is_inert(text, shown):
    assert inert(text) == shown


def test_removing_an_escape_does_not_make_another():
    assert "\x1b" not in inert("\x1b\x1b[[31m\x1b\x1b]0;x\x07")


def test_a_line_may_not_become_two_where_one_is_wanted():
    assert one_line("web1\nok: all is well") == "web1 ok: all is well"


def test_a_row_ends_with_its_last_cell_however_wide_the_columns_of_others_are():
    shown, stream = screen()
    shown.table([["a", "", ""], ["b", "after " + "t, " * 100, "why"], ["c", "x", ""]])
    first, _, last = stream.getvalue().splitlines()
    assert (first, last) == ("a", "c  x")


def test_every_part_of_a_line_is_inert_and_only_styles_are_escapes():
    shown, stream = screen(colour=True)
    shown.line("\x1b[1mhost\x1b[0m ", ("ok\x1b[5m", "green"))
    assert stream.getvalue() == "host \x1b[32mok\x1b[0m\n"


@pytest.mark.parametrize(
    ("stream", "environ", "colour"),
    [
        pytest.param(Terminal(), {"TERM": "xterm"}, True, id="terminal"),
        pytest.param(Terminal(), {"TERM": "xterm", "NO_COLOR": "1"}, False, id="NO_COLOR"),
        pytest.param(Terminal(), {"TERM": "xterm", "NO_COLOR": ""}, True, id="NO_COLOR empty is not set"),
        pytest.param(Terminal(), {"TERM": "dumb"}, False, id="dumb terminal"),
        pytest.param(io.StringIO(), {"TERM": "xterm"}, False, id="pipe"),
    ],
)
def test_colour_is_for_terminals_that_want_it(stream, environ, colour):
    assert Screen.of(stream, environ).colour is colour


@pytest.mark.parametrize(
    ("stream", "environ", "live"),
    [
        pytest.param(Terminal(), {"TERM": "xterm", "NO_COLOR": "1"}, True, id="terminal, without colour"),
        pytest.param(Terminal(), {"TERM": "dumb"}, False, id="dumb terminal"),
        pytest.param(Terminal(), {}, False, id="unknown terminal"),
        pytest.param(io.StringIO(), {"TERM": "xterm"}, False, id="pipe"),
    ],
)
def test_a_picture_is_drawn_only_where_it_can_be_taken_away(stream, environ, live):
    assert is_live(stream, environ) is live


def test_a_table_wraps_its_last_column_to_the_width():
    shown, stream = screen(width=40)
    shown.table([["name", "word " * 8], ["longer", "x"]])
    assert stream.getvalue().splitlines() == [
        "name    word word word word word word",
        "        word word",
        "longer  x",
    ]


def test_a_row_ends_where_its_last_word_does():
    shown, stream = screen()
    shown.table([["name", "after", "about"], ["a", "", ("", "dim")], ["b", "a", ""]])
    assert stream.getvalue().splitlines() == ["name  after  about", "a", "b     a"]


def test_what_a_stream_cannot_encode_is_replaced():
    raw = io.BytesIO()
    stream = io.TextIOWrapper(raw, encoding="latin-1")
    Screen(stream).line("caf\xe9 \u732b \udcff")
    assert raw.getvalue() == b"caf\xe9 ? ?\n"


def test_a_reader_that_went_away_stops_nothing():
    shown = Screen(ClosedPipe())
    shown.line("first")
    shown.line("second")


def test_json_is_one_line_of_valid_inert_utf8():
    shown, stream = screen()
    shown.json({"text": "\x1b[2J\n\x9b caf\xe9 \udcff", "names": ("a", "b")})
    line = stream.getvalue()
    assert line.count("\n") == 1
    assert not any(ord(char) < 0x20 or 0x7F <= ord(char) < 0xA0 for char in line.rstrip("\n"))
    assert json.loads(line.encode()) == {"text": "\x1b[2J\n\x9b caf\xe9 \ufffd", "names": ["a", "b"]}
