"""Secrets on a host: the controller is asked, and its answer is the value."""

from __future__ import annotations

import pytest

from sloth.runtime.failure import ActionFailed
from sloth.runtime.modules import secrets
from tests.doubles import real_host


def test_the_controller_is_asked():
    asked = []

    def ask(verb, arguments):
        asked.append((verb, arguments))
        return {"value": "s3cret"}

    host = real_host(ask=ask)
    assert secrets.get(host, name="db") == "s3cret"
    assert asked == [("secret", {"name": "db"})]
    assert not host.changes


@pytest.mark.parametrize("answer", [None, {}, {"value": 5}, "text"], ids=repr)
def test_an_answer_that_is_no_text_is_a_failure(answer):
    with pytest.raises(ActionFailed, match="not understood"):
        secrets.get(real_host(ask=lambda verb, arguments: answer), name="db")
