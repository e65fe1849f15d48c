"""A bundle that tells how it was started, and servers to send it to."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from sloth.core.connection import Connection
from sloth.transport.bundle import Bundle, contents
from sloth.transport.lua import LuaParts
from sloth.transport.session import Handler, Session
from sloth.transport.ssh import Ssh
from sloth.transport.switchboard import Switchboard
from tests.integration.transport.world import Sshd, World

TOOLS = ("sshd", "ssh-keygen", "ssh-agent", "useradd", "sudo")
Open = Callable[..., Session]


def probe_bundle(directory: Path, mark: str = "") -> Bundle:
    """The real bundle, but for main.py. `mark` makes it another one."""
    found = contents({})
    probe = Path(__file__).with_name("probe.py").read_bytes()
    return Bundle(lambda: {**found, "sloth/runtime/main.py": probe, "sloth/mark.txt": mark.encode()}, directory)


@pytest.fixture(scope="session")
def world() -> Iterator[World]:
    lacking = [tool for tool in TOOLS if shutil.which(tool, path=f"{os.environ['PATH']}:/usr/sbin") is None]
    if lacking:
        (pytest.fail if os.environ.get("CI") else pytest.skip)(f"needs {', '.join(lacking)}")
    with World.open() as world:
        yield world


@pytest.fixture(scope="session")
def sshd(world: World) -> Sshd:
    return world.sshd()


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """The controller's user's home."""
    (tmp_path / "home" / ".ssh").mkdir(parents=True)
    return tmp_path / "home"


@pytest.fixture
def board(tmp_path: Path, home: Path) -> Iterator[Switchboard]:
    kept = tmp_path / "kept"
    kept.mkdir()
    board = Switchboard(probe_bundle(kept), LuaParts(kept), Ssh(home))
    yield board
    board.close()


@pytest.fixture
def open_session(board: Switchboard) -> Iterator[Open]:
    """Opens sessions that are closed at the end of the test."""
    sessions: list[Session] = []

    def opened(connection: Connection, answer: dict[str, Handler] | None = None) -> Session:
        sessions.append(board.open(connection, answer or {}, {}))
        return sessions[-1]

    yield opened
    for session in sessions:
        session.close()
