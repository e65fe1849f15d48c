"""Choosing the hosts that run a delegated task: by name, template, function, group or tag. Nothing connects here."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from msgspec import Struct, field

from sloth.core.errors import TemplateError, WorkflowError
from sloth.core.model import Delegation, Task
from sloth.core.near import near
from sloth.engine.files import Search
from sloth.engine.templates import Templates

LOCAL = "localhost"

Ask = Callable[[int, Mapping[str, object], Mapping[str, object]], object]
"""Calls a function of the workflow file: its number, what it gets and sees, the groups of the inventory."""


class Known(Struct, frozen=True):
    """What is known when hosts are chosen.

    hosts: those of the inventory. variables(host): of one of them. common: those that all hosts share. turns: how often
    hosts were chosen from the same candidates
    """

    hosts: Mapping[str, None]
    groups: Mapping[str, Sequence[str]]
    variables: Callable[[str], Mapping[str, Any]]
    common: Mapping[str, object]
    values: Mapping[str, object]
    ask: Ask
    templates: Templates = field(default_factory=Templates)
    turns: dict[tuple[str, ...], int] = field(default_factory=dict)

    def choose(self, task: Task, host: str | None, load: Mapping[str, int]) -> Sequence[str]:
        """Who runs a task, for one host or (None) for all of them alike. Raises WorkflowError.

        load: how many tasks each host has already
        """
        assert task.delegate_to is not None  # nobody asks about other tasks
        return _Choice(self, task, task.delegate_to, host).made(load)

    def tags(self, host: str) -> set[str]:
        """Those of a host's variable `tags`: a list, or words with commas between them."""
        said = self.variables(host).get("tags")
        words = said.split(",") if isinstance(said, str) else said if isinstance(said, list) else []
        return {str(word).strip() for word in words}

    def zone(self, host: str) -> str | None:
        """A host's variable `zone`."""
        said = self.variables(host).get("zone")
        return None if said is None else str(said)


class _Choice(Struct, frozen=True):
    known: Known
    task: Task
    said: Delegation
    host: str | None

    def made(self, load: Mapping[str, int]) -> Sequence[str]:
        if self.said.chooser is not None and self.said.strategy != "function":
            return self._by_function()
        candidates = self._candidates()
        match self.said.strategy:
            case "any":
                return candidates[:1]
            case "round_robin":
                turn = self.known.turns.get(candidates, 0)
                self.known.turns[candidates] = turn + 1
                return [candidates[turn % len(candidates)]]
            case "least_loaded":
                return [min(candidates, key=lambda one: load.get(one, 0))]
            case "zone":
                return self._in_zone(candidates)
            case "function":
                return self._resolved(self._ask({"style": "plain", "extra": [list(candidates), self.host]}))
        return candidates

    def _candidates(self) -> tuple[str, ...]:
        """Every host that the names, groups and tags mean, each once."""
        found = dict.fromkeys(self._resolved([self._rendered(name) for name in self.said.hosts]))
        if self.said.groups or self.said.tags:
            found |= dict.fromkeys(one for one in self._of_groups() if self.known.tags(one).issuperset(self.said.tags))
        if not found and self.said.fallback:
            return (LOCAL,)
        if not found:
            groups, tags = ", ".join(self.said.groups) or "the inventory", ", ".join(self.said.tags)
            raise self._problem(f"no host of {groups} has all of the tags {tags}" if tags else f"{groups} has no hosts")
        return tuple(found)

    def _of_groups(self) -> Iterable[str]:
        for group in self.said.groups:
            if group not in self.known.groups:
                raise self._problem(f"there is no group {group!r}", near(group, self.known.groups))
            yield from self.known.groups[group]
        if not self.said.groups:
            yield from self.known.hosts

    def _in_zone(self, candidates: Sequence[str]) -> Sequence[str]:
        """The first that is in the zone asked for, or in that of the host for which the task runs."""
        zone = self.said.zone
        if zone is None and self.host is not None:
            zone = self.known.zone(self.host)
        if zone is None:
            raise self._problem("there is no zone to look in", "say zone, or per_host = true for that of each host")
        found = [one for one in candidates if self.known.zone(one) == zone]
        if not found:
            raise self._problem(f"none of {', '.join(candidates)} has {zone!r} for its variable zone")
        return found[:1]

    # functions and templates

    def _by_function(self) -> Sequence[str]:
        """A function that takes a host gets it and the task's params; another one the params, as a command does."""
        params = dict(self.task.params)
        if self.said.per_host:
            return self._resolved(self._ask({"style": "plain", "extra": [self.host, params]}))
        this = {"name": self.task.name, "agent": LOCAL}
        return self._resolved(self._ask({"style": "condition", "this": this, "params": params}))

    def _ask(self, context: Mapping[str, object]) -> object:
        assert self.said.chooser is not None
        seen = {"vars": self._variables(), "inventory_hostname": self.host}
        return self.known.ask(self.said.chooser, {**context, **seen}, self.known.groups)

    def _rendered(self, name: str) -> str:
        if "{{" not in name:
            return name
        variables = self._variables()
        seen = {**variables, "vars": variables, "values": self.known.values, "groups": self.known.groups}
        own = {} if self.host is None else {"inventory_hostname": self.host}
        try:
            return self.known.templates.render_text(name, Search((), _no_file), {**seen, **own}).strip()
        except TemplateError as error:
            hint = "" if self.host else "variables of hosts are known with per_host = true, where each has its own"
            raise self._problem(f"{name}: {error}", hint) from error

    def _variables(self) -> dict[str, object]:
        """What is known before anything runs: the variables of the host, and those that all share."""
        own = {} if self.host is None else self.known.variables(self.host)
        return {**own, **self.known.common}

    # names

    def _resolved(self, answer: object) -> tuple[str, ...]:
        """Names of hosts; the controller stands in for an unknown one where it may."""
        names = [answer] if isinstance(answer, str) else answer
        if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
            raise self._problem(f"the function has to return a host or a list of hosts, not {answer!r}")
        return tuple(dict.fromkeys(map(self._host, names)))

    def _host(self, name: str) -> str:
        if name in self.known.hosts or name == LOCAL:
            return name
        if name == "local" or self.said.fallback:
            return LOCAL
        hint = near(name, self.known.hosts) or "`sloth inventory list` shows all hosts"
        if list(self.known.hosts) == [LOCAL]:
            hint = f'name an inventory with -i, or write {{ host = "{name}", fallback = "local" }}'
        if name in self.known.groups:
            hint = f'{name} is a group: write {{ groups = "{name}" }}'
        raise self._problem(f"there is no host {name!r} in the inventory", hint)

    def _problem(self, text: str, hint: str = "") -> WorkflowError:
        return WorkflowError(f"task {self.task.name!r}: delegate_to: {text}", where=self.said.where, hint=hint)


def _no_file(_path: str) -> bool:
    return False
