"""What a role says of itself, in `meta/main.yml` (or .toml, .json): roles that it needs, parameters that it takes.

    description: a web server with its sites
    dependencies:
      - common
      - { role: firewall, vars: { firewall_ports: [80, 443] } }
    parameters:
      web_port: { type: int, description: where it listens }

It is data, not code: the controller reads it, and hosts get what is in it as JSON.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from msgspec import Struct

from sloth.core import varsfile
from sloth.core.errors import WorkflowError
from sloth.core.near import near
from sloth.core.varsfile import VarsFile
from sloth.runtime.coercion import coerce
from sloth.runtime.lua import values

KEYS = ("description", "dependencies", "parameters")
PARAMETER_KEYS = ("type", "description")
TYPES = {"string": "str", "str": "str", "int": "int", "number": "float", "bool": "bool", "list": "list[object]",
         "table": "dict[str, object]", "any": "object"}  # fmt: skip


class Parameter(Struct, frozen=True):
    """A variable that whoever uses the role may give. type: as sloth/runtime/coercion.py reads types."""

    type: str
    description: str = ""


class Meta(Struct, frozen=True):
    """One role's. dependencies: (role, its variables). parameters: None when the role does not list them."""

    description: str = ""
    dependencies: Sequence[tuple[str, Mapping[str, object]]] = ()
    parameters: Mapping[str, Parameter] | None = None

    def json(self) -> str:
        """The dependencies for the language, which evaluates roles in their order on both sides."""
        needs = [{"role": role, "vars": dict(given)} for role, given in self.dependencies]
        return values.dump(needs).decode("utf-8")


def read(role: Path) -> Meta:
    """What the role in this folder says. Raises WorkflowError or InventoryError with file and line."""
    found = next((path for suffix in varsfile.SUFFIXES if (path := role / "meta" / f"main{suffix}").is_file()), None)
    if found is None:
        return Meta()
    file = varsfile.read(found)
    for key in file.values:
        if key not in KEYS:
            hint = near(key, KEYS) or f"there are {', '.join(KEYS)}"
            raise WorkflowError(f"meta of role {role.name!r}: unknown key {key!r}", where=file.where(key), hint=hint)
    listed = file.values.get("dependencies") or []
    if not isinstance(listed, list):
        raise WorkflowError("dependencies wants a list of roles", where=file.where("dependencies"))
    return Meta(
        str(file.values.get("description") or ""),
        tuple(_dependency(item, file) for item in listed),
        _parameters(file),
    )


def check(role: str, meta: Meta, given: Mapping[str, object], where: str) -> None:
    """Raises WorkflowError for a variable that the role does not take, or of another type than it wants."""
    if meta.parameters is None:
        return
    for name, value in given.items():
        if name not in meta.parameters:
            hint = near(name, meta.parameters) or f"it takes {', '.join(meta.parameters) or 'none'}"
            raise WorkflowError(f"role {role!r} takes no parameter {name!r}", where=where, hint=hint)
        type_ = meta.parameters[name].type
        try:
            coerce(type_, value)
        except ValueError as error:
            raise WorkflowError(f"role {role!r}: {name} {error}", where=where) from error


def _dependency(item: object, file: VarsFile) -> tuple[str, Mapping[str, object]]:
    where = file.where("dependencies")
    if isinstance(item, str):
        return item, {}
    if not isinstance(item, dict) or not isinstance(item.get("role"), str):
        raise WorkflowError("a dependency is a role's name, or a mapping with `role` and `vars`", where=where)
    for key in item.keys() - {"role", "vars"}:
        hint = near(key, ("role", "vars")) or "there are role and vars"
        raise WorkflowError(f"dependency on {item['role']!r}: unknown key {key!r}", where=where, hint=hint)
    given = item.get("vars") or {}
    if not isinstance(given, dict):
        raise WorkflowError(f"dependency on {item['role']!r}: vars wants a mapping", where=where)
    return item["role"], given


def _parameters(file: VarsFile) -> Mapping[str, Parameter] | None:
    declared = file.values.get("parameters")
    if declared is None:
        return None
    if not isinstance(declared, dict):
        raise WorkflowError("parameters wants a mapping of names", where=file.where("parameters"))
    return {name: _parameter(name, about, file) for name, about in declared.items()}


def _parameter(name: str, about: Any, file: VarsFile) -> Parameter:
    where = file.where("parameters", name)
    if not isinstance(about, dict):
        about = {"type": about}
    for key in about.keys() - set(PARAMETER_KEYS):
        hint = near(key, PARAMETER_KEYS) or f"there are {', '.join(PARAMETER_KEYS)}"
        raise WorkflowError(f"parameter {name!r}: unknown key {key!r}", where=where, hint=hint)
    word = about.get("type") or "any"
    if word not in TYPES:
        hint = near(str(word), TYPES) or f"there are {', '.join(TYPES)}"
        raise WorkflowError(f"parameter {name!r}: unknown type {word!r}", where=where, hint=hint)
    return Parameter(TYPES[word], str(about.get("description") or ""))
