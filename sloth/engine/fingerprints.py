"""What a run depends on, as fingerprints: equal ones mean that nothing has changed, and none tells what it stands for.

A subject is a file, a variable, a host's tasks; who: the host for which it is so, or who says it.
"""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Collection, Iterator, Mapping, Sequence
from itertools import chain
from pathlib import Path

from sloth.core.errors import AnswerError
from sloth.core.sealed import Sealed, opened
from sloth.engine.files import meant, names_of
from sloth.engine.loading import Loaded
from sloth.inventory.connection import visible

Fingerprints = Mapping[str, Mapping[str, str]]
"""Subject → who → fingerprint."""

Said = Iterator[tuple[str, str, object]]

TASKS = "tasks in workflow "
_LENGTH = 16
_MOST = 20


def of(loaded: Loaded, salt: str) -> Fingerprints:
    """Of all that is known before anything connects. salt: keeps values from being looked up in a table."""
    return _of(salt, _of_sources(loaded), _of_files(loaded), _of_variables(loaded), _of_hosts(loaded))


def of_inputs(loaded: Loaded, salt: str) -> Fingerprints:
    """The same without the files that may be brought to hosts: reading them all would delay a run."""
    return _of(salt, _of_sources(loaded), _of_variables(loaded), _of_hosts(loaded))


def _of(salt: str, *said: Said) -> Fingerprints:
    key, found = salt.encode(), dict[str, dict[str, str]]()
    for subject, who, value in chain(*said):
        data = value if isinstance(value, bytes) else json.dumps(value, sort_keys=True, default=str).encode()
        found.setdefault(subject, {})[who] = hmac.digest(key, data, "sha256").hex()[:_LENGTH]
    return found


def differences(then: Fingerprints, now: Fingerprints) -> list[str]:
    """What has changed, a line each."""
    before, after = _hosts(then), _hosts(now)
    lines = [f"host {host} takes part now" for host in sorted(after - before)]
    lines += [f"host {host} takes part no more" for host in sorted(before - after)]
    passing = before ^ after
    for subject in sorted({*then, *now}):
        old, new = then.get(subject, {}), now.get(subject, {})
        for what, whom in (
            ("is new", new.keys() - old.keys()),
            ("is gone", old.keys() - new.keys()),
            ("changed", {who for who in old.keys() & new.keys() if old[who] != new[who]}),
        ):
            if whom - passing:
                lines.append(f"{subject} {what}{_named(whom - passing)}")
    return lines


def told(lines: Sequence[str]) -> str:
    """Differences as a list below a sentence."""
    more = [f"and {len(lines) - _MOST} more"] if len(lines) > _MOST else []
    return "".join(f"\n  * {line}" for line in [*lines[:_MOST], *more])


def _hosts(prints: Fingerprints) -> set[str]:
    return {who for subject, whom in prints.items() if subject.startswith(TASKS) for who in whom}


def _named(whom: Collection[str]) -> str:
    names = sorted(filter(None, whom))
    some = ", ".join(names[:5]) + (f" and {len(names) - 5} more" if len(names) > 5 else "")
    return f" ({some})" if names else ""


def _of_sources(loaded: Loaded) -> Said:
    """The sources of the workflow and its modules."""
    sources, project = loaded.evaluated.sources, loaded.evaluated.sources.project
    for key, text in sources.texts.items():
        yield f"source {key.replace('role:', 'roles/')}", "", text
    for name, module in project.library.python.items():
        yield f"module {name}", "", module.text


def _of_files(loaded: Loaded) -> Said:
    """The files that tasks may bring to hosts."""
    project = loaded.evaluated.sources.project
    named = names_of(loaded.file.sources.values())
    roles = {use.name: project.role(use.name) for plan in loaded.plans for use in plan.workflow.roles}
    for owner, folder in [("", Path(loaded.file.path).parent), *((f"role {name}: ", at) for name, at in roles.items())]:
        for path in meant(folder, named):
            yield f"file {owner}{path.relative_to(folder)}", "", _digest(path)


def _digest(path: Path) -> bytes:
    try:
        with path.open("rb") as stream:
            return hashlib.file_digest(stream, "sha256").digest()
    except OSError as error:
        raise AnswerError(f"cannot read {path}: {error.strerror}") from error


def _of_variables(loaded: Loaded) -> Said:
    inventory = loaded.inventory
    for host in dict.fromkeys(host.host for plan in loaded.plans for host in plan.hosts):
        yield from (_variable(name, host, value) for name, value in visible(inventory.variables(host)).items())
    yield from (_variable(name, "-e", value) for name, value in loaded.variables.extra.items())
    yield from (_variable(name, "values", value) for name, value in loaded.file.values.items())
    for plan in loaded.plans:
        for use in plan.workflow.roles:
            for kind, values in (("defaults", use.defaults), ("vars", use.variables)):
                yield from (_variable(name, f"role {use.name}, {kind}", value) for name, value in values.items())
    for name, text in loaded.file.environ.items():
        yield f"environment variable {name}", "", text
    for name, hosts in inventory.groups.items():
        yield f"group {name}", "", list(hosts)


def _variable(name: str, who: str, value: object) -> tuple[str, str, object]:
    return f"variable {name}", who, opened(value, _without_value)


def _without_value(sealed: Sealed) -> str:
    """A fingerprint of a weak secret would give it away to who tries all."""
    return sealed.kind if sealed.kind == "file" else f"{sealed.kind} {sealed.text}"


def _of_hosts(loaded: Loaded) -> Said:
    for plan in loaded.plans:
        tasks: dict[str, list[object]] = {}
        for host in plan.hosts:
            batch = None if plan.workflow.order == "shuffle" else host.batch
            tasks.setdefault(host.host, []).append([batch, list(host.needs.items()), sorted(host.gates.items())])
        yield from ((f"{TASKS}{plan.workflow.name}", host, parts) for host, parts in tasks.items())
