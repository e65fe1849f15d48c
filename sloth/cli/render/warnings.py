"""Warnings of tasks in check mode, kept until the results beside which they are told: many hosts say the same. Pure."""

from __future__ import annotations

from sloth.cli.render.grouping import Group
from sloth.cli.render.hostnames import folded
from sloth.core.events import LogLine


class Warnings:
    """Those that are not told yet."""

    def __init__(self) -> None:
        self._waiting: dict[tuple[str, str], dict[str, None]] = {}

    def take(self, line: LogLine) -> None:
        """Keep one until the result of its task is told."""
        self._waiting.setdefault((line.host, line.task), {})[line.text] = None

    def of(self, group: Group) -> list[tuple[str, str]]:
        """Those of these results: which hosts say it, and what."""
        hosts: dict[str, list[str]] = {}
        for result in group:
            for text in self._waiting.pop((result.host, result.task), ()):
                hosts.setdefault(text, []).append(result.host)
        return [(folded(those), text) for text, those in hosts.items()]

    def rest(self) -> list[tuple[str, str]]:
        """All that is left, at the end: of tasks that came to no result."""
        waiting, self._waiting = self._waiting, {}
        return [(host, text) for (host, _), texts in waiting.items() for text in texts]
