"""What makes a function an action: its signature is its schema, its docstring its manual.

`@action` only marks. An `Action` reads names, types, defaults and synonyms off the function, binds
what a caller gave (positional values in parameter order, named ones, natural synonyms) and explains
what does not fit. Types are string annotations in modern syntax (`"str | None"`, `"list[str]"`,
`"Literal['present', 'absent']"`); they are read here, with a small grammar, and by mypy.

A docstring is: one sentence, a blank line, a line `name: meaning` for each parameter, a blank line,
and lines that begin with `example: `.
"""

import re

from sloth.runtime.failure import BadArguments

MYPY = False
if MYPY:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from typing import Any

    Mode = str  # names that annotations of actions use: a file mode; a duration, in seconds once it is bound
    Duration = float

PURE = ("crypto", "csv", "data", "json", "strings", "time", "toml", "xml", "yaml")  # modules that need no host
# Modules that files of the Go sloth-runner call and that are not there. Such files load; a task that calls one fails.
ABSENT = (
    "ai", "aws", "azure", "database", "db", "digitalocean", "docker", "email", "frp", "gcp", "gitops", "helm", "incus",
    "k8s", "kubernetes", "lvm", "nfs", "nixos", "notifications", "ntfy", "pulumi", "raid", "salt", "slack", "smb",
    "stack", "stow", "telegram", "terraform", "webhook",
)
# Modules whose tables are values before they are options: their calls take none of COMMON.
OF_VALUES = ("event", "log", "metrics", "state", *PURE)
COMMON = ("timeout", "ignore_errors", "become")  # taken by every call, handled by the caller of the action
# What check mode makes of an action: it foretells the change; it does the same, as nothing is changed; it
# is not run, as nobody can know what it would change; it is left out, as it only tells others what was done.
FORETELLS, SAME, WOULD_RUN, LEFT_OUT = CHECKS = ("foretells", "same", "would_run", "left_out")
_REQUIRED = object()
_TRUE = ("yes", "true", "on", "1")
_FALSE = ("no", "false", "off", "0")
_DURATION = re.compile(r"^\d+(?:\.\d+)?(?:\s*(?:ms|[smhdw]))?$|^(?:\d+(?:\.\d+)?(?:ms|[smhdw])){2,}$")
_PART = re.compile(r"(\d+(?:\.\d+)?)\s*(ms|[smhdw])?")
_UNITS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0, "w": 604800.0}


class Values(list):  # type: ignore[type-arg]  # list[object] cannot be a base class on Python 3.6
    """Several return values of an action; a plain list is one value."""


class Marks:
    """What a decorator says beyond the signature."""

    def __init__(
        self, synonyms: "Mapping[str, Sequence[str]]", query: bool, rest: str, check: str, diff: bool
    ) -> None:
        self.synonyms = dict(synonyms)
        self.query = query
        self.rest = rest
        self.check = check
        self.diff = diff


def action(
    function: "Callable[..., object] | None" = None,
    *,
    synonyms: "Mapping[str, Sequence[str]] | None" = None,
    query: bool = False,
    rest: str = "",
    check: str = "",
    diff: bool = False,
) -> "Callable[..., Any]":  # the function itself, or what marks it
    """Mark a function as an action.

    synonyms: parameter → other names under which it is known
    query: it only looks: its value goes to the caller as it is, and failure is `nil, "why"`
    rest: the list parameter that takes all further positional values
    check: what check mode makes of it, one of CHECKS; when not given, a query does the same and all else is foretold
    diff: it shows the difference that it makes, where the run wants that
    """
    marks = Marks(synonyms or {}, query, rest, check or (SAME if query else FORETELLS), diff)

    def mark(marked: "Callable[..., object]") -> "Callable[..., object]":
        marked.__sloth_action__ = marks  # type: ignore[attr-defined]  # a mark, no more
        return marked

    return mark if function is None else mark(function)


class Parameter:
    """One argument of an action."""

    def __init__(self, name: str, type_: str, default: object, synonyms: "Sequence[str]") -> None:
        self.name = name
        self.type = type_
        self.required = default is _REQUIRED
        self.default = None if self.required else default
        self.synonyms = tuple(synonyms)


