"""Variables that people write: in YAML, TOML, JSON or dotenv files, and on the command line.

`read` serves inventories, group_vars, values files and role defaults, `extra_vars` serves `-e`. All
give plain data that JSON can carry; a duplicate key is an error everywhere.
"""

from __future__ import annotations

import json
import math
import re
import shlex
from collections.abc import Callable, Mapping, Sequence
from datetime import date, time
from functools import partial
from pathlib import Path
from typing import Any, ClassVar

from sloth.core import keylines
from sloth.core.discreet import Discreet
from sloth.core.errors import InventoryError, UsageError
from sloth.core.near import near_file
from sloth.core.sealed import VAULT_HEADER, Opener, OpenFile, Sealed, all_sealed, of_table
from sloth.core.userpath import user_path

SUFFIXES = (".yml", ".yaml", ".toml", ".json")
ENV = ".env"
MAX_DEPTH = 100

_TOML_POSITION = re.compile(r" \((?:at line (\d+), column (\d+)|at end of document)\)$")


def _nowhere(_keys: Sequence[str]) -> int | None:
    return None


class VarsFile(Discreet, frozen=True):
    """One file's variables."""

    unshown: ClassVar[frozenset[str]] = frozenset({"values"})

    path: str
    values: Mapping[str, Any]
    line_of: Callable[[Sequence[str]], int | None] = _nowhere

    def where(self, *keys: str) -> str:
        """`file:line` of the key at this path, or of what is nearest above it."""
        line = self.line_of(keys)
        return f"{self.path}:{line}" if line else self.path


def closed(_text: str, path: str) -> str:
    """Opens no encrypted file."""
    raise InventoryError("a file that is encrypted with Ansible Vault has no place here", where=path)


def _closed_value(sealed: Sealed) -> str:
    raise InventoryError("an encrypted value has no place here", where=sealed.where)


CLOSED = Opener(_closed_value, closed)
"""Opens nothing."""


def read(path: Path, open_file: OpenFile = closed) -> VarsFile:
    """The variables of a file; its name says the format, and if it does not, it is YAML."""
    suffix = ENV if _is_env(path.name) else path.suffix.lower()
    return parse(read_text(path), str(path), suffix, open_file)


def _is_env(name: str) -> bool:
    """Whether a name is one of dotenv's: `.env`, `prod.env`, `.env.prod`."""
    return name.endswith(ENV) or name.startswith(ENV + ".")


def parse(text: str, path: str, suffix: str, open_file: OpenFile = closed) -> VarsFile:
    """The variables of a text that stands in `path`. What was encrypted as a whole has sealed texts."""
    if text.startswith(VAULT_HEADER):
        inside = parse(open_file(text, path), path, suffix)
        return VarsFile(path, all_sealed(inside.values, path), inside.line_of)
    line_of: Callable[[Sequence[str]], int | None] = _nowhere
    data: Any
    try:
        if suffix == ".toml":
            data, line_of = _toml(text, path), partial(keylines.of_toml, text)
        elif suffix == ".json":
            data, line_of = _json(text, path), partial(keylines.of_json, text)
        elif suffix == ENV:
            from sloth.core import envtext

            data, line_of = envtext.parse(text, path)
        else:
            from sloth.core import yamltext

            data, line_of = yamltext.parse(text, path, MAX_DEPTH)
    except RecursionError as error:
        raise InventoryError("nested too deeply", where=path) from error
    if data is None:
        data = {}
    if not isinstance(data, dict):
        raise InventoryError(f"a mapping of names to values is expected, not {kind(data)}", where=path)
    return VarsFile(path, data, line_of)


def extra_vars(items: Sequence[str], open_file: OpenFile = closed) -> dict[str, Any]:
    """The variables of all `-e`: `name=value …`, a JSON object, or `@file`; the last of a name wins."""
    return {name: value for item in items for name, value in extra_file(item, open_file).values.items()}


def extra_file(item: str, open_file: OpenFile = closed) -> VarsFile:
    """The variables of one `-e`."""
    text = item.strip()
    if text.startswith("@"):
        return read(user_path(text[1:]), open_file)
    if text.startswith(("{", "[")):
        return parse(text, "-e", ".json")
    return VarsFile("-e", _pairs(text))


