"""`sloth events`: what happened in runs, one event at a time."""

from __future__ import annotations

import time
from typing import Annotated

from typer import Argument, Option

from sloth.cli.command import application
from sloth.cli.options import FormatOption, length
from sloth.cli.render import events as render
from sloth.cli.render.format import Format
from sloth.core.errors import UsageError
from sloth.engine import eventlog, past
from sloth.engine.eventlog import Filter

app = application("What happened in runs: list, show, watch, clear, stats.")

SomeRun = Annotated[str | None, Argument(metavar="[RUN]", help="Only this run, or the beginning of its id.")]
Kind = Annotated[str | None, Option("--type", metavar="TYPE", help="Only these: `task_finished`, `log` …")]
Host = Annotated[str | None, Option("--host", metavar="NAME", help="Only of this host.")]
Task = Annotated[str | None, Option("--task", metavar="NAME", help="Only of this task.")]


@app.command("list")
def list_(
    run: SomeRun = None,
    kind: Kind = None,
    host: Host = None,
    task: Task = None,
    since: Annotated[str | None, Option("--since", metavar="TIME", help="Only those within this time: `2h`.")] = None,
    number: Annotated[int, Option("--number", "-n", min=1, help="At most so many, the last ones.")] = 50,
    form: FormatOption = Format.TEXT,
) -> int:
    """List events, the last ones at the end.

    \b
    example: sloth events list
             sloth events list 7f3a --type task_finished --host web1
    """
    after = None if since is None else time.time() - length(since, "--since")
    runs = past.all_runs()
    for kept in eventlog.find(runs, run, Filter(kind, host, task, after), number):
        render.show_line(kept, form)
    return 0


@app.command()
def show(
    run: Annotated[str, Argument(metavar="RUN", help="The run, or the beginning of its id.")],
    number: Annotated[int, Argument(metavar="NUMBER", help="The event's number, as `sloth events list` shows it.")],
    form: FormatOption = Format.TEXT,
) -> int:
    """Show one event with everything in it.

    \b
    example: sloth events show 7f3a 12
    """
    render.show_event(eventlog.one(past.all_runs(), run, number), form)
    return 0


@app.command()
def watch(
    run: SomeRun = None, kind: Kind = None, host: Host = None, task: Task = None, form: FormatOption = Format.TEXT
) -> int:
    """Show events as they happen, of one run or of all. Ctrl-C ends it.

    \b
    example: sloth events watch
             sloth events watch --type task_finished --format json
    """
    for kept in eventlog.watch(past.all_runs(), run, Filter(kind, host, task)):
        if not render.show_line(kept, form):
            break
    return 0


@app.command()
def clear(
    run: SomeRun = None,
    older_than: Annotated[
        str | None, Option("--older-than", metavar="TIME", help="Of runs that began before this time: `30d`.")
    ] = None,
    form: FormatOption = Format.TEXT,
) -> int:
    """Remove the output and logs of runs that are over; how their tasks ended stays.

    \b
    example: sloth events clear 7f3a
             sloth events clear --older-than 30d
    """
    if run is None and older_than is None:
        raise UsageError("of which runs?", hint="name one, or say --older-than 30d")
    before = None if older_than is None else time.time() - length(older_than, "--older-than")
    render.show_cleared(*eventlog.clear(past.all_runs(), run, before), form)
    return 0


@app.command()
def stats(run: SomeRun = None, form: FormatOption = Format.TEXT) -> int:
    """Count events by type, and tasks by how they ended.

    \b
    example: sloth events stats
    """
    render.show_counts(eventlog.count(past.all_runs(), run), form)
    return 0
