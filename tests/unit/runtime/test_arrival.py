"""What a host keeps of bundles, where others do the same at the same time."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from sloth.runtime.arrival import _prune


@pytest.fixture
def cache(tmp_path: Path) -> Path:
    for age, name in enumerate(("new", "older", "oldest")):
        for ending in ("zip", "cpython-311"):
            (tmp_path / f"{name}.{ending}").write_bytes(b"")
            os.utime(tmp_path / f"{name}.{ending}", (1e9 - age, 1e9 - age))
    return tmp_path


def test_one_goes_for_the_one_that_comes_with_all_that_was_made_of_it(cache):
    _prune(str(cache))
    assert {path.stem for path in cache.iterdir()} == {"new", "older"}


def test_a_bundle_that_somebody_else_removes_meanwhile_is_no_failure(cache):
    (cache / "gone.zip").symlink_to("nowhere")  # listed, and not there
    _prune(str(cache))
    assert (cache / "new.zip").exists()