def kind(value: object) -> str:
    """What a value is, as a person would say it."""
    if value is None:
        return "nothing"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, Sealed):
        return "a secret"
    names: dict[type, str] = {dict: "a mapping", list: "a list", str: "a string", int: "a number", float: "a number"}
    return names.get(type(value), type(value).__name__)


def _pairs(text: str) -> dict[str, str]:
    try:
        words = shlex.split(text)
    except ValueError as error:
        raise UsageError(f"-e {text}: {str(error).lower()}", hint="close the quote") from error
    found = {}
    for word in words:
        name, equals, value = word.partition("=")
        if not equals or not name:
            hint = "-e takes name=value, a JSON object, or @file; quote a value with spaces: -e \"name='a b'\""
            raise UsageError(f"-e {text}: {word!r} is no name=value", hint=hint)
        found[name] = value
    return found


def read_text(path: Path) -> str:
    """A file that a person wrote, or an error that names it."""
    return decoded(read_bytes(path), str(path))


def decoded(raw: bytes, where: str) -> str:
    """The text of bytes; editors of other systems put a mark in front of it."""
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise InventoryError(f"byte {error.start} is no UTF-8", where=where) from error


def read_bytes(path: Path) -> bytes:
    """The bytes of a file that a person wrote."""
    try:
        return path.read_bytes()
    except FileNotFoundError as error:
        raise InventoryError(f"there is no file {path}", hint=near_file(path)) from error
    except OSError as error:
        raise InventoryError(f"cannot read {path}: {(error.strerror or str(error)).lower()}") from error


def _json(text: str, path: str) -> Any:
    def refuse_duplicates(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        made = dict(pairs)
        if len(made) < len(pairs):
            names = [name for name, _ in pairs]
            twice = next(name for name in names if names.count(name) > 1)
            raise InventoryError(f"duplicate key {twice!r}", where=path)
        return made

    try:
        data = json.loads(text, object_pairs_hook=refuse_duplicates)
    except json.JSONDecodeError as error:
        problem = error.msg[0].lower() + error.msg[1:]
        raise InventoryError(f"this is no JSON: {problem}", where=f"{path}:{error.lineno}:{error.colno}") from error
    return plain(data, path)


def _toml(text: str, path: str) -> dict[str, Any]:
    import tomllib

    try:
        data = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        problem, where = str(error), path
        if position := _TOML_POSITION.search(problem):
            problem = problem[: position.start()]
            last_line = text.rpartition("\n")[2]
            line, column = position[1] or text.count("\n") + 1, position[2] or len(last_line) + 1
            where = f"{path}:{line}:{column}"
        problem = problem[0].lower() + problem[1:]
        raise InventoryError(f"this is no TOML: {problem}", where=where) from error
    made: dict[str, Any] = plain(data, path)
    return made


def plain(value: Any, where: str, keys: tuple[str, ...] = ()) -> Any:
    """The value as JSON carries it: tuples as lists, dates as ISO strings. keys: how errors call it.

    Raises InventoryError for what JSON cannot carry, and for a depth that nobody wrote by hand.
    """
    if len(keys) > MAX_DEPTH:
        raise InventoryError(f"nested deeper than {MAX_DEPTH} levels", where=where)
    if isinstance(value, dict):
        if (secret := of_table(value, where, _nearest(keys))) is not None:
            return secret
        for key in value:
            if not isinstance(key, str):
                hint = f'quote it: "{key}"'
                raise InventoryError(f"{_named(keys)} has the key {key!r}, which is no string", where=where, hint=hint)
        return {key: plain(item, where, (*keys, key)) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [plain(item, where, (*keys, str(index))) for index, item in enumerate(value)]
    if isinstance(value, float) and not math.isfinite(value):
        raise InventoryError(f"{_named(keys)} is {value}, a number that JSON cannot carry", where=where)
    if value is None or isinstance(value, str | int | float):
        return value
    if isinstance(value, date | time):
        return value.isoformat()
    raise InventoryError(f"{_named(keys)} is a {type(value).__name__}, which cannot be a variable", where=where)


def _nearest(keys: Sequence[str]) -> str:
    """The name of a variable that the path ends at, or in whose list."""
    return next((key for key in reversed(keys) if not key.isdecimal()), "")


def _named(keys: Sequence[str]) -> str:
    return ".".join(keys) or "the value"
