"""`sloth artifacts`: files that tasks left here."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from typer import Argument, Option

from sloth.cli.command import application, flat
from sloth.cli.options import FormatOption, PruneOptions
from sloth.cli.render import artifacts as render
from sloth.cli.render.format import Format
from sloth.core.errors import UsageError
from sloth.core.near import near
from sloth.engine import archive, past
from sloth.engine.artifacts import Artifact, Artifacts, names_of_copies, runs_with

app = application("Files that tasks left: list, get, prune.")

RunId = Annotated[str, Argument(metavar="RUN", help="The run, or the beginning of its id.")]
Host = Annotated[str | None, Option("--host", metavar="NAME", help="Only what this host left.")]
Task = Annotated[str | None, Option("--task", metavar="NAME", help="Only what this task left.")]


@app.command("list")
def list_(
    run: Annotated[str | None, Argument(metavar="[RUN]", help="Only this run, or the beginning of its id.")] = None,
    host: Host = None,
    task: Task = None,
    form: FormatOption = Format.TEXT,
) -> int:
    """List files that tasks left with `:artifacts`.

    \b
    example: sloth artifacts list
             sloth artifacts list 7f3a --host web1
    """
    folder, runs = past.artifacts(), past.all_runs()
    if run is not None:
        archive.read(runs, run).of(host, task)
    chosen = runs_with(folder) if run is None else [runs.find(run)]
    found = [(one, kept) for one in chosen for kept in _chosen(Artifacts(folder / one), None, host, task)]
    render.show_list(found, runs.shortened(one for one, _ in found), form)
    return 0


@app.command()
def get(
    run: RunId,
    name: Annotated[str, Argument(metavar="NAME", help="The file: its name, its task or a glob.")],
    host: Host = None,
    task: Task = None,
    output: Annotated[
        Path, Option("--output", "-o", metavar="PATH", help="A file, or a folder for several (default: here).")
    ] = Path(),
    form: FormatOption = Format.TEXT,
) -> int:
    """Copy files that tasks left. Their checksums are verified.

    \b
    example: sloth artifacts get 7f3a report.html
             sloth artifacts get 7f3a '*.log' --host web1 -o logs/
    """
    runs = past.all_runs()
    archive.read(runs, run).of(host, task)
    kept = Artifacts(past.artifacts() / runs.find(run))
    found = _chosen(kept, [name], host, task)
    if not found:
        hint = near(name, [one.name for one in kept.find(None)]) or f"`sloth artifacts list {run}` shows all"
        raise UsageError(f"run {run} left nothing called {name!r}", hint=hint)
    if len(found) > 1 and not output.is_dir():
        hint = "choose with --host and --task, or name a folder with -o"
        raise UsageError(f"{len(found)} files are called {name!r}", hint=hint)
    places = [output / name for name in names_of_copies(found)] if output.is_dir() else [output]
    kept.copy(dict(zip(places, found, strict=True)))
    render.show_copied(found, places, form)
    return 0


@app.command()
@flat
def prune(old: PruneOptions, form: FormatOption = Format.TEXT) -> int:
    """Remove what old runs left; what is known of the runs stays.

    \b
    example: sloth artifacts prune --keep 20
             sloth artifacts prune --older-than 30d
    """
    render.show_pruned(past.prune_artifacts(old.keep, old.before()), form)
    return 0


def _chosen(kept: Artifacts, names: list[str] | None, host: str | None, task: str | None) -> list[Artifact]:
    return [one for one in kept.find(names) if host in {None, one.host} and task in {None, one.task}]
