"""The real bundle under every Python that hosts may have, as a process of this machine."""

from __future__ import annotations

from pathlib import Path

import pytest

from sloth.core.connection import Connection
from sloth.core.errors import NoPython
from sloth.transport.bundle import Bundle
from sloth.transport.switchboard import Switchboard
from tests.interpreters import interpreters

PYTHONS = interpreters()


@pytest.mark.old_python
@pytest.mark.parametrize("version", PYTHONS)
def test_the_runtime_starts_and_is_cached_and_loads_lua(version, open_session, board, tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    connection = Connection("here", "here", connection="local", python=str(PYTHONS[version]))
    sessions = [open_session(connection) for _ in range(3)]
    for session in sessions:
        assert ".".join(map(str, session.hello["python"])) == version
        assert session.call("lua", {})["value"] == 42
        assert f"cpython-{version.replace('.', '')}" in session.hello["archive"]
    assert [session.uploads for session in sessions] == [1, 0, 0]


@pytest.mark.old_python
@pytest.mark.parametrize("version", PYTHONS)
def test_every_file_of_the_real_bundle_works(version, board, tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    real = Switchboard(Bundle.build(tmp_path, {}), board.lua, board.ssh)
    connection = Connection("here", "here", connection="local", python=str(PYTHONS[version]))
    session = real.open(connection, {}, {})
    assert str(session.hello["python"]).startswith(version)
    session.close()
    real.close()


def test_a_python_that_is_too_old_says_so(open_session):
    found = sorted(Path.home().glob(".pyenv/versions/2.7.*/bin/python"))
    if not found:
        pytest.skip("no Python 2 on this machine")
    with pytest.raises(NoPython, match=r"of before 3\.4, sloth needs 3\.6"):
        open_session(Connection("here", "here", connection="local", python=str(found[0])))
