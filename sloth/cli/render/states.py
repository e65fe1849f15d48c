"""State: values, and what is known about them."""

from __future__ import annotations

import json
import time
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sloth.cli.render.format import Format
from sloth.cli.render.notes import standard_output
from sloth.cli.render.screen import Part
from sloth.cli.render.wording import clock, counted, moment
from sloth.core.near import near
from sloth.store import Entry, Seen

_LONGEST = 60  # characters of a value in a list


def show_value(entry: Entry | None, default: str | None, form: Format) -> None:
    """The value alone; strings as they are."""
    screen = standard_output()
    if form is Format.JSON:
        screen.json(None if entry is None else entry.plain())
    else:
        screen.line(default or "" if entry is None else _text(entry.value))


def show_entry(entry: Entry, form: Format) -> None:
    """What was set."""
    screen = standard_output()
    if form is Format.JSON:
        screen.json(entry.plain())
        return
    until = "" if entry.expires is None else f", until {moment(entry.expires)}"
    screen.line((entry.key, "bold"), f" has version {entry.version}{until}")


def show_deleted(key: str, was_there: bool, hint: str) -> None:
    """Whether a key is gone now, or was before."""
    standard_output().line((key, "bold"), " is deleted" if was_there else " was not there", f"; {hint}" if hint else "")


def show_none(namespace: str, known: Iterable[str], form: Format) -> None:
    """That there are no keys."""
    if form is Format.TEXT:
        hint = "" if namespace in known else near(namespace, known)
        standard_output().line(f"no keys in {namespace!r}", f"; {hint}" if hint else "")


def show_entries(entries: Sequence[Entry], form: Format) -> None:
    """Keys with values."""
    screen = standard_output()
    if form is Format.JSON:
        for entry in entries:
            screen.json(entry.plain())
        return
    if not entries:
        return
    rows: list[list[Part]] = [[(head, "dim") for head in ("key", "version", "changed", "by", "value")]]
    rows += [
        [(one.key, "bold"), str(one.version), moment(one.updated), (one.owner, "dim"), _short(one.value)]
        for one in entries
    ]
    screen.table(rows)


def show_keys(keys: Sequence[str], form: Format) -> None:
    """Keys alone."""
    screen = standard_output()
    if form is Format.JSON:
        screen.json(keys)
        return
    for key in keys:
        screen.line(key)


def show_seen(seen: Seen, form: Format) -> bool:
    """A change, when it has happened; whether somebody still reads."""
    screen, entry = standard_output(), seen.entry
    if form is Format.JSON:
        screen.json({"change": "gone" if seen.is_gone else "set", **entry.plain()})
    elif seen.is_gone:
        screen.line((f"{clock(time.time())}  ", "dim"), (entry.key, "bold"), (" is gone", "yellow"))
    else:
        screen.line(
            (f"{clock(entry.updated)}  ", "dim"),
            (entry.key, "bold"),
            f" = {_short(entry.value)}  ",
            (entry.owner, "dim"),
        )
    return screen.is_read


def show_stats(stats: Mapping[str, Any], form: Format) -> None:
    """How much there is."""
    screen = standard_output()
    if form is Format.JSON:
        screen.json(stats)
        return
    screen.table([[(name, "bold"), counted(count, "key")] for name, count in stats["namespaces"].items()])
    expiring = f", {stats['expiring']} of them for some time only" if stats["expiring"] else ""
    screen.line(f"{counted(stats['keys'], 'key')}, {counted(stats['bytes'], 'byte')}{expiring}")


def show_imported(count: int) -> None:
    """How much was taken over."""
    standard_output().line(f"{counted(count, 'key')} taken over")


def _text(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _short(value: object) -> str:
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= _LONGEST else text[: _LONGEST - 1] + "…"
