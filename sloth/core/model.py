"""The nouns of the engine: what a workflow file means, once it is loaded and checked."""

from __future__ import annotations

from collections.abc import Mapping

from msgspec import Struct, field

STATUSES = frozenset(
    {
        "ok",
        "changed",
        "failed",
        "skipped",
        "unreachable",
        "timed_out",
        "cancelled",
        "would_change",
        "would_run",
    }
)
BAD = frozenset({"failed", "unreachable", "timed_out", "cancelled"})


class Retry(Struct, frozen=True):
    """Extra attempts of a task. delay and max_delay are seconds; strategy is fixed, linear or exponential."""

    count: int = 0
    strategy: str = "exponential"
    delay: float = 1.0
    max_delay: float = 60.0


class Delegation(Struct, frozen=True):
    """Who runs a task in place of its hosts.

    hosts: names, or templates of names. groups, tags: those of the inventory that are in one of these groups, and
    have all of these tags. strategy: which of all these. zone: for the strategy of that name. chooser: the number of
    a function in the VM that loaded the file. per_host: the task runs once for each of its hosts. fallback: the
    controller itself stands in for a host that is unknown or cannot be reached
    """

    where: str
    hosts: tuple[str, ...] = ()
    groups: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    strategy: str = "all"
    zone: str | None = None
    chooser: int | None = None
    per_host: bool = False
    fallback: bool = False


class Span(Struct, frozen=True):
    """Lines of a source, as the language calls its file, both ends included."""

    file: str
    first: int
    last: int


class Task(Struct, frozen=True):
    """A task as its author declared it. `become` is the user that its calls run as; timeout is seconds.

    stream: its output is shown while it runs.
    after_failure: of what it depends on, those that have to fail. may_abort: it has an abort_if. outputs: the names
    that it promises. secrets: those whose names its functions make up; globs. spans: where its functions stand.
    """

    name: str
    where: str
    description: str = ""
    hosts: str | None = None
    tags: tuple[str, ...] = ()
    depends_on: tuple[str, ...] = ()
    timeout: float | None = None
    retry: Retry = Retry()
    become: str | None = None
    workdir: str | None = None
    env: Mapping[str, str] = field(default_factory=dict)
    params: Mapping[str, object] = field(default_factory=dict)
    ignore_errors: bool = False
    stream: bool = False
    role: str | None = None
    after_failure: tuple[str, ...] = ()
    is_async: bool = False
    register: str | None = None
    outputs: tuple[str, ...] = ()
    artifacts: tuple[str, ...] = ()
    consumes: tuple[str, ...] = ()
    category: str = ""
    delegate_to: Delegation | None = None
    metadata: Mapping[str, object] = field(default_factory=dict)
    run_once: bool = False
    serial: tuple[str | int, ...] = ()
    may_abort: bool = False
    secrets: tuple[str, ...] = ()
    spans: tuple[Span, ...] = ()


class RoleUse(Struct, frozen=True):
    """A role as a workflow uses it: its default variables, and those it is given there."""

    name: str
    defaults: Mapping[str, object] = field(default_factory=dict)
    variables: Mapping[str, object] = field(default_factory=dict)


class Workflow(Struct, frozen=True):
    """A named graph of tasks. `tasks` stand in file order, those of roles first. timeout: seconds for all of it.

    workdir: made before the first task where create_workdir says so; clean_workdir and cleanup_on_failure: see
    sloth/runtime/workdir.py
    """

    name: str
    where: str
    description: str = ""
    version: str = ""
    hosts: str | None = None
    tasks: tuple[Task, ...] = ()
    handlers: tuple[str, ...] = ()
    roles: tuple[RoleUse, ...] = ()
    parallel: int = 1
    timeout: float | None = None
    serial: tuple[str | int, ...] = ()
    max_fail: str | int | None = None
    order: str = "inventory"
    variables: Mapping[str, object] = field(default_factory=dict)
    workdir: str | None = None
    create_workdir: bool = False
    clean_workdir: bool = False
    cleanup_on_failure: bool | None = None
    fail_fast: bool = False
    metadata: object = None

    def task(self, name: str) -> Task:
        """The task of that name."""
        return next(task for task in self.tasks if task.name == name)


class WorkflowFile(Struct, frozen=True):
    """A loaded file: its workflows, and all sources that a host needs to evaluate it again.

    sources: key under which the language asks for it → text. environ: the variables of the
    controller's environment that the file reads while it is loaded. values: its defaults, with the values files on top.
    stack: the name that it gives to its stack. tests: the names of its tests, if it holds any. lua_modules: those
    of the project's modules that are written in Lua.
    """

    path: str
    entry: str
    sources: Mapping[str, str]
    workflows: tuple[Workflow, ...]
    environ: Mapping[str, str] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()
    values: Mapping[str, object] = field(default_factory=dict)
    stack: str | None = None
    tests: tuple[str, ...] = ()
    lua_modules: tuple[str, ...] = ()


class Delegated(Struct, frozen=True):
    """A task that a host runs in place of others. on_behalf: the host for which it does, if it is one."""

    task: str
    on_behalf: str | None = None


class HostPlan(Struct, frozen=True):
    """What one host is to do in one batch: the names of its tasks, in order, and what each waits for.

    needs: task → tasks of this host in this batch. gates: task → gates that others open. deps: task → what it depends
    on → the task or gate with its outputs. delegated: those that run here in place of other hosts. fallback: the
    controller stands in when this host cannot be reached
    """

    host: str
    needs: Mapping[str, tuple[str, ...]]
    gates: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    deps: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    delegated: Mapping[str, Delegated] = field(default_factory=dict)
    batch: int = 0
    fallback: bool = False

    @property
    def tasks(self) -> tuple[str, ...]:
        """Task names in the order in which they run."""
        return tuple(self.needs)

    def task(self, name: str) -> str:
        """The name of the workflow's task that runs here under this name."""
        return self.delegated[name].task if name in self.delegated else name

    def owner(self, name: str) -> str:
        """The host whose task this is: it has failed when the task fails."""
        return (self.delegated[name].on_behalf if name in self.delegated else None) or self.host


class Plan(Struct, frozen=True):
    """A workflow laid out over hosts, before anything connects.

    hosts: batch after batch; who takes part in several is there for each. batches: whose tasks they run, one batch
    after the other. gates: name → the tasks on their hosts that have to end before it opens. once: a task that runs
    once → the hosts of its batch that could run it. turns: gates that open however those tasks have ended
    """

    workflow: Workflow
    hosts: tuple[HostPlan, ...]
    batches: tuple[tuple[str, ...], ...] = ()
    gates: Mapping[str, tuple[tuple[str, str], ...]] = field(default_factory=dict)
    once: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    turns: Mapping[str, tuple[tuple[str, str], ...]] = field(default_factory=dict)
