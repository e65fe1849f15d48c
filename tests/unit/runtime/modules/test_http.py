"""http: against a real server on this machine."""

from __future__ import annotations

import datetime as dt
import hashlib
import ssl
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from sloth.runtime.catalog import Catalog
from sloth.runtime.failure import ActionFailed, BadArguments, Stopped
from tests.doubles import real_host

FILE = b"content\n" * 1000


class Server(ThreadingHTTPServer):
    """Remembers what it was asked, and answers by path."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Answers)
        self.asked: list[tuple[str, str, dict[str, str], bytes]] = []
        self.elsewhere = ""
        self.release = threading.Event()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"


class Answers(BaseHTTPRequestHandler):
    server: Server

    def answer(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.server.asked.append((self.command, self.path, dict(self.headers), body))
        times = sum(1 for one in self.server.asked if one[1] == self.path)
        route = self.path.partition("?")[0]
        if route == "/json":
            self.say(200, b'{"version": "1.2"}', {"Content-Type": "application/json; charset=utf-8"})
        elif route == "/flaky":
            self.say(503 if times < 3 else 200, b"up")
        elif route == "/file":
            self.say(200, FILE)
        elif route == "/moved":
            self.say(302, b"", {"Location": self.server.elsewhere or "/file"})
        elif route == "/to-a-file":
            self.say(302, b"", {"Location": "file:///etc/passwd"})
        elif route == "/cut":
            self.say(200, b"half", {"Content-Length": "1000"})
        elif route == "/odd-length":
            self.say(200, b"all", {"Content-Length": "\xb2"})
            self.close_connection = True
        elif route == "/silent":
            self.send_response(200)
            self.end_headers()
            self.wfile.write(b"a")
            self.server.release.wait(20)
        else:
            self.say(404, b"no such thing")

    do_GET = do_HEAD = do_POST = do_PUT = do_PATCH = do_DELETE = answer  # noqa: N815 - as the library calls them

    def say(self, status: int, body: bytes, headers: dict[str, str] | None = None) -> None:
        self.send_response(status)
        for name, value in {"Content-Length": str(len(body)), **(headers or {})}.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        """Tests read `asked`."""


@pytest.fixture
def server() -> Iterator[Server]:
    made = Server()
    threading.Thread(target=made.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
    yield made
    made.release.set()
    made.shutdown()
    made.server_close()


@pytest.fixture
def secured(server: Server, tmp_path: Path) -> str:
    """The address of the server, which speaks TLS with a certificate that nobody vouches for."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "localhost")])
    now = dt.datetime.now(dt.UTC)
    until = now + dt.timedelta(days=1)
    unsigned = x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number(), now, until)
    pem, encoding = tmp_path / "server.pem", serialization.Encoding.PEM
    secret = key.private_bytes(encoding, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    pem.write_bytes(unsigned.sign(key, hashes.SHA256()).public_bytes(encoding) + secret)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pem)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    return server.url.replace("http:", "https:")


def call(name: str, host: Any = None, **named: Any) -> Any:
    action = Catalog().find("http", name)
    return action.function(host or real_host(), **action.bind([], named))


def test_a_response_says_all_and_counts_as_its_body(server):
    found = call("get", url=f"{server.url}/json", params={"b": "x y", "a": "1"}, headers={"X-A": "1"})
    assert (found["status"], found["ok"], found["json"], found["__string"]) == (200, True, {"version": "1.2"}, "body")
    assert found["headers"]["content-type"] == "application/json; charset=utf-8"
    method, path, headers, _ = server.asked[0]
    assert (method, path, headers["X-A"], headers["User-Agent"]) == ("GET", "/json?a=1&b=x+y", "1", "sloth")


def test_a_length_that_is_none_is_no_length(server):
    assert call("get", url=server.url + "/odd-length")["body"] == "all"


def test_a_404_is_an_answer_and_no_server_is_a_failure(server):
    found = call("get", url=f"{server.url}/nothing")
    assert (found["status"], found["ok"], found["body"]) == (404, False, "no such thing")
    with pytest.raises(ActionFailed, match="Connection refused"):
        call("get", url="http://127.0.0.1:1/")


def test_a_certificate_that_nobody_vouches_for_is_refused_unless_told_otherwise(server, secured):
    with pytest.raises(ActionFailed, match=r"self.signed certificate"):
        call("get", url=f"{secured}/json")
    assert server.asked == []
    assert call("get", url=f"{secured}/json", verify=False)["json"] == {"version": "1.2"}


def test_a_server_that_is_not_ready_is_asked_again(server):
    assert call("get", url=f"{server.url}/flaky", retries=5, delay=0.001)["status"] == 200
    assert len(server.asked) == 3


@pytest.mark.parametrize("method", ["post", "put", "patch", "delete"])
def test_what_changes_something_is_tried_again_and_has_a_login_too(server, method):
    assert call(method, url=f"{server.url}/flaky", retries=5, delay=0.001, user="ann", password="x")["status"] == 200
    assert [asked[0] for asked in server.asked] == [method.upper()] * 3
    assert server.asked[0][2]["Authorization"].startswith("Basic ")


