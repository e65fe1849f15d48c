"""Facts of the network: interfaces and their addresses, the way out, the name servers."""

import os
import socket

MYPY = False
if MYPY:
    from sloth.runtime.host import Host

_DEVICES = "/sys/class/net"
_ADDRESS_OF = 0x8915  # SIOCGIFADDR
_MASK_OF = 0x891B  # SIOCGIFNETMASK
_REQUEST = 256
_GATEWAY = 0x2  # RTF_GATEWAY


def network(host: "Host") -> "dict[str, object]":
    """interfaces: a list of name, mac, mtu, up, addresses (a list of address, prefix, family: inet or inet6);
    default: interface, gateway, address of the IPv4 way out (empty when there is none); dns: servers, search."""
    addresses = parse_addresses(host.run("ip", "-o", "addr", "show").out) if host.has("ip") else _by_kernel()
    interfaces = [_interface(name, addresses.get(name, [])) for name in _devices()]
    way = parse_routes(_text("/proc/net/route"))
    own = [str(one["address"]) for one in addresses.get(way.get("interface", ""), []) if one["family"] == "inet"]
    return {
        "interfaces": interfaces,
        "default": dict(way, address=own[0]) if own else way,
        "dns": parse_resolv_conf(_text("/etc/resolv.conf")),
    }


def _devices() -> "list[str]":
    try:
        return sorted(os.listdir(_DEVICES))
    except FileNotFoundError:  # a chroot without /sys
        return []


def parse_addresses(text: str) -> "dict[str, list[dict[str, object]]]":
    """What `ip -o addr` says, by interface."""
    found = {}  # type: dict[str, list[dict[str, object]]]
    for words in (line.split() for line in text.splitlines()):
        if len(words) > 3 and words[2] in {"inet", "inet6"}:
            address, _, prefix = words[3].partition("/")
            one = {"address": address, "prefix": int(prefix or 32), "family": words[2]}  # type: dict[str, object]
            found.setdefault(words[1].partition("@")[0], []).append(one)
    return found


def parse_routes(text: str) -> "dict[str, str]":
    """The default route of /proc/net/route with the lowest metric: interface, gateway."""
    rows = [line.split() for line in text.splitlines()[1:]]
    ways = [row for row in rows if len(row) > 7 and row[1] == "00000000" and row[7] == "00000000"]
    if not ways:
        return {}
    best = min(ways, key=lambda row: int(row[6]))
    is_gateway = int(best[3], 16) & _GATEWAY
    gateway = socket.inet_ntoa(int(best[2], 16).to_bytes(4, "little")) if is_gateway else ""
    return {"interface": best[0], "gateway": gateway}


def parse_resolv_conf(text: str) -> "dict[str, list[str]]":
    """servers and search of /etc/resolv.conf."""
    rows = [line.split() for line in text.splitlines()]
    servers = [row[1] for row in rows if len(row) > 1 and row[0] == "nameserver"]
    search = [word for row in rows if row and row[0] in {"search", "domain"} for word in row[1:]]
    return {"servers": servers, "search": search}


def _interface(name: str, addresses: "list[dict[str, object]]") -> "dict[str, object]":
    flags = int(_text(f"{_DEVICES}/{name}/flags").strip() or "0", 16)
    return {
        "name": name, "mac": _text(f"{_DEVICES}/{name}/address").strip(), "up": bool(flags & 1),
        "mtu": int(_text(f"{_DEVICES}/{name}/mtu").strip() or 0), "addresses": addresses,
    }


def _by_kernel() -> "dict[str, list[dict[str, object]]]":
    """The first IPv4 address of each interface, where no `ip` is installed."""
    import fcntl

    found = {}  # type: dict[str, list[dict[str, object]]]
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        for _, name in socket.if_nameindex():
            request = name.encode()[:15].ljust(_REQUEST, b"\0")
            try:
                address = fcntl.ioctl(probe.fileno(), _ADDRESS_OF, request)[20:24]
                mask = fcntl.ioctl(probe.fileno(), _MASK_OF, request)[20:24]
            except OSError:
                continue  # it has none
            prefix = bin(int.from_bytes(mask, "big")).count("1")
            found[name] = [{"address": socket.inet_ntoa(address), "prefix": prefix, "family": "inet"}]
    return found


def _text(path: str) -> str:
    try:
        with open(path, encoding="utf-8", errors="replace") as file:
            return file.read()
    except OSError:
        return ""  # an interface may go while we look; a host may have no resolver
