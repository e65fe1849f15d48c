"""Facts of what lives on a host: packages, services, users, processes."""

import os
import pwd

from sloth.runtime import enablement
from sloth.runtime import services as starters
from sloth.runtime.packages.choice import manager_of

MYPY = False
if MYPY:
    from sloth.runtime.host import Host


def packages(host: "Host") -> "dict[str, str]":
    """Installed packages: name → version."""
    return {one.label: one.version for one in manager_of(host).packages([]) if one.is_installed}


def services(host: "Host") -> "dict[str, dict[str, str]]":
    """Services: name (of systemd's without .service) → active, sub, enabled; without systemd sub is running or dead."""
    manager = starters.manager_of(host)
    if isinstance(manager, starters.OneByOne):
        return {name: _in_words(state) for name, state in manager.known().items()}
    units, files = manager.manager.loaded(), enablement.states()
    found = {}
    for name in sorted({**files, **units}):
        _, _, active, sub = units.get(name, ["", "", "inactive", "dead"])[:4]
        found[name[: -len(".service")]] = {"active": active, "sub": sub, "enabled": files.get(name, "")}
    return found


def _in_words(state: "starters.State") -> "dict[str, str]":
    """As systemd puts it."""
    active, sub = ("active", "running") if state.active else ("inactive", "dead")
    return {"active": active, "sub": sub, "enabled": "enabled" if state.enabled else "disabled"}


def users(host: "Host") -> "list[dict[str, object]]":
    """A list of name, uid, gid, home, shell, comment."""
    return [
        {"name": one.pw_name, "uid": one.pw_uid, "gid": one.pw_gid, "home": one.pw_dir, "shell": one.pw_shell,
         "comment": one.pw_gecos}
        for one in pwd.getpwall()
    ]


def processes(host: "Host") -> "list[dict[str, object]]":
    """A list of pid, ppid, name, command (its arguments, one string), state, user, memory (resident bytes)."""
    names = {one.pw_uid: one.pw_name for one in pwd.getpwall()}
    found = []
    for pid in sorted(int(entry) for entry in os.listdir("/proc") if entry.isdigit()):
        try:
            found.append(_process(pid, names))
        except (FileNotFoundError, ProcessLookupError):
            continue  # it ended while we looked
    return found


def _process(pid: int, names: "dict[int, str]") -> "dict[str, object]":
    folder = f"/proc/{pid}"
    with open(f"{folder}/stat", encoding="utf-8", errors="replace") as file:
        name, state, ppid, pages = parse_stat(file.read())
    with open(f"{folder}/cmdline", "rb") as raw:
        command = raw.read().rstrip(b"\0").replace(b"\0", b" ").decode("utf-8", "replace")
    uid = os.stat(folder).st_uid
    return {"pid": pid, "ppid": ppid, "name": name, "command": command, "state": state,
            "user": names.get(uid, str(uid)), "memory": pages * os.sysconf("SC_PAGE_SIZE")}


def parse_stat(text: str) -> "tuple[str, str, int, int]":
    """name, state, parent and resident pages of /proc/PID/stat. A name may hold blanks and brackets."""
    name, _, rest = text.partition("(")[2].rpartition(")")
    fields = rest.split()
    return name, fields[0], int(fields[1]), int(fields[21])
