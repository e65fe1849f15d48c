"""Groups and variables made of the hosts' variables: what Ansible's plugin `constructed` does.

    plugin: constructed
    strict: false                       # true: a variable that a host lacks is an error
    compose:                            # variables of hosts
      ansible_host: public_ip | default(private_ip)
    groups:                             # a group of all hosts for which the expression is true
      big: memory_mb > 64000
    keyed_groups:                       # a group for each value: os_debian, os_alpine
      - {key: os, prefix: os, separator: _}

The file is its author's own, as a template is; so its expressions are rendered, in Jinja2's sandbox. What
the variables hold is data, and never rendered.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from msgspec import Struct

from sloth.core.errors import InventoryError
from sloth.core.near import near
from sloth.core.varsfile import VarsFile, kind, plain
from sloth.inventory.layer import Layer
from sloth.inventory.tree import Tree

if TYPE_CHECKING:
    from jinja2.sandbox import SandboxedEnvironment

PLUGINS = ("constructed", "ansible.builtin.constructed")
_KEYS = ("plugin", "strict", "compose", "groups", "keyed_groups", "leading_separator", "use_vars_plugins")
_KEYED_KEYS = ("key", "prefix", "separator", "parent_group", "default_value")
_FORBIDDEN = re.compile(r"^[\d\W]|\W")


class Missing(InventoryError):
    """An expression names a variable that the host does not have; without `strict` such a host is passed over."""


class Expression(Struct, frozen=True):
    """An expression of the file. name: what it gives, for errors."""

    name: str
    where: str
    compiled: Callable[..., Any]

    def of(self, host: str, scope: Mapping[str, Any]) -> Any:
        """Its value as plain data. Raises Missing, or InventoryError for what it should not do."""
        from jinja2 import TemplateError, Undefined, UndefinedError

        try:
            value = self.compiled(scope)
            if isinstance(value, Undefined):
                str(value)  # a strict one says what is missing
        except UndefinedError as error:
            hint = "write `| default(…)` behind it, or `strict: false`, which passes such hosts over"
            raise Missing(f"{self.name} of {host}: {error.message}", where=self.where, hint=hint) from error
        except (TemplateError, TypeError, ValueError, ArithmeticError, LookupError, AttributeError, NameError) as error:
            raise InventoryError(f"{self.name} of {host}: {error}", where=self.where) from error
        return plain(value, self.where, (f"{self.name} of {host}",))


class Keyed(Struct, frozen=True):
    """One of `keyed_groups`."""

    key: Expression
    prefix: str
    separator: str
    parent: str | None
    default: str | None

    def groups(self, value: object) -> Iterator[str]:
        """The names of the groups for a value: of a list one for each item, of a mapping `KEY_VALUE`."""
        items = value if isinstance(value, list) else [value]
        if isinstance(value, dict):
            items = [f"{key}{self.separator}{item}" for key, item in value.items()]
        for item in items:
            if isinstance(item, dict | list) or item is None:
                raise InventoryError(f"{kind(item)} names no group", where=self.key.where)
            text = str(item) or self.default
            if text:
                yield _FORBIDDEN.sub("_", f"{self.prefix}{self.separator}{text}")


class Construction:
    """One such file, checked and compiled."""

    def __init__(self, document: VarsFile) -> None:
        self._document = document
        for key in document.values:
            if key not in _KEYS:
                hint = near(key, _KEYS) or f"its keys are {', '.join(_KEYS)}"
                raise self._error(f"{key} means nothing here", (key,), hint)
        self._environment = _environment()
        self._strict = self._boolean("strict", default=False)
        self._leading = self._boolean("leading_separator", default=True)
        self.with_folders = self._boolean("use_vars_plugins", default=True)
        self._compose = self._expressions("compose")
        self._groups = self._expressions("groups")
        for name in self._groups:
            self._check_name(name, ("groups", name))
        self._keyed = [self._keyed_group(str(number), body) for number, body in enumerate(self._list("keyed_groups"))]

    def apply(self, tree: Tree, variables: Callable[[str], Mapping[str, Any]]) -> None:
        """Add to every host of the tree what the file makes of its variables, and of its name and groups."""
        for name in self._groups:
            tree.group(name)
        for host in list(tree.hosts):
            scope = dict(variables(host))
            composed = dict(self._composed(host, scope))
            if composed:
                tree.hosts[host].layers.append(Layer(f"host {host}", composed, self._document, ("compose",)))
            scope.update(composed)
            for name, expression in self._groups.items():
                if self._value(expression, host, scope):
                    tree.join(host, name)
            for keyed in self._keyed:
                self._join_keyed(tree, host, keyed, scope)

    def _composed(self, host: str, scope: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
        for name, expression in self._compose.items():
            try:
                yield name, expression.of(host, scope)
            except Missing:
                if self._strict:
                    raise

    def _join_keyed(self, tree: Tree, host: str, keyed: Keyed, scope: Mapping[str, Any]) -> None:
        value = self._value(keyed.key, host, scope)
        for group in keyed.groups(value) if value is not None else ():
            tree.join(host, group)
            if keyed.parent is not None:
                tree.link(keyed.parent, group)

    def _value(self, expression: Expression, host: str, scope: Mapping[str, Any]) -> Any:
        try:
            return expression.of(host, scope)
        except Missing:
            if self._strict:
                raise
            return None

    def _expressions(self, section: str) -> Mapping[str, Expression]:
        body = self._document.values.get(section) or {}
        if not isinstance(body, dict):
            raise self._error(f"{section} must be a mapping of names to expressions, not {kind(body)}", (section,))
        return {name: self._expression(f"{section}.{name}", text, (section, name)) for name, text in body.items()}

    def _expression(self, name: str, text: object, keys: tuple[str, ...]) -> Expression:
        from jinja2 import TemplateSyntaxError

        if not isinstance(text, str | bool | int):
            raise self._error(f"{name} must be an expression, not {kind(text)}", keys)
        if isinstance(text, str) and "{{" in text:
            raise self._error(f"{name} is an expression, not a template", keys, "leave out {{ and }}")
        try:
            compiled = self._environment.compile_expression(str(text), undefined_to_none=False)
        except TemplateSyntaxError as error:
            raise self._error(f"{name} is no expression: {error.message}", keys) from error
        return Expression(name, self._document.where(*keys), compiled)

    def _keyed_group(self, number: str, body: object) -> Keyed:
        keys = ("keyed_groups", number)
        if not isinstance(body, dict) or "key" not in body:
            raise self._error(f"keyed_groups[{number}] wants a mapping with a `key`", keys)
        for key, value in body.items():
            if key not in _KEYED_KEYS:
                hint = near(key, _KEYED_KEYS) or f"its keys are {', '.join(_KEYED_KEYS)}"
                raise self._error(f"{key} means nothing in keyed_groups", (*keys, key), hint)
            if not isinstance(value, str) and not (key == "key" or value is None):
                raise self._error(f"{key} wants a string, not {kind(value)}", (*keys, key), "quote it")
        prefix, parent = body.get("prefix") or "", body.get("parent_group")
        separator = body.get("separator")
        if separator is None:
            separator = "_"
        if parent is not None:
            self._check_name(parent, (*keys, "parent_group"))
        return Keyed(
            self._expression(f"keyed_groups[{number}]", body["key"], (*keys, "key")),
            prefix,
            separator if prefix or self._leading else "",
            parent,
            body.get("default_value"),
        )

    def _check_name(self, name: str, keys: tuple[str, ...]) -> None:
        """Refuse what Ansible would silently rename."""
        safe = _FORBIDDEN.sub("_", name)
        if safe != name:
            hint = f"Ansible makes {safe} of it"
            raise self._error(f"a group that is made here cannot be called {name!r}", keys, hint)

    def _list(self, section: str) -> Sequence[object]:
        body = self._document.values.get(section) or []
        if not isinstance(body, list):
            raise self._error(f"{section} must be a list, not {kind(body)}", (section,))
        return body

    def _boolean(self, key: str, *, default: bool) -> bool:
        value = self._document.values.get(key, default)
        if not isinstance(value, bool):
            raise self._error(f"{key} wants true or false, not {kind(value)}", (key,))
        return value

    def _error(self, message: str, keys: tuple[str, ...], hint: str = "") -> InventoryError:
        return InventoryError(message, where=self._document.where(*keys), hint=hint)


def _environment() -> SandboxedEnvironment:
    """Jinja2's sandbox, in which expressions cannot change the variables that hosts share."""
    from jinja2 import StrictUndefined
    from jinja2.sandbox import ImmutableSandboxedEnvironment

    return ImmutableSandboxedEnvironment(undefined=StrictUndefined)
