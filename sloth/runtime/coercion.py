"""What a value has to be: the annotations of actions, read with a small grammar.

They are written as mypy reads them: `"str | None"`, `"list[str]"`, `"dict[str, object]"`, `"Literal['yes', 'no']"`,
and the names Duration and Mode. What is meant clearly enough becomes what is wanted; the rest is explained.
"""

import re
from functools import lru_cache

MYPY = False
if MYPY:
    from collections.abc import Callable

_TRUE = ("yes", "true", "on", "1")
_FALSE = ("no", "false", "off", "0")
# Compiled when they are first asked for, as all that few tasks want: it takes as long as to import a module.
_DURATION = r"^\d+(?:\.\d+)?(?:\s*(?:ms|[smhdw]))?$|^(?:\d+(?:\.\d+)?(?:ms|[smhdw])){2,}$"
_PART = r"(\d+(?:\.\d+)?)\s*(ms|[smhdw])?"
_LONGEST = 100 * 365 * 86400.0  # seconds
_UNITS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0, "w": 604800.0}


def coerce(type_: str, value: object) -> object:
    """`value` as the annotation `type_`, or ValueError("wants …, got …").

    The members of a union are tried first without, then with conversion, so that `"str | int"` keeps an int.
    """
    members = _members(type_)
    for strict in (True, False):
        for member in members:
            try:
                return _one(member, value, strict)
            except (TypeError, ValueError):
                continue
    raise ValueError(f"wants {describe(type_)}, got {_show(value)}{_advice(members, value)}")


def describe(type_: str) -> str:
    """A type in words for people."""
    words = {
        "str": "a string",
        "int": "an integer",
        "float": "a number",
        "bool": "true or false",
        "object": "any value",
        "None": "",
        "Duration": "a duration such as 30s or 5m",
        "Mode": 'a mode such as "0644" or "u=rw,g=r"',
    }
    parts = []
    for member in _members(type_):
        if member.startswith("Literal["):
            parts.append("one of " + ", ".join(choices(member)))
        elif member.startswith("list["):
            parts.append("a list of " + {"str": "strings", "int": "integers"}.get(member[5:-1], "values"))
        elif member.startswith("dict["):
            parts.append("a table of names and values")
        else:
            parts.append(words[member])
    return " or ".join(part for part in parts if part)


def choices(type_: str) -> "list[str]":
    """The words of a `Literal[…]` annotation."""
    return re.findall(r"'([^']*)'", type_)


def seconds(value: object) -> float:
    """A duration as seconds: a number, or a string such as "1.5", "90s", "2m", "1h30m". Raises ValueError."""
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        if value < 0:
            raise ValueError(f"a duration cannot be negative: {value}")
        return _bounded(value)
    match = re.match(_DURATION, value.strip()) if isinstance(value, str) else None
    if match is None:
        raise ValueError(f"{_show(value)} is no duration: write a number of seconds or 500ms, 30s, 5m, 2h, 1d")
    return _bounded(sum(float(number) * _UNITS[unit or "s"] for number, unit in re.findall(_PART, match.group())))


def _bounded(number: "int | float") -> float:
    """A number that is a length of time: timers take no other."""
    if not 0 <= number <= _LONGEST:  # nor is NaN within any bounds
        raise ValueError("a duration is at most 100 years")
    return float(number)


def _one(member: str, value: object, strict: bool) -> object:
    if member.startswith("list["):
        items = value if isinstance(value, list) else [value]
        if (strict and items is not value) or isinstance(value, dict):
            if value == {}:  # Lua does not tell an empty list from an empty table
                return []
            raise TypeError
        return [coerce(member[5:-1], item) for item in items]
    if member.startswith("dict["):
        if value == []:
            return {}
        if not isinstance(value, dict):
            raise TypeError
        inner = _split(member[5:-1], ",")[1].strip()
        return {str(key): coerce(inner, item) for key, item in value.items()}
    if member.startswith("Literal["):
        if value in choices(member):
            return value
        raise TypeError
    return _SCALARS[member](value, strict)


def _string(value: object, strict: bool) -> str:
    if isinstance(value, str):
        return value
    if strict or isinstance(value, bool) or not isinstance(value, (int, float)):
        raise TypeError
    return str(value)


def _boolean(value: object, strict: bool) -> bool:
    if isinstance(value, bool):
        return value
    word = str(value).lower()
    if not strict and isinstance(value, (str, int)) and word in _TRUE + _FALSE:
        return word in _TRUE
    raise TypeError


def _integer(value: object, strict: bool) -> int:
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    if not strict and isinstance(value, str) and re.match(r"^[+-]?\d+$", value):
        return int(value)
    raise TypeError


def _number(value: object, strict: bool) -> float:
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return float(value)
    if not strict and isinstance(value, str) and re.match(r"^[+-]?\d+(\.\d+)?$", value):
        return float(value)
    raise TypeError


def _nothing(value: object, strict: bool) -> None:
    if value is not None:
        raise TypeError


def _anything(value: object, strict: bool) -> object:
    return value


def _duration(value: object, strict: bool) -> float:
    try:
        return seconds(value)
    except ValueError as error:
        raise TypeError from error


def _mode(value: object, strict: bool) -> str:
    if isinstance(value, str) and re.match(
        r"^((0o)?[0-7]{3,5}|preserve|[ugoa]*[-+=][rwxXstugo]*(,[ugoa]*[-+=][rwxXstugo]*)*)$", value
    ):
        return value
    raise TypeError


_SCALARS: "dict[str, Callable[[object, bool], object]]" = {
    "str": _string,
    "bool": _boolean,
    "int": _integer,
    "float": _number,
    "None": _nothing,
    "object": _anything,
    "Duration": _duration,
    "Mode": _mode,
}


@lru_cache(maxsize=None)
def _members(type_: str) -> "tuple[str, ...]":
    """Those of a union, or the type alone. Actions have a few dozen types in all, which each call asks for."""
    return tuple(member.strip() for member in _split(type_, "|"))


def _split(text: str, separator: str) -> "list[str]":
    parts, depth, current = [], 0, ""
    for char in text:
        depth += {"[": 1, "]": -1}.get(char, 0)
        if char == separator and depth == 0:
            parts.append(current)
            current = ""
        else:
            current += char
    return [*parts, current]


def _show(value: object) -> str:
    kind = {bool: "boolean", int: "number", float: "number", str: "string", list: "list", dict: "table"}
    text = str(value).lower() if isinstance(value, bool) else repr(value)
    return f"the {kind.get(type(value), 'value')} {text if len(text) <= 60 else text[:57] + '...'}"


def _advice(members: "tuple[str, ...]", value: object) -> str:
    if "Mode" in members and isinstance(value, int) and value > 0:
        return f"; quote it, as a number loses its base: {_modes(value)}"
    if "str" in members and isinstance(value, bool):
        return f'; quote it if the word is meant: "{str(value).lower()}"'
    return ""


def _modes(number: int) -> str:
    """What mode was meant: 644 was written so, 420 may be what YAML made of 0644."""
    plain, octal = f"0{number}", f"0{number:o}"
    if len(octal) > 4:
        return f'"{plain}"'
    return f'"{octal}"' if re.search("[89]", plain) else f'"{octal}" if {octal} was written, else "{plain}"'
