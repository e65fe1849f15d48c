"""`delegate_to` as a file says it, checked: a host, a list, a table that says how to choose, or a function."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sloth.core.errors import WorkflowError
from sloth.core.model import Delegation
from sloth.core.near import near

STRATEGIES = ("all", "any", "round_robin", "least_loaded", "zone", "function")
_KEYS = {
    "host": "hosts", "hosts": "hosts", "name": "hosts", "agent": "hosts", "agents": "hosts", "group": "groups",
    "groups": "groups", "tag": "tags", "tags": "tags", "strategy": "strategy", "zone": "zone", "choose": "choose",
    "per_host": "per_host", "fallback": "fallback",
}  # fmt: skip
_LOCAL = ("local", "localhost")


def read(owner: str, value: object, where: str) -> Delegation | None:
    """Who runs a task in place of its hosts; None for its hosts themselves. Raises WorkflowError."""
    what = f"{owner}: delegate_to"
    if value is None:
        return None
    if isinstance(value, Mapping) and "function" in value:
        return Delegation(where, chooser=int(value["function"]), per_host=value.get("per_host") is True)
    if isinstance(value, Mapping):
        return _of_table(what, value, where)
    return Delegation(where, hosts=_names(what, value, where))


def _of_table(what: str, table: Mapping[str, Any], where: str) -> Delegation:
    said = _known_keys(what, table, where)
    hosts, groups, tags = (_names(f"{what}: {key}", said.get(key), where) for key in ("hosts", "groups", "tags"))
    if not (hosts or groups or tags):
        raise WorkflowError(f"{what}: names no host", where=where, hint="say host, groups or tags")
    chooser = said["choose"]["function"] if isinstance(said.get("choose"), Mapping) else None
    strategy = said.get("strategy") or ("all" if hosts else "any")
    _check_strategy(what, strategy, where, chooses=chooser is not None)
    if said.get("fallback") not in (None, True, False, *_LOCAL):
        raise WorkflowError(f'{what}: fallback wants "local", got {said["fallback"]!r}', where=where)
    per_host, zone = said.get("per_host", False), said.get("zone")
    if not isinstance(per_host, bool):
        raise WorkflowError(f"{what}: per_host wants true or false, got {per_host!r}", where=where)
    zone = None if zone is None else str(zone)
    return Delegation(where, hosts, groups, tags, strategy, zone, chooser, per_host, bool(said.get("fallback")))


def _known_keys(what: str, table: Mapping[str, Any], where: str) -> dict[str, Any]:
    """The table with our own names for its keys."""
    said: dict[str, Any] = {}
    for key, value in table.items():
        if key not in _KEYS:
            hint = near(key, _KEYS) or f"there are {', '.join(_KEYS)}"
            raise WorkflowError(f"{what}: unknown key {key}", where=where, hint=hint)
        said[_KEYS[key]] = value
    return said


def _check_strategy(what: str, strategy: object, where: str, *, chooses: bool) -> None:
    if strategy not in STRATEGIES:
        hint = near(str(strategy), STRATEGIES) or f"there are {', '.join(STRATEGIES)}"
        raise WorkflowError(f"{what}: unknown strategy {strategy!r}", where=where, hint=hint)
    if (strategy == "function") != chooses:
        raise WorkflowError(
            f'{what}: strategy = "function" and choose belong together',
            where=where,
            hint='write { groups = …, strategy = "function", choose = function(hosts) return hosts[1] end }',
        )


def _names(what: str, value: object, where: str) -> tuple[str, ...]:
    """One name, or a list of them."""
    names = [] if value is None else [value] if isinstance(value, str) else value
    if not isinstance(names, Sequence) or not all(isinstance(name, str) and name.strip() for name in names):
        raise WorkflowError(f"{what} wants a name or a list of names, got {value!r}", where=where)
    if value is not None and not names:
        raise WorkflowError(f"{what} is an empty list", where=where)
    return tuple(name.strip() for name in names)
