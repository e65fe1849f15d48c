"""The use cases as functions, put together here: what fronts call (the command line; later a server, a scheduler).

What a run itself needs (its clock, store, sessions) run.py puts together. What only one use case needs is imported
where it is used: a run loads more than enough.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from msgspec.structs import replace

from sloth.core import varsfile
from sloth.core.cache import Cache
from sloth.core.errors import UsageError
from sloth.core.events import Notice, Subscriber
from sloth.core.model import Plan, Workflow, WorkflowFile
from sloth.core.testresult import Watch
from sloth.engine import command, detaching, here, homes, keptplan, loading, past, withheld
from sloth.engine.bus import Bus
from sloth.engine.history import read as read_history
from sloth.engine.homes import Homes
from sloth.engine.knowing import Gathered, KnownFacts, Told
from sloth.engine.lives import ENDING_PATIENCE, Resume, resumable
from sloth.engine.loading import Loaded
from sloth.engine.planning import lay_out
from sloth.engine.reading import inventory, project
from sloth.engine.request import Request, Targets
from sloth.engine.run import Run
from sloth.engine.sessions import connection_of, switchboard_of
from sloth.engine.stepping import Ask
from sloth.engine.unlocking import Unlocked
from sloth.engine.verifying import Verification
from sloth.runtime.catalog import Catalog
from sloth.workflow.evaluated import Evaluated
from sloth.workflow.load import load as load_file

if TYPE_CHECKING:
    from sloth.engine.explaining import Explanation
    from sloth.workflow.lint import Problem


def explain(request: Request, host: str, variable: str, say: Subscriber) -> Explanation:
    """Every place that gives a host a variable. Without a file in the request no workflow takes part."""
    from sloth.engine import explaining

    unlocked = Unlocked(request.targets.unlocking, "sloth inventory explain")
    hosts = inventory(request.targets, Path(request.file).parent if request.file else None, unlocked=unlocked)
    own = hosts.layers(host)
    variables = loading.given(request, unlocked)
    workflows: list[Workflow] = []
    sources = None
    if request.file:
        evaluated = loading.evaluate(request, variables, unlocked, say)
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
    """The same with further warnings, and what would fail in a run."""
    evaluated = _sound(request, say)
    warnings = (*evaluated.file.warnings, *evaluated.doubts())
    return replace(evaluated.file, warnings=warnings), evaluated.problems()


def _sound(request: Request, say: Subscriber) -> Evaluated:
    unlocked = Unlocked(request.targets.unlocking, request.file)
    evaluated = loading.evaluate(request, loading.given(request, unlocked), unlocked, say)
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
    withheld.check(request.extra, run)
    request = replace(request, lock_wait=max(request.lock_wait, ENDING_PATIENCE))
    unlocked = Unlocked(request.targets.unlocking, request.file)
    with unlocked.mask.errors(), Bus(subscribers, mask=unlocked.mask) as bus:
        if history.is_complete and how.scope.start is None:
            bus.publish(Notice(f"nothing is left of run {run}"))
            return 0
        loaded = loading.load(request, bus.publish, unlocked)
        plans = {one.workflow.name: one for one in loaded.plans}
        if history.asked.workflow not in plans:
            raise UsageError(f"{request.file} has no workflow {history.asked.workflow!r} any more")
        plan = plans[history.asked.workflow]
        plan = loading.at_home(request, loaded, plan, homes.of_earlier_life(plan, history.hosts))
        with past.lives(bus.publish).next(history, loaded, plan, how) as life:
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
    lives = past.lives(bus.publish)
    for number, planned in enumerate(plans, 1):
        following = [one.workflow.name for one in plans[number:]]
        found = _homes(request, loaded, planned, bus.publish)
        plan = loading.at_home(request, loaded, planned, found.homes)
        with lives.first(request, loaded, plan, following) as life:
            code = Run(request, loaded, life, bus, ask, found.lost).go()
        if code:
            return code
    return 0


def _homes(request: Request, loaded: Loaded, plan: Plan, say: Subscriber) -> Homes:
    """Where the tasks of a plan run that run once; nothing connects where there is no choice."""
    if all(len(hosts) < 2 for hosts in plan.once.values()):
        return Homes()
    switchboard = switchboard_of(loaded)
    try:
        reach = homes.reaching(switchboard, lambda host: connection_of(request, loaded, host))
        return homes.find(plan, reach, say)
    finally:
        switchboard.close()


def test(files: Sequence[Path], workflow: Path | None, given: Request, words: Sequence[str], watch: Watch) -> int:
    """Run the tests of these files and folders. Returns the exit code.

    workflow: the file whose tasks they play, if not the one that they name. given: whose variables count. words: only
    tests with one of these in their names
    """
    from sloth.engine import testing

    variables = loading.given(given, Unlocked(given.targets.unlocking, "sloth test")).plain
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
) -> Told:
    """What hosts are, in the order of the inventory.

    paths: which facts, as `os.version`; seconds: how old what is known may be, or else the host is asked
    """
    hosts = inventory(targets).limit(*replace(targets, pattern=pattern).patterns)
    cache = Cache(here.places().facts)
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


def _prepare(request: Request, say: Subscriber, unlocked: Unlocked) -> tuple[Request, Loaded]:
    """Everything up to the plans. A kept plan makes the request that it was made of, and has to hold still."""
    path = Path(request.file)
    if not keptplan.is_kept(path):
        return request, loading.load(request, say, unlocked)
    kept = keptplan.read(path)
    request = kept.request(request, here.configured()["inventory"])
    loaded = loading.load(request, say, unlocked)
    kept.check(loaded)
    return request, loaded
