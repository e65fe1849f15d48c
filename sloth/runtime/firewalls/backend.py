"""What every firewall does: say how it is, and become as it should be."""

from sloth.runtime.failure import ActionFailed
from sloth.runtime.host import last_words
from sloth.runtime.privilege import become_hint

MYPY = False
if MYPY:
    from sloth.runtime.firewalls.rules import State
    from sloth.runtime.host import Host


class Firewall:
    """A firewall of a host. Rules are kept while it is off, and hold from when it is on, also after a boot."""

    name = ""

    def __init__(self, host: "Host") -> None:
        self.host = host

    def look(self) -> "State":
        """How it is."""
        raise NotImplementedError

    def weighed(self, state: "State") -> "State":
        """A state that is wanted, its rules in the order in which this firewall will look at them."""
        return state

    def settle(self, before: "State", wanted: "State") -> None:
        """Make it so; nothing is done where it is so. Who may come in is added before others are shut out."""
        raise NotImplementedError

    def ask(self, *argv: str) -> str:
        """What a program says that only looks."""
        done = self.host.run(*argv)
        if not done.ok:
            why = last_words(done)
            raise ActionFailed(f"{' '.join(argv)}: {why}{become_hint([why])}", exit_code=done.code, stderr=done.err)
        return done.out
