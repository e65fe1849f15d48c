"""The host as actions see it: a change is noted when it was made, and in check mode when it would be."""

from __future__ import annotations

import pytest

from sloth.runtime.failure import ActionFailed
from tests.actions import actions_of
from tests.doubles import real_host

file_ops = actions_of("file_ops")


def _fail() -> None:
    raise ActionFailed("no")


@pytest.mark.parametrize(("check", "changes"), [(False, []), (True, ["try it"])], ids=["apply", "check mode"])
def test_an_effect_that_fails_is_not_noted(check, changes):
    host = real_host(check=check)
    try:
        host.effect("try it", _fail)
    except ActionFailed:
        assert not check
    assert host.changes == changes


def test_a_program_that_fails_is_not_noted_and_one_that_does_its_work_is():
    host = real_host()
    host.change("true")
    with pytest.raises(ActionFailed, match="exit code 1"):
        host.change("false", note="a note")
    assert host.changes == ["true"]


def test_what_was_changed_before_a_failure_stays_noted(tmp_path):
    host = real_host()
    with pytest.raises(ActionFailed, match="refused"):
        file_ops.blockinfile(host, path=f"{tmp_path}/a/file", block="x", create=True, validate="test ! -e %s")
    assert host.changes == [f"make directory {tmp_path}/a"]


def test_a_refused_content_is_no_change(tmp_path):
    host = real_host()
    with pytest.raises(ActionFailed, match="refused"):
        file_ops.copy(host, content="x", dest=f"{tmp_path}/file", validate="test ! -e %s")
    assert host.changes == []
