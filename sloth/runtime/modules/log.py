"""Lines for the person who runs the workflow."""

import json

from sloth.runtime.action import action

MYPY = False
if MYPY:
    from sloth.runtime.host import Host


@action(query=True, rest="message")
def debug(host: "Host", *, message: "list[object]") -> None:
    """Say something that only -v shows.

    message: what to say; several values are joined with spaces, tables are shown as JSON

    example: log.debug("the answer is", 42)
    """
    host.log("debug", _text(message))


@action(query=True, rest="message")
def info(host: "Host", *, message: "list[object]") -> None:
    """Say something.

    message: what to say; several values are joined with spaces, tables are shown as JSON

    example: log.info("deploying", "1.4.2")
    """
    host.log("info", _text(message))


@action(query=True, rest="message")
def success(host: "Host", *, message: "list[object]") -> None:
    """Say that something went well.

    message: what to say; several values are joined with spaces, tables are shown as JSON

    example: log.success("the site answers")
    """
    host.log("success", _text(message))


@action(query=True, rest="message")
def warning(host: "Host", *, message: "list[object]") -> None:
    """Say something that deserves a look.

    message: what to say; several values are joined with spaces, tables are shown as JSON

    example: log.warning("the disk is nearly full")
    """
    host.log("warning", _text(message))


warn = warning


@action(query=True, rest="message")
def error(host: "Host", *, message: "list[object]") -> None:
    """Say what went wrong; the task goes on.

    message: what to say; several values are joined with spaces, tables are shown as JSON

    example: log.error("no answer from the database")
    """
    host.log("error", _text(message))


@action(query=True, rest="message")
def print_(host: "Host", *, message: "list[object]" = ()) -> None:  # type: ignore[assignment]  # no list as default
    """Say something, or an empty line.

    message: what to say; several values are joined with spaces, tables are shown as JSON

    example: log.print("hello")
    """
    host.log("info", _text(message))


@action(query=True)
def table(host: "Host", *, rows: object, columns: "list[str] | None" = None) -> None:
    """Say a table in columns.

    rows: a list of rows, which are lists or tables with names; or one table, shown as its names and values
    columns: of rows with names, which to show, in this order; without it all of them, sorted

    example: log.table({ { name = "web1", load = 0.5 }, { name = "web2", load = 0.25 } }, { "name", "load" })
    """
    host.log("info", "\n".join(_in_columns(_rows(rows, columns))))


def _text(values: "list[object]") -> str:
    return " ".join(_shown(value) for value in values)


def _shown(value: object) -> str:
    """One value: a text as it is, tables as JSON."""
    if isinstance(value, str):
        return value
    if value is None:
        return "nil"
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return json.dumps(value, ensure_ascii=False, default=repr)


def _rows(rows: object, columns: "list[str] | None") -> "list[list[str]]":
    """The cells of a table; a first row of names where rows have some."""
    if isinstance(rows, dict):
        return [[str(name), _shown(rows[name])] for name in columns or sorted(rows) if name in rows]
    if not isinstance(rows, list):
        return [[_shown(rows)]]
    named = [row for row in rows if isinstance(row, dict)]
    names = columns or sorted({str(name) for row in named for name in row})
    head = [names] if named else []
    return head + [_cells(row, names) for row in rows]


def _cells(row: object, names: "list[str]") -> "list[str]":
    if isinstance(row, dict):
        return [_shown(row[name]) if name in row else "" for name in names]
    return [_shown(cell) for cell in row] if isinstance(row, list) else [_shown(row)]


def _in_columns(rows: "list[list[str]]") -> "list[str]":
    count = max([len(row) for row in rows] or [0])
    widths = [max(len(row[place]) for row in rows if place < len(row)) for place in range(count)]
    return ["  ".join(cell.ljust(width) for cell, width in zip(row, widths)).rstrip() for row in rows]
