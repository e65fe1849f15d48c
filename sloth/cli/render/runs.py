"""Runs that were and that go on: lists, heads, lines of their logs."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec.structs import asdict

from sloth.cli.render.format import Format, RunFormat
from sloth.cli.render.hostnames import folded
from sloth.cli.render.notes import say, standard_output
from sloth.cli.render.results import STATUS_STYLES
from sloth.cli.render.screen import Part, inert, one_line
from sloth.cli.render.wording import clock, counted, duration, moment
from sloth.core.events import Event, HostUnreachable, LogLine, Notice, TaskFinished, TaskOutput, TaskRetrying
from sloth.engine.archive import DETACHED, INTERRUPTED, RUNNING, Listed
from sloth.engine.history import History
from sloth.store.runs import Entry

_STYLES = {"ok": "green", "running": "cyan", "detached": "cyan", "cancelled": "yellow", "interrupted": "yellow"}
_SHOWN = (TaskOutput, LogLine, TaskRetrying, TaskFinished, HostUnreachable, Notice)


def show_list(runs: Sequence[Listed], form: Format) -> None:
    """One line for each."""
    screen = standard_output()
    if form is Format.JSON:
        screen.json({"runs": [{**asdict(one.entry), "status": one.status, "took": round(one.took, 3)} for one in runs]})
        return
    if not runs:
        screen.line("no runs")
        return
    rows: list[list[Part]] = [[(head, "dim") for head in ("run", "began", "took", "hosts", "status", "by", "workflow")]]
    for one in runs:
        kind = " (check)" if one.entry.mode == "check" else ""
        took = "" if one.status in {INTERRUPTED, DETACHED} else duration(one.took)
        rows.append(
            [
                (one.short, "bold"), moment(one.entry.started), took.rjust(8), str(one.entry.hosts).rjust(5),
                (one.status, _STYLES.get(one.status, "red")), (one.entry.owner, "dim"),
                one_line(one.entry.workflow) + kind,
            ]
        )  # fmt: skip
    screen.table(rows)


def show_head(history: History, status: str, form: RunFormat) -> None:
    """What a run was asked, and where it stands."""
    screen, asked = standard_output(), history.asked
    if form is RunFormat.JUNIT:
        return  # a document of tasks alone
    if form is RunFormat.JSON:
        entry = asdict(history.entry())
        screen.json({"type": "run", **entry, "status": status, "lives": history.lives, "request": _request(history)})
        return
    took = "" if history.ended is None else f" for {duration(history.ended - history.started)}"
    rows: list[list[Part]] = [
        [("run", "dim"), (asked.run, "bold")],
        [("status", "dim"), (status, _STYLES.get(status, "red"))],
        [("file", "dim"), asked.request.file],
        [("began", "dim"), f"{moment(history.started)}{took}, by {history.owner}"],
        [("with", "dim"), _words(history)],
    ]
    if history.lives > 1:
        rows.append([("resumed", "dim"), "once" if history.lives == 2 else f"{history.lives - 1} times"])
    screen.table([row for row in rows if row[1]])
    screen.line()


def show_rest(history: History, status: str, short: str, form: RunFormat) -> None:
    """What runs, and what is left of a run that came to no end."""
    if form is not RunFormat.TEXT or history.finished is not None:
        return
    screen = standard_output()
    by_task: dict[str, list[str]] = {}
    for host, task in history.running:
        by_task.setdefault(task, []).append(host)
    for task, hosts in by_task.items():
        word = "runs" if status == RUNNING else "was running"
        screen.line((one_line(task), "bold"), f"  {word}  ", folded(hosts))
    total = sum(map(len, history.hosts.values()))
    screen.line(f"{len(history.done)} of {total} tasks are done")
    if status == INTERRUPTED:
        screen.line(("to do what is left: ", "dim"), f"sloth resume {short}")
    if status == DETACHED:
        screen.line(("to see what comes of it: ", "dim"), f"sloth runs attach {short}")


def is_of(event: Event, host: str | None, task: str | None) -> bool:
    """Whether an event is one of the logs, and of that host and task."""
    return isinstance(event, _SHOWN) and all(
        wanted is None or getattr(event, name, None) == wanted for name, wanted in (("host", host), ("task", task))
    )


def show_line(at: float, event: Event, form: Format) -> bool:
    """One event as a line, or as many as it has itself; whether somebody still reads."""
    screen = standard_output()
    if form is Format.JSON:
        screen.json({"at": at, **event.plain()})
        return screen.is_read
    host, task = getattr(event, "host", ""), one_line(getattr(event, "task", ""))
    head: Part = (f"{clock(at)} {host} {task}".rstrip() + " | ", "dim")
    for text, style in _told(event):
        for line in inert(text).rstrip("\n").split("\n"):
            screen.line(head, (line, style))
    return screen.is_read


def _told(event: Event) -> list[tuple[str, str]]:
    match event:
        case TaskOutput() | LogLine():
            return [(event.text, "plain")]
        case TaskRetrying():
            return [(f"attempt {event.attempt} failed: {event.message}", "yellow")]
        case Notice():
            return [(event.text, "yellow")]
        case HostUnreachable():
            return [(f"unreachable: {event.message}", "red")]
        case TaskFinished():
            said = [str(event.failure.get(name) or "") for name in ("stdout", "stderr")]
            said += [str(event.outputs.get(name) or "") for name in ("stdout", "stderr")]
            said = [text for text in said if text.strip()]
            message = event.message.partition("\n")[0] if said else event.message  # behind that is what was said
            end = f"{event.status} in {duration(event.duration)}" + (f": {message}" if message else "")
            return [*((text, "plain") for text in said), (end, STATUS_STYLES.get(event.status, "plain"))]
    return []


def show_cancelled(run: str) -> None:
    """A run that was stopped."""
    say("run ", (run, "bold"), " is stopped")


def show_pruned(gone: Sequence[Entry], form: Format) -> None:
    """Runs that are no more."""
    if form is Format.JSON:
        standard_output().json({"removed": [one.id for one in gone]})
        return
    say(f"{counted(len(gone), 'run')} removed")


def _words(history: History) -> str:
    """The request as the command line would have it."""
    request = history.asked.request
    words = [f"-i {one}" for one in request.targets.inventory]
    words += [f"-l {request.targets.limit}"] if request.targets.limit else []
    words += [f"--values {one}" for one in request.values] + [f"-e {one}" for one in request.extra]
    words += [f"-t {','.join(request.tags)}"] if request.tags else []
    words += [f"--skip-tags {','.join(request.skip_tags)}"] if request.skip_tags else []
    words += ["--check"] if request.check else []
    return " ".join(words)


def _request(history: History) -> object:
    return history.asked.plain()["request"]
