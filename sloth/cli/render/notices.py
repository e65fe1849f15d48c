"""What sloth wants people to know beside the results, each thing once.

A notice about sloth itself or its files comes at once. One about a host waits for the end, because a hundred hosts
may have the same to say: they say it in one line then.
"""

from __future__ import annotations

from sloth.cli.render.hostnames import folded
from sloth.cli.render.screen import Screen, one_line
from sloth.core.events import Notice


class Notices:
    """Those of a run."""

    def __init__(self, screen: Screen) -> None:
        self._screen = screen
        self._said: set[Notice] = set()
        self._waiting: dict[str, list[str]] = {}

    def take(self, notice: Notice) -> None:
        """Tell it, or keep it until the end."""
        if notice in self._said:
            return
        self._said.add(notice)
        if notice.host:
            self._waiting.setdefault(notice.text, []).append(notice.host)
        else:
            self._tell(notice.text)

    def end(self) -> None:
        """Tell what was kept."""
        waiting, self._waiting = self._waiting, {}
        for text, hosts in waiting.items():
            self._tell(text, folded(map(one_line, hosts)) + ": ")

    def _tell(self, text: str, hosts: str = "") -> None:
        self._screen.line(("note: ", "yellow"), hosts, one_line(text))
