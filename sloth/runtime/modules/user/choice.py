"""Which programs make accounts: those that all hosts have, or those that look at the host's own files alone."""

from sloth.runtime.modules.user import libuser, programs

MYPY = False
if MYPY:
    from types import ModuleType

    from sloth.runtime.host import Host


def tools_of(host: "Host", local: bool) -> "ModuleType":
    """programs, or libuser where that is wanted and the host has it."""
    return libuser if local and host.has("luseradd") else programs
