"""Everything up to the plans: a file and its variables, the inventory, and workflows laid over hosts.

Nothing has connected yet; whatever is wrong with what a person gave is an error here.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from sloth.core import varsfile
from sloth.core.errors import InventoryError, UsageError, WorkflowError
from sloth.core.events import LogLine, Notice, Subscriber
from sloth.core.model import Plan, Workflow, WorkflowFile
from sloth.core.near import near
from sloth.core.sealed import plain_only
from sloth.engine import withheld
from sloth.engine.delegates import Known
from sloth.engine.jobs import Variables
from sloth.engine.planning import NOWHERE, Choice, check_tags, lay_out, starting_at
from sloth.engine.reading import inventory, project
from sloth.engine.request import Request
from sloth.engine.unlocking import Unlocked
from sloth.inventory import Inventory
from sloth.inventory.connection import SECRET_VARIABLES, visible
from sloth.workflow.evaluated import Evaluated
from sloth.workflow.load import load as load_file


class Loaded(Struct, frozen=True):
    """Everything that is known before anything connects."""

    evaluated: Evaluated
    inventory: Inventory
    variables: Variables
    plans: tuple[Plan, ...]
    unlocked: Unlocked

    @property
    def file(self) -> WorkflowFile:
        """The workflow file."""
        return self.evaluated.file

    def layers(self, workflow: Workflow, host: str) -> Iterator[Mapping[str, Any]]:
        """All that gives a host variables in a workflow."""
        yield from (self.inventory.variables(host), self.variables.values, self.variables.extra)
        for use in workflow.roles:
            yield from (use.defaults, use.variables)


def load(request: Request, say: Subscriber, unlocked: Unlocked) -> Loaded:
    """What a request asks for. What is said on the way goes to `say`; so do warnings."""
    if request.forks < 1:
        raise UsageError(f"-f wants a number from 1, got {request.forks}")
    variables = given(request, unlocked)
    evaluated = evaluate(request, variables, unlocked, say)
    hosts = inventory(request.targets, Path(request.file).parent, unlocked=unlocked)
    chosen = _within_limit(request, _chosen(request, evaluated.file), hosts, say)
    plans = tuple(_plan(request, *pair, hosts, variables, evaluated, NOWHERE) for pair in chosen)
    loaded = Loaded(evaluated, hosts, variables, plans, unlocked)
    for warning in [*loaded.file.warnings, *_warnings(loaded)]:
        say(Notice(warning))
    return loaded


def at_home(request: Request, loaded: Loaded, plan: Plan, homes: Mapping[str, str]) -> Plan:
    """The plan with tasks that run once on other hosts. homes: task → host."""
    if not homes:
        return plan
    chosen = next(pair for pair in _chosen(request, loaded.file) if pair[0].name == plan.workflow.name)
    return _plan(request, *chosen, loaded.inventory, loaded.variables, loaded.evaluated, homes)


def given(request: Request, unlocked: Unlocked) -> Variables:
    """The variables of the command line: values files and -e. Raises UsageError for a password of connections."""
    values: dict[str, object] = {}
    for path in request.values:
        values.update(varsfile.read(Path(path), unlocked.keyring.open_file).values)
    extra = varsfile.extra_vars(request.extra, unlocked.keyring.open_file)
    for value in withheld.values(extra):
        unlocked.mask.add(value)
    for name in sorted(SECRET_VARIABLES & {*values, *extra}):  # they would reach all hosts, and no connection
        raise UsageError(
            f"{name} is a password of connections, which -e and values files do not set",
            hint="say it in the inventory, or give it with -k or -K",
        )
    return Variables(values, extra)


def evaluate(request: Request, variables: Variables, unlocked: Unlocked, say: Subscriber) -> Evaluated:
    """The request's file, run once with these variables. What it logs goes to `say`."""
    path = Path(request.file)
    around = project(Path(request.around or path.parent))
    return load_file(
        path,
        variables.common,
        plain_only(variables.values),
        lambda level, text: say(LogLine("", "", level, text)),
        replace(around, folder=path.parent, open_file=unlocked.keyring.open_file),
    )


