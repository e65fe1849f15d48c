"""Which secrets a host may have: those that its own tasks name, and no others, whatever it asks for.

A task names a secret as `secrets.NAME`, `secrets["NAME"]` or `secrets.get("NAME")`, or declares it:
`:secrets { "db_*" }`; it names a variable by its name. What counts is the text of the sources without the functions of
tasks that the host does not have. A template counts as well, with what it includes, where that text names the template
in quotes.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from fnmatch import fnmatchcase
from functools import cached_property
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from sloth.core.errors import AnswerError
from sloth.core.model import Span, Task, Workflow, WorkflowFile
from sloth.core.sealed import Open, is_sealed, opened
from sloth.engine.files import names_of
from sloth.secrets.keyring import Keyring
from sloth.workflow.sources import shown

_REFERENCE = re.compile(
    r"""\bsecrets\s*(?:\.\s*get\s*\(?\s*(["'])([\w.-]+)\1(?!\s*\.\.)|\[\s*(["'])([\w.-]+)\3\s*\]|\.\s*(?!get\b)([A-Za-z_]\w*))"""
)


class Mentions(Struct, frozen=True, dict=True):
    """What a text names. declared: globs of secrets and variables whose names are made up while tasks run."""

    text: str
    declared: tuple[str, ...] = ()

    def secret(self, name: str) -> bool:
        """Whether it names this secret."""
        return name in self.secrets or self._declares(name)

    def variable(self, name: str) -> bool:
        """Whether it names this variable."""
        return name in self._words or self._declares(name)

    def template(self, name: str) -> bool:
        """Whether it names this template."""
        return self._quotes(name)

    def and_text(self, text: str) -> Mentions:
        """With a template's text beside it, which many hosts may render."""
        if not text:
            return self
        if text not in self._more:
            self._more[text] = replace(self, text=f"{self.text}\n{text}")
        return self._more[text]

    @cached_property
    def secrets(self) -> frozenset[str]:
        """The names of all secrets that stand in it."""
        return references(self.text)

    @cached_property
    def _more(self) -> dict[str, Mentions]:
        return {}

    @cached_property
    def _words(self) -> frozenset[str]:
        return frozenset(re.findall(r"\w+", self.text))

    @cached_property
    def _quotes(self) -> Callable[[str], bool]:
        return names_of([self.text])

    def _declares(self, name: str) -> bool:
        return any(fnmatchcase(name, pattern) for pattern in self.declared)


def references(text: str) -> frozenset[str]:
    """The names of secrets that stand in a text."""
    return frozenset(found[2] or found[4] or found[5] for found in _REFERENCE.finditer(text))


class Mentioned:
    """What the tasks of each host name. Hosts that have the same tasks share the answer."""

    def __init__(self, file: WorkflowFile, workflow: Workflow) -> None:
        self._sources = {shown(key): text.splitlines() for key, text in file.sources.items()}
        self._tasks = {task.name: task for task in workflow.tasks}
        self._foreign = [task for one in file.workflows if one.name != workflow.name for task in one.tasks]
        self._known: dict[frozenset[str], Mentions] = {}

    def by(self, names: Iterable[str]) -> Mentions:
        """What the tasks of these names of the workflow name."""
        wanted = frozenset(names)
        if wanted not in self._known:
            own = [self._tasks[name] for name in wanted]
            others = [task for name, task in self._tasks.items() if name not in wanted] + self._foreign
            declared = tuple(sorted({pattern for task in own for pattern in task.secrets}))
            self._known[wanted] = Mentions(self._text(own, others), declared)
        return self._known[wanted]

    def _text(self, own: Iterable[Task], others: Iterable[Task]) -> str:
        hidden = _lines(others) - _lines(own)
        kept = (
            line
            for file, lines in self._sources.items()
            for number, line in enumerate(lines, 1)
            if (file, number) not in hidden
        )
        return "\n".join(kept)


def _lines(tasks: Iterable[Task]) -> set[tuple[str, int]]:
    spans: set[Span] = {span for task in tasks for span in task.spans}
    return {(span.file, number) for span in spans for number in range(span.first, span.last + 1)}


class Disclosure:
    """What one host gets to see of secrets."""

    def __init__(self, mentions: Mentions, keyring: Keyring) -> None:
        self.mentions = mentions
        self._keyring = keyring

    def check(self, layers: Iterable[Mapping[str, Any]]) -> None:
        """Open what the host will ask for: a wrong passphrase is said before anything connects. Raises SecretsError.

        layers: all that may give it variables
        """
        for layer in layers:
            self.variables(layer)
        if self.mentions.secrets or self.mentions.declared:
            self._keyring.unlock()

    def job(self, job: Mapping[str, Any]) -> dict[str, Any]:
        """The job with those of its encrypted variables, opened, that the host's tasks name, and not the others."""
        roles = {
            role: {kind: self.variables(values) for kind, values in layers.items()}
            for role, layers in job["roles"].items()
        }
        others = {host: self.variables(values) for host, values in job["others"].items()}
        vars_, extra = self.variables(job["vars"]), self.variables(job["extra"])
        return {**job, "vars": vars_, "extra": extra, "roles": roles, "others": others}

    def variables(self, values: Mapping[str, Any], template: str = "") -> dict[str, Any]:
        """The variables likewise. template: text that may name them as well."""
        return named(values, self.mentions.and_text(template), self._keyring.open)

    def secret(self, name: str, template: str = "") -> str:
        """A secret that the host's tasks, or a template of theirs, name. Raises AnswerError, or SecretsError."""
        mentions = self.mentions.and_text(template)
        if not mentions.secret(name):
            hint = f'write `secrets.{name}` in the task, or declare what it makes up: `:secrets {{ "{name}" }}`'
            raise AnswerError(f"no task of this host names the secret {name[:80]!r}", hint=hint)
        return self._keyring.named(name)


def named(values: Mapping[str, Any], mentions: Mentions, open_: Open) -> dict[str, Any]:
    """The variables; of the sealed ones those that are named, opened."""
    sealed = [name for name, value in values.items() if is_sealed(value)]
    if not sealed:
        return dict(values)
    found = {name: opened(values[name], open_) for name in sealed if mentions.variable(name)}
    return {name: found.get(name, value) for name, value in values.items() if name in found or name not in sealed}
