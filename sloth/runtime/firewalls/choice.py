"""Which firewall a host has."""

from sloth.runtime.boot import load
from sloth.runtime.failure import ActionFailed

MYPY = False
if MYPY:
    from sloth.runtime.firewalls.backend import Firewall
    from sloth.runtime.host import Host

# Name, its program, class: whoever is installed beside the kernel's own tools is meant to rule over them.
_KNOWN = {
    "ufw": ("ufw", "Ufw"), "firewalld": ("firewall-cmd", "Firewalld"), "nftables": ("nft", "Nftables"),
    "iptables": ("iptables", "Iptables"),
}  # fmt: skip


class NoFirewall(ActionFailed):
    """The host has no program for it."""


def firewall_of(host: "Host", backend: str) -> "Firewall":
    """The host's firewall. backend: its name, or auto: one that runs comes before one that is only installed."""
    there = [name for name, (program, _) in _KNOWN.items() if host.has(program) and backend in {name, "auto"}]
    if not there:
        names = ", ".join(_KNOWN) if backend == "auto" else backend
        raise NoFirewall(f"this host has no {names}; pkg.install brings one")
    if {"ufw", "firewalld"} <= set(there) and host.ok("firewall-cmd", "--state"):
        there.remove("ufw")
    module = load(f"sloth.runtime.firewalls.{there[0]}")
    kind: "type[Firewall]" = getattr(module, _KNOWN[there[0]][1])
    return kind(host)
