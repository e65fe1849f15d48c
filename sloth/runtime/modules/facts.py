"""What a host is: asked for by name, gathered then and not before.

hostname, fqdn, arch, timezone are strings, uptime is a number of seconds; the others are tables:

os: id, name, version, codename, pretty, family            kernel: name, release, version
cpu: count, cores, sockets, model, vendor, flags            memory: total, available, free, used, swap_total, swap_free
disk: a list of device, mount, type, size, used, free, percent (or error, when a server does not answer)
mounts: a list of device, mount, type, options
network: interfaces (a list of name, mac, mtu, up, addresses), default (interface, gateway, address), dns
packages: name → version                                    services: name → active, sub, enabled
users: a list of name, uid, gid, home, shell, comment       load: one, five, fifteen
processes: a list of pid, ppid, name, command, state, user, memory
virtualization: type, container     python: version, executable     env: name → value
custom: what the files /etc/sloth/facts.d/NAME.json hold, by NAME

All sizes are in bytes.
"""

from sloth.runtime.action import action
from sloth.runtime.facts import GATHERERS, gather
from sloth.runtime.facts.patience import answers
from sloth.runtime.failure import ActionFailed, BadArguments

MYPY = False
if MYPY:
    from collections.abc import Callable

    from sloth.runtime.host import Host

DEADLINE = 10.0  # seconds for facts that are asked for together


@action(query=True, synonyms={"names": ("name",)}, rest="names")
def get(host: "Host", *, names: "list[str]") -> object:
    """The fact of this name, or, of several names, a table of them.

    names: which facts; facts.names() lists them

    example: local memory = facts.get("memory")
    example: local f = facts.get("os", "cpu")
    """
    unknown = [name for name in names if name not in GATHERERS]
    if unknown or not names:
        what = f"there is no fact {unknown[0]}" if unknown else "no fact is named"
        raise BadArguments(f"{what}; there are {', '.join(GATHERERS)}")
    if len(names) == 1:
        return gather(host, names[0])
    found = _at_once(host, names)
    for name in names:
        if name not in found:
            raise ActionFailed(f"no fact {name}: no answer in {DEADLINE:g} s")
        error = found[name]
        if isinstance(error, (ActionFailed, OSError)):
            raise error
    return found


@action(query=True)
def names(host: "Host") -> "list[str]":
    """The names of all facts.

    example: print(table.concat(facts.names(), " "))
    """
    return list(GATHERERS)


@action(query=True)
def all_(host: "Host") -> "dict[str, object]":
    """All facts, by name. One that this host cannot tell is left out, with a warning that says why.

    example: local f = facts.all()
    """
    told = _at_once(host, list(GATHERERS))
    found = {}
    for name in GATHERERS:
        one = told.get(name, ActionFailed(f"no answer in {DEADLINE:g} s"))
        if isinstance(one, (ActionFailed, OSError)):
            host.warn(f"no fact {name}: {one}")
        else:
            found[name] = one
    return found


def _at_once(host: "Host", names: "list[str]") -> "dict[str, object]":
    """Facts side by side, since most of their time is that of programs; what failed is its error."""
    told = answers({name: _question(host, name) for name in names}, DEADLINE)
    host.token.check()
    return told


def _question(host: "Host", name: str) -> "Callable[[], object]":
    return lambda: gather(host, name)
