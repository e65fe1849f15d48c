"""What programs say where they lack rights is told from what else they complain of."""

from __future__ import annotations

import pytest

from sloth.runtime.privilege import is_denial


@pytest.mark.parametrize(
    ("said", "denied"),
    [
        ("mkdir: cannot create directory '/x': Permission denied", True),
        ("Failed to start cron.service: Interactive authentication required.", True),
        ("No journal files were opened due to insufficient permissions.", True),
        ("E: Could not open lock file - are you root?", True),
        ("No such file or directory", False),
        ("Permission denied (needs become)", False),
    ],
)
def test_a_denial_is_known_by_its_words_once(said, denied):
    assert is_denial([said]) == denied
