"""The picture of a run's progress: a bar, and a few lines of what is running, drawn with rich."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TextIO

from rich.console import Console, Group
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

_BAR = 30
_SHORTEST_BAR = 8
_MOST_LINES = 7


class Picture:
    """Lines at the bottom of a terminal that can be drawn again and taken away."""

    def __init__(self, stream: TextIO, *, colour: bool) -> None:
        self._console = Console(file=stream, force_terminal=True, no_color=not colour, highlight=False)
        self._shown: Live | None = None

    @property
    def room(self) -> int:
        """How many lines below the bar leave most of the terminal to the results."""
        return min(_MOST_LINES, self._console.height // 3)

    def draw(self, share: float, summary: str, lines: Sequence[str]) -> None:
        """Show this, in place of what was shown."""
        head = Table.grid(padding=(0, 1))
        bar = min(_BAR, self._console.width - len(summary) - 2)
        text = Text(summary, no_wrap=True, overflow="ellipsis")
        head.add_row(*([ProgressBar(total=1.0, completed=share, width=bar)] if bar >= _SHORTEST_BAR else []), text)
        picture = Group(head, *(Text(line, no_wrap=True, overflow="ellipsis", style="dim") for line in lines))
        if self._shown is None:
            self._shown = Live(
                picture, console=self._console, auto_refresh=False, transient=True,
                redirect_stdout=False, redirect_stderr=False,
            )  # fmt: skip
            self._shown.start(refresh=True)
        else:
            self._shown.update(picture, refresh=True)

    def hide(self) -> None:
        """Take the picture away; the cursor is where it was before."""
        if self._shown is not None:
            self._shown.stop()
            self._shown = None
