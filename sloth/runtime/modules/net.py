"""The network as the host sees it: names, ports, addresses; waiting for what comes up or goes away."""

import os
import socket
import time

from sloth.runtime import sockets, web
from sloth.runtime.action import SAME, WOULD_RUN, Values, action
from sloth.runtime.download_action import download as download  # noqa: PLC0414  # an action of http and file_ops, too
from sloth.runtime.facts.network import network
from sloth.runtime.failure import ActionFailed, BadArguments

MYPY = False
if MYPY:
    from typing import Literal

    from sloth.runtime.action import Duration
    from sloth.runtime.host import Host

_ANSWER = 4096  # bytes of an answer in which `contains` is looked for


@action(query=True)
def port_open(host: "Host", *, port: int, address: str = "127.0.0.1", patience: "Duration" = 3.0) -> bool:
    """Whether something listens at a TCP port.

    port: its number
    address: a name or address; without it this host
    patience: how long to wait for an answer

    example: if not net.port_open(5432) then log.warn("no database") end
    """
    return sockets.is_open(host, address, port, patience)


@action(synonyms={"address": ("host",)}, check=SAME)
def wait_for(
    host: "Host",
    *,
    address: "str | int" = "127.0.0.1",
    port: "int | None" = None,
    path: "str | None" = None,
    contains: "str | None" = None,
    state: "Literal['present', 'absent', 'started', 'stopped']" = "started",
    wait: "Duration" = 300.0,
    delay: "Duration" = 0.0,
    sleep: "Duration" = 1.0
) -> "dict[str, object]":
    """Wait until a port listens or a path is there, or no more. Check mode looks once and does not wait.

    address: the name or address to look at, without it this host; a number alone is a port of this host
    port: a TCP port
    path: a path, in place of a port
    contains: a text that the file must have in it, or that the port must greet with
    state: started or present, stopped or absent
    wait: how long at most; then it is a failure
    delay: how long to wait before looking for the first time
    sleep: how long to wait between two looks

    example: net.wait_for { port = 8080, wait = "1m" }
    example: net.wait_for("db1", 5432)
    example: net.wait_for { path = "/run/app.pid", state = "absent" }
    """
    if isinstance(address, int) and port is None:
        port, address = address, "127.0.0.1"
    if (port is None) == (path is None):
        raise BadArguments("net.wait_for: give either port or path")
    wanted = state in ("present", "started")
    what = f"{address}:{port}" if port is not None else str(path)
    began = time.monotonic()
    if not host.check:
        host.sleep(delay)
    while _is_there(host, str(address), port, path, contains) != wanted:
        waited = time.monotonic() - began
        if host.check:
            host.is_to_come(f"{what} is not {state}", "whether it will be")
            break
        if waited >= wait:
            raise ActionFailed(f"net.wait_for: {what} is not {state} after {waited:.0f} s")
        host.sleep(min(sleep, wait - waited))
    return {"elapsed": round(time.monotonic() - began, 3)}


@action(query=True)
def dns_lookup(host: "Host", *, name: str) -> "list[str]":
    """The addresses of a name, as this host resolves it; nil when it has none.

    name: the name

    example: local first = net.dns_lookup("example.org")[1]
    """
    try:
        found = socket.getaddrinfo(name, None, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise ActionFailed(f"{name}: {getattr(error, 'strerror', None) or error}") from error
    return list(dict.fromkeys(str(one[4][0]) for one in found))


@action(query=True)
def ping(host: "Host", *, address: str, count: int = 1, patience: "Duration" = 3.0) -> bool:
    """Whether an address answers to an ICMP echo, by the program ping.

    address: a name or address
    count: how many are sent
    patience: how long to wait for each answer

    example: if not net.ping("10.0.0.1") then log.warn("no gateway") end
    """
    if not host.has("ping"):
        raise ActionFailed("net.ping: there is no ping on this host; the package is iputils-ping or iputils")
    return host.ok("ping", "-n", "-q", "-c", str(count), "-W", str(max(1, round(patience))), "--", address)


@action(query=True)
def interfaces(host: "Host") -> "list[object]":
    """The network interfaces: a list of name, mac, mtu, up, addresses (address, prefix, family).

    example: for _, one in ipairs(net.interfaces()) do print(one.name, one.mac) end
    """
    found = network(host)["interfaces"]
    assert isinstance(found, list)
    return found


@action(query=True)
def local_ip(host: "Host") -> str:
    """The address that this host speaks to others with, or nil.

    example: local own = net.local_ip()
    """
    default = network(host)["default"]
    address = default.get("address") if isinstance(default, dict) else None
    if not address:
        raise ActionFailed("net.local_ip: this host has no IPv4 way out")
    return str(address)


@action(query=True)
def http_get(host: "Host", *, url: str, headers: "dict[str, str] | None" = None) -> Values:
    """Fetch an address, as http.get does, which takes more arguments; then its status and headers.

    url: the address
    headers: further headers

    example: local body, status, headers, err = net.http_get("http://localhost:8080/health")
    """
    answer = web.exchange(host, web.Request("GET", url, headers=headers))
    return Values([answer, answer["status"], answer["headers"]])


@action(check=WOULD_RUN)
def http_post(
    host: "Host", *, url: str, body: str = "", headers: "dict[str, str] | None" = None
) -> "dict[str, object]":
    """Send something to an address, as http.post does, which takes more arguments.

    url: the address
    body: what is sent, as it is
    headers: further headers

    example: net.http_post("http://localhost:8080/reload", "now")
    """
    asked = web.Request("POST", url, headers=headers, body=body.encode("utf-8", "surrogateescape"))
    return web.act(host, asked, None, changes=True)


def _is_there(host: "Host", address: str, port: "int | None", path: "str | None", contains: "str | None") -> bool:
    if port is None:
        return _has_file(host.whole(str(path)), contains)
    if contains is None:
        return sockets.is_open(host, address, port, 3.0)
    return contains.encode() in sockets.greeting(host, address, port, 3.0, _ANSWER)


def _has_file(path: str, contains: "str | None") -> bool:
    if contains is None:
        return os.path.lexists(path)
    try:
        with open(path, "rb") as file:
            return contains.encode() in file.read()
    except FileNotFoundError:
        return False
