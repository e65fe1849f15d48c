"""How commands are made: one plain typer application a file, options in groups.

typer reads options off a function's signature. Here the fields of every parameter that is a record
take its place in that signature, so that options which several commands share are described once, and
a command gets them as one value.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator
from typing import Any, get_type_hints

import typer
from msgspec import Struct
from msgspec.structs import FieldInfo, fields
from typer.core import TyperCommand, TyperGroup
from typer.models import CommandFunctionType

from sloth.core.errors import UsageError
from sloth.core.near import near

_MOST_GROUPS = 3
COMPLETE = "_SLOTH_COMPLETE"
"""The variable by which a shell asks for completions."""


EXIT_CODES = """\b
exit codes: 0 all is well            5 later batches were left out
            1 wrong usage or file    6 another run works on a host
            2 a task failed          7 the workflow's time limit
            3 a host is unreachable  70 a bug of sloth
            4 a check found changes  130, 143 stopped by a signal
"""
"""What the commands that run something end with."""


class Command(TyperCommand):
    """A command whose usage shows arguments as they are typed, without typer's braces."""

    def collect_usage_pieces(self, ctx: Any) -> list[str]:
        return [piece.strip("{}") for piece in super().collect_usage_pieces(ctx)]


class Application(typer.Typer):
    """Makes such commands."""

    def command(self, name: str | None = None, **more: Any) -> Callable[[CommandFunctionType], CommandFunctionType]:
        return super().command(name, **{"cls": Command, **more})


class Group(TyperGroup):
    """Commands under one name: without an argument it shows its help, and it knows near matches."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        return super().parse_args(ctx, args or ["--help"])

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        names = self.list_commands(ctx)
        if args[0] not in names and not args[0].startswith("-"):
            hint = near(args[0], names) or self._below(ctx, args[0]) or f"`{ctx.command_path} --help` lists all"
            raise UsageError(f"{ctx.command_path} has no command {args[0]!r}", hint=hint)
        return super().resolve_command(ctx, args)

    def _below(self, ctx: Any, name: str) -> str:
        """A hint where a few of the groups in this one have a command of that name."""
        groups = [group for group in self.list_commands(ctx) if name in _commands(self.get_command(ctx, group))]
        words = " or ".join(f"`{ctx.command_path} {group} {name}`" for group in groups)
        return f"did you mean {words}?" if 0 < len(groups) <= _MOST_GROUPS else ""


def _commands(command: Any) -> Any:
    """The names of the commands of a group; none where it is a command itself."""
    return getattr(command, "commands", ())


def application(about: str = "", group: type[Group] = Group) -> Application:
    """An empty application. Its help is plain text: formatting it with rich would double the start-up."""
    return Application(
        cls=group, help=about or None, add_completion=False, rich_markup_mode=None, pretty_exceptions_enable=False,
        context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110},
    )  # fmt: skip


def flat(function: Callable[..., int]) -> Callable[..., int]:
    """The function with the fields of its records, and of theirs, as parameters."""
    parameters = inspect.signature(function, eval_str=True).parameters.values()
    groups = {one.name: one.annotation for one in parameters if _is_record(one.annotation)}

    def command(**words: Any) -> int:
        grouped = {name: _filled(group, words) for name, group in groups.items()}
        return function(**words, **grouped)

    flattened = [inner for one in parameters for inner in _inner(one)]
    command.__name__ = function.__name__
    command.__doc__ = function.__doc__
    command.__signature__ = inspect.Signature(flattened)  # type: ignore[attr-defined]  # what inspect looks for
    return command


def _filled(group: Any, words: dict[str, Any]) -> Any:
    """A record of the words that are its fields; they are taken out."""
    return group(**{
        one.name: _filled(type(one.default), words) if isinstance(one.default, Struct) else words.pop(one.name)
        for one in fields(group)
    })  # fmt: skip


def _inner(parameter: inspect.Parameter) -> Iterator[inspect.Parameter]:
    group = parameter.annotation
    if not _is_record(group):
        yield parameter.replace(kind=inspect.Parameter.KEYWORD_ONLY)
        return
    hints = get_type_hints(group, include_extras=True)
    for field in fields(group):
        yield from _inner(
            inspect.Parameter(
                field.name, inspect.Parameter.KEYWORD_ONLY, default=_default(field), annotation=hints[field.name]
            )
        )


def _is_record(annotation: object) -> bool:
    return isinstance(annotation, type) and issubclass(annotation, Struct)


def _default(field: FieldInfo) -> object:
    return inspect.Parameter.empty if field.required else field.default
