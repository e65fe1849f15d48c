"""What tests of plays share."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.playing import Played


@pytest.fixture(params=["target", "controller"])
def play(tmp_path: Path, request: pytest.FixtureRequest):
    """Plays on the host itself, and from a controller whose calls cross a wire: nobody may tell the difference."""

    def run(text: str, **options) -> Played:
        return Played(tmp_path, text, placement=request.param, **options).run()

    return run
