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


def _text(values: "list[object]") -> str:
    return " ".join(_one(value) for value in values)


def _one(value: object) -> str:
    if isinstance(value, str):
        return value
    if value is None:
        return "nil"
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return json.dumps(value, ensure_ascii=False, default=repr)
