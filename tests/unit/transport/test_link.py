"""A link that is gone says so with an OSError, whichever thread finds out."""

from __future__ import annotations

import threading
from pathlib import Path
from types import SimpleNamespace

import pytest
from paramiko import SSHException

from sloth.core.errors import ConnectTimeout
from sloth.transport.channel import ChannelLink
from sloth.transport.link import ProcessLink, limited


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


@pytest.mark.parametrize("error", [EOFError(), OSError("closed")], ids=["EOF", "socket"])
def test_two_threads_may_close_a_link_over_ssh(error):
    """The second finds the login closed, in the middle of saying that the channel ends."""

    def gone() -> None:
        raise error

    channel = SimpleNamespace(
        close=gone, exec_command=lambda line: None, in_buffer=SimpleNamespace(set_event=lambda bell: None),
        in_stderr_buffer=SimpleNamespace(set_event=lambda bell: None),
    )  # fmt: skip
    closed: list[str] = []
    login = SimpleNamespace(
        transport=SimpleNamespace(open_session=lambda timeout: channel), close=lambda: closed.append("login")
    )
    ChannelLink("h1", login, "true").close()  # type: ignore[arg-type]  # as much of a login as a link needs
    assert closed == ["login"]


def test_a_limit_lets_go_of_who_is_late_and_of_nobody_else():
    let_go = threading.Event()
    with limited(0.01, let_go.set) as late:
        assert let_go.wait(20)
        assert late.is_set()
    never: list[str] = []
    with limited(3600, lambda: never.append("late")) as late:
        pass
    assert not late.is_set()
    assert never == []


def test_a_server_that_freezes_before_it_starts_a_shell_is_let_go():
    closed = threading.Event()

    def frozen(line: str) -> None:
        assert closed.wait(20)
        raise SSHException("Channel closed.")

    buffer = SimpleNamespace(set_event=lambda bell: None)
    channel = SimpleNamespace(exec_command=frozen, in_buffer=buffer, in_stderr_buffer=buffer)
    login = SimpleNamespace(transport=SimpleNamespace(open_session=lambda timeout: channel), close=closed.set)
    with pytest.raises(ConnectTimeout, match=r"h1: logged in, but no shell started within 0\.01 s"):
        ChannelLink("h1", login, "true", patience=0.01)  # type: ignore[arg-type]  # as much of a login as is needed


@pytest.mark.parametrize("error", [EOFError(), SSHException("Key-exchange timed out")], ids=["EOF", "no new keys"])
@pytest.mark.parametrize("way", ["write", "offer", "end_input"])
def test_a_connection_that_ends_while_we_write_is_an_oserror(error, way):
    def gone(*_: object) -> None:
        raise error

    buffer = SimpleNamespace(set_event=lambda bell: None)
    channel = SimpleNamespace(
        exec_command=lambda line: None, in_buffer=buffer, in_stderr_buffer=buffer, out_window_size=9, sendall=gone,
        shutdown_write=gone,
    )  # fmt: skip
    login = SimpleNamespace(transport=SimpleNamespace(open_session=lambda timeout: channel, sock=None), close=lambda: None)
    link = ChannelLink("h1", login, "true")  # type: ignore[arg-type]  # as much of a login as a link needs
    with pytest.raises(OSError, match="the connection ended"):
        getattr(link, way)(*([] if way == "end_input" else [b"x"]))


def test_what_a_program_said_at_its_end_may_come_behind_its_exit_status():
    said = [b"first", b"", b"last"]  # the second look finds nothing: the rest is on its way
    bells: list[threading.Event] = []

    def receive(size: int) -> bytes:
        return said.pop(0)

    def is_there() -> bool:
        channel.eof_received = not said
        if said and not said[0]:
            said.pop(0)
            bells[0].set()  # and arrives
            return False
        return bool(said)

    buffer = SimpleNamespace(set_event=bells.append)
    channel = SimpleNamespace(
        exec_command=lambda line: None, in_buffer=buffer, in_stderr_buffer=buffer, closed=False, eof_received=False,
        exit_status_ready=lambda: True, recv_ready=is_there, recv=receive, recv_stderr_ready=lambda: False,
    )  # fmt: skip
    login = SimpleNamespace(transport=SimpleNamespace(open_session=lambda timeout: channel), close=lambda: None)
    link = ChannelLink("h1", login, "true")  # type: ignore[arg-type]  # as much of a login as a link needs
    heard = [link.receive(5) for _ in range(3)]
    assert [(one.out, one.ended) for one in heard] == [(b"first", False), (b"last", False), (b"", True)]


def open_files() -> set[str]:
    """The numbers of open files; what other tests have left may be closed at any time."""
    return {path.name for path in Path("/proc/self/fd").iterdir()}


def test_a_closed_link_has_no_files_open():
    before = open_files()
    link = ProcessLink(["cat"])
    link.close()
    assert open_files() <= before
    assert link.receive(1.0).ended


def test_a_link_that_is_closed_while_it_is_read_has_no_files_open_once_the_reader_has_left():
    before = open_files()
    link = ProcessLink(["cat"])
    reader = threading.Thread(target=lambda: all(not link.receive(5.0).ended for _ in range(100)))
    reader.start()
    link.close()
    reader.join(10)
    assert not reader.is_alive()
    assert open_files() <= before
