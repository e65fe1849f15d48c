"""The composition root: the use cases as functions, with everything they need put together here.

Fronts (command line, later server and scheduler) call these; nobody else builds clocks, sessions or
stores.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

from sloth.core import settings, varsfile
from sloth.core.cache import Cache
from sloth.core.errors import InventoryError, UsageError, WorkflowError
from sloth.core.events import LogLine, Notice, Subscriber
from sloth.core.model import Plan, Workflow, WorkflowFile
from sloth.core.near import near
from sloth.core.places import Places
from sloth.core.sealed import plain_only
from sloth.core.testresult import Watch
from sloth.engine import command, detaching, explaining, keptplan, past, testing
from sloth.engine.bus import Bus
from sloth.engine.delegates import Known
from sloth.engine.explaining import Explanation
from sloth.engine.history import read as read_history
from sloth.engine.jobs import Variables
from sloth.engine.knowing import Facts, Gathered, KnownFacts
from sloth.engine.lives import ENDING_PATIENCE, Lives, Resume, resumable
from sloth.engine.planning import Choice, check_tags, lay_out, starting_at
from sloth.engine.reading import inventory, project
from sloth.engine.request import Request, Targets
from sloth.engine.run import Loaded, Run
from sloth.engine.stepping import Ask
from sloth.engine.unlocking import Unlocked
from sloth.engine.verifying import Verification
from sloth.inventory import Inventory
from sloth.inventory.connection import SECRET_VARIABLES, visible
from sloth.runtime.catalog import Catalog
from sloth.workflow.lint import Problem
from sloth.workflow.load import Evaluated
from sloth.workflow.load import load as load_file


def explain(request: Request, host: str, variable: str, say: Subscriber) -> Explanation:
    """Every place that gives a host a variable. Without a file in the request no workflow takes part."""
    unlocked = Unlocked(request.targets.unlocking, "sloth inventory explain")
    hosts = inventory(request.targets, Path(request.file).parent if request.file else None, unlocked=unlocked)
    own = hosts.layers(host)
    variables = _variables(request, unlocked)
    workflows: list[Workflow] = []
    sources = None
    if request.file:
        evaluated = _load(request, variables, unlocked, say)
        sources = evaluated.sources
        declared = evaluated.file.workflows
        workflows = [one for one in declared if host in hosts.select(one.hosts or "all", allow_empty=True)]
    values = [varsfile.read(Path(path), unlocked.keyring.open_file) for path in request.values]
    extra = [varsfile.extra_file(item, unlocked.keyring.open_file) for item in request.extra]
    return explaining.explain(host, variable, explaining.of_run(own, workflows, values, extra, sources))


def load(request: Request, say: Subscriber) -> WorkflowFile:
    """Load and check the request's workflow file. What it logs while loading goes to `say`."""
    return _sound(request, say).file


def validate(request: Request, say: Subscriber) -> tuple[WorkflowFile, list[Problem]]:
    """The same, and what would fail in a run."""
    evaluated = _sound(request, say)
    return evaluated.file, evaluated.problems()


def _sound(request: Request, say: Subscriber) -> Evaluated:
    unlocked = Unlocked(request.targets.unlocking, request.file)
    evaluated = _load(request, _variables(request, unlocked), unlocked, say)
    for workflow in evaluated.file.workflows:
        lay_out(workflow, (), lambda _: ())  # a cycle is an error of the file, whatever its hosts are
    return evaluated


def plan(request: Request, say: Subscriber, keep: Path | None = None) -> list[Plan]:
    """The plans of a request, one for each of its workflows. keep: the file to keep them in."""
    request, loaded = _prepare(request, say, Unlocked(request.targets.unlocking, request.file))
    if keep is not None:
        keptplan.keep(keep, request, loaded)
    return list(loaded.plans)


def apply(request: Request, subscribers: Sequence[Subscriber], ask: Ask | None = None) -> int:
    """Run the workflows of a file one after the other, until one does not end well. Returns the exit code.

    Everything that happens goes to the subscribers. ask: asks a person before each task.
    Raises SlothError before anything connects.
    """
    unlocked = Unlocked(request.targets.unlocking, request.file)
    with unlocked.mask.errors(), Bus(subscribers, mask=unlocked.mask) as bus:
        request, loaded = _prepare(request, bus.publish, unlocked)
        if request.detach:
            detaching.check(request, loaded)
        code = _one_after_the_other(request, loaded, loaded.plans, bus, ask)
    past.tidy()
    bus.check()
    return code