def _warnings(loaded: Loaded) -> list[str]:
    """What looks wrong in the variables of the hosts that take part."""
    return loaded.inventory.warnings(dict.fromkeys(host.host for plan in loaded.plans for host in plan.hosts))


def _chosen(request: Request, file: WorkflowFile) -> list[tuple[Workflow, Choice]]:
    """The workflows that are asked for, and which of their tasks: only the first begins in the middle."""
    chosen = _named(request, file)
    check_tags(chosen, [*request.tags, *request.skip_tags])
    if request.start_at is not None:
        chosen = starting_at(chosen, request.start_at)
    whole = Choice(request.tags, request.skip_tags)
    first = replace(whole, start_at=request.start_at)
    return [(workflow, whole if number else first) for number, workflow in enumerate(chosen)]


def _named(request: Request, file: WorkflowFile) -> Sequence[Workflow]:
    if not file.workflows:
        raise WorkflowError(f"{request.file} holds tests and no workflow", where=request.file)
    if request.workflow is None:
        return file.workflows
    names = [workflow.name for workflow in file.workflows]
    if request.workflow not in names:
        hint = near(request.workflow, names) or f"it defines {', '.join(names)}"
        raise WorkflowError(f"{request.file} defines no workflow {request.workflow!r}", hint=hint)
    return [workflow for workflow in file.workflows if workflow.name == request.workflow]


def _within_limit(
    request: Request, chosen: Sequence[tuple[Workflow, Choice]], hosts: Inventory, say: Subscriber
) -> Sequence[tuple[Workflow, Choice]]:
    """Those of the workflows that have a host in the limit. Raises InventoryError when none has."""
    if not request.targets.patterns:
        return chosen
    left = [pair for pair in chosen if _taking_part(request, pair[0], hosts)]
    outside = [f"{pair[0].name!r} ({pair[0].hosts or 'all'})" for pair in chosen if pair not in left]
    limit = ", ".join(map(repr, request.targets.patterns))
    if not left:
        what = "workflow" if len(outside) == 1 else "the workflows"
        raise InventoryError(
            f"no host of {what} {', '.join(outside)} is in {limit}", hint="`sloth inventory list` shows all hosts"
        )
    for one in outside:
        say(Notice(f"workflow {one} has no host in {limit} and is left out"))
    return left


def _taking_part(request: Request, workflow: Workflow, hosts: Inventory) -> Sequence[str]:
    """The hosts of a workflow, of which `-l` may have left some out. Raises InventoryError for an odd pattern."""
    try:
        chosen = hosts.select(workflow.hosts or "all")
    except InventoryError as error:
        where = workflow.where if workflow.hosts else ""
        raise InventoryError(str(error), where=where, hint=error.hint) from error
    if not request.targets.patterns:
        return chosen
    limit = set(hosts.limit(*request.targets.patterns))
    return [host for host in chosen if host in limit]


def _plan(
    request: Request, workflow: Workflow, choice: Choice, hosts: Inventory, variables: Variables, evaluated: Evaluated,
    homes: Mapping[str, str],
) -> Plan:  # fmt: skip
    return lay_out(
        workflow,
        _taking_part(request, workflow, hosts),
        lambda pattern: hosts.select(pattern, allow_empty=True),
        _known(workflow, hosts, variables, evaluated).choose,
        choice,
        request.seed,
        homes,
    )


def _known(workflow: Workflow, hosts: Inventory, variables: Variables, evaluated: Evaluated) -> Known:
    """What the choice of delegates may depend on."""
    return Known(
        dict.fromkeys(hosts.hosts),
        hosts.groups,
        lambda host: plain_only(visible(hosts.variables(host))),
        {**workflow.variables, **variables.common},
        evaluated.file.values,
        evaluated.choose,
    )
