"""What makes a function an action: its signature is its schema, its docstring its manual.

`@action` only marks. An `Action` reads names, types, defaults and synonyms off the function, binds
what a caller gave (positional values in parameter order, named ones, natural synonyms) and explains
what does not fit. Types are string annotations in modern syntax; coercion.py reads them, and mypy.

A docstring is: one sentence, a blank line, a line `name: meaning` for each parameter, a blank line,
and lines that begin with `example: `.
"""

from sloth.runtime.coercion import coerce
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
    "stow", "telegram", "terraform", "webhook",
)
# Modules whose tables are values before they are options: their calls take none of COMMON.
OF_VALUES = ("event", "log", "metrics", "stack", "state", *PURE)
COMMON = ("timeout", "ignore_errors", "become")  # taken by every call, handled by the caller of the action
# What check mode makes of an action: it foretells the change; it does the same, as nothing is changed; it
# is not run, as nobody can know what it would change; it is left out, as it only tells others what was done.
FORETELLS, SAME, WOULD_RUN, LEFT_OUT = CHECKS = ("foretells", "same", "would_run", "left_out")
_REQUIRED = object()


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
                given[parameter.name] = positional if "object" in parameter.type else _flat(positional)
                return
            if parameter.name in given:
                raise BadArguments(f"{self.full_name}: {parameter.name} is given twice, by position and by name")
            value = positional.pop(0)
            if value is not None:
                given[parameter.name] = value
        if positional:
            raise BadArguments(f"{self.full_name}: too many arguments; it takes {self._takes()}")


def _flat(values: "list[object]") -> "list[object]":
    """All values, and those of the lists among them: `install("a", "b")` and `install { "a", "b" }` are the same."""
    return [item for value in values for item in (value if isinstance(value, list) else [value])]


def _type(annotation: object) -> str:
    return annotation.__name__ if isinstance(annotation, type) else str(annotation)


def near_name(name: str, known: "Iterable[str]") -> str:
    """ " (did you mean …?)" for the nearest of the known names, or an empty string."""
    import difflib

    found = difflib.get_close_matches(name, list(known), n=1)
    return f" (did you mean {found[0]}?)" if found else ""
