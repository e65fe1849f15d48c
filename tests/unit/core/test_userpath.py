"""Paths as people write them: homes of those who are there, and of those who are not."""

from __future__ import annotations

from pathlib import Path

import pytest

from sloth.core.userpath import user_path


@pytest.mark.parametrize(
    ("written", "path"),
    [
        pytest.param("~/hosts.yml", "/home/you/hosts.yml", id="one's own"),
        pytest.param("~nobody-at-all/hosts.yml", "~nobody-at-all/hosts.yml", id="nobody's"),
        pytest.param("a/~/b", "a/~/b", id="no home"),
    ],
)
def test_a_home_is_put_in_where_there_is_one(written: str, path: str, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("HOME", "/home/you")
    assert user_path(written) == Path(path)
