"""Hosts that took no part, unreachable or busy: those with the same story are told in one line, each hint once."""

from __future__ import annotations

from sloth.cli.render.grouping import PATIENCE
from sloth.cli.render.hostnames import folded
from sloth.cli.render.screen import Screen, one_line
from sloth.core.events import HostUnreachable

Story = tuple[str, str, str]
"""In one word and in a sentence what happened, and what to try."""

_WAIT = "wait for it: --lock-timeout 5m"


class Lost:
    """Those of a run that are not told yet. The clock comes in."""

    def __init__(self, screen: Screen) -> None:
        self._screen = screen
        self._hosts: dict[Story, list[str]] = {}
        self._since: dict[Story, float] = {}
        self._hints: set[str] = set()
        self._busy: set[str] = set()

    def take(self, event: HostUnreachable, now: float) -> None:
        """Keep it for a while: others may have the same to say."""
        text = event.message.removeprefix(f"{event.host}: ").removeprefix(f"{event.host} ")
        self._keep(event.host, ("unreachable", text, event.hint), now)

    def take_busy(self, host: str, message: str, now: float) -> None:
        """Another run works on the host: each of its tasks says so, and one is enough."""
        if host not in self._busy:
            self._busy.add(host)
            self._keep(host, ("busy", message, _WAIT), now)

    def overdue(self, now: float) -> None:
        """Tell what waited for long enough."""
        for story in [story for story, since in self._since.items() if now - since >= PATIENCE]:
            self._tell(story)

    def end(self) -> None:
        """Tell the rest."""
        for story in list(self._since):
            self._tell(story)

    def _keep(self, host: str, story: Story, now: float) -> None:
        self._hosts.setdefault(story, []).append(host)
        self._since.setdefault(story, now)

    def _tell(self, story: Story) -> None:
        del self._since[story]
        word, text, hint = story
        hosts = folded(map(one_line, self._hosts.pop(story)))
        self._screen.line((hosts, "bold"), "  ", (word, "bold red"), "  ", one_line(text))
        if hint and hint not in self._hints:
            self._hints.add(hint)
            self._screen.line("    hint: ", hint)
