"""What tells one boot of a host from the next."""

MYPY = False
if MYPY:
    from collections.abc import Mapping

_BOOT = "/proc/sys/kernel/random/boot_id"


def boot_id() -> str:
    """A word that is another one after each boot; empty where the kernel has none."""
    try:
        with open(_BOOT, encoding="ascii") as file:
            return file.read().strip()
    except OSError:
        return ""


def is_still_to_reboot(event: "Mapping[str, object]") -> bool:
    """Whether a task ended so that a reboot was to follow, and none did."""
    return bool(event.get("reboots")) and event["reboots"] == boot_id()
