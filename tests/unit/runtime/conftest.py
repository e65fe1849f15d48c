"""What tests of plays share."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.playing import Played


@pytest.fixture(params=["target", "controller"])
def play(tmp_path: Path, request: pytest.FixtureRequest):
    """Plays on the host itself, and from a controller whose calls cross a wire: nobody may tell the difference."""

    with ExitStack() as wires:

        def run(text: str, **options) -> Played:
            played = Played(tmp_path, text, placement=request.param, **options)
            wires.callback(played.close)
            return played.run()

        yield run
