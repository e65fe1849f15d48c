"""Ansible's INI inventories, as documents of the shape that YAML ones have.

    web1 ansible_host=192.0.2.1         hosts of no group stand first
    [web]                               hosts, a line each, with name=value behind them
    web[01:50]
    [web:vars]                          name = value, to the end of the line
    [site:children]                     groups, a line each

Values are typed as Ansible types them: what is a literal of Python is its value (`8080`, `True`, `None`,
`[1, 2]`, `{'a': 1}`, `'8080'`), anything else is text (`true`, `0644`, `10.0.0.1`). A password that looks like a
number stays text. On lines of hosts the quotes of a shell come off first.

Sections of one name add up. What Ansible lets pass and people regret is an error: a variable said twice
for the same host or group, a `#` in the middle of a word, groups that nobody defines.
"""

from __future__ import annotations

import ast
import re
import shlex
import warnings
from collections.abc import Sequence
from typing import Any

from sloth.core.errors import InventoryError
from sloth.core.near import near
from sloth.core.sealed import SECRET_TAG, Sealed, sealed
from sloth.core.varsfile import VarsFile, plain
from sloth.inventory.connection import SECRET_VARIABLES
from sloth.inventory.names import ALL, UNGROUPED

_SECTION = re.compile(r"\[([^:\]\s]+)(?::([^\]\s]*))?\]\s*(?:[#;].*)?")
_SECTION_LINE = re.compile(rf"^\s*{_SECTION.pattern}$", re.MULTILINE)
_PLAIN_LINE = re.compile(r"""[^'"\\#]*""")
_WORD = re.compile(r"""(?:[^\s'"\\#]|\\.|'[^']*'|"(?:[^"\\]|\\.)*")+(\s*)""")
_INTEGER = re.compile(r"-?(?:0|[1-9][0-9]{0,17})")
_DOTTED = re.compile(r"[0-9]+(?:\.[0-9]+){2,}")
_LITERAL = re.compile(r"""[-+.\d'"(\[{]|[bBrRuU]{1,2}['"]|(?:True|False|None)\b""")


def is_ini(text: str) -> bool:
    """Whether a text has the sections of an INI file."""
    return _SECTION_LINE.search(text) is not None


def parse(text: str, path: str) -> VarsFile:
    """The document of an INI text that stands in `path`."""
    return _Reader(path).read(text)


