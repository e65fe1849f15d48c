"""Who listens to a run: the subscribers that fit the format, the terminal and the wanted detail."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager

from sloth.cli.render.format import Format
from sloth.cli.render.json_lines import JsonLines
from sloth.cli.render.report import Report
from sloth.cli.render.results import Detail
from sloth.cli.render.screen import Screen, is_live
from sloth.core.events import Subscriber


def run(form: Format, detail: Detail, *, brief: bool = False) -> AbstractContextManager[Sequence[Subscriber]]:
    """Subscribers for the time of a run. brief: one task, which needs no name, heading or recap."""
    return _as_json(detail) if form is Format.JSON else _as_text(detail, brief)


def to_stderr(verbosity: int = 0) -> Subscriber:
    """For what is said while something else is the result."""
    screen = Screen.of(sys.stderr, os.environ)
    return Report(screen, screen, Detail(verbosity))


@contextmanager
def _as_text(detail: Detail, brief: bool) -> Iterator[Sequence[Subscriber]]:
    """Results on standard output; on a terminal, with a picture of the progress below them."""
    environ = os.environ
    if not is_live(sys.stderr, environ):
        yield [Report(Screen.of(sys.stdout, environ), Screen.of(sys.stderr, environ), detail, brief=brief)]
        return
    from sloth.cli.render.live import Live

    live = Live(sys.stderr, colour=Screen.of(sys.stderr, environ).colour)
    results, progress = (Screen.of(stream, environ, live.aside) for stream in (sys.stdout, sys.stderr))
    report = Report(results, progress, detail, brief=brief)
    with live.drawing(report.tick):
        yield [live, report]


@contextmanager
def _as_json(detail: Detail) -> Iterator[Sequence[Subscriber]]:
    """JSON lines on standard output; with -v the rest as text beside them."""
    others = to_stderr(detail.verbosity) if detail.verbosity else None
    yield [JsonLines(Screen(sys.stdout), others)]
