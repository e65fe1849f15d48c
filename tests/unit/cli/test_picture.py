"""The picture is drawn, drawn again, and taken away without a trace."""

from __future__ import annotations

import re

from sloth.cli.render.picture import Picture
from tests.unit.cli.streams import Terminal

UP = re.compile("\x1b\\[1A\x1b\\[2K")
DOWN = re.compile("\n")


def test_what_is_drawn_is_taken_away_again():
    stream = Terminal()
    picture = Picture(stream, colour=False)
    picture.draw(0.5, "1/2 tasks", ["t  web1  1.0 s"])
    drawn = stream.getvalue()
    assert "1/2 tasks" in drawn
    assert "t  web1  1.0 s" in drawn
    picture.hide()
    text = stream.getvalue()
    assert text.endswith("\x1b[2K") or "\x1b[?25h" in text[len(drawn) :]
    assert len(UP.findall(text)) >= len(DOWN.findall(drawn))


def test_hiding_what_is_not_drawn_writes_nothing():
    stream = Terminal()
    Picture(stream, colour=False).hide()
    assert stream.getvalue() == ""
