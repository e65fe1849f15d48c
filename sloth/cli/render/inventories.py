"""Hosts and groups: a table, a tree, one host in full."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence

from msgspec import to_builtins

from sloth.cli.render.format import Format
from sloth.cli.render.notes import standard_output
from sloth.cli.render.screen import Part, one_line
from sloth.engine.explaining import Explanation
from sloth.inventory.names import UNGROUPED
from sloth.inventory.views import GroupNode, HostRow, HostView


def show_hosts(hosts: Sequence[HostRow], form: Format) -> None:
    """One line for each host."""
    screen = standard_output()
    if form is Format.JSON:
        screen.json({"hosts": [to_builtins(host) for host in hosts]})
        return
    rows: list[list[Part]] = [[(head, "dim") for head in ("host", "reached at", "groups")]]
    rows += [[(host.name, "bold"), _address(host), (", ".join(host.groups) or "-", "dim")] for host in hosts]
    screen.table(rows)


def show_graph(top: GroupNode, form: Format) -> None:
    """Groups as branches, hosts as leaves."""
    screen = standard_output()
    if form is Format.JSON:
        screen.json(to_builtins(top))
        return
    screen.line((top.name, "bold"))
    for stem, leaf in _branches(top, ""):
        screen.line((stem, "dim"), leaf)


def show_host(host: HostView, form: Format) -> None:
    """One host: its groups, how it is reached, its variables."""
    screen = standard_output()
    if form is Format.JSON:
        screen.json(to_builtins(host))
        return
    screen.line((host.name, "bold"), ("  groups: ", "dim"), ", ".join(host.groups) or "none")
    screen.line(("connection", "dim"))
    way = {name: value for name, value in host.connection.items() if value not in (None, "", False)}
    screen.table([[name, _shown(value)] for name, value in way.items()], indent="  ")
    screen.line(("variables", "dim"))
    rows: list[list[Part]] = [[one.name, _shown(one.value), (one.where, "dim")] for one in host.variables]
    screen.table(rows, indent="  ")


def show_explanation(found: Explanation, form: Format) -> None:
    """A variable and all who say it, the highest place first."""
    screen = standard_output()
    if form is Format.JSON:
        screen.json(to_builtins(found))
        return
    screen.line((found.variable, "bold"), (f" of {found.host}", "dim"))
    rows: list[list[Part]] = []
    for one in found.said:
        by = f"{one.by}, for its tasks" if one.role and not one.task else one.by
        name = f"{one.name}: " if one.name != found.variable else ""
        rows.append([("wins", "green") if one.wins else "", by, (one.where, "dim"), name + _shown(one.value)])
    screen.table(rows, indent="  ")


def _address(host: HostRow) -> str:
    if host.connection == "local":
        return "this machine"
    user = f"{host.user}@" if host.user else ""
    return f"{user}{host.address}" + (f" port {host.port}" if host.port else "")


def _branches(node: GroupNode, stem: str) -> Iterator[tuple[str, Part]]:
    groups = [child for child in node.children if child.name != UNGROUPED or child.hosts]
    children: list[GroupNode | str] = [*node.hosts, *groups]
    for number, child in enumerate(children, 1):
        last = number == len(children)
        branch = stem + ("└── " if last else "├── ")
        if isinstance(child, str):
            yield branch, child
        else:
            yield branch, (child.name, "bold")
            yield from _branches(child, stem + ("    " if last else "│   "))


def _shown(value: object) -> str:
    return one_line(value) if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)
