"""A link that is gone says so with an OSError, whichever thread finds out."""

from __future__ import annotations

import pytest

from sloth.transport.link import ProcessLink


@pytest.mark.parametrize("way", ["write", "offer"])
def test_a_closed_link_is_an_oserror(way):
    link = ProcessLink(["cat"])
    link.close()
    with pytest.raises(OSError, match="the link is closed"):
        getattr(link, way)(b"x")


@pytest.mark.parametrize("way", ["write", "offer"])
def test_a_link_to_a_process_that_has_ended_is_an_oserror(way):
    link = ProcessLink(["true"])
    while link.exit_status() is None:
        pass
    with pytest.raises(OSError, match="Broken pipe"):
        getattr(link, way)(b"x")
