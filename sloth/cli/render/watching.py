"""Who listens to a run: the subscribers that fit the format, the terminal and the wanted detail."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, closing, contextmanager

from sloth.cli.render.format import Format
from sloth.cli.render.json_lines import JsonLines
from sloth.cli.render.report import Report
from sloth.cli.render.results import Detail
from sloth.cli.render.screen import Screen, is_live
from sloth.core.events import Subscriber


def run(form: Format, detail: Detail) -> AbstractContextManager[Sequence[Subscriber]]:
    """Subscribers for the time of a run."""
    return _as_json(detail) if form is Format.JSON else _as_text(detail)


def to_stderr() -> Subscriber:
    """For what is said while something else is the result."""
    return _on_stderr(Detail())


def _on_stderr(detail: Detail) -> Report:
    screen = Screen.of(sys.stderr, os.environ)
    return Report(screen, screen, detail)


@contextmanager
def _as_text(detail: Detail) -> Iterator[Sequence[Subscriber]]:
    """Results on standard output; on a terminal, with a picture of the progress below them."""
    environ = os.environ
    if not is_live(sys.stderr, environ):
        results, progress = Screen.of(sys.stdout, environ), Screen.of(sys.stderr, environ)
        with closing(Report(results, progress, detail)) as report:
            yield [report]
        return
    from sloth.cli.render.live import Live

    live = Live(sys.stderr, colour=Screen.of(sys.stderr, environ).colour)
    results, progress = (Screen.of(stream, environ, live.aside) for stream in (sys.stdout, sys.stderr))
    with closing(Report(results, progress, detail)) as report, live.drawing(report.tick):
        yield [live, report]


@contextmanager
def _as_json(detail: Detail) -> Iterator[Sequence[Subscriber]]:
    """JSON lines on standard output; with -v the rest as text beside them."""
    lines = Screen(sys.stdout)
    if not detail.verbosity:
        yield [JsonLines(lines)]
        return
    with closing(_on_stderr(detail)) as others:
        yield [JsonLines(lines, others)]
