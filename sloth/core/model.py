"""The nouns of the engine: what a workflow file means, once it is loaded and checked."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

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


@dataclass(frozen=True, slots=True)
class Retry:
    """Extra attempts of a task. delay and max_delay are seconds; strategy is fixed, linear or exponential."""

    count: int = 0
    strategy: str = "exponential"
    delay: float = 1.0
    max_delay: float = 60.0


@dataclass(frozen=True, slots=True)
class Task:
    """A task as its author declared it. `become` is the user that its calls run as; timeout is seconds."""

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
    role: str | None = None
    run_once: bool = False


@dataclass(frozen=True, slots=True)
class RoleUse:
    """A role as a workflow uses it: its default variables, and those it is given there."""

    name: str
    defaults: Mapping[str, object] = field(default_factory=dict)
    variables: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Workflow:
    """A named graph of tasks. `tasks` stand in file order, those of roles first. timeout: seconds for all of it."""

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

    def task(self, name: str) -> Task:
        """The task of that name."""
        return next(task for task in self.tasks if task.name == name)


@dataclass(frozen=True, slots=True)
class WorkflowFile:
    """A loaded file: its workflows, and all sources that a host needs to evaluate it again.

    sources: key under which the language asks for it → text. environ: the variables of the
    controller's environment that the file reads while it is loaded.
    """

    path: str
    entry: str
    sources: Mapping[str, str]
    workflows: tuple[Workflow, ...]
    environ: Mapping[str, str] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class HostPlan:
    """What one host is to do: the names of its tasks, in order, and what each waits for.

    needs: task → tasks of this host. gates: task → tasks that run on other hosts only.
    """

    host: str
    needs: Mapping[str, tuple[str, ...]]
    gates: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    @property
    def tasks(self) -> tuple[str, ...]:
        """Task names in the order in which they run."""
        return tuple(self.needs)


@dataclass(frozen=True, slots=True)
class Plan:
    """A workflow laid out over hosts, before anything connects. Batches run one after the other."""

    workflow: Workflow
    hosts: tuple[HostPlan, ...]
    batches: tuple[tuple[str, ...], ...] = ()
