"""A workflow file is read and evaluated once, in the sandbox, and becomes a model.

Only a workflow's own hooks run here later, in the machine that loaded it.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from sloth.core import conversion
from sloth.core.errors import WorkflowError
from sloth.core.near import near_file
from sloth.runtime.acting import Call, Here, Outcome, Report
from sloth.runtime.catalog import Catalog
from sloth.runtime.host import Settings
from sloth.runtime.lua.vm import VM, LuaError, LuaSyntax, LuaTimeout
from sloth.runtime.program import LOAD_LIMIT, TopLevel, load_program
from sloth.runtime.token import Token
from sloth.workflow.evaluated import Evaluated
from sloth.workflow.machine import own_lua
from sloth.workflow.modelling import file_of
from sloth.workflow.project import Project
from sloth.workflow.sources import Sources

Say = Callable[[str, str], None]


def load(
    path: Path,
    common: Mapping[str, object],
    values: Mapping[str, object],
    say: Say,
    project: Project | None = None,
    limit: float = LOAD_LIMIT,
) -> Evaluated:
    """Load and check one file.

    common: the variables that are the same for all hosts (values files, extra variables)
    values: those of the values files alone
    say(level, text): what the file logs or prints while it is loaded
    project: what lies around it; when not given, what is beside it and beside its folder
    limit: seconds that it may take
    Raises WorkflowError with file, line and a hint.
    """
    sources = Sources(project or Project.around(path.parent))
    library = sources.project.library
    _check_file(path, sources)
    lua54, prelude = own_lua()
    vm = VM(lua54, modules=library.catalog.names, compiled=prelude)
    sees = TopLevel(dict(common), dict(values), dict(os.environ), sorted(library.lua))
    with _explained(sources, limit):
        program = load_program(
            vm, path.name, sources.read, sees,
            side="controller", say=say, act=_make_a_call, deadline=vm.clock() + limit,
        )  # fmt: skip
    file = file_of(path, program, sources, values)
    if not file.workflows and not file.tests:
        raise WorkflowError(
            f"{path} defines no task", where=str(path), hint='begin with task("name"):command(…):build()'
        )
    return Evaluated(file, sources, vm, program)


def _check_file(path: Path, sources: Sources) -> None:
    if sources.read(path.name) is not None:
        return
    if path.is_dir():
        raise WorkflowError(f"{path} is a folder, not a workflow file")
    if path.exists() and not path.is_file():
        raise WorkflowError(f"{path} is no regular file", hint="write the workflow to a file, and name that")
    raise WorkflowError(f"there is no workflow file {path}", hint=near_file(path))


@contextmanager
def _explained(sources: Sources, limit: float) -> Iterator[None]:
    """What Lua says of a file, as people read it: with the place in their own files."""
    try:
        yield
    except LuaSyntax as error:
        raise WorkflowError(f"syntax error: {error.text}", where=sources.place(error.where)) from error
    except LuaTimeout as error:
        raise WorkflowError(
            f"loading takes longer than {limit:g} s",
            where=sources.place(error.where),
            hint="the top level of a file only declares tasks: work belongs into their commands",
        ) from error
    except LuaError as error:
        hint = str(error.result.get("hint") or "")
        raise WorkflowError(error.text, where=sources.place(error.where), hint=hint) from error


def _make_a_call(user: str | None, call: Call, settings: Settings, token: Token, report: Report) -> Outcome:
    """One of the calls that need no host: all they ask of the controller is to read and write formats."""
    return Here(Catalog(), conversion.answer, conversion.answer).act(call, settings, token, report)