@pytest.mark.parametrize(
    ("given", "body", "kind"),
    [
        ({"json": {"a": [1]}}, b'{"a": [1]}', "application/json"),
        ({"form": {"b": "x&y", "a": "1"}}, b"a=1&b=x%26y", "application/x-www-form-urlencoded"),
        ({"body": "raw", "headers": {"Content-Type": "text/plain"}}, b"raw", "text/plain"),
    ],
)
def test_what_is_sent(server, given, body, kind):
    host = real_host()
    call("post", host, url=f"{server.url}/json", **given)
    method, _, headers, sent = server.asked[0]
    assert (method, sent, headers["Content-Type"]) == ("POST", body, kind)
    assert host.changes == [f"POST {server.url}/json"]


@pytest.mark.parametrize("method", ["put", "patch", "delete"])
def test_other_methods_and_statuses_that_are_failures(server, method):
    host = real_host()
    with pytest.raises(ActionFailed, match="status 404, wanted 200, 204") as failed:
        call(method, host, url=f"{server.url}/x", status=[200, 204])
    assert failed.value.result["body"] == "no such thing"
    assert host.changes == []
    assert server.asked[0][0] == method.upper()


def test_check_mode_sends_what_only_looks(server):
    host = real_host(check=True)
    call("post", host, url=f"{server.url}/json")
    assert (server.asked, host.unknown, host.changes) == ([], True, [f"POST {server.url}/json"])
    host = real_host(check=True)
    assert call("post", host, url=f"{server.url}/json", changed_if=False)["ok"]
    assert (len(server.asked), host.changes) == (1, [])


def test_a_login_stays_with_its_host(server):
    other = Server()
    threading.Thread(target=other.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
    try:
        named = {"url": f"{server.url}/moved", "user": "me", "password": "word"}
        call("get", **named)
        server.elsewhere = f"{other.url}/file"
        found = call("get", **named, headers={"Cookie": "a=b"})
    finally:
        other.shutdown()
        other.server_close()
    assert [one[2].get("Authorization") for one in server.asked] == ["Basic bWU6d29yZA=="] * 3
    assert found["url"] == f"{other.url}/file"
    assert not {"Authorization", "Cookie"} & set(other.asked[0][2])


def test_a_redirect_leads_nowhere_but_to_the_web(server):
    with pytest.raises(ActionFailed, match="'file:///etc/passwd' is not allowed"):
        call("get", url=f"{server.url}/to-a-file")


@pytest.mark.parametrize(
    ("named", "said"),
    [
        ({"url": "file:///etc/passwd"}, "is no address"),
        ({"url": "http://a b/"}, "white space"),
        ({"url": "http://a/", "headers": {"A": "x\r\nB: y"}}, "one line"),
    ],
)
def test_what_makes_no_request_is_named(named, said):
    with pytest.raises(BadArguments, match=said):
        call("get", **named)


def test_a_file_is_downloaded_once(server, tmp_path):
    named = {"url": f"{server.url}/file", "dest": f"{tmp_path}/", "mode": "0640"}
    host = real_host()
    call("download", host, **named)
    assert (tmp_path / "file").read_bytes() == FILE
    assert (tmp_path / "file").stat().st_mode & 0o777 == 0o640
    assert host.changes == [f"write {tmp_path}/file"]
    again = real_host()
    call("download", again, **named)
    assert (again.changes, len(server.asked)) == ([], 1)
    call("download", again, **named, force=True)
    assert (again.changes, len(server.asked)) == ([], 2), "the same content is no change"


def test_a_file_with_the_sum_is_not_fetched_and_one_with_another_is_replaced(server, tmp_path):
    dest = tmp_path / "file"
    dest.write_bytes(FILE)
    good = hashlib.sha256(FILE).hexdigest()
    host = real_host()
    call("download", host, url=f"{server.url}/file", dest=str(dest), checksum=good)
    assert (host.changes, server.asked) == ([], [])
    dest.write_bytes(b"damaged")
    checked = real_host(check=True)
    call("download", checked, url=f"{server.url}/file", dest=str(dest), checksum=f"sha256:{good}")
    assert (len(checked.changes), server.asked, dest.read_bytes()) == (1, [], b"damaged")
    call("download", host, url=f"{server.url}/file", dest=str(dest), checksum="md5:" + hashlib.md5(FILE).hexdigest())
    assert dest.read_bytes() == FILE


@pytest.mark.parametrize(
    ("path", "checksum", "said"),
    [
        ("/file", "0" * 64, "its sha256 is .*, wanted 000"),
        ("/cut", None, "broke off"),
        ("/nothing", None, "status 404"),
        ("/file", "sha256:12", "checksum wants"),
    ],
)
def test_a_download_that_fails_leaves_the_old_file(server, tmp_path, path, checksum, said):
    dest = tmp_path / "file"
    dest.write_bytes(b"old")
    with pytest.raises((ActionFailed, BadArguments), match=said):
        call("download", url=server.url + path, dest=str(dest), checksum=checksum, force=True)
    assert [one.name for one in tmp_path.iterdir()] == ["file"]
    assert dest.read_bytes() == b"old"


def test_a_stop_ends_a_download_that_waits(server, tmp_path):
    host = real_host()
    timer = threading.Timer(0.1, lambda: host.token.stop("timed out"))
    timer.start()
    with pytest.raises(Stopped, match="timed out"):
        call("download", host, url=f"{server.url}/silent", dest=str(tmp_path / "file"))
    assert list(tmp_path.iterdir()) == []