def resume(run: str, how: Resume, over: Callable[[Request], Request], subscribers: Sequence[Subscriber]) -> int:
    """Do what is left of a run, then the workflows behind it. Returns the exit code.

    run: the beginning of its id. over(request): what it was asked, with the passwords and the like of today
    """
    runs = past.all_runs()
    found = runs.find(run)
    history = read_history(runs.journal(found))
    request = over(resumable(history, run))
    request = replace(request, lock_wait=max(request.lock_wait, ENDING_PATIENCE))
    unlocked = Unlocked(request.targets.unlocking, request.file)
    with unlocked.mask.errors(), Bus(subscribers, mask=unlocked.mask) as bus:
        if history.is_complete and how.choice.start is None:
            bus.publish(Notice(f"nothing is left of run {run}"))
            return 0
        loaded = _load_all(request, bus.publish, unlocked)
        plans = {one.workflow.name: one for one in loaded.plans}
        if history.asked.workflow not in plans:
            raise UsageError(f"{request.file} has no workflow {history.asked.workflow!r} any more")
        lives = Lives(runs, bus.publish)
        with lives.next(history, loaded, plans[history.asked.workflow], how) as life:
            code = Run(request, loaded, life, bus).go()
        if code == 0:
            behind = [plans[name] for name in history.asked.following if name in plans]
            code = _one_after_the_other(request, loaded, behind, bus)
    bus.check()
    return code


def _one_after_the_other(
    request: Request, loaded: Loaded, plans: Sequence[Plan], bus: Bus, ask: Ask | None = None
) -> int:
    """Run these until one does not end well."""
    lives = Lives(past.all_runs(), bus.publish)
    for number, plan in enumerate(plans, 1):
        following = [one.workflow.name for one in plans[number:]]
        with lives.first(request, loaded, plan, following) as life:
            code = Run(request, loaded, life, bus, ask).go()
        if code:
            return code
    return 0


def test(files: Sequence[Path], workflow: Path | None, given: Request, words: Sequence[str], watch: Watch) -> int:
    """Run the tests of these files and folders. Returns the exit code.

    workflow: the file whose tasks they play, if not the one that they name. given: whose variables count. words: only
    tests with one of these in their names
    """
    variables = _variables(given, Unlocked(given.targets.unlocking, "sloth test")).plain
    said: list[str] = []

    def load_one(path: Path) -> Evaluated:
        return load_file(
            path, variables.common, variables.values, lambda level, text: said.append(f"{level}: {text}"),
            project(path.parent),
        )  # fmt: skip

    files_of_tests = [testing.TestFile(path, load_one, workflow, variables) for path in testing.test_files(files)]
    return 0 if testing.run(files_of_tests, words, watch) else 2


def facts(
    targets: Targets, pattern: str, paths: Sequence[str], seconds: float, forks: int, say: Subscriber
) -> tuple[int, dict[str, Facts]]:
    """What hosts are: the exit code, and host → facts, in the order of the inventory.

    paths: which facts, as `os.version`; seconds: how old what is known may be, or else the host is asked
    """
    hosts = inventory(targets).limit(*replace(targets, pattern=pattern).patterns)
    cache = Cache(Places.find(os.environ, Path.cwd()).facts)
    known = KnownFacts(cache, "\n".join(map(str, targets.inventory)))

    def ask(missing: Sequence[str], words: Sequence[str], gathered: Gathered) -> int:
        asked = command.of_call(targets, ",".join(missing), words[0], words[1:], Catalog())
        return apply(replace(asked, check=True, forks=forks), [gathered, say])

    return known.all(hosts, paths, seconds, ask)


def verify(request: Request, watch: Watch) -> int:
    """Make the checks of a file's workflows, all of them, and change nothing. Returns the exit code.

    Raises UsageError when there was none.
    """
    verification = Verification(watch)
    unlocked = Unlocked(request.targets.unlocking, request.file)
    with unlocked.mask.errors(), Bus([verification], mask=unlocked.mask) as bus:
        request, loaded = _prepare(request, bus.publish, unlocked)
        verification.expect(loaded.plans, loaded.evaluated.sources.place)
        codes = [_one_after_the_other(request, loaded, [plan], bus) for plan in loaded.plans]
    bus.check()
    if not verification.count:
        raise UsageError(f"{request.file} makes no checks on these hosts", hint="infra_test makes them, in tasks")
    return next((code for code in codes if code), 0)


