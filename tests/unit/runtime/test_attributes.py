"""Laws of modes: octal, symbolic, relative to what is; numbers are those of the list of behaviours."""

from __future__ import annotations

import os

import pytest

from sloth.runtime import attributes
from sloth.runtime.failure import ActionFailed, BadArguments
from tests.doubles import real_host


@pytest.mark.parametrize(
    ("mode", "current", "is_dir", "expected"),
    [
        ("0644", 0o777, False, 0o644),
        ("644", 0o777, False, 0o644),
        ("1777", 0o755, True, 0o1777),
        ("0o644", 0o777, False, 0o644),
        ("u=rw,g+x", 0o640, False, 0o650),
        ("u+x", 0o644, False, 0o744),
        ("go-rwx", 0o755, False, 0o700),
        ("a=r", 0o777, False, 0o444),
        ("u=rw,g=r,o=", 0o777, False, 0o640),
        ("g=u", 0o750, False, 0o770),
        ("o=g-w", 0o770, False, 0o775),
        ("u+rwX", 0o600, False, 0o600),
        ("u+rwX", 0o610, False, 0o710),
        ("a+X", 0o600, True, 0o711),
        ("u+s", 0o755, False, 0o4755),
        ("g+s", 0o755, True, 0o2755),
        ("u=rwx", 0o4755, False, 0o755),
        ("g=rx", 0o2775, True, 0o2755),
        ("+t", 0o777, True, 0o1777),
        ("o-t", 0o1777, True, 0o777),
        ("ug=rw", 0o000, False, 0o660),
    ],
)
def test_18_a_mode_is_what_chmod_would_make_of_it(mode, current, is_dir, expected):
    assert attributes.parse_mode(mode, current, is_dir) == expected


def test_a_mode_for_nobody_in_particular_heeds_the_umask():
    before = os.umask(0o027)
    try:
        assert attributes.umask() == 0o027
        assert attributes.parse_mode("+rwx", 0o000) == 0o750
    finally:
        os.umask(before)


@pytest.mark.parametrize("mode", ["rw-r--r--", "u+q", "77777", "u=rw g=r"])
def test_18_what_is_no_mode_is_a_bad_argument(mode):
    with pytest.raises(BadArguments, match="mode"):
        attributes.parse_mode(mode, 0o644)


def test_numbers_and_names_are_both_owners():
    want = attributes.wanted(real_host(), None, "0", 65534)
    assert (want.uid, want.gid) == (0, 65534)
    assert attributes.wanted(real_host(), None, "root", "root").gid == 0


def test_19_an_unknown_group_is_named():
    with pytest.raises(ActionFailed, match="no group no-such"):
        attributes.wanted(real_host(), None, None, "no-such")
