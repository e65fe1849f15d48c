"""Checks of ports and of what this host reaches."""

from sloth.runtime import sockets
from sloth.runtime.action import SAME, action
from sloth.runtime.failure import ActionFailed
from sloth.runtime.modules.infra_test.requiring import require

MYPY = False
if MYPY:
    from sloth.runtime.action import Duration
    from sloth.runtime.host import Host


@action(check=SAME)
def port_is_listening(host: "Host", *, port: int) -> None:
    """Something on this host listens at a TCP port, on whatever address.

    port: its number

    example: infra_test.port_is_listening(80)
    """
    require(host, port in sockets.listening(), f"nothing listens at port {port}")


@action(check=SAME)
def port_is_tcp(host: "Host", *, port: int, patience: "Duration" = 3.0) -> None:
    """A TCP port of this host accepts connections on 127.0.0.1.

    port: its number
    patience: how long to wait for an answer

    example: infra_test.port_is_tcp(80)
    """
    require(host, sockets.is_open(host, "127.0.0.1", port, patience), f"port {port} accepts no connection")


@action(synonyms={"address": ("host",)}, check=SAME)
def can_connect(host: "Host", *, address: str, port: int, patience: "Duration" = 3.0) -> None:
    """This host reaches a TCP port of another.

    address: the name or address of the other
    port: its number
    patience: how long to wait for an answer

    example: infra_test.can_connect("db1", 5432)
    """
    require(host, sockets.is_open(host, address, port, patience), f"{address}:{port} cannot be reached")


@action(synonyms={"address": ("host",)}, check=SAME)
def ping(host: "Host", *, address: str, patience: "Duration" = 3.0) -> None:
    """An address answers to an ICMP echo, by the program ping.

    address: a name or address
    patience: how long to wait for the answer

    example: infra_test.ping("10.0.0.1")
    """
    if not host.has("ping"):
        raise ActionFailed("infra_test.ping: there is no ping on this host; the package is iputils-ping or iputils")
    answered = host.ok("ping", "-n", "-q", "-c", "1", "-W", str(max(1, round(patience))), "--", address)
    require(host, answered, f"{address} does not answer")
