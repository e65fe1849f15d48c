"""Facts of the system as a whole: its names, its software, its time, what its owner says of it."""

import os
import sys
import time

from sloth.runtime.facts.patience import answers
from sloth.runtime.failure import ActionFailed

MYPY = False
if MYPY:
    from sloth.runtime.host import Host

_CUSTOM = "/etc/sloth/facts.d"
_OS_RELEASE = ("/etc/os-release", "/usr/lib/os-release")
_CONTAINERS = ("container-other", "docker", "lxc", "lxc-libvirt", "openvz", "podman", "pouch", "proot", "rkt",
               "systemd-nspawn", "wsl")
_NAME_SERVER = 2.0  # seconds that a name server has to answer


def hostname(host: "Host") -> str:
    """The name that the kernel has."""
    return os.uname().nodename


def fqdn(host: "Host") -> str:
    """The name with its domain: from /etc/hosts, else asked of the resolver; the plain name when neither knows."""
    import socket

    name = os.uname().nodename
    known = name if "." in name else next((full for full in _hosts_file() if full.startswith(name + ".")), "")
    if known:
        return known
    asked = answers({"fqdn": lambda: socket.getfqdn(name)}, _NAME_SERVER).get("fqdn")
    return asked if isinstance(asked, str) and asked.startswith(name + ".") else name


def distribution(host: "Host") -> "dict[str, str]":
    """id, name, version, codename, pretty, family (debian, rhel, suse, alpine, arch …: the oldest it is like)."""
    path = next((path for path in _OS_RELEASE if os.path.exists(path)), None)
    fields = parse_os_release(_text(path)) if path else {}
    id_ = fields.get("ID", "linux")
    return {
        "id": id_, "name": fields.get("NAME", "Linux"), "version": fields.get("VERSION_ID", ""),
        "codename": fields.get("VERSION_CODENAME", ""), "pretty": fields.get("PRETTY_NAME", ""),
        "family": family_of(id_, fields.get("ID_LIKE", "")),
    }


def kernel(host: "Host") -> "dict[str, str]":
    """name, release, version."""
    uname = os.uname()
    return {"name": uname.sysname, "release": uname.release, "version": uname.version}


def arch(host: "Host") -> str:
    """The machine, as the kernel calls it."""
    return os.uname().machine


def uptime(host: "Host") -> int:
    """Seconds since the start."""
    return int(float(_text("/proc/uptime").split()[0]))


def load(host: "Host") -> "dict[str, float]":
    """one, five, fifteen: the mean number of runnable processes over so many minutes."""
    one, five, fifteen = os.getloadavg()
    return {"one": round(one, 2), "five": round(five, 2), "fifteen": round(fifteen, 2)}


def virtualization(host: "Host") -> "dict[str, object]":
    """type (kvm, vmware, docker, lxc … or none), container (whether it is one)."""
    if host.has("systemd-detect-virt"):
        kind = host.run("systemd-detect-virt").out.strip() or "none"
    elif os.path.exists("/.dockerenv"):
        kind = "docker"
    elif " hypervisor" in _text("/proc/cpuinfo"):
        kind = "vm-other"
    else:
        kind = "none"
    return {"type": kind, "container": kind in _CONTAINERS}


def python(host: "Host") -> "dict[str, str]":
    """version, executable: those of the Python that this runs in."""
    return {"version": ".".join(str(part) for part in sys.version_info[:3]), "executable": sys.executable}


def timezone(host: "Host") -> str:
    """The zone's name, such as Europe/Berlin."""
    if os.path.islink("/etc/localtime"):
        _, found, zone = os.path.realpath("/etc/localtime").partition("/zoneinfo/")
        if found:
            return zone
    if os.path.exists("/etc/timezone"):
        return _text("/etc/timezone").strip()
    return time.tzname[0]


def env(host: "Host") -> "dict[str, str]":
    """The environment of the session, by name."""
    return {name: value for name, value in os.environ.items() if name != "SUDO_COMMAND"}  # how sloth itself came


def custom(host: "Host") -> "dict[str, object]":
    """What the files /etc/sloth/facts.d/NAME.json hold, by NAME."""
    return read_custom(_CUSTOM)


def read_custom(folder: str) -> "dict[str, object]":
    """What the files NAME.json of a folder hold, by NAME; nothing is run there, so other files are no facts."""
    import json

    found = {}  # type: dict[str, object]
    names = sorted(os.listdir(folder)) if os.path.isdir(folder) else []
    for name in (name for name in names if name.endswith(".json")):
        path = os.path.join(folder, name)
        try:
            found[name[: -len(".json")]] = json.loads(_text(path))
        except ValueError as error:
            raise ActionFailed(f"{path} is no JSON: {error}") from error
    return found


def parse_os_release(text: str) -> "dict[str, str]":
    """The assignments of an os-release file."""
    import shlex

    fields = {}
    for line in text.splitlines():
        key, is_assignment, value = line.strip().partition("=")
        if is_assignment and not key.startswith("#"):
            fields[key] = " ".join(shlex.split(value))
    return fields


def family_of(id_: str, like: str) -> str:
    """The oldest ancestor of a distribution, by its ID and ID_LIKE."""
    ancestors = [id_, *like.split()]
    for word, family in (("debian", "debian"), ("rhel", "rhel"), ("fedora", "rhel"), ("suse", "suse"),
                         ("opensuse", "suse"), ("sles", "suse"), ("alpine", "alpine"), ("arch", "arch")):
        if word in ancestors:
            return family
    return id_


def _hosts_file() -> "list[str]":
    try:
        lines = _text("/etc/hosts").splitlines()
    except OSError:
        return []
    return [name for line in lines for name in line.partition("#")[0].split()[1:] if "." in name]


def _text(path: str) -> str:
    with open(path, encoding="utf-8", errors="surrogateescape") as file:
        return file.read()
