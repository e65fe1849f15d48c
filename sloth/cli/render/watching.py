"""Who listens to a run: the subscribers that fit the format, the terminal and the wanted detail."""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, closing, contextmanager, nullcontext, suppress

from msgspec import Struct

from sloth.cli.render.format import RunFormat
from sloth.cli.render.json_lines import JsonLines
from sloth.cli.render.profile import Profile
from sloth.cli.render.report import Report
from sloth.cli.render.results import Detail
from sloth.cli.render.screen import Aside, Screen, is_live
from sloth.core.events import Event, Subscriber, TaskFinished
from sloth.core.model import BAD

_INTERVAL = 0.2


class Watchers(Struct, frozen=True):
    """Who listens; aside: what a question is asked inside of, with all told that is known and no picture drawn."""

    subscribers: Sequence[Subscriber]
    aside: Aside = nullcontext


def run(form: RunFormat, detail: Detail) -> AbstractContextManager[Watchers]:
    """Those who listen for the time of a run."""
    return {RunFormat.JSON: _as_json, RunFormat.JUNIT: _as_junit, RunFormat.TEXT: _as_text}[form](detail)


def to_stderr() -> Subscriber:
    """For what is said while something else is the result."""
    return _on_stderr(Detail())


def trouble() -> Subscriber:
    """What went wrong and what deserves a look, while the answers themselves are shown in another way."""
    report = _on_stderr(Detail(command=True))

    def take(event: Event) -> None:
        if not isinstance(event, TaskFinished) or event.status in BAD:
            report(event)

    return take


def _on_stderr(detail: Detail) -> Report:
    screen = Screen.of(sys.stderr, os.environ)
    return Report(screen, screen, detail)


@contextmanager
def _as_text(detail: Detail) -> Iterator[Watchers]:
    """Results on standard output; on a terminal, with a picture of the progress below them."""
    environ = os.environ
    if not is_live(sys.stderr, environ):
        results, progress = Screen.of(sys.stdout, environ), Screen.of(sys.stderr, environ)
        with closing(Report(results, progress, detail)) as report, _often(report.tick):
            yield Watchers([report, *_profile(results, detail)], report.paused)
        return
    from sloth.cli.render.live import Live

    live = Live(sys.stderr, colour=Screen.of(sys.stderr, environ).colour)
    results, progress = (Screen.of(stream, environ, live.aside) for stream in (sys.stdout, sys.stderr))
    with closing(Report(results, progress, detail)) as report, live.drawing(report.tick):
        yield Watchers([live, report, *_profile(results, detail)], report.paused)


@contextmanager
def _often(tick: Callable[[], None]) -> Iterator[None]:
    """What waits for other hosts is told in time, also while nothing happens: a pipe may be read as it comes."""
    over = threading.Event()

    def go_on() -> None:
        with suppress(OSError):  # whoever shows the next event meets it too, and says so
            while not over.wait(_INTERVAL):
                tick()

    thread = threading.Thread(target=go_on, name="tick", daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


def _profile(results: Screen, detail: Detail) -> Sequence[Subscriber]:
    return [Profile(results)] if detail.profile else []


@contextmanager
def _as_json(detail: Detail) -> Iterator[Watchers]:
    """JSON lines on standard output; with -v the rest as text beside them."""
    with _others(detail) as others:
        yield Watchers([JsonLines(Screen(sys.stdout), others, profile=detail.profile)])


@contextmanager
def _as_junit(detail: Detail) -> Iterator[Watchers]:
    """One XML document on standard output, at the end; with -v the rest as text beside it."""
    from sloth.cli.render.junit import Junit

    with _others(detail) as others, closing(Junit(Screen(sys.stdout), others)) as junit:
        yield Watchers([junit, *_profile(Screen.of(sys.stderr, os.environ), detail)])


@contextmanager
def _others(detail: Detail) -> Iterator[Report | None]:
    """Whoever tells people what is not for programs; nobody without -v."""
    if not detail.verbosity:
        yield None
        return
    with closing(_on_stderr(detail)) as others:
        yield others
