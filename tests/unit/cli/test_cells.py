"""Columns stay in line whatever alphabet names are written in."""

from __future__ import annotations

import pytest

from sloth.cli.render.cells import cells, first_cells, last_cells, padded
from sloth.cli.render.results import Columns
from tests.unit.cli.streams import screen


@pytest.mark.parametrize(
    ("text", "width"),
    [
        pytest.param("nginx", 5, id="ASCII"),
        pytest.param("größe", 5, id="Latin"),
        pytest.param("東京", 4, id="East Asian"),
        pytest.param("🦥x", 3, id="emoji"),
        pytest.param("e\N{COMBINING ACUTE ACCENT}", 1, id="a mark"),
    ],
)
def test_a_text_is_as_wide_as_terminals_show_it(text, width):
    assert cells(text) == width
    assert cells(padded(text, 9)) == 9


def test_a_wide_letter_is_not_cut_in_two():
    assert (first_cells("東京都", 3), last_cells("東京都", 5)) == ("東", "京都")


def test_names_of_tasks_stand_in_one_column():
    columns = Columns.of(["設定ファイルを書く", "nginx", "🚀 deploy all of it to everywhere"], 60, check=False)
    shown = [columns.name(name, 60) for name in ("設定ファイルを書く", "nginx", "🚀 deploy all of it to everywhere")]
    assert {cells(name) for name in shown} == {columns.task} == {24}
    assert shown[2] == "🚀 deploy al… everywhere"


def test_tables_stand_in_columns():
    shown, stream = screen()
    shown.table([["東京-web-01", "1"], ["db", "2"]])
    assert stream.getvalue() == "東京-web-01  1\ndb           2\n"
