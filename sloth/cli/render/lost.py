"""Hosts without a working session: those with the same story are told in one line, and each hint once."""

from __future__ import annotations

from sloth.cli.render.grouping import PATIENCE
from sloth.cli.render.hostnames import folded
from sloth.cli.render.screen import Screen, one_line
from sloth.core.events import HostUnreachable

Story = tuple[str, str]
"""What happened, and what to try."""


class Lost:
    """Those of a run that are not told yet. The clock comes in."""

    def __init__(self, screen: Screen) -> None:
        self._screen = screen
        self._hosts: dict[Story, list[str]] = {}
        self._since: dict[Story, float] = {}
        self._hints: set[str] = set()

    def take(self, event: HostUnreachable, now: float) -> None:
        """Keep it for a while: others may have the same to say."""
        text = event.message.removeprefix(f"{event.host}: ").removeprefix(f"{event.host} ")
        self._hosts.setdefault((text, event.hint), []).append(event.host)
        self._since.setdefault((text, event.hint), now)

    def overdue(self, now: float) -> None:
        """Tell what waited for long enough."""
        for story in [story for story, since in self._since.items() if now - since >= PATIENCE]:
            self._tell(story)

    def end(self) -> None:
        """Tell the rest."""
        for story in list(self._since):
            self._tell(story)

    def _tell(self, story: Story) -> None:
        del self._since[story]
        text, hint = story
        hosts = folded(map(one_line, self._hosts.pop(story)))
        self._screen.line((hosts, "bold"), "  ", ("unreachable", "bold red"), "  ", text)
        if hint and hint not in self._hints:
            self._hints.add(hint)
            self._screen.line("    hint: ", hint)
