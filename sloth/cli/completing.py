"""What a shell offers at Tab: names from the inventory, the workflow file and the modules that the line has so far.

Whatever cannot be read offers nothing: this is no place for errors.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from typer import Context

from sloth.core.errors import SlothError
from sloth.core.model import Workflow
from sloth.engine.here import configured
from sloth.runtime.failure import ActionFailed

if TYPE_CHECKING:
    from sloth.runtime.catalog import Catalog

_PATTERN = re.compile(r"(.*[:,][&!]?|[&!])?([^:,]*)", re.DOTALL)
Names = Callable[[], Iterable[str]]


def hosts(ctx: Context, incomplete: str) -> list[str]:
    """Groups, then hosts, for the last part of a pattern."""
    found = _PATTERN.fullmatch(incomplete)
    before, last = (found[1] or "", found[2]) if found else ("", incomplete)
    return _offered(lambda: _of_inventory(ctx), last, before)


def tags(ctx: Context, incomplete: str) -> list[str]:
    """Tags of the file, for the last of several."""
    before, comma, last = incomplete.rpartition(",")
    return _offered(
        lambda: sorted({tag for one in _workflows(ctx) for task in one.tasks for tag in task.tags}),
        last,
        before + comma,
    )


def tasks(ctx: Context, incomplete: str) -> list[str]:
    """Names of tasks of the file."""
    return _offered(lambda: (task.name for one in _workflows(ctx) for task in one.tasks), incomplete)


def workflows(ctx: Context, incomplete: str) -> list[str]:
    """Names of workflows of the file."""
    return _offered(lambda: (one.name for one in _workflows(ctx)), incomplete)


def modules(incomplete: str) -> list[str]:
    """Modules, or the actions of one once its dot is there."""
    return actions(incomplete) if "." in incomplete else _offered(lambda: _catalog().names, incomplete)


def actions(incomplete: str) -> list[str]:
    """`module.action`; the modules alone until one is named."""
    module, dot, _ = incomplete.partition(".")
    if not dot:
        return _offered(lambda: (f"{name}." for name in _catalog().names), incomplete)
    return _offered(lambda: (f"{module}.{action}" for action in _catalog().module(module)), incomplete)


def arguments(ctx: Context, incomplete: str) -> list[str]:
    """`name=` for what the action of the line takes."""
    module, _, name = str(ctx.params.get("action") or "").partition(".")
    return _offered(lambda: (f"{one.name}=" for one in _catalog().find(module, name).parameters), incomplete)


def _offered(names: Names, incomplete: str, before: str = "") -> list[str]:
    try:
        return [before + name for name in dict.fromkeys(names()) if name.startswith(incomplete)]
    except (SlothError, ActionFailed, OSError):
        return []


def _of_inventory(ctx: Context) -> list[str]:
    from sloth.engine import reading
    from sloth.engine.request import Targets

    given = ctx.params.get("inventory") or ctx.params.get("sources")
    inventory = reading.inventory(Targets(tuple(given or configured()["inventory"])))
    return [*inventory.groups, *inventory.hosts]


def _catalog() -> Catalog:
    from sloth.engine import reading

    return reading.project(Path()).library.catalog


def _workflows(ctx: Context) -> Iterable[Workflow]:
    """Those of the file. While an option waits for its value typer has read no argument: look at the shell's words."""
    from sloth.engine import reading
    from sloth.workflow.load import load

    line = os.environ.get("COMP_WORDS") or os.environ.get("_TYPER_COMPLETE_ARGS", "")
    words = (word for word in line.split() if word.endswith((".sloth", ".lua")))
    path = Path(ctx.params.get("file") or next(words, ""))
    return load(path, {}, {}, _nobody, reading.project(path.parent)).file.workflows


def _nobody(level: str, text: str) -> None:
    del level, text  # what the file logs is not for here
