"""What a task did, as lines: its status and hosts, then as much of the rest as was asked for."""

from __future__ import annotations

import json
from collections.abc import Hashable, Iterable, Mapping

from msgspec import Struct

from sloth.cli.render.cells import cells, first_cells, last_cells, padded
from sloth.cli.render.grouping import Group
from sloth.cli.render.hostnames import folded
from sloth.cli.render.screen import Part, Screen, inert, one_line
from sloth.cli.render.wording import duration
from sloth.core.events import TaskFinished
from sloth.core.model import BAD

STATUS_STYLES = {
    "ok": "green", "changed": "yellow", "would_change": "yellow", "would_run": "cyan", "skipped": "cyan",
    "ignored": "yellow", "failed": "bold red", "unreachable": "bold red", "timed_out": "bold red", "cancelled": "red",
}  # fmt: skip
_DIFF_STYLES = {"+": "green", "-": "red", "@": "cyan"}
_WIDEST_NAME = 40
_NOTEWORTHY = 1.0
"""Seconds from which on a task's duration is told beside its result."""


class Detail(Struct, frozen=True):
    """How much is told. verbosity: how often -v was given. changes: what each task changed, or would change.

    profile: where the time of each host went. quiet: nothing of what went well.

    command: of one command of a person, whose answers are what counts: they are told also where it did well, and
    neither task nor workflow, heading or recap.
    """

    verbosity: int = 0
    diff: bool = False
    command: bool = False
    changes: bool = False
    profile: bool = False
    quiet: bool = False

    def wants(self, result: TaskFinished) -> bool:
        """Whether this result is told."""
        return not self.quiet or (result.status in BAD and not result.ignored)


class Columns(Struct, frozen=True):
    """Widths that keep the lines of one run in columns; 0 leaves the task's name out."""

    task: int
    status: int

    @classmethod
    def of(cls, names: Iterable[str], width: int, *, check: bool) -> Columns:
        """Fitting these tasks and handlers, and leaving room for the rest of a line. width: of the screen, or 0."""
        widest = max((cells(one_line(name)) for name in set(names)), default=0)
        most = min(_WIDEST_NAME, width * 2 // 5) if width else _WIDEST_NAME
        return cls(min(widest, most), len("would_change" if check else "changed"))

    def name(self, task: str, width: int) -> str:
        """A task's name as wide as its column. Only where the screen has a width is a longer one shortened."""
        text = padded(one_line(task), self.task)
        if cells(text) <= self.task or not width:
            return text
        end = (self.task - 1) // 2
        return padded(f"{first_cells(text, self.task - 1 - end)}…{last_cells(text, end)}", self.task)


def look(result: TaskFinished, detail: Detail) -> Hashable:
    """All that `show` has for people, but for host and duration."""
    parts: list[object] = [result.status, result.ignored, result.message, result.attempts, result.failure]
    if detail.verbosity >= 1 or detail.changes:
        parts.append(result.changes)
    if detail.diff:
        parts.append(result.diff)
    if detail.verbosity >= 2 or detail.command:
        parts.append(result.outputs)
    return json.dumps(parts, sort_keys=True, default=list)


def show(screen: Screen, group: Group, columns: Columns, detail: Detail) -> None:
    """One line for the group, and its details below."""
    result = group[0]
    status = "ignored" if result.ignored else result.status
    style = STATUS_STYLES.get(status, "plain")
    message, *more = inert(result.message).strip().split("\n")
    parts: list[Part] = [(columns.name(result.task, screen.width), "bold"), "  "] if columns.task else []
    parts += [(status.ljust(columns.status), style), "  ", folded(one.host for one in group)]
    if message:
        parts += ["  ", message]
    screen.line(*parts, *_remarks(group))
    for line in more:
        if line not in _streams(result.failure):
            screen.line("    ", line)
    _show_details(screen, group, detail)


def _remarks(group: Group) -> list[Part]:
    slowest = max(one.duration for one in group)
    remarks = []
    if group[0].attempts > 1:
        remarks.append(f"{group[0].attempts} attempts")
    if slowest >= _NOTEWORTHY:
        remarks.append(duration(slowest))
    return [(f"  ({', '.join(remarks)})", "dim")] if remarks else []


def _show_details(screen: Screen, group: Group, detail: Detail) -> None:
    result = group[0]
    if (detail.verbosity >= 1 or detail.changes) and result.message != "; ".join(result.changes):
        for change in result.changes:
            screen.line("    ", ("* ", "dim"), inert(change).strip().replace("\n", "\n      "))
    if detail.diff:
        for diff in result.diff:
            show_diff(screen, diff)
    if result.failure:
        _show_failure(screen, result.failure, result.message, detail)
    elif detail.command:
        _show_answer(screen, result.outputs)
    if detail.verbosity >= 2 and not detail.command:
        _show_values(screen, result.outputs)


def _show_answer(screen: Screen, outputs: Mapping[str, object]) -> None:
    """What a command wrote, or what a call returned."""
    if "stdout" in outputs:
        _show_streams(screen, outputs, labels=False)
        if outputs.get("exit_code"):  # which is no failure of exec.run
            _show_values(screen, {"exit_code": outputs["exit_code"]})
    elif outputs.keys() == {"value"}:
        screen.block(_text(outputs["value"]))
    else:
        _show_values(screen, outputs)


def _show_values(screen: Screen, values: Mapping[str, object]) -> None:
    for name, value in values.items():
        text = _text(value).rstrip("\n")
        if "\n" in text:
            screen.line("    ", (f"{name}:", "dim"))
            screen.block(text)
        else:
            screen.line("    ", (f"{name} = ", "dim"), text)


def _text(value: object) -> str:
    return inert(value) if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)


def diff_text(diff: Mapping[str, str]) -> str:
    """One file's differences, under its name."""
    path, text = diff.get("path", ""), diff.get("text", "").rstrip("\n")
    return text if text.startswith(("---", path)) else f"{path}\n{text}"


def said_by(failure: Mapping[str, object]) -> str:
    """All that is known of a failure beside its message, as text."""
    parts = [f"at {failure['where']}"] if failure.get("where") else []
    parts += [f"{name}:\n{failure[name]}" for name in ("stdout", "stderr", "traceback") if failure.get(name)]
    return "\n".join(parts)


def show_diff(screen: Screen, diff: Mapping[str, str]) -> None:
    """One file's differences."""
    for line in diff_text(diff).split("\n"):
        style = "bold" if line.startswith(("---", "+++")) else _DIFF_STYLES.get(line[:1], "plain")
        screen.block(line, style)


def _show_failure(screen: Screen, failure: Mapping[str, object], message: str, detail: Detail) -> None:
    error = str(failure.get("error") or "").strip()
    if error not in message + _streams(failure):
        screen.block(error, "red")
    if (where := failure.get("where")) and not detail.command:
        screen.line("    at ", one_line(str(where)))
    _show_streams(screen, failure, labels=True)
    if detail.verbosity >= 1 and (traceback := failure.get("traceback")):
        screen.block(str(traceback), "dim")


def _streams(said: Mapping[str, object]) -> str:
    """All that a program wrote: what it says is not told twice."""
    return f"{said.get('stdout') or ''}\n{said.get('stderr') or ''}"


def _show_streams(screen: Screen, said: Mapping[str, object], *, labels: bool) -> None:
    """What a program wrote, as it wrote it."""
    for stream in ("stdout", "stderr"):
        text = said.get(stream)
        if isinstance(text, str) and text.strip():
            if labels or stream == "stderr":
                screen.line("    ", (f"{stream}:", "dim"))
            screen.block(text)
