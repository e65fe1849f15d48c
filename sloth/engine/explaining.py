"""Where a variable of a host comes from: every place that says it, from the one that wins to the lowest.

The order is that of a run: role defaults, the inventory, variables of the workflow, values files, variables of
roles, params of tasks, extra variables. What a role says counts for its own tasks alone, and params for their task.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from msgspec import Struct

from sloth.core.errors import InventoryError
from sloth.core.model import RoleUse, Workflow
from sloth.core.near import near
from sloth.core.sealed import MASK, masked
from sloth.core.varsfile import VarsFile
from sloth.inventory.connection import SECRET_VARIABLES, is_setting, spellings
from sloth.inventory.layer import Layer
from sloth.workflow.modelling import role_file
from sloth.workflow.sources import Sources


class Said(Struct, frozen=True):
    """One place that gives a value.

    name: how the variable is called there. by: who says it. role: whose tasks alone see it (empty: all do).
    task: which task alone sees it. wins: whether it holds, for those tasks or for all others
    """

    name: str
    value: Any
    by: str
    where: str
    role: str
    wins: bool
    task: str = ""


class Explanation(Struct, frozen=True):
    """All that is said of a variable, the highest place first."""

    host: str
    variable: str
    said: Sequence[Said]


class Scoped(Struct, frozen=True):
    """A layer, the role or task for which alone it counts, and whether it is one of the inventory."""

    layer: Layer
    role: str = ""
    inventory: bool = False
    task: str = ""

    @property
    def around(self) -> set[tuple[str, str]]:
        """Its own scope, and those that have it inside: what is said there, higher up, holds here too."""
        return {("", ""), (self.role, ""), (self.role, self.task)}


def explain(host: str, variable: str, layers: Iterable[Scoped]) -> Explanation:
    """What the layers, from lowest to highest, say of a variable. Raises InventoryError when nobody says it.

    Settings of connections go by all their names, and what others than the inventory say of them has no effect.
    """
    known = [one for one in layers if one.inventory or not is_setting(variable)][::-1]
    found = [(one, name) for one in known for name in spellings(variable) if name in one.layer.values]
    if not found:
        everything = {name for one in known for name in one.layer.values}
        raise InventoryError(f"nobody gives {host} a variable {variable!r}", hint=near(variable, everything))
    said = []
    decided: set[tuple[str, str]] = set()
    for one, name in found:
        value = MASK if name in SECRET_VARIABLES else masked(one.layer.values[name])
        wins = not decided & one.around
        said.append(Said(name, value, one.layer.name, one.layer.where(name), one.role, wins, one.task))
        decided.add((one.role, one.task))
    return Explanation(host, variable, said)


def of_run(
    inventory: Sequence[Layer],
    workflows: Sequence[Workflow],
    values: Sequence[VarsFile],
    extra: Sequence[VarsFile],
    sources: Sources | None,
) -> Iterator[Scoped]:
    """The layers of a host in a run. sources: where roles are read from, when there are workflows."""
    uses = {use.name: use for workflow in workflows for use in workflow.roles}
    where = {use.name: workflow.where for workflow in workflows for use in workflow.roles}
    roles = {name: dict(_role_layers(use, where[name], sources)) for name, use in uses.items()} if sources else {}
    yield from (Scoped(layers["defaults"], name) for name, layers in roles.items() if "defaults" in layers)
    yield from (Scoped(layer, inventory=True) for layer in inventory)
    for workflow in workflows:
        yield Scoped(_spoken(f"workflow {workflow.name}", workflow.variables, workflow.where))
    yield from (Scoped(Layer("values file", file.values, file)) for file in values)
    for name, layers in roles.items():
        yield from (Scoped(layer, name) for kind, layer in layers.items() if kind != "defaults")
    for task in [task for workflow in workflows for task in workflow.tasks if task.params]:
        layer = _spoken(f"params of task {task.name}", task.params, task.where)
        yield Scoped(layer, task.role or "", task=task.name)
    yield from (Scoped(Layer("extra variables", file.values, file)) for file in extra)


def _role_layers(use: RoleUse, where: str, sources: Sources) -> Iterator[tuple[str, Layer]]:
    for kind in ("defaults", "vars"):
        file = role_file(sources, use.name, kind)
        if file is not None:
            yield kind, Layer(f"role {use.name}, {kind}", file.values, file)
    own = role_file(sources, use.name, "vars")
    of_file = own.values if own else {}
    given = {name: value for name, value in use.variables.items() if name not in of_file or of_file[name] != value}
    yield "given", _spoken(f"role {use.name}, as the workflow uses it", given, where)


def _spoken(name: str, values: Mapping[str, object], where: str) -> Layer:
    """A layer of a place that is no file of variables."""
    return Layer(name, values, VarsFile(where, values))
