"""What `sloth inventory list`, `graph` and `show` print: plain data without passwords."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from msgspec import Struct
from msgspec.structs import asdict

from sloth.core.sealed import MASK, masked
from sloth.inventory.connection import BY_FIELD, SECRET_VARIABLES
from sloth.inventory.inventory import Inventory
from sloth.inventory.names import ALL


class HostRow(Struct, frozen=True):
    """One line of `sloth inventory list`."""

    name: str
    address: str
    port: int | None
    user: str | None
    connection: str
    groups: Sequence[str]


class GroupNode(Struct, frozen=True):
    """One group of `sloth inventory graph`, with the hosts that it names itself."""

    name: str
    hosts: Sequence[str]
    children: Sequence[GroupNode]


class Variable(Struct, frozen=True):
    """One variable of a host, and the file and line that gave its value."""

    name: str
    value: Any
    where: str


class HostView(Struct, frozen=True):
    """`sloth inventory show HOST`. connection: its fields by name."""

    name: str
    groups: Sequence[str]
    connection: dict[str, object]
    variables: Sequence[Variable]


def rows(inventory: Inventory, hosts: Iterable[str]) -> list[HostRow]:
    """The hosts as a table."""
    found = []
    for host in hosts:
        way = inventory.connection(host)
        groups = inventory.group_names(host)
        found.append(HostRow(host, way.address, way.port, way.user, way.connection, groups))
    return found


def graph(inventory: Inventory, group: str = ALL) -> GroupNode:
    """A group and everything beneath it. Hosts that only `all` names stand under `ungrouped`."""
    node = inventory.group(group)
    children = [graph(inventory, child) for child in node.children]
    return GroupNode(group, () if group == ALL else tuple(node.hosts), tuple(children))


def show(inventory: Inventory, host: str) -> HostView:
    """All that is known about a host."""
    winners = {name: layer for layer in inventory.layers(host) for name in layer.values}
    variables = [
        Variable(name, MASK if name in SECRET_VARIABLES else masked(layer.values[name]), layer.where(name))
        for name, layer in sorted(winners.items())
    ]
    way = asdict(inventory.connection(host))
    shown = {field: MASK if value and _is_secret(field) else value for field, value in way.items()}
    return HostView(host, inventory.group_names(host), shown, variables)


def _is_secret(field: str) -> bool:
    return field in BY_FIELD and BY_FIELD[field].is_secret
