"""What one host is told to do, in one message: sources, graph, variables, limits.

The controller builds it (engine), the host reads it here. The graph (names, order, needs) is the
controller's alone; the closures come from the host's own evaluation of the same sources.
"""

from sloth.runtime.failure import ActionFailed

MYPY = False
if MYPY:
    from collections.abc import Iterable, Mapping

    Plain = Mapping[str, object]


class Retries:
    """Extra attempts and the wait before each: `count`, `strategy` (fixed, linear, exponential), seconds."""

    def __init__(
        self, count: int = 0, strategy: str = "exponential", delay: float = 1.0, max_delay: float = 60.0
    ) -> None:
        self.count = count
        self.strategy = strategy
        self.delay = delay
        self.max_delay = max_delay

    def wait(self, attempt: int, jitter: float) -> float:
        """Seconds to wait after the attempt of that number (1, 2, …); jitter is 0…1 and takes up to a quarter off."""
        factor = {"fixed": 1, "linear": attempt, "exponential": 1 << min(attempt - 1, 30)}[self.strategy]
        return float(min(self.delay * factor, self.max_delay) * (1 - jitter / 4))


class Step:
    """One task of the graph as the controller planned it.

    task: its name in the workflow; name: under which it runs here. host: the one for which it runs
    deps: what it depends on → the task or gate that has its outputs. awaited: whether other hosts wait for its end
    """

    def __init__(self, plain: "Plain") -> None:
        retries = _mapping(plain, "retries")
        self.name = str(plain["name"])
        self.task = str(plain.get("task", self.name))
        self.host = None if plain.get("host") is None else str(plain["host"])
        self.deps = {key: str(value) for key, value in _mapping(plain, "deps").items()}
        self.needs = [str(name) for name in _list(plain, "needs")]
        self.gates = [str(name) for name in _list(plain, "gates")]
        self.awaited = bool(plain.get("awaited"))
        self.depends_on = [str(name) for name in _list(plain, "depends_on")]
        self.timeout = _seconds(plain.get("timeout"))
        self.retries = Retries(**retries)  # type: ignore[arg-type]  # the controller writes exactly these keys
        self.become = None if plain.get("become") is None else str(plain["become"])
        self.workdir = None if plain.get("workdir") is None else str(plain["workdir"])
        self.env = {key: str(value) for key, value in _mapping(plain, "env").items()}
        self.params = _mapping(plain, "params")
        self.ignore_errors = bool(plain.get("ignore_errors"))
        self.stream = bool(plain.get("stream"))
        self.role = None if plain.get("role") is None else str(plain["role"])
        self.after_failure = [str(name) for name in _list(plain, "after_failure")]
        self.is_async = bool(plain.get("async"))
        self.register = None if plain.get("register") is None else str(plain["register"])
        self.outputs = [str(name) for name in _list(plain, "outputs")]
        self.artifacts = [str(name) for name in _list(plain, "artifacts")]
        self.consumes = [str(name) for name in _list(plain, "consumes")]


