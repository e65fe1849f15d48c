"""Which runs can be detached: those whose hosts need nothing of us once they have begun."""

from __future__ import annotations

from collections.abc import Iterator

from sloth.core.connection import Connection
from sloth.core.errors import UsageError
from sloth.core.model import Plan
from sloth.core.sealed import is_sealed
from sloth.engine.disclosing import Mentioned
from sloth.engine.loading import Loaded
from sloth.engine.request import Request


def check(request: Request, loaded: Loaded) -> None:
    """Raises UsageError for a run that needs the controller in the middle."""
    reasons = [*_reasons(request, loaded)]
    if reasons:
        raise UsageError(f"this run cannot be detached: {'; '.join(reasons)}")


def _reasons(request: Request, loaded: Loaded) -> Iterator[str]:
    if len(loaded.plans) > 1:
        yield "the file has several workflows, which run one after the other (--workflow chooses one)"
    for plan in loaded.plans:
        if len(plan.batches) > 1:
            yield f"workflow {plan.workflow.name!r} goes through its hosts in batches"
        waiting = sorted({task for host in plan.hosts for task in host.gates})
        if waiting:
            yield f"tasks wait for those of other hosts: {', '.join(waiting)}"
        taking_turns = [task.name for task in plan.workflow.tasks if task.serial]
        if taking_turns:
            yield f"tasks have a serial: {', '.join(taking_turns)}"
        hooks = loaded.evaluated.hooks(plan.workflow.name)
        if hooks:
            yield f"the workflow has hooks, which run here: {', '.join(sorted(hooks))}"
        secret = sorted(_secrets(loaded, plan))
        if secret:
            yield f"tasks name secrets, which could not be hidden in what is collected later: {', '.join(secret)}"
        names = sorted({host.host for host in plan.hosts})
        steered = [name for name in names if _connection(request, loaded, name).placement == "controller"]
        if steered:
            yield f"the tasks of {', '.join(steered)} are steered from here (sloth_placement)"


def _connection(request: Request, loaded: Loaded, host: str) -> Connection:
    return loaded.inventory.connection(host, over=request.targets.settings())


def _secrets(loaded: Loaded, plan: Plan) -> set[str]:
    """The secrets and encrypted variables that hosts would get."""
    mentioned = Mentioned(loaded.file, plan.workflow)
    found: set[str] = set()
    for host in plan.hosts:
        mentions = mentioned.by(host.task(name) for name in host.tasks)
        found |= mentions.secrets | set(mentions.declared)
        layers = loaded.layers(plan.workflow, host.host)
        sealed = {name for layer in layers for name, value in layer.items() if is_sealed(value)}
        found |= {name for name in sealed if mentions.variable(name)}
    return found
