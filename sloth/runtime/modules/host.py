"""The host as a machine: reboot it in the middle of a run, which goes on when it is back."""

import glob
import os
import re

from sloth.runtime import booting
from sloth.runtime.action import action
from sloth.runtime.failure import ActionFailed, BadArguments

MYPY = False
if MYPY:
    from typing import Literal

    from sloth.runtime.action import Duration
    from sloth.runtime.host import Host

_MOST = 86400.0  # seconds that a run waits for a host
_FLAGS = ("run/reboot-required", "var/run/reboot-required")  # Debian's packages leave it there
_TOOLS = ((("needs-restarting", "-r"), 1), (("zypper", "needs-rebooting"), 102))  # and what they exit with then
_WALL = "command -v wall >/dev/null && printf '%s\\n' {0} | wall; "


@action(synonyms={"wait": ("reboot_timeout",), "message": ("msg",), "test_command": ("test",)})
def reboot(
    host: "Host",
    *,
    when: "Literal['always', 'needed']" = "always",
    message: str = "Rebooted by sloth",
    delay: "Duration" = 0.0,
    wait: "Duration" = 600.0,
    test_command: "str | None" = None
) -> "dict[str, object] | None":
    """Reboot the host as soon as what runs on it has ended, wait until it is back, and go on with the tasks left.

    when: needed reboots only where an update asks for it, or where a newer kernel than the running one is installed
    message: what those hear who are logged in
    delay: how long to wait before it, so that they can end what they do
    wait: how long the host may take until it is back; after that it counts as unreachable
    test_command: a command line that has to exit with 0 before the host counts as back

    The rest of the task's own function runs before the reboot. The task ends when the host is back.

    example: host.reboot()
    example: host.reboot { when = "needed", wait = "15m", test_command = "systemctl is-active nginx" }
    """
    if not 0 < wait <= _MOST or not 0 <= delay <= _MOST:
        raise BadArguments(f"host.reboot: wait and delay are up to {_MOST / 3600:g} h")
    why = why_needed(host) if when == "needed" else ""
    if when == "needed" and not why:
        return {"message": "no reboot is needed"}
    command = _command(host, message, delay)
    boot = booting.boot_id()
    if not boot:
        raise ActionFailed("host.reboot: this kernel has no boot id, by which one could see that it was rebooted")
    host.changes.append(f"reboot: {why}" if why else "reboot")
    if not host.check:
        host.reboot = {"command": command, "boot": boot, "wait": wait, "test_command": test_command}
    return None


@action(query=True)
def boot_id(host: "Host") -> str:
    """A word that is another one after each boot.

    example: print(host.boot_id())
    """
    del host  # this process is on it
    return booting.boot_id()


def _command(host: "Host", message: str, delay: float) -> str:
    """The command line that reboots the host."""
    quoted = "'" + message.replace("'", "'\\''").replace("\n", " ") + "'"
    if host.has("shutdown"):
        command = f"shutdown -r now {quoted}"
    elif host.has("reboot"):
        command = _WALL.format(quoted) + "reboot"
    else:
        raise ActionFailed("host.reboot: neither shutdown nor reboot is installed here")
    return command if not delay else _WALL.format(quoted) + f"sleep {delay:g}; {command}"


def why_needed(host: "Host", root: str = "/") -> str:
    """Why the host should be rebooted, or ''. root: where its files lie."""
    flag = next((os.path.join(root, name) for name in _FLAGS if os.path.exists(os.path.join(root, name))), "")
    if flag:
        return f"{flag} is there"
    running = os.uname().release
    newest = max((_version(name) for name in _kernels(root)), default=())
    if newest > _version(running):
        return f"a newer kernel than {running} is installed"
    modules = os.path.join(root, "lib/modules")
    if os.path.isdir(modules) and os.listdir(modules) and not os.path.isdir(os.path.join(modules, running)):
        return f"the modules of the running kernel {running} are gone"
    for command, exit_code in _TOOLS:
        if host.has(command[0]) and host.run(*command).code == exit_code:
            return f"{' '.join(command)} says so"
    return ""


def _kernels(root: str) -> "list[str]":
    """The releases of the kernels that are installed; a file without a number (Arch) tells none."""
    names = [os.path.basename(path).partition("-")[2] for path in glob.glob(os.path.join(root, "boot/vmlinuz-*"))]
    return [name for name in names if name[:1].isdigit()]


def _version(release: str) -> "tuple[int, ...]":
    """The numbers of a release such as 6.1.0-18-amd64, as far as they tell its age."""
    return tuple(int(number) for number in re.findall(r"\d+", re.split(r"[a-zA-Z]", release)[0]))