class Job:
    """One host's part of a run."""

    def __init__(self, plain: "Plain") -> None:
        self.run = str(plain["run"])
        self.host = str(plain["host"])
        self.owner = str(plain.get("owner", ""))
        self.workflow = str(plain["workflow"])
        self.entry = str(plain["entry"])
        self.sources = {key: str(value) for key, value in _mapping(plain, "sources").items()}
        self.steps = [Step(step) for step in _list(plain, "steps") if isinstance(step, dict)]
        self.vars = _mapping(plain, "vars")
        self.others = _mapping(plain, "others")
        self.common = _mapping(plain, "common")
        self.extra = _mapping(plain, "extra")
        self.values = _mapping(plain, "values")
        self.roles = _mapping(plain, "roles")
        self.groups = _mapping(plain, "groups")
        self.environ = {key: str(value) for key, value in _mapping(plain, "environ").items()}
        self.check = bool(plain.get("check"))
        self.diff = bool(plain.get("diff"))
        self.live = bool(plain.get("live"))
        self.verify = bool(plain.get("verify"))
        self.parallel = int(str(plain.get("parallel", 1)))
        self.pending = [str(name) for name in _list(plain, "pending")]
        self.force_handlers = bool(plain.get("force_handlers"))
        self.done = {name: end for name, end in _mapping(plain, "done").items() if isinstance(end, dict)}
        self.done_handlers = {str(name) for name in _list(plain, "done_handlers")}
        self.recall = bool(plain.get("recall"))
        self.gates = [gate for gate in _list(plain, "gates") if isinstance(gate, dict)]
        self.fail_fast = bool(plain.get("fail_fast"))
        self.scratch = f"/tmp/sloth-{self.run}"  # noqa: S108  # a task's without a workdir; a run's id is random
        self.workdir = None if plain.get("workdir") is None else str(plain["workdir"])
        self.create_workdir = bool(plain.get("create_workdir"))
        cleanup = plain.get("cleanup_on_failure")
        self.cleanup_on_failure = None if cleanup is None else bool(cleanup)
        self.lock_wait = _seconds(plain.get("lock_wait")) or 0.0
        self.lua_modules = [str(name) for name in _list(plain, "lua_modules")]
        self._complete_steps()

    def _complete_steps(self) -> None:
        """What stands above a step in the job: -e wins over params; a workdir that nobody has named is ours."""
        if self.create_workdir and self.workdir is None:
            self.workdir = self.scratch
            for step in self.steps:
                step.workdir = step.workdir or self.scratch
        for step in self.steps:
            step.params = {name: self.extra.get(name, value) for name, value in step.params.items()}

    def take_up(self, events: "Iterable[dict[str, object]]") -> "list[dict[str, object]]":
        """What an earlier life of the run left on this host counts as done; the events that are news."""
        news = []
        names = {step.name for step in self.steps}
        for event in events:
            name = str(event.get("task"))
            if event.get("type") != "task_finished" or event.get("blocks") or event.get("status") == "cancelled":
                continue
            if event.get("handler"):
                self.pending = [wanted for wanted in self.pending if wanted != name]
                is_news = name not in self.done_handlers
            else:
                self.pending += [str(wanted) for wanted in _list(event, "notified") if wanted not in self.pending]
                is_news = name in names and name not in self.done
            if is_news:
                news.append(event)
            if is_news and not event.get("handler"):
                self.done[name] = event
        return news

    def variables(self, role: "str | None", host: str) -> "dict[str, object]":
        """What every task of that role sees: role defaults, its host's variables, role variables, extra variables."""
        own = _mapping(self.others, host) if host in self.others else self.vars
        return task_variables(own, self.extra, self.roles, role, {})

    def own(self, step: Step, registered: "Plain") -> "dict[str, object]":
        """What a task sees above those: what tasks before it registered, its params; nothing that -e says."""
        own = dict(registered, **step.params)
        return {name: value for name, value in own.items() if name not in self.extra}


def task_variables(
    variables: "Plain", extra: "Plain", roles: "Plain", role: "str | None", own: "Plain"
) -> "dict[str, object]":
    """Merge the layers of one task, lowest first. roles: name → {"defaults": {…}, "vars": {…}}. own: see Job.own."""
    layers = _mapping(roles, role) if role is not None else {}
    merged = dict(_mapping(layers, "defaults"))
    merged.update(variables)
    merged.update(_mapping(layers, "vars"))
    merged.update(own)
    merged.update(extra)
    return merged


def _mapping(plain: "Plain", key: str) -> "dict[str, object]":
    value = plain.get(key)
    if value is None or value == []:
        return {}
    if not isinstance(value, dict):
        raise ActionFailed(f"bad job: {key} is no object", kind="protocol")
    return {str(name): item for name, item in value.items()}


def _list(plain: "Plain", key: str) -> "list[object]":
    value = plain.get(key)
    if value is None:
        return []
    if not isinstance(value, list):
        raise ActionFailed(f"bad job: {key} is no list", kind="protocol")
    return value


def _seconds(value: object) -> "float | None":
    return float(value) if isinstance(value, (int, float)) and value > 0 else None
