"""The command `sloth`: which commands there are, and what becomes of errors.

A command is loaded when it is called: `sloth A B` lives in cli/A.py, function B. The table below is all
that `sloth --help` needs.
"""

from __future__ import annotations

import importlib
import os
import re
import signal
import sys
import traceback
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from types import FrameType
from typing import Annotated, Any, NoReturn

import typer

from sloth import __version__
from sloth.cli.command import COMPLETE, Group, application
from sloth.cli.render import problems
from sloth.core.errors import SlothError, UsageError

COMMANDS: Mapping[str, str] = {
    "run": "Run a workflow file on this machine, or on the hosts of -i.",
    "apply": "Run a workflow file on the hosts of an inventory.",
    "resume": "Do what is left of a run.",
    "runs": "What was run: list, show, logs, attach, cancel, prune.",
    "artifacts": "Files that tasks left: list, get, prune.",
    "events": "What happened in runs: list, show, watch, clear, stats.",
    "plan": "Show what a run would do, without connecting.",
    "exec": "Run one command on many hosts.",
    "call": "Call one action of a module on many hosts.",
    "test": "Run the tests of workflows.",
    "new": "Begin a project, a workflow or a role.",
    "facts": "What hosts are: system, hardware, network, packages …",
    "verify": "Make the checks of a workflow on its hosts, reported as tests.",
    "workflow": "Workflow files: list, show, validate.",
    "inventory": "Hosts and groups: list, graph, show, explain.",
    "secrets": "Secrets: set, get, list, rotate, audit.",
    "modules": "The manual of the modules that workflows call.",
    "state": "Values and locks that outlive runs.",
    "locks": "Who has which lock, and which host.",
    "db": "The store of all that: info, backup, restore, verify.",
    "docs": "The reference of modules as Markdown.",
    "bundle": "What sloth sends to hosts: build, list, prune.",
    "config": "The settings that hold here, and where each comes from.",
    "completion": "Completion for bash, zsh and fish.",
    "version": "The version of sloth.",
}
ABOUT = """Workflows in Lua, pushed over SSH, run on the hosts themselves.

\b
example: sloth run quickstart.sloth
         sloth apply -i inventory.yml site.sloth --check --diff
         sloth COMMAND --help
"""
_BUG = 70
_SHOWN = 200  # characters of a path
_NO_NUMBER = re.compile(r"'([^']*)' is not a valid int(?:eger)?(?: range)?")
_INTERRUPTED = 128 + signal.SIGINT
_TERMINATED = 128 + signal.SIGTERM


class Commands(Group):
    """The commands of the table, each loaded when it is called."""

    def list_commands(self, _: Any) -> list[str]:
        return list(COMMANDS)

    def get_command(self, _: Any, cmd_name: str) -> Any:
        if cmd_name not in COMMANDS:
            return None
        return typer.main.get_command(importlib.import_module(f"sloth.cli.{cmd_name}").app)

    def format_commands(self, _: Any, formatter: Any) -> None:
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))


class Terminated(KeyboardInterrupt):
    """SIGTERM: stop as for Ctrl-C."""


app = application(ABOUT, Commands)


@app.callback(invoke_without_command=True)
def sloth(
    context: typer.Context, version: Annotated[bool, typer.Option("--version", help="Show the version.")] = False
) -> None:
    """The version has an option too, because that is what fingers type."""
    if version and context.invoked_subcommand is None:
        typer.echo(f"sloth {__version__}")


def run() -> NoReturn:
    """The command `sloth`. It ends at once when all is said: taking Python apart module by module costs 80 ms."""
    _open_what_is_closed()
    code = main()
    for stream in (sys.stdout, sys.stderr):
        with suppress(OSError, ValueError):  # whoever read them may be gone
            stream.flush()
    os._exit(code)


def _open_what_is_closed() -> None:
    """Without stdin, stdout or stderr (`>&-`), the next file or socket would take its number."""
    for number, name in enumerate(("stdin", "stdout", "stderr")):
        if getattr(sys, name) is None:
            null = os.open(os.devnull, os.O_RDWR)
            os.dup2(null, number)
            if null != number:
                os.close(null)
            setattr(sys, name, os.fdopen(number, "r" if number == 0 else "w", encoding="utf-8"))


def main(words: Sequence[str] | None = None) -> int:
    """Run one command line; returns the exit code."""
    words = sys.argv[1:] if words is None else words
    if COMPLETE in os.environ:
        importlib.import_module("sloth.cli.completion").know_shells()
    with _sigterm_stops() as terminated:
        code = _run(words)
    return _TERMINATED if terminated and code == _INTERRUPTED else code


def _run(words: Sequence[str]) -> int:
    try:
        return int(typer.main.get_command(app).main(list(words), "sloth", standalone_mode=False) or 0)
    except SlothError as error:
        problems.show(error)
        return error.exit_code
    except typer.TyperException as error:
        problems.show(_usage(error))
        return UsageError.exit_code
    except (KeyboardInterrupt, typer.Abort):
        return _INTERRUPTED
    except OSError as error:
        return _of_system(error, words)
    except Exception:  # noqa: BLE001  # the top: whatever is left is a bug, and has an exit code of its own
        return _bug(words)


def _of_system(error: OSError, words: Sequence[str]) -> int:
    """What the system says of a file that somebody named; of anything else it is a bug that nobody expects it."""
    if error.filename is None or error.strerror is None:
        return _bug(words)
    problems.show(UsageError(f"{str(error.filename)[:_SHOWN]}: {error.strerror.lower()}"))
    return UsageError.exit_code


def _bug(words: Sequence[str]) -> int:
    problems.show_bug(traceback.format_exc() if _wants_trace(words) else "")
    return _BUG


def _usage(error: typer.TyperException) -> UsageError:
    message = error.format_message()
    context = getattr(error, "ctx", None)
    hint = f"`{context.command_path} --help` shows how it is used" if context else ""
    number = _NO_NUMBER.search(message)
    if number and number[1].endswith((".sloth", ".lua")):  # other tools name the file with -f
        hint = f"workflow files stand without an option: `{getattr(context, 'command_path', 'sloth run')} {number[1]}`"
    message = _NO_NUMBER.sub(r"'\1' is no whole number", message)
    return UsageError(message[:1].lower() + message[1:].rstrip("."), hint=hint)


def _wants_trace(words: Sequence[str]) -> bool:
    return bool(os.environ.get("SLOTH_DEBUG")) or any(re.fullmatch("-v+|--verbose", word) for word in words)


@contextmanager
def _sigterm_stops() -> Iterator[Sequence[int]]:
    """SIGTERM ends a run as Ctrl-C does. Gives the signals that came."""
    came: list[int] = []

    def stop(number: int, _: FrameType | None) -> None:
        came.append(number)
        raise Terminated

    before = signal.signal(signal.SIGTERM, stop)
    try:
        yield came
    finally:
        signal.signal(signal.SIGTERM, before)
