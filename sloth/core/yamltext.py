"""YAML text as plain data that JSON can carry, with the line of every key.

The composer is PyYAML's safe one (in C where it is there), so scalars mean what they mean to Ansible:
YAML 1.1, in which `no` is false and `0644` is 420. What PyYAML lets pass and people regret is an error
here: duplicate keys, keys that are no strings, NaN, bytes and sets. Dates become ISO strings. Aliases
share what they stand for, until somebody writes it out; what they may come to then is limited, or nine
lines would be a gigabyte of JSON.

The nodes are turned into data here and not by PyYAML's constructor: it is faster, and only the nodes
know the lines.
"""

from __future__ import annotations

import itertools
import math
import re
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import yaml

from sloth.core.errors import InventoryError
from sloth.core.sealed import SECRET_TAG, VAULT_TAG, Sealed, sealed

LineOf = Callable[[Sequence[str]], int | None]

_COMPOSER_DEPTH = 1000
_MAX_REPEATED = 10_000_000  # characters that aliases may stand for, written out
_SHORT = 64  # a scalar of fewer characters cannot be repeated into anything large
_BRACKET = re.compile(r"[\[\]{}]")
_COMPACT_NESTING = re.compile(rf"(?:[-?:][ \t]+){{{_COMPOSER_DEPTH}}}")

_TAG = "tag:yaml.org,2002:"
_STR, _MERGE = _TAG + "str", _TAG + "merge"
_TEXT_TAGS = frozenset({_STR, _TAG + "value", "!unsafe"})
_SCALARS = {
    _TAG + "int": "construct_yaml_int",
    _TAG + "float": "construct_yaml_float",
    _TAG + "bool": "construct_yaml_bool",
    _TAG + "null": "construct_yaml_null",
    _TAG + "timestamp": "construct_yaml_timestamp",
}
_SECRET_TAGS = frozenset({SECRET_TAG, VAULT_TAG})
_QUOTE = "quote it if it is meant as text"
_TAG_HINTS = {
    SECRET_TAG: "`!secret NAME` names a secret; `sloth secrets encrypt-string` writes an encrypted value",
    VAULT_TAG: "`ansible-vault encrypt_string` writes what belongs here",
    _TAG + "set": "write a list",
    _TAG + "binary": "write a string; bytes that are no text do not fit into a variable",
}


def parse(text: str, path: str, max_depth: int) -> tuple[Any, LineOf]:
    """The data of one document, and a function that tells the line (from 1) of a key by its path."""
    _refuse_deep_nesting(text, path, max_depth)
    loader_class: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    try:
        loader = loader_class(text)
        node = loader.get_single_node()
    except yaml.YAMLError as error:
        raise _syntax_error(error, text, path) from error
    builder = _Builder(loader, path, max_depth)
    data = None if node is None else builder.value(node, 1)
    return data, lambda keys: builder.line_of(data, keys)


