"""Records with secrets show none, wherever their repr ends."""

from __future__ import annotations

import pytest

from sloth.core.connection import Connection
from sloth.core.discreet import Discreet
from sloth.core.sealed import Sealed
from sloth.engine.request import Request, Targets
from sloth.secrets.passphrase import Passphrase

SECRET = "31415926"


@pytest.mark.parametrize(
    "record",
    [
        Connection("web1", "10.0.0.1", password=SECRET, become_password=SECRET),
        Targets(password=SECRET, become_password=SECRET),
        Request("site.sloth", Targets(password=SECRET)),
        Sealed("file", SECRET),
        Passphrase("default", SECRET.encode()),
    ],
    ids=lambda record: type(record).__name__,
)
def test_the_repr_of_a_record_has_its_name_and_no_secret(record: object):
    assert repr(record).startswith(f"{type(record).__name__}(")
    assert SECRET not in repr(record)


def test_what_is_no_secret_is_shown():
    class Door(Discreet, frozen=True):
        unshown = frozenset({"code"})

        name: str
        code: str

    assert repr(Door("front", SECRET)) == "Door(name='front')"
