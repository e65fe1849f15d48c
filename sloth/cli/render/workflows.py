"""Workflow files: what is in them, and whether they are sound."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from msgspec import to_builtins

from sloth.cli.render import problems
from sloth.cli.render.format import Format
from sloth.cli.render.notes import standard_output
from sloth.cli.render.screen import Part, Screen, one_line
from sloth.cli.render.wording import counted, duration
from sloth.core.errors import SlothError, WorkflowError
from sloth.core.model import Delegation, Task, Workflow, WorkflowFile
from sloth.workflow.lint import Problem


def show(file: WorkflowFile, form: Format) -> None:
    """The workflows of one file, with all of their tasks."""
    screen = standard_output()
    if form is Format.JSON:
        workflows = [_plain(workflow) for workflow in file.workflows]
        screen.json({"file": file.path, "stack": file.stack, "workflows": workflows, "tests": list(file.tests)})
        return
    if file.stack:
        screen.line(("stack: ", "dim"), one_line(file.stack))
    for test in file.tests:
        screen.line(("test: ", "dim"), one_line(test))
    for number, workflow in enumerate(file.workflows):
        if number:
            screen.line()
        _show_workflow(screen, workflow)


def show_validated(file: WorkflowFile, found: Sequence[Problem]) -> int:
    """Whether a file is sound; what is wrong goes to standard error. Returns the exit code."""
    for warning in file.warnings:
        problems.warn(warning)
    for one in found:
        problems.show(WorkflowError(one.text, where=one.where, hint=one.hint))
    if found:
        return WorkflowError.exit_code
    tasks = sum(len(workflow.tasks) for workflow in file.workflows)
    parts = [", ".join(workflow.name for workflow in file.workflows), counted(tasks, "task")] if tasks else []
    if file.tests:
        parts.append(counted(len(file.tests), "test"))
    standard_output().line(file.path, ": ", ("sound", "green"), *(f" · {part}" for part in parts))
    return 0


def show_files(directory: Path, found: Mapping[str, WorkflowFile | SlothError], form: Format) -> None:
    """Many files, each with its workflows, or with what is wrong."""
    screen = standard_output()
    if form is Format.JSON:
        screen.json({"files": [_plain_file(path, one) for path, one in found.items()]})
        return
    rows: list[list[Part]] = []
    for path, one in found.items():
        if isinstance(one, SlothError):
            rows.append([path, ("-", "dim"), "", (f"error: {one} ({one.where})", "red")])
            continue
        for workflow in one.workflows:
            about = (one_line(workflow.description), "dim")
            rows.append([path, (workflow.name, "bold"), counted(len(workflow.tasks), "task"), about])
    if rows:
        screen.table(rows)
    else:
        screen.line(f"there is no workflow file (*.sloth, *.lua) in {directory.resolve()}")


def _show_workflow(screen: Screen, workflow: Workflow) -> None:
    version = f" {workflow.version}" if workflow.version else ""
    screen.line((one_line(workflow.name), "bold"), version, (f"  {workflow.where}", "dim"))
    if workflow.description:
        screen.line("  ", one_line(workflow.description))
    screen.line("  ", ("hosts: ", "dim"), workflow.hosts or "all")
    if workflow.roles:
        screen.line("  ", ("roles: ", "dim"), ", ".join(role.name for role in workflow.roles))
    if workflow.handlers:
        screen.line("  ", ("handlers: ", "dim"), ", ".join(workflow.handlers))
    heads = ("task", "after", "on", "tags", "")
    rows: list[list[Part]] = [[(head, "dim") for head in heads]]
    for task in workflow.tasks:
        rows.append([  # noqa: PERF401  # the row is easier to read as a statement
            (one_line(task.name), "bold"), ", ".join(task.depends_on) or "-", task.hosts or "-",
            ", ".join(task.tags) or "-", (_about(task), "dim"),
        ])  # fmt: skip
    screen.table(rows, indent="  ")


def _about(task: Task) -> str:
    facts = []
    if task.category:
        facts.append(one_line(task.category))
    if task.delegate_to is not None:
        facts.append(_delegates(task.delegate_to))
    if task.after_failure:
        facts.append(f"if {', '.join(map(one_line, task.after_failure))} failed")
    if task.is_async:
        facts.append("beside others")
    if task.serial:
        facts.append(f"{', '.join(map(str, task.serial))} at a time")
    if task.become:
        facts.append(f"as {task.become}")
    if task.timeout is not None:
        facts.append(f"within {duration(task.timeout)}")
    if task.retry.count:
        facts.append(f"{task.retry.count} retr{'y' if task.retry.count == 1 else 'ies'}")
    if task.ignore_errors:
        facts.append("may fail")
    return " · ".join([one_line(task.description), *facts] if task.description else facts)


def _delegates(said: Delegation) -> str:
    """Who runs a task in place of its hosts."""
    if said.chooser is not None:
        who = "the hosts that its function chooses"
    else:
        groups = [f"group {group}" for group in said.groups]
        tags = [f"tag {tag}" for tag in said.tags]
        who = ", ".join([*said.hosts, *groups, *tags])
        who = who if said.strategy == "all" else f"{said.strategy.replace('_', ' ')} of {who}"
    return f"{'for each host at' if said.per_host else 'at'} {one_line(who)}"


def _plain(workflow: Workflow) -> dict[str, object]:
    return {
        "name": workflow.name,
        "description": workflow.description,
        "version": workflow.version,
        "where": workflow.where,
        "hosts": workflow.hosts,
        "roles": [role.name for role in workflow.roles],
        "handlers": list(workflow.handlers),
        "metadata": workflow.metadata,
        "tasks": [_plain_task(task) for task in workflow.tasks],
    }


def _plain_task(task: Task) -> dict[str, object]:
    return {
        "name": task.name,
        "description": task.description,
        "where": task.where,
        "depends_on": list(task.depends_on),
        "hosts": task.hosts,
        "tags": list(task.tags),
        "timeout": task.timeout,
        "retries": task.retry.count,
        "become": task.become,
        "ignore_errors": task.ignore_errors,
        "stream": task.stream,
        "role": task.role,
        "next_if_fail": list(task.after_failure),
        "async": task.is_async,
        "category": task.category,
        "outputs": list(task.outputs),
        "artifacts": list(task.artifacts),
        "consumes": list(task.consumes),
        "delegate_to": None if task.delegate_to is None else to_builtins(task.delegate_to),
        "metadata": dict(task.metadata),
    }


def _plain_file(path: str, one: WorkflowFile | SlothError) -> dict[str, object]:
    if isinstance(one, SlothError):
        return {"file": path, "error": str(one), "where": one.where}
    return {"file": path, "workflows": [workflow.name for workflow in one.workflows]}
