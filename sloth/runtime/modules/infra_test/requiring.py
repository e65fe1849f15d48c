"""How a check says that something has to be so."""

from sloth.runtime.failure import ActionFailed

MYPY = False
if MYPY:
    from sloth.runtime.host import Host


def require(host: "Host", holds: bool, otherwise: str) -> None:
    """A check that fails is a failure; in check mode an earlier task may be about to bring what it wants."""
    if not holds and (host.settings.verify or not host.is_to_come(otherwise, "whether this will hold")):
        raise ActionFailed(otherwise)
