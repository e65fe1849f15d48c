"""`sloth runs`: what was run, and what goes on."""

from __future__ import annotations

import time
from typing import Annotated

from typer import Argument, Option

from sloth.cli.command import EXIT_CODES, application, flat
from sloth.cli.options import FormatOption, LoginOptions, PruneOptions, SecretOptions, ShowOptions, length
from sloth.cli.render import runs as render
from sloth.cli.render import watching
from sloth.cli.render.format import Format
from sloth.engine import archive, past
from sloth.engine.history import retold
from sloth.store.runs import Wanted

app = application("What was run: list, show, logs, attach, cancel, prune.")

RunId = Annotated[str, Argument(metavar="RUN", help="The run, or the beginning of its id.")]
Host = Annotated[str | None, Option("--host", metavar="NAME", help="Only this host.")]
Task = Annotated[str | None, Option("--task", metavar="NAME", help="Only this task.")]


@app.command("list")
def list_(
    workflow: Annotated[str | None, Option("--workflow", metavar="NAME", help="Only runs of this workflow.")] = None,
    host: Annotated[str | None, Option("--host", metavar="NAME", help="Only runs with this host.")] = None,
    status: Annotated[
        str | None, Option("--status", metavar="WORD", help="Only these: `ok`, `failed`, `running`, `interrupted` …")
    ] = None,
    since: Annotated[
        str | None, Option("--since", metavar="TIME", help="Only those that began within this time: `2h`, `7d`.")
    ] = None,
    number: Annotated[int, Option("--number", "-n", min=1, help="At most so many.")] = 20,
    form: FormatOption = Format.TEXT,
) -> int:
    """List runs, the newest first.

    \b
    example: sloth runs list
             sloth runs list --host web1 --status failed --since 7d
    """
    after = None if since is None else time.time() - length(since, "--since")
    found = archive.listed(past.all_runs(), Wanted(workflow, host, after), status, number)
    render.show_list(found, form)
    return 0


@app.command()
@flat
def show(run: RunId, detail: ShowOptions, host: Host = None) -> int:
    """Show a run: what it was asked, how each task ended, what is left.

    \b
    example: sloth runs show 7f3a
             sloth runs show 7f3a -v --host web1
    """
    runs = past.all_runs()
    whole = archive.read(runs, run)
    history, status = whole.of(host), archive.status_of(runs, whole.entry())
    render.show_head(history, status, detail.form)
    with watching.run(detail.form, detail.detail()) as watchers:
        end = [history.finished] if history.finished is not None else []
        for event in [*retold(history), *end]:
            for subscriber in watchers.subscribers:
                subscriber(event)
    render.show_rest(history, status, runs.shortened([history.asked.run])[0], detail.form)
    return 0


@app.command()
def logs(
    run: RunId,
    host: Host = None,
    task: Task = None,
    follow: Annotated[bool, Option("--follow", "-f", help="Go on until the run ends.")] = False,
    form: FormatOption = Format.TEXT,
) -> int:
    """Show what tasks wrote, logged and returned, line by line with the time.

    Live output of programs is there when the run had -v.

    \b
    example: sloth runs logs 7f3a --host web1
             sloth runs logs 7f3a --task nginx --follow
    """
    runs = past.all_runs()
    archive.read(runs, run).of(host, task)
    for at, event in archive.stream(runs, run, follow=follow):
        if render.is_of(event, host, task) and not render.show_line(at, event, form):
            break
    return 0


@app.command(epilog=EXIT_CODES)
@flat
def attach(run: RunId, login: LoginOptions, secrets: SecretOptions, show: ShowOptions) -> int:
    """Watch a run from its beginning until it ends.

    Of a detached run, what its hosts did is collected; Ctrl-C leaves them at work.

    \b
    example: sloth runs attach 7f3a
    """
    from sloth.engine import attaching

    with watching.run(show.form, show.detail()) as watchers:
        return attaching.attach(run, lambda asked: secrets.over(login.over(asked)), watchers.subscribers)


@app.command(epilog=EXIT_CODES)
@flat
def cancel(run: RunId, login: LoginOptions, secrets: SecretOptions, show: ShowOptions) -> int:
    """Stop a run, as Ctrl-C in its terminal does. A detached one is stopped on its hosts.

    \b
    example: sloth runs cancel 7f3a
    """
    from sloth.engine import attaching

    runs = past.all_runs()
    if not archive.is_away(runs, run):
        render.show_cancelled(archive.cancel(runs, run))
        return 0
    with watching.run(show.form, show.detail()) as watchers:
        return attaching.attach(run, lambda asked: secrets.over(login.over(asked)), watchers.subscribers, cancel=True)


@app.command()
@flat
def prune(old: PruneOptions, form: FormatOption = Format.TEXT) -> int:
    """Remove what is kept of old runs. Those that go on stay.

    \b
    example: sloth runs prune --keep 100
             sloth runs prune --older-than 30d
    """
    render.show_pruned(archive.prune(past.all_runs(), old.keep, old.before(), past.artifacts()), form)
    return 0
