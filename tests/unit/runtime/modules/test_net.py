"""net: ports, names, and waiting for them."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from sloth.runtime.failure import ActionFailed, BadArguments, Stopped
from sloth.runtime.modules import net
from tests.doubles import FakeHost, real_host


class NotFound(BaseHTTPRequestHandler):
    """Has nothing, and says so."""

    def do_GET(self) -> None:
        self.send_response(404)
        self.send_header("X-Why", "gone")
        self.end_headers()

    def log_message(self, *_words: object) -> None:
        """Say nothing."""


@pytest.fixture
def listener() -> Iterator[socket.socket]:
    with socket.create_server(("127.0.0.1", 0)) as made:
        yield made


def port_of(listener: socket.socket) -> int:
    number = listener.getsockname()[1]
    assert isinstance(number, int)
    return number


def test_a_port_is_open_while_somebody_listens(listener):
    port = port_of(listener)
    assert net.port_open(real_host(), port=port)
    listener.close()
    assert not net.port_open(real_host(), port=port)
    assert not net.port_open(real_host(), port=port, address="bad..name")


def test_a_number_alone_is_a_port_of_this_host(listener):
    port = port_of(listener)
    net.wait_for(real_host(), address=port, wait=0)
    with pytest.raises(ActionFailed, match=rf"127\.0\.0\.2:{port} is not started"):
        net.wait_for(real_host(), address="127.0.0.2", port=port, wait=0)


def test_waiting_ends_when_it_is_there(tmp_path):
    path = tmp_path / "here"
    timer = threading.Timer(0.05, lambda: path.write_text("almost"))
    timer.start()
    again = threading.Timer(0.1, lambda: path.write_text("ready"))
    again.start()
    assert net.wait_for(real_host(), path=str(path), contains="ready", sleep=0.01)["elapsed"] < 5


def test_waiting_ends_when_it_is_gone(listener):
    port = port_of(listener)
    threading.Timer(0.05, listener.close).start()
    net.wait_for(real_host(), port=port, state="stopped", sleep=0.01)


def test_a_port_that_greets_is_waited_for_by_what_it_says(listener):
    def greet() -> None:
        channel, _ = listener.accept()
        with channel:
            channel.sendall(b"SSH-2.0-x\r\n")

    threading.Thread(target=greet, daemon=True).start()
    net.wait_for(real_host(), port=port_of(listener), contains="SSH-", sleep=0.01)


def test_what_does_not_come_is_a_failure_and_a_stop_ends_the_wait(tmp_path):
    with pytest.raises(ActionFailed, match=r"none is not started after 0 s"):
        net.wait_for(real_host(), path=str(tmp_path / "none"), wait=0.02, sleep=0.01)
    host = real_host()
    threading.Timer(0.05, lambda: host.token.stop("timed out")).start()
    with pytest.raises(Stopped):
        net.wait_for(host, path=str(tmp_path / "none"))
    with pytest.raises(BadArguments, match="either port or path"):
        net.wait_for(real_host())


def test_check_mode_looks_once(tmp_path):
    host = real_host(check=True)
    net.wait_for(host, path=str(tmp_path / "none"))
    assert (host.unknown, host.changes) == (True, [])


def test_an_address_is_fetched_and_sent_to_like_with_http():
    with pytest.raises(ActionFailed, match="Connection refused"):
        net.http_get(real_host(), url="http://127.0.0.1:1/")
    with ThreadingHTTPServer(("127.0.0.1", 0), NotFound) as server:
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
        answer, status, headers = net.http_get(real_host(), url=f"http://127.0.0.1:{server.server_port}/")
        server.shutdown()
    assert (status, answer["status_code"], answer["success"], headers["x-why"]) == (404, 404, False, "gone")
    host = real_host(check=True)
    assert net.http_post(host, url="http://127.0.0.1:1/", body="x")["ok"] is True
    assert host.unknown


def test_names_have_addresses_or_a_reason():
    assert "127.0.0.1" in net.dns_lookup(real_host(), name="localhost")
    with pytest.raises(ActionFailed, match=r"bad\.\.name: "):
        net.dns_lookup(real_host(), name="bad..name")


def test_ping_is_the_program_of_the_host():
    host = FakeHost({"ping": 0})
    assert net.ping(host, address="10.0.0.1", count=2, patience=1.4)
    assert host.commands == ["ping -n -q -c 2 -W 1 -- 10.0.0.1"]
    with pytest.raises(ActionFailed, match="there is no ping"):
        net.ping(FakeHost(programs=[]), address="x")


def test_interfaces_and_the_own_address():
    assert "lo" in [one["name"] for one in net.interfaces(real_host())]
    assert net.local_ip(real_host()).count(".") == 3
