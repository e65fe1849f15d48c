"""Hosts and groups out of inventory documents: Ansible's shape of `all`, `hosts`, `vars` and `children`."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from graphlib import CycleError, TopologicalSorter
from typing import Any

from msgspec import Struct, field

from sloth.core.errors import InventoryError
from sloth.core.near import near
from sloth.core.varsfile import VarsFile, kind
from sloth.inventory import names
from sloth.inventory.connection import PORT_VARIABLES
from sloth.inventory.layer import Layer
from sloth.inventory.names import ALL, UNGROUPED

GROUP_KEYS = ("hosts", "vars", "children")
_PRIORITY = "ansible_group_priority"


class Group(Struct):
    """One group while the tree grows; dicts are ordered sets. depth: the longest way from `all`."""

    name: str
    parents: dict[str, None] = field(default_factory=dict)
    children: dict[str, None] = field(default_factory=dict)
    hosts: dict[str, None] = field(default_factory=dict)
    layers: list[Layer] = field(default_factory=list)
    depth: int = 0

    @property
    def label(self) -> str:
        return ALL if self.name == ALL else f"group {self.name}"

    @property
    def priority(self) -> int:
        """Ansible's way to let one sibling win over another."""
        values = [layer.values[_PRIORITY] for layer in self.layers if _PRIORITY in layer.values]
        return values[-1] if values else 1

    @property
    def rank(self) -> tuple[int, int]:
        """Lowest first: parents before children, then by priority. In one rank the names decide."""
        return self.depth, self.priority


class Host(Struct):
    """One host: the groups that name it, and what the inventory files say of it."""

    name: str
    groups: dict[str, None] = field(default_factory=dict)
    layers: list[Layer] = field(default_factory=list)


class Tree:
    """All hosts and groups, in the order in which they are first named."""

    def __init__(self) -> None:
        self.hosts: dict[str, Host] = {}
        self.groups: dict[str, Group] = {ALL: Group(ALL), UNGROUPED: Group(UNGROUPED)}

    def group(self, name: str) -> Group:
        return self.groups.setdefault(name, Group(name))

    def add_hosts(self, text: str, group: str, values: Mapping[str, Any], origin: Layer) -> None:
        """Every host of an expression. origin: the layer that `values` come from, for the names of errors."""
        try:
            found, port = names.hosts(text)
        except InventoryError as error:  # lines are looked up for errors alone: of TOML that takes a while
            where = origin.file.where(*origin.keys) if origin.file else origin.name
            raise InventoryError(str(error), where=where, hint=error.hint) from error
        if port is not None and not PORT_VARIABLES & values.keys():
            values = {"sloth_port": port, **values}
        members = self.groups[group].hosts
        for name in found:
            host = self.hosts.get(name)
            if host is None:
                host = self.hosts[name] = Host(name)
            host.groups[group] = members[name] = None
            if values:
                host.layers.append(Layer(f"host {name}", values, origin.file, origin.keys))

    def link(self, parent: str, child: str) -> None:
        self.group(parent).children[child] = None
        self.group(child).parents[parent] = None

    def join(self, host: str, group: str) -> None:
        """Add a host that is there to a group, out of `ungrouped`."""
        self.group(group).hosts[host] = None
        self.hosts[host].groups[group] = None
        if group != UNGROUPED:
            self.hosts[host].groups.pop(UNGROUPED, None)
            self.groups[UNGROUPED].hosts.pop(host, None)

    def finish(self) -> None:
        """Groups that nobody names as children become children of `all`; then depths, or the cycle that has none."""
        for group in list(self.groups.values()):
            if group.name != ALL and not group.parents:
                self.link(ALL, group.name)
        for name in _parents_first(self.groups):
            group = self.groups[name]
            group.depth = 1 + max((self.groups[parent].depth for parent in group.parents), default=-1)
        for host in self.hosts.values():
            if not host.groups.keys() - {ALL, UNGROUPED}:
                host.groups[UNGROUPED] = self.groups[UNGROUPED].hosts[host.name] = None


def build(documents: Iterable[VarsFile], literals: Iterable[str]) -> Tree:
    """The tree of all sources: what comes later adds to what is there, and wins."""
    tree = Tree()
    for document in documents:
        _Reader(tree, document).read()
    for literal in literals:
        tree.add_hosts(literal, UNGROUPED, {}, Layer(f"-i {literal}", {}))
    tree.finish()
    return tree


class _Reader:
    """Reads one document into the tree."""

    def __init__(self, tree: Tree, document: VarsFile) -> None:
        self.tree = tree
        self.document = document

    def read(self) -> None:
        for name, body in self.document.values.items():
            self.group(name, body, (name,))

    def group(self, name: str, body: object, keys: tuple[str, ...]) -> None:
        try:
            names.checked(name)
        except InventoryError as error:
            raise self.error(str(error), keys, error.hint) from error
        group = self.tree.group(name)
        parts = self.mapping(body, keys, "a group")
        for key in parts:
            if key not in GROUP_KEYS:
                hint = near(key, GROUP_KEYS) or "variables stand under vars:, groups under children:"
                raise self.error(f"a group has hosts, vars and children; {name} has {key!r}", (*keys, key), hint)
        self.variables(group, parts.get("vars"), (*keys, "vars"))
        for key in parts:
            if key == "hosts":
                self.hosts(name, parts[key], (*keys, key))
            elif key == "children":
                for child, inner in self.mapping(parts[key], (*keys, key), "children", "group").items():
                    self.tree.link(name, child)
                    self.group(child, inner, (*keys, key, child))

    def variables(self, group: Group, body: object, keys: tuple[str, ...]) -> None:
        values = self.mapping(body, keys, "vars")
        priority = values.get(_PRIORITY, 1)
        if not isinstance(priority, int) or isinstance(priority, bool):
            raise self.error(f"{_PRIORITY} wants a whole number, not {priority!r}", (*keys, _PRIORITY))
        if values:
            group.layers.append(Layer(group.label, values, self.document, keys))

    def hosts(self, group: str, body: object, keys: tuple[str, ...]) -> None:
        for text, values in self.mapping(body, keys, "hosts", "host").items():
            origin = Layer("", {}, self.document, (*keys, text))
            variables = {} if values is None else self.mapping(values, origin.keys, f"the host {text}")
            self.tree.add_hosts(text, group, variables, origin)

    def mapping(self, body: object, keys: tuple[str, ...], what: str, each: str = "") -> Mapping[str, Any]:
        """The mapping that must stand here; nothing is an empty one."""
        if body is None:
            return {}
        if isinstance(body, str) and each:
            return {body: None}  # `hosts: web1`, as Ansible takes it
        if not isinstance(body, dict):
            hint = f"write each {each} on a line of its own with a colon behind it, without a dash" if each else ""
            raise self.error(f"{what} must be a mapping, not {kind(body)}", keys, hint)
        return body

    def error(self, message: str, keys: tuple[str, ...], hint: str = "") -> InventoryError:
        return InventoryError(message, where=self.document.where(*keys), hint=hint)


def _parents_first(groups: Mapping[str, Group]) -> Iterator[str]:
    sorter = TopologicalSorter({name: group.parents for name, group in groups.items()})
    try:
        yield from sorter.static_order()
    except CycleError as error:
        cycle: Sequence[str] = error.args[1]
        hint = "a group cannot be among its own children"
        raise InventoryError(f"groups contain each other: {' > '.join(cycle)}", hint=hint) from error