class Action:
    """A marked function, ready to bind and call."""

    def __init__(self, module: str, function: "Callable[..., object]") -> None:
        marks = function.__sloth_action__  # type: ignore[attr-defined]  # set by @action
        code = function.__code__
        names = code.co_varnames[code.co_argcount : code.co_argcount + code.co_kwonlyargcount]
        defaults = function.__kwdefaults__ or {}
        self.module = module
        self.name = function.__name__.rstrip("_")
        self.function = function
        self.query = marks.query  # type: bool
        self.rest = marks.rest  # type: str
        self.check = marks.check  # type: str
        self.diff = marks.diff  # type: bool
        self.parameters = [
            Parameter(
                name, _type(function.__annotations__[name]), defaults.get(name, _REQUIRED), marks.synonyms.get(name, ())
            )
            for name in names
        ]

    @property
    def full_name(self) -> str:
        """`module.action`."""
        return f"{self.module}.{self.name}"

    def bind(
        self, positional: "Sequence[object]", named: "Mapping[str, object]", empty: bool = False
    ) -> "dict[str, object]":
        """Keyword arguments for the function, or BadArguments that says what does not fit.

        empty: the caller also gave an empty Lua table, which is an empty list if one is still wanted

        A table that stands where a parameter takes tables is its value; elsewhere it has arguments by name.
        """
        positional, named = self._placed(list(positional), dict(named))
        given = self._named(named)
        self._positional(positional, given)
        if empty:
            for parameter in self.parameters:
                if parameter.name not in given and parameter.type.startswith(("list[", "dict[", "object")):
                    given[parameter.name] = [] if parameter.type.startswith("list[") else {}
                    break
        missing = [
            parameter.name for parameter in self.parameters if parameter.required and parameter.name not in given
        ]
        if missing:
            raise BadArguments(f"{self.full_name}: missing argument {', '.join(missing)}; it takes {self._takes()}")
        types = {parameter.name: parameter.type for parameter in self.parameters}
        bound = {}
        for name, value in given.items():
            try:
                bound[name] = coerce(types[name], value)
            except ValueError as error:
                raise BadArguments(f"{self.full_name}: {name} {error}") from error
        return bound

    def check_names(self, positional: int, names: "Iterable[str]") -> None:
        """BadArguments when no call with so many positional values and these names can be made."""
        values, named = self._placed([None] * positional, dict.fromkeys(names))
        self._positional(list(values), self._named(named))

    def _placed(
        self, positional: "list[object]", named: "dict[str, object]"
    ) -> "tuple[list[object], dict[str, object]]":
        """The last table of a call, as a value or as names."""
        place = len(positional) - (0 if named else 1)
        type_ = self._type_at(place)
        takes_tables = type_.startswith(("dict[", "object", "list[object]"))
        if named and takes_tables and (type_ == "object" or not named.keys() <= self._aliases().keys()):
            return [*positional, named], {}
        if not named and positional and isinstance(positional[-1], dict) and not takes_tables:
            return positional[:-1], positional[-1]
        return positional, named

    def _type_at(self, place: int) -> str:
        """What a positional value has to be; an empty string where there may be none."""
        if 0 <= place < len(self.parameters):
            return self.parameters[place].type
        return next((parameter.type for parameter in self.parameters if parameter.name == self.rest), "")

    def _aliases(self) -> "dict[str, str]":
        """Every name of every parameter → the parameter."""
        return {
            alias: parameter.name for parameter in self.parameters for alias in (parameter.name, *parameter.synonyms)
        }

    def _takes(self) -> str:
        return ", ".join(sorted(parameter.name for parameter in self.parameters)) or "no arguments"

    def _named(self, named: "Mapping[str, object]") -> "dict[str, object]":
        names = self._aliases()
        given = {}  # type: dict[str, object]
        for alias, value in named.items():
            if alias not in names:
                near = near_name(alias, names)
                raise BadArguments(f"{self.full_name}: unknown argument {alias}{near}; it takes {self._takes()}")
            if names[alias] in given:
                raise BadArguments(f"{self.full_name}: {names[alias]} is given twice")
            if value is not None:
                given[names[alias]] = value
        return given

    def _positional(self, positional: "list[object]", given: "dict[str, object]") -> None:
        for parameter in self.parameters:
            if not positional:
                return
            if parameter.name == self.rest:
                given[parameter.name] = positional
                return
            if parameter.name in given:
                raise BadArguments(f"{self.full_name}: {parameter.name} is given twice, by position and by name")
            value = positional.pop(0)
            if value is not None:
                given[parameter.name] = value
        if positional:
            raise BadArguments(f"{self.full_name}: too many arguments; it takes {self._takes()}")


def coerce(type_: str, value: object) -> object:
    """`value` as the annotation `type_`, or ValueError("wants …, got …").

    The members of a union are tried first without, then with conversion, so that `"str | int"` keeps an int.
    """
    members = [member.strip() for member in _split(type_, "|")]
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
    for member in (member.strip() for member in _split(type_, "|")):
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
        return float(value)
    match = _DURATION.match(value.strip()) if isinstance(value, str) else None
    if match is None:
        raise ValueError(f"{_show(value)} is no duration: write a number of seconds or 500ms, 30s, 5m, 2h, 1d")
    return sum(float(number) * _UNITS[unit or "s"] for number, unit in _PART.findall(match.group()))


def _type(annotation: object) -> str:
    return annotation.__name__ if isinstance(annotation, type) else str(annotation)


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


_SCALARS = {
    "str": _string,
    "bool": _boolean,
    "int": _integer,
    "float": _number,
    "None": _nothing,
    "object": _anything,
    "Duration": _duration,
    "Mode": _mode,
}  # type: dict[str, Callable[[object, bool], object]]


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


def _advice(members: "list[str]", value: object) -> str:
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


def near_name(name: str, known: "Iterable[str]") -> str:
    """ " (did you mean …?)" for the nearest of the known names, or an empty string."""
    import difflib

    found = difflib.get_close_matches(name, list(known), n=1)
    return f" (did you mean {found[0]}?)" if found else ""
