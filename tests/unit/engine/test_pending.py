"""Handlers that wait for the next success."""

from __future__ import annotations

from pathlib import Path

import pytest

from sloth.core.errors import StoreError
from sloth.engine.pending import Pending


def test_what_is_kept_is_found_by_the_next_run_of_the_same_workflow_on_that_host(tmp_path: Path):
    Pending(tmp_path, "site.sloth#site").keep("h1", {"restart nginx", "reload"})
    again = Pending(tmp_path, "site.sloth#site")
    assert again.of("h1") == ["reload", "restart nginx"]
    assert again.of("h2") == []
    assert Pending(tmp_path, "other.sloth#site").of("h1") == []


def test_when_nothing_is_pending_nothing_stays(tmp_path: Path):
    pending = Pending(tmp_path, "w")
    pending.keep("h1", ["a"])
    pending.keep("h1", [])
    assert pending.of("h1") == []
    assert not [path for path in tmp_path.rglob("*") if path.is_file()]


def test_host_names_with_odd_characters_stay_below_the_folder(tmp_path: Path):
    Pending(tmp_path, "w").keep("../../etc/passwd", ["a"])
    assert Pending(tmp_path, "w").of("../../etc/passwd") == ["a"]
    assert all(path.is_relative_to(tmp_path) for path in tmp_path.rglob("*"))


def test_a_damaged_file_is_no_reason_to_stop(tmp_path: Path):
    pending = Pending(tmp_path, "w")
    pending.keep("h1", ["a"])
    (damaged,) = tmp_path.rglob("*.json")
    damaged.write_text('["a')
    assert pending.of("h1") == []


def test_a_place_that_takes_nothing_is_a_clear_error(tmp_path: Path):
    (tmp_path / "pending").write_text("no folder")
    with pytest.raises(StoreError, match="the handlers that are due on h1 cannot be written down: "):
        Pending(tmp_path / "pending", "w").keep("h1", ["a"])