class _Builder:
    """Turns the nodes of one document into data."""

    def __init__(self, loader: Any, path: str, max_depth: int) -> None:
        self.path = path
        self.max_depth = max_depth
        self.loader = loader
        self.built: dict[int, Any] = {}
        self.open: set[int] = set()
        self.names: list[str] = []  # of the keys that we are inside of
        self.repeated = 0
        self.lengths: dict[int, int] = {}
        # By the identity of each mapping made: aliases share one, and plain dicts stay plain.
        self.lines: dict[int, dict[str, int]] = {}

    def value(self, node: yaml.Node, depth: int) -> Any:
        if isinstance(node, yaml.ScalarNode) and len(node.value) < _SHORT:
            return self.scalar(node)
        identity = id(node)
        if identity in self.built:
            self.repeat(node)
            return self.built[identity]
        if identity in self.open:
            raise self.error(node, "this value contains itself")
        if depth > self.max_depth:
            raise self.error(node, f"nested deeper than {self.max_depth} levels")
        self.open.add(identity)
        made = self.collection(node, depth + 1)
        self.open.remove(identity)
        self.built[identity] = made
        return made

    def repeat(self, node: yaml.Node) -> None:
        """Count what an alias stands for."""
        self.repeated += self.length(node)
        if self.repeated > _MAX_REPEATED:
            hint = "aliases of aliases multiply; write the values out, or name them once"
            raise self.error(node, f"aliases of this come to more than {_MAX_REPEATED} characters", hint)

    def length(self, node: yaml.Node) -> int:
        """How long the node is when all aliases in it are written out."""
        if isinstance(node, yaml.ScalarNode):
            return len(node.value) + 1
        if id(node) not in self.lengths:
            parts = itertools.chain.from_iterable(node.value) if isinstance(node, yaml.MappingNode) else node.value
            self.lengths[id(node)] = 1 + sum(map(self.length, parts))
        return self.lengths[id(node)]

    def collection(self, node: yaml.Node, depth: int) -> Any:
        if isinstance(node, yaml.ScalarNode):
            return self.scalar(node)
        if isinstance(node, yaml.MappingNode) and node.tag == _TAG + "map":
            return self.mapping(node, depth)
        if isinstance(node, yaml.SequenceNode) and node.tag == _TAG + "seq":
            return [self.value(item, depth) for item in node.value]
        raise self.tag_error(node)

    def mapping(self, node: yaml.MappingNode, depth: int) -> dict[str, Any]:
        made: dict[str, Any] = {}
        lines: dict[str, int] = {}
        merged: yaml.Node | None = None
        for key_node, value_node in node.value:
            if key_node.tag == _MERGE:
                if merged is not None:
                    raise self.error(key_node, "a second << in one mapping", "merge a list: `<<: [*one, *two]`")
                merged = value_node
                continue
            key = self.key(key_node)
            if key in made:
                raise self.error(key_node, f"duplicate key {key!r}, first on line {lines[key]}")
            lines[key] = key_node.start_mark.line + 1
            self.names.append(key)
            made[key] = self.value(value_node, depth)
            self.names.pop()
        if merged is not None:
            for mapping in self.merged(merged, depth):
                made = {**mapping, **made}
                lines = {**self.lines[id(mapping)], **lines}
        self.lines[id(made)] = lines
        return made

    def merged(self, node: yaml.Node, depth: int) -> Iterator[dict[str, Any]]:
        """The mappings behind `<<`; of several the first wins, and the mapping's own keys win over all."""
        parts = node.value if isinstance(node, yaml.SequenceNode) else [node]
        for part in parts:
            if not isinstance(part, yaml.MappingNode):
                raise self.error(part, "<< takes a mapping or a list of mappings")
            yield self.value(part, depth)

    def key(self, node: yaml.Node) -> str:
        if isinstance(node, yaml.ScalarNode):
            if node.tag in _TEXT_TAGS:
                return str(node.value)
            shown = node.value or "null"
            raise self.error(node, f"the key {shown} is no string but {_kind(node)}", f'quote it: "{shown}"')
        raise self.error(node, "a key must be a string, not a list or a mapping")

    def secret(self, node: yaml.ScalarNode) -> Sealed:
        mark = node.start_mark
        found = sealed(node.tag, node.value, f"{self.path}:{mark.line + 1}", self.names[-1] if self.names else "")
        if found is None:
            raise self.error(node, f"{node.tag} stands before something else", _TAG_HINTS[node.tag])
        return found

    def scalar(self, node: yaml.ScalarNode) -> Any:
        if node.tag in _TEXT_TAGS:
            return node.value
        if node.tag in _SECRET_TAGS:
            return self.secret(node)
        method = _SCALARS.get(node.tag)
        if method is None:
            raise self.tag_error(node)
        try:
            made = getattr(self.loader, method)(node)
        except (ValueError, KeyError, IndexError, AttributeError, OverflowError) as error:
            # An explicit tag or a date such as 2024-02-30: PyYAML lets Python's own errors through.
            # What it is stays untold: it may be a secret that wants quotes.
            raise self.error(node, f"this is not {_kind(node)}", _QUOTE) from error
        if isinstance(made, float) and not math.isfinite(made):
            raise self.error(node, "this is a number that JSON cannot carry", _QUOTE)
        return made.isoformat() if hasattr(made, "isoformat") else made

    def tag_error(self, node: yaml.Node) -> InventoryError:
        if not node.tag.startswith(_TAG) and node.tag not in _TAG_HINTS:
            return self.error(node, "there is no such type of values", "quote a text that begins with !")
        tag = node.tag.replace(_TAG, "!!")
        return self.error(node, f"a value of the type {tag} cannot be a variable", _TAG_HINTS.get(node.tag, ""))

    def line_of(self, data: Any, keys: Sequence[str]) -> int | None:
        """The line of the last key of the path that is in the document itself; a number in it counts a list's items."""
        line = None
        for key in keys:
            if isinstance(data, list) and key.isdecimal() and int(key) < len(data):
                data = data[int(key)]
            elif isinstance(data, dict) and key in data:
                line = self.lines[id(data)][key]
                data = data[key]
            else:
                break
        return line

    def error(self, node: yaml.Node, message: str, hint: str = "") -> InventoryError:
        mark = node.start_mark
        return InventoryError(message, where=f"{self.path}:{mark.line + 1}:{mark.column + 1}", hint=hint)


def _kind(node: yaml.ScalarNode) -> str:
    names = {"int": "a whole number", "float": "a number", "bool": "true or false", "null": "null",
             "timestamp": "a date"}  # fmt: skip
    return names.get(node.tag.removeprefix(_TAG), f"of the type {node.tag}")


def _refuse_deep_nesting(text: str, path: str, max_depth: int) -> None:
    """The composer recurses in C without a limit: a file of brackets would end the process."""
    depth = 0
    for bracket in _BRACKET.finditer(text):
        depth += 1 if bracket[0] in "[{" else -1
        if depth > _COMPOSER_DEPTH:
            break
    if depth > _COMPOSER_DEPTH or _COMPACT_NESTING.search(text):
        raise InventoryError(f"nested deeper than {max_depth} levels", where=path)


def _syntax_error(error: yaml.YAMLError, text: str, path: str) -> InventoryError:
    mark = getattr(error, "problem_mark", None) or getattr(error, "context_mark", None)
    parts = [getattr(error, "context", None), getattr(error, "problem", None)]
    problem = ", ".join(part for part in parts if part) or " ".join(str(error).split())
    if mark is None:
        return InventoryError(f"this is no YAML: {problem}", where=path)
    line = "".join(text.splitlines()[mark.line : mark.line + 1])
    hint = "YAML is indented with spaces, never with tabs" if line[mark.column : mark.column + 1] == "\t" else ""
    return InventoryError(f"this is no YAML: {problem}", where=f"{path}:{mark.line + 1}:{mark.column + 1}", hint=hint)
