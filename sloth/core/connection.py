"""How one host is reached: the settings that the inventory resolves and the transport uses."""

from __future__ import annotations

from typing import ClassVar, Literal

from sloth.core.discreet import Discreet

HostKeys = Literal["strict", "accept-new", "off"]
ConnectionKind = Literal["ssh", "local"]
BecomeMethod = Literal["sudo", "su", "doas"]
Placement = Literal["auto", "target", "controller"]

DEFAULT_CONNECT_TIMEOUT = 10.0


class Connection(Discreet, frozen=True):
    """One host's settings. None or empty means: not said here, ssh_config and defaults decide."""

    unshown: ClassVar[frozenset[str]] = frozenset({"password", "become_password"})

    name: str
    """The host's name in the inventory, which is also what messages show."""
    address: str
    """What to connect to: a name, an alias of ssh_config, an IPv4 or IPv6 address without brackets."""
    port: int | None = None
    user: str | None = None
    private_key: str | None = None
    known_hosts: str | None = None
    host_keys: HostKeys = "strict"
    password: str | None = None
    jump: str | None = None
    """ProxyJump's syntax: `user@host:port`, several separated by commas."""
    connection: ConnectionKind = "ssh"
    become: bool = False
    become_method: BecomeMethod = "sudo"
    become_user: str = "root"
    become_password: str | None = None
    python: str | None = None
    """The interpreter on the host; None lets the host's shell find one."""
    placement: Placement = "auto"
    """Where the host's tasks are played: on the target, from the controller, or (auto) on the first that can."""
    connect_timeout: float = DEFAULT_CONNECT_TIMEOUT
