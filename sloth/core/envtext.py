"""Files of `NAME=value` lines, as dotenv has them. What is in `${}` stays as it is: nothing is looked up."""

from __future__ import annotations

import io
from collections.abc import Callable, Sequence

from dotenv.parser import Binding, parse_stream

from sloth.core.errors import InventoryError


def parse(text: str, path: str) -> tuple[dict[str, str], Callable[[Sequence[str]], int | None]]:
    """The variables, and the line of each. Errors show no value, as it may be a secret."""
    values: dict[str, str] = {}
    lines: dict[str, int] = {}
    for binding in parse_stream(io.StringIO(text)):
        line = _line(binding)
        if binding.error or (binding.key is not None and binding.value is None):
            raise InventoryError("a line wants NAME=value, and each quote its end", where=f"{path}:{line}")
        if binding.key is None or binding.value is None:
            continue  # a comment
        if binding.key in values:
            message = f"duplicate key {binding.key!r}, first on line {lines[binding.key]}"
            raise InventoryError(message, where=f"{path}:{line}")
        values[binding.key], lines[binding.key] = binding.value, line
    return values, lambda keys: lines.get(keys[0]) if keys else None


def _line(binding: Binding) -> int:
    """The line of the name: empty lines before it belong to what was read."""
    read = binding.original.string
    return binding.original.line + read[: len(read) - len(read.lstrip())].count("\n")
