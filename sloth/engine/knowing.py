"""What is known of hosts: facts that were gathered, kept for a while, and picked by paths such as `os.version`."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from fnmatch import fnmatchcase
from typing import Any

from msgspec import Struct, field

from sloth.core.cache import Cache
from sloth.core.errors import UsageError
from sloth.core.events import Event, TaskFinished
from sloth.core.near import near
from sloth.runtime.facts import GATHERERS

KEPT = 7 * 86400.0  # seconds; whoever asks says how old facts may be
MOST_NAMES = 20  # of those that a hint tells

Facts = Mapping[str, Any]
Ask = Callable[[Sequence[str], Sequence[str], "Gathered"], int]
"""(hosts, a call in words, who collects the answers) → the exit code."""


class Gathered(Struct):
    """A subscriber that collects what each host said."""

    facts: dict[str, Facts] = field(default_factory=dict)

    def __call__(self, event: Event) -> None:
        """Take the answer of a host that could give one."""
        if isinstance(event, TaskFinished) and event.status == "ok":
            self.facts[event.host] = dict(event.outputs)


class Told(Struct, frozen=True):
    """What hosts told: host → what lies at the paths. nowhere: a path at which no host has anything, if any."""

    code: int
    facts: Mapping[str, Facts]
    nowhere: UsageError | None = None

    def exit_code(self) -> int:
        """The exit code. Raises UsageError for a path that leads nowhere."""
        if self.nowhere is not None and not self.code:
            raise self.nowhere
        return self.code


class KnownFacts:
    """Facts by host, as they were gathered: in a cache that may forget them."""

    def __init__(self, cache: Cache, targets: str) -> None:
        """targets: what tells hosts of the same name in two inventories apart."""
        self._cache = cache
        self._targets = targets

    def all(self, hosts: Sequence[str], paths: Sequence[str], seconds: float, ask: Ask) -> Told:
        """What hosts have at these paths; those of whom too little is known are asked."""
        names = names_of(paths)
        found = {host: self.find(host, names, seconds) for host in hosts}
        missing = [host for host, facts in found.items() if facts is None]
        code = 0
        if missing:
            gathered = Gathered()
            everything = len(names) == len(GATHERERS)
            code = ask(missing, ["facts.all"] if everything else ["facts.get", *names, names[0]], gathered)
            for host, facts in gathered.facts.items():
                self._keep(host, facts)
                found[host] = facts
        answered = {host: facts for host, facts in found.items() if facts is not None}
        told = {host: picked(facts, paths) for host, facts in answered.items()}
        return Told(code, told, _nowhere(list(answered.values()), paths))

    def find(self, host: str, names: Sequence[str], seconds: float) -> Facts | None:
        """These facts of a host, if all of them were gathered less than so many seconds ago."""
        found = {name: self._cache.find(self._key(host, name), seconds) for name in names} if seconds else {}
        return found if found and all(value is not None for value in found.values()) else None

    def _keep(self, host: str, facts: Facts) -> None:
        for name, value in facts.items():
            self._cache.keep(self._key(host, name), value, KEPT)

    def _key(self, host: str, name: str) -> str:
        return json.dumps([self._targets, host, name])


def names_of(paths: Sequence[str]) -> list[str]:
    """Which facts have to be gathered for these paths; without any all. Raises UsageError for one of no fact."""
    if not paths:
        return list(GATHERERS)
    found = dict.fromkeys(name for path in paths for name in _matching(path))
    return list(found)


def picked(facts: Facts, paths: Sequence[str]) -> dict[str, Any]:
    """What lies at these paths; all without any. Each part of a path may be a pattern: `network.*.name`."""
    if not paths:
        return dict(facts)
    found: dict[str, Any] = {}
    for path in paths:
        _merge(found, _pick(facts, path.split(".")))
    return found


def _nowhere(facts: Sequence[Facts], paths: Sequence[str]) -> UsageError | None:
    """The error for the first of these paths that leads nowhere in all facts."""
    for path in paths if facts else ():
        level: list[Any] = list(facts)
        for part in path.split("."):
            names = dict.fromkeys(name for one in level for name in one)
            level = [one[name] for one in level for name in one if fnmatchcase(name, part)]
            if not level:
                hint = near(part, names) or _some(list(names))
                return UsageError(f"no host has anything at {path!r}", hint=hint)
            level = [table for value in level for table in _tables(value)]
    return None


def _tables(value: Any) -> Iterable[Mapping[str, Any]]:
    """Where a path goes on: a list stands for its items."""
    items = value if isinstance(value, list) else [value]
    return (item for item in items if isinstance(item, Mapping))


def _some(names: Sequence[str]) -> str:
    if len(names) > MOST_NAMES:
        return f"there are {len(names)} others beside it"
    return f"there are {', '.join(names)}" if names else "nothing lies below that"


def _matching(path: str) -> list[str]:
    first = path.partition(".")[0]
    names = [name for name in GATHERERS if fnmatchcase(name, first)]
    if not names:
        hint = near(first, GATHERERS) or f"there are {', '.join(GATHERERS)}"
        raise UsageError(f"there is no fact {first!r}", hint=hint)
    return names


def _pick(value: Any, parts: Sequence[str]) -> Any:
    """What a path leaves of a value, or None."""
    if not parts:
        return value
    if isinstance(value, Mapping):
        items: Iterable[tuple[str, Any]] = value.items()
        left = {key: _pick(item, parts[1:]) for key, item in items if fnmatchcase(key, parts[0])}
        return {key: item for key, item in left.items() if item is not None} or None
    if isinstance(value, list):  # a path goes through a list into all of its items
        return [item for item in (_pick(one, parts) for one in value) if item is not None] or None
    return None


def _merge(into: dict[str, Any], more: Any) -> None:
    for key, value in (more or {}).items():
        if isinstance(into.get(key), dict) and isinstance(value, dict):
            _merge(into[key], value)
        else:
            into[key] = value
