"""A run as text, while it happens: results to one screen, what sloth says about its own work to the other."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Hashable, Iterable, Iterator
from contextlib import contextmanager
from functools import singledispatchmethod
from itertools import chain

from sloth.cli.render.grouping import Group, Groups
from sloth.cli.render.hostnames import folded
from sloth.cli.render.livelines import Line, LiveLines
from sloth.cli.render.lost import Lost
from sloth.cli.render.notices import Notices
from sloth.cli.render.recap import Longest, show_recap, show_totals
from sloth.cli.render.results import Columns, Detail, look, show
from sloth.cli.render.screen import Screen, inert, one_line
from sloth.cli.render.streamed import Streamed
from sloth.cli.render.warnings import Warnings
from sloth.cli.render.wording import counted, duration
from sloth.core.events import (
    BatchesLeftOut,
    BatchStarted,
    Event,
    HostTimes,
    HostUnreachable,
    LogLine,
    Notice,
    RunDetached,
    RunFinished,
    RunStarted,
    TaskFinished,
    TaskOutput,
    TaskRetrying,
    TaskStarted,
)

_LEVEL_STYLES = {"debug": "dim", "info": "plain", "success": "green", "warning": "yellow", "error": "red"}
_LONGEST_LINE = 10_000
_EVERYTHING = 3
"""How often -v has to be given for everything that happens."""


class Report:
    """A subscriber. `tick` may be called at any time, from any thread, to tell results that have waited for long."""

    def __init__(
        self, results: Screen, progress: Screen, detail: Detail, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._results = results
        self._progress = progress
        self._detail = detail
        self._clock = clock
        self._lock = threading.Lock()
        self._check = False
        self._groups = Groups({}, self._look)
        self._columns = Columns(0, 0)
        self._lines = LiveLines()
        self._longest: dict[str, Longest] = {}
        self._left_out = ""
        self._streamed = Streamed(answers=detail.command)
        self._partial: dict[tuple[str, str, str], str] = {}
        self._lost = Lost(results)
        self._notices = Notices(progress)
        self._warnings = Warnings()

    def __call__(self, event: Event) -> None:
        """Show what the event has for people."""
        with self._lock:
            self._take(event)
        self.tick()

    def tick(self) -> None:
        """Tell what waited for too long."""
        with self._lock:
            self._lost.overdue(self._clock())
            self._tell(self._lines.overdue(self._clock()))
            self._show(self._groups.overdue(self._clock()))

    @contextmanager
    def paused(self) -> Iterator[None]:
        """All told that is known so far, and nothing more meanwhile."""
        with self._lock:
            self._show(self._groups.rest())
            with self._progress.aside():
                yield

    def close(self) -> None:
        """Tell what was kept for the end, also of a run that came to none."""
        with self._lock:
            self._end()

    def _end(self) -> None:
        self._tell(self._lines.rest())
        self._show(self._groups.rest())
        for hosts, text in self._warnings.rest():
            self._say(hosts, "warning", text)
        self._lost.end()
        self._notices.end()

    def _look(self, result: TaskFinished) -> Hashable:
        return look(result, self._detail)

    def _tell(self, lines: Iterable[Line]) -> None:
        for line in lines:
            if not self._detail.quiet:
                self._results.line((f"{folded(line.hosts)} | ", "dim"), (line.text, line.style))

    def _show(self, groups: Iterable[Group]) -> None:
        for group in groups:
            self._tell(self._lines.before(group[0].task))
            for hosts, text in self._warnings.of(group):
                self._say(hosts, "warning", text)
            if self._detail.wants(group[0]):
                show(self._results, group, self._columns, self._detail)

    @singledispatchmethod
    def _take(self, event: Event) -> None:
        """Events without a method of their own are of no interest here."""

    @_take.register
    def _(self, event: RunStarted) -> None:
        self._check = event.check
        self._groups = Groups(event.hosts, self._look)
        names = [] if self._detail.command else [*chain(*event.hosts.values()), *event.handlers]
        self._columns = Columns.of(names, self._results.width, check=event.check)
        self._lines = LiveLines(len(event.hosts))
        self._longest = {}
        self._left_out = ""
        if self._detail.command or self._detail.quiet:
            return
        tasks = len({task for tasks in event.hosts.values() for task in tasks})
        what = f": {counted(tasks, 'task')} on {folded(event.hosts)}"
        if event.done:
            what += f" · {counted(event.done, 'task')} done before"
        self._results.line(
            (event.workflow, "bold"), what, (" · check mode, nothing is changed" if event.check else "", "yellow")
        )

    @_take.register
    def _(self, event: BatchStarted) -> None:
        self._tell(self._lines.rest())
        self._show(self._groups.rest())
        self._groups.expect(event.tasks)
        self._lines = LiveLines(len(event.tasks))
        if not self._detail.quiet:
            self._results.line((f"batch {event.number} of {event.batches}: {folded(event.hosts)}", "bold"))

    @_take.register
    def _(self, event: BatchesLeftOut) -> None:
        self._show(self._groups.rest())
        self._left_out = event.reason
        last = event.batches
        which = f"batch {last}" if event.number == last else f"batches {event.number} to {last}"
        self._results.line((f"{which} of {last}: {folded(event.hosts)}", "bold"), "  ", (event.reason, "yellow"))

    @_take.register
    def _(self, event: TaskFinished) -> None:
        if self._left_out == event.message and event.status == "skipped" and self._detail.verbosity < 1:
            return  # said for all of them
        for host, task, stream in [key for key in self._partial if key[:2] == (event.host, event.task)]:
            self._output_line(host, task, stream, self._partial.pop((host, task, stream)))
        event = self._streamed.without(event)
        longest = self._longest.get(event.task)
        if longest is None or event.duration > longest.seconds:
            self._longest[event.task] = Longest(event.task, event.host, event.duration)
        if event.status == "unreachable":
            # The host itself has said so; its tasks would only repeat it.
            self._show(self._groups.without(event))
        elif event.failure.get("kind") == "lock_busy":
            self._lost.take_busy(event.host, event.message, self._clock())
            self._show(self._groups.without(event))
        else:
            self._show(self._groups.add(event, self._clock()))

    @_take.register
    def _(self, event: RunFinished) -> None:
        self._end()
        if self._detail.command or (self._detail.quiet and not event.exit_code):
            return
        if not self._detail.quiet:
            show_recap(self._results, event, self._longest.values(), check=self._check)
        show_totals(self._results, event)

    @_take.register
    def _(self, event: RunDetached) -> None:
        self._end()
        rest = "goes on by itself" if len(event.hosts) == 1 else "go on by themselves"
        self._results.line((event.workflow, "bold"), ": ", (folded(event.hosts), "bold"), f" {rest}")
        self._results.line(("to see what comes of it: ", "dim"), event.attach)

    @_take.register
    def _(self, event: TaskOutput) -> None:
        if self._detail.command and self._detail.verbosity < 1:
            return  # its answers are told when it has ended
        key = (event.host, event.task, event.stream)
        *lines, rest = inert(self._partial.get(key, "") + event.text).split("\n")
        if len(rest) > _LONGEST_LINE:
            lines, rest = [*lines, rest], ""
        self._partial[key] = rest
        for line in lines:
            self._output_line(*key, line)

    def _output_line(self, host: str, task: str, stream: str, line: str) -> None:
        if line and not self._detail.quiet:
            self._streamed.add(host, task, stream, line)
            self._tell(self._lines.add(host, task, line, "plain", self._clock()))

    @_take.register
    def _(self, event: LogLine) -> None:
        if event.level == "debug" and self._detail.verbosity < 1:
            return
        if self._check and event.level == "warning" and event.host and event.task:
            self._warnings.take(event)
        else:
            self._log(event)

    def _log(self, event: LogLine) -> None:
        if not event.host:  # a file logs while it is loaded
            self._say("", event.level, event.text)
            return
        style = _LEVEL_STYLES.get(event.level, "plain")
        for line in inert(event.text).rstrip("\n").split("\n"):
            self._tell(self._lines.add(event.host, event.task, line, style, self._clock()))

    def _say(self, hosts: str, level: str, text: str) -> None:
        if self._detail.quiet and level not in {"warning", "error"}:
            return
        for line in inert(text).rstrip("\n").split("\n"):
            prefix = f"{hosts} | " if hosts else ""
            self._results.line((prefix, "dim"), (line, _LEVEL_STYLES.get(level, "plain")))

    @_take.register
    def _(self, event: TaskRetrying) -> None:
        if self._detail.verbosity >= 1:
            again = f"attempt {event.attempt} failed, the next one in {duration(event.delay)}: {event.message}"
            self._progress.line((f"{event.host} | {one_line(event.task)}: {one_line(again)}", "dim"))

    @_take.register
    def _(self, event: TaskStarted) -> None:
        if self._detail.verbosity >= _EVERYTHING:
            self._progress.line((f"{event.host} | {one_line(event.task)} begins", "dim"))

    @_take.register
    def _(self, event: HostTimes) -> None:
        if self._detail.verbosity >= _EVERYTHING:
            spent = (f"{name} {duration(getattr(event, name))}" for name in ("connect", "upload", "lua", "modules"))
            self._progress.line((f"{event.host} | done: {', '.join(spent)}", "dim"))

    @_take.register
    def _(self, event: HostUnreachable) -> None:
        self._lost.take(event, self._clock())

    @_take.register
    def _(self, event: Notice) -> None:
        self._notices.take(event)