class _Reader:
    """Reads one text line by line."""

    def __init__(self, path: str) -> None:
        self.path = path
        self.number = 0
        self.group, self.kind = UNGROUPED, "hosts"
        self.groups: dict[str, dict[str, dict[str, Any]]] = {}
        self.lines: dict[tuple[str, ...], int] = {}
        self.defined = {ALL, UNGROUPED}
        self.named: dict[str, tuple[int, str]] = {}
        self.readers = {"hosts": self.hosts, "vars": self.vars, "children": self.children}

    def read(self, text: str) -> VarsFile:
        for self.number, written in enumerate(text.split("\n"), start=1):
            line = written.strip()
            if not line or line[0] in "#;":
                continue
            if section := _SECTION.fullmatch(line):
                self.section(section[1], section[2])
            elif line[0] == "[" and line[-1] == "]":
                raise self.error(f"{line} is no section", "sections are [group], [group:vars] and [group:children]")
            else:
                self.readers[self.kind](line)
        for name, (number, message) in self.named.items():
            if name not in self.defined:
                hint = near(name, self.defined - {ALL, UNGROUPED}) or f"add a section [{name}]; it may be empty"
                raise InventoryError(message, where=f"{self.path}:{number}", hint=hint)
        return VarsFile(self.path, self.groups, self.line_of)

    def section(self, name: str, kind: str | None) -> None:
        self.group, self.kind = name, kind if kind is not None else "hosts"
        if self.kind not in self.readers:
            hint = near(self.kind, self.readers) or "sections are [group], [group:vars] and [group:children]"
            raise self.error(f"a section [{name}:{kind}] means nothing", hint)
        if self.kind == "vars":
            self.named.setdefault(name, (self.number, f"[{name}:vars]: no section defines a group {name!r}"))
        else:
            self.defined.add(name)
        self.lines.setdefault((name,), self.number)
        self.groups.setdefault(name, {})

    def hosts(self, line: str) -> None:
        host, *words = self.words(line)
        values = self.part("hosts").setdefault(host, {})
        self.lines.setdefault((self.group, "hosts", host), self.number)
        for word in words:
            name, equals, text = word.partition("=")
            if not equals or not name:
                hint = "a line has one host; behind it stands name=value, without spaces around the ="
                shown = "what follows a password" if SECRET_VARIABLES & values.keys() else repr(word)
                raise self.error(f"{shown} is no name=value", hint)
            self.say(values, name, text, (self.group, "hosts", host))

    def vars(self, line: str) -> None:
        name, equals, text = line.partition("=")
        if not equals or not name.strip():
            raise self.error(f"{line!r} is no name = value", f"hosts stand in a section [{self.group}]")
        self.say(self.part("vars"), name.strip(), text.strip(), (self.group, "vars"))

    def children(self, line: str) -> None:
        name, *more = self.words(line)
        if more:
            raise self.error(f"{line!r} is no name of a group", "a line has one group, and nothing behind it")
        self.part("children").setdefault(name, {})
        self.lines.setdefault((self.group, "children", name), self.number)
        self.named.setdefault(name, (self.number, f"[{self.group}:children]: no section defines a group {name!r}"))

    def part(self, kind: str) -> dict[str, Any]:
        return self.groups.setdefault(self.group, {}).setdefault(kind, {})

    def say(self, values: dict[str, Any], name: str, text: str, keys: tuple[str, ...]) -> None:
        if name in values:
            raise self.error(f"{name} is said twice for {keys[-1] if len(keys) > 2 else self.group}, "
                             f"first on line {self.lines[*keys, name]}")  # fmt: skip
        value = _typed(text, f"{self.path}:{self.number}", name)
        keep_text = name in SECRET_VARIABLES and value is not None and not isinstance(value, str | Sealed)
        values[name] = text if keep_text else value
        self.lines[*keys, name] = self.number

    def words(self, line: str) -> Sequence[str]:
        """The words of a line as a shell splits them, without a comment at its end."""
        if _PLAIN_LINE.fullmatch(line):
            return line.split()
        end = 0
        while end < len(line) and line[end] != "#":
            word = _WORD.match(line, end)
            if word is None:
                raise self.error("a quote is not closed, or nothing follows a backslash")
            end = word.end()
            if line[end : end + 1] == "#" and not word[1]:
                hint = "a comment has a space before it; a value with a # wants quotes"
                raise self.error("a # stands in the middle of a word", hint)
        return shlex.split(line[:end])

    def line_of(self, keys: Sequence[str]) -> int | None:
        """The line of what is nearest to the path from above."""
        wanted = tuple(keys)
        return next((self.lines[wanted[:end]] for end in range(len(wanted), 0, -1) if wanted[:end] in self.lines), None)

    def error(self, message: str, hint: str = "") -> InventoryError:
        return InventoryError(message, where=f"{self.path}:{self.number}", hint=hint)


def _typed(text: str, where: str, name: str) -> Any:
    """The value of a text that may be a literal of Python, or name a secret."""
    tag, _, rest = text.partition(" ")
    if tag == SECRET_TAG and (secret := sealed(tag, rest, where, name)) is not None:
        return secret
    if _INTEGER.fullmatch(text):
        return int(text)
    if not _LITERAL.match(text) or _DOTTED.fullmatch(text):
        return text
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of escapes such as \d, which are text in any case
            value = ast.literal_eval(text)
    except (ValueError, TypeError, SyntaxError):
        return text
    except (RecursionError, MemoryError) as error:
        raise InventoryError(f"{name} is nested too deeply", where=where) from error
    return plain(value, where, (name,))
