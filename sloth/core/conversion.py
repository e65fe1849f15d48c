"""YAML and TOML for scripts and hosts that cannot read them themselves: text to plain data and back.

The text may come from a host: it is limited in size, depth and in what its aliases may come to.
"""

from __future__ import annotations

import io
from collections.abc import Mapping
from typing import Any

from sloth.core import varsfile, yamltext
from sloth.core.errors import AnswerError, InventoryError
from sloth.core.sealed import is_sealed
from sloth.runtime.failure import ActionFailed

LARGEST = 1 << 20  # characters


def convert(asked: Mapping[str, Any]) -> dict[str, object]:
    """{"format": "yaml" or "toml", "text"} → {"value"}; {"format", "value"} → {"text"}. Raises AnswerError."""
    kind = str(asked.get("format"))
    if kind not in ("yaml", "toml"):
        raise AnswerError(f"there is no format {kind!r}", hint="there are yaml and toml")
    if "text" not in asked:
        return {"text": _write(kind, asked.get("value"))}
    text = str(asked["text"])
    if len(text) > LARGEST:
        raise AnswerError(f"a {kind.upper()} text of {len(text)} characters is too large; {LARGEST} may be read")
    try:
        if kind == "toml":
            value: object = dict(varsfile.parse(text, "the text", ".toml").values)
        else:
            value = yamltext.parse(text, "the text", varsfile.MAX_DEPTH)[0]
        if is_sealed(value):
            raise AnswerError("the text has encrypted values, which only inventories and files of variables may have")
        return {"value": value}
    except (InventoryError, RecursionError) as error:
        where = getattr(error, "where", "")
        raise AnswerError(f"{where}: {error}" if where else str(error), hint=getattr(error, "hint", "")) from error


def answer(verb: str, asked: Mapping[str, Any]) -> Any:
    """What a script on the controller may ask, which has no host around it. Raises ActionFailed."""
    if verb != "convert":
        raise ActionFailed(f"{verb}: there is no host here to bring this to; do it in a task")
    try:
        return convert(asked)
    except AnswerError as error:
        raise ActionFailed(f"{error} ({error.hint})" if error.hint else str(error)) from error


def _write(kind: str, value: Any) -> str:
    if kind == "toml":
        import tomli_w

        if not isinstance(value, dict):
            raise AnswerError(f"TOML is a table with names, not {varsfile.kind(value)}")
        try:
            return tomli_w.dumps(_sorted(value))
        except TypeError as error:
            raise AnswerError("TOML knows no null", hint="leave the name out") from error
    import yaml

    out = io.StringIO()
    yaml.dump(value, out, Dumper=yaml.SafeDumper, allow_unicode=True, default_flow_style=False, sort_keys=True)
    return out.getvalue().removesuffix("...\n")


def _sorted(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _sorted(value[key]) for key in sorted(value)}
    return [_sorted(item) for item in value] if isinstance(value, list) else value
