"""What the rules leave behind when all were looked at."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.house import sources


@pytest.fixture(scope="package", autouse=True)
def _syntax_trees() -> Iterator[None]:
    """They are forgotten: at its end Python would look through millions of their nodes for garbage, for seconds."""
    yield
    sources.python_sources.cache_clear()