def _variables(request: Request, unlocked: Unlocked) -> Variables:
    values: dict[str, object] = {}
    for path in request.values:
        values.update(varsfile.read(Path(path), unlocked.keyring.open_file).values)
    extra = varsfile.extra_vars(request.extra, unlocked.keyring.open_file)
    for name in sorted(SECRET_VARIABLES & {*values, *extra}):  # they would reach all hosts, and no connection
        raise UsageError(
            f"{name} is a password of connections, which -e and values files do not set",
            hint="say it in the inventory, or give it with -k or -K",
        )
    return Variables(values, extra)


def _load(request: Request, variables: Variables, unlocked: Unlocked, say: Subscriber) -> Evaluated:
    path = Path(request.file)
    around = project(Path(request.around or path.parent))
    return load_file(
        path,
        variables.common,
        plain_only(variables.values),
        lambda level, text: say(LogLine("", "", level, text)),
        replace(around, folder=path.parent, open_file=unlocked.keyring.open_file),
    )


def _prepare(request: Request, say: Subscriber, unlocked: Unlocked) -> tuple[Request, Loaded]:
    """Everything up to the plans. A kept plan makes the request that it was made of, and has to hold still."""
    path = Path(request.file)
    if not keptplan.is_kept(path):
        return request, _load_all(request, say, unlocked)
    kept = keptplan.read(path)
    request = kept.request(request, settings.load(os.environ, Path.cwd())["inventory"])
    loaded = _load_all(request, say, unlocked)
    kept.check(loaded)
    return request, loaded


def _load_all(request: Request, say: Subscriber, unlocked: Unlocked) -> Loaded:
    if request.forks < 1:
        raise UsageError(f"-f wants a number from 1, got {request.forks}")
    path = Path(request.file)
    variables = _variables(request, unlocked)
    evaluated = _load(request, variables, unlocked, say)
    hosts = inventory(request.targets, path.parent, unlocked=unlocked)
    chosen = _chosen(request, evaluated.file)
    check_tags(chosen, [*request.tags, *request.skip_tags])
    if request.start_at is not None:
        chosen = starting_at(chosen, request.start_at)
    first = Choice(request.tags, request.skip_tags, request.start_at)
    choices = [first, *[replace(first, start_at=None)] * (len(chosen) - 1)]
    pairs = zip(chosen, choices, strict=True)
    plans = tuple(_plan(request, *pair, hosts, variables, evaluated) for pair in pairs)
    loaded = Loaded(evaluated, hosts, variables, plans, unlocked)
    for warning in [*loaded.file.warnings, *_warnings(loaded)]:
        say(Notice(warning))
    return loaded


def _warnings(loaded: Loaded) -> list[str]:
    """What looks wrong in the variables of the hosts that take part."""
    return loaded.inventory.warnings(dict.fromkeys(host.host for plan in loaded.plans for host in plan.hosts))


def _chosen(request: Request, file: WorkflowFile) -> Sequence[Workflow]:
    if not file.workflows:
        raise WorkflowError(f"{request.file} holds tests and no workflow", where=request.file)
    if request.workflow is None:
        return file.workflows
    names = [workflow.name for workflow in file.workflows]
    if request.workflow not in names:
        hint = near(request.workflow, names) or f"it defines {', '.join(names)}"
        raise WorkflowError(f"{request.file} defines no workflow {request.workflow!r}", hint=hint)
    return [workflow for workflow in file.workflows if workflow.name == request.workflow]


def _plan(
    request: Request, workflow: Workflow, choice: Choice, hosts: Inventory, variables: Variables, evaluated: Evaluated
) -> Plan:
    try:
        chosen = hosts.select(workflow.hosts or "all")
    except InventoryError as error:
        where = workflow.where if workflow.hosts else ""
        raise InventoryError(str(error), where=where, hint=error.hint) from error
    patterns = request.targets.patterns
    if patterns:
        limit = set(hosts.limit(*patterns))
        chosen = [host for host in chosen if host in limit]
        if not chosen:
            raise InventoryError(
                f"no host of workflow {workflow.name!r} ({workflow.hosts or 'all'}) is in {patterns[-1]!r}",
                hint="`sloth inventory list` shows all hosts",
            )
    return lay_out(
        workflow,
        chosen,
        lambda pattern: hosts.select(pattern, allow_empty=True),
        _known(workflow, hosts, variables, evaluated).choose,
        choice,
        request.seed,
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
