"""A plan that is kept, to be looked at and applied later: `sloth plan -o FILE`, `sloth apply FILE`.

The file says what was asked for and which tasks would run where, and has fingerprints of all that decided about it.
What it does not have is values: passwords are not in it, and what `-e` said has to be said again.
"""

from __future__ import annotations

import os
import secrets
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from sloth import __version__
from sloth.core.errors import PlanChanged, UsageError
from sloth.core.userpath import user_path
from sloth.core.writing import write
from sloth.engine import fingerprints
from sloth.engine.fingerprints import Fingerprints
from sloth.engine.loading import Loaded
from sloth.engine.request import Request

FORMAT = 1
_OPTIONS = {"workflow": "--workflow", "tags": "-t", "skip_tags": "--skip-tags", "start_at": "--start-at-task"}


class Made(Struct, frozen=True):
    """By which sloth, and when."""

    sloth: str
    at: str


class Asked(Struct, frozen=True):
    """The request, as far as it has no values. extra: files alone, `@file`."""

    file: str
    inventory: tuple[str, ...]
    values: tuple[str, ...]
    extra: tuple[str, ...]
    limit: str | None
    workflow: str | None
    tags: tuple[str, ...]
    skip_tags: tuple[str, ...]
    start_at: str | None


class Form(Struct, frozen=True):
    """What the files of all forms begin with."""

    sloth_plan: int


class Written(Form, frozen=True):
    """The whole file. workflows: workflow → host → the tasks that would run there, for who reads it."""

    made: Made
    asked: Asked
    workflows: Mapping[str, Mapping[str, Sequence[str]]]
    salt: str
    fingerprints: Fingerprints


class KeptPlan(Struct, frozen=True):
    """What such a file says. asked: with paths as from here."""

    path: Path
    made: Made
    asked: Asked
    salt: str
    prints: Fingerprints

    def request(self, given: Request, configured: Sequence[str]) -> Request:
        """What was asked for then, in the way that is asked for now. configured: the inventory of the settings.

        Raises UsageError for what only a new plan could follow.
        """
        self._refuse(given, configured)
        asked = self.asked
        return replace(
            given,
            file=asked.file,
            targets=replace(given.targets, inventory=asked.inventory, limit=asked.limit),
            values=asked.values,
            extra=(*asked.extra, *given.extra),
            workflow=asked.workflow,
            tags=asked.tags,
            skip_tags=asked.skip_tags,
            start_at=asked.start_at,
        )

    def _refuse(self, given: Request, configured: Sequence[str]) -> None:
        wrong = [option for name, option in _OPTIONS.items() if getattr(given, name)]
        if given.values:
            wrong.append("--values")
        if given.targets.limit:
            wrong.append("-l")
        if tuple(given.targets.inventory) not in {(), tuple(configured), self.asked.inventory}:
            wrong.append("-i")
        if wrong:
            raise UsageError(
                f"{self.path} is a plan: it says itself what {', '.join(wrong)} would say",
                hint="make another one with `sloth plan -o`",
            )

    def check(self, loaded: Loaded) -> None:
        """Raises PlanChanged, which tells all that differs, unless everything is as it was."""
        if self.made.sloth != __version__:
            made, now = self.made.sloth, __version__
            raise PlanChanged(f"{self.path} was made by sloth {made}, and this is {now}", hint=_AGAIN)
        lines = fingerprints.differences(self.prints, fingerprints.of(loaded, self.salt))
        if lines:
            told = fingerprints.told(lines)
            raise PlanChanged(f"since {self.path} was made, at {self.made.at}, this has changed:{told}", hint=_AGAIN)


_AGAIN = "make the plan again, and look at it again"


def is_kept(path: Path) -> bool:
    """Whether a file is a kept plan and no workflow: Lua does not begin with a brace."""
    try:
        with path.open("rb") as file:
            return file.read(1) == b"{"
    except OSError:
        return False


def keep(path: Path, request: Request, loaded: Loaded) -> None:
    """Write a plan, over an earlier one perhaps. Raises UsageError when it cannot be written, or is something else."""
    if path.exists() and not is_kept(path):
        raise UsageError(f"{path} is there and is no plan", hint="give the plan a name of its own")
    salt = secrets.token_hex(16)
    written = Written(
        FORMAT,
        Made(__version__, datetime.now(UTC).isoformat(timespec="seconds")),
        _asked(request, path.parent),
        {plan.workflow.name: {host.host: host.tasks for host in plan.hosts} for plan in loaded.plans},
        salt,
        fingerprints.of(loaded, salt),
    )
    try:
        write(path, msgspec.json.format(msgspec.json.encode(written), indent=1).decode() + "\n")
    except OSError as error:
        raise UsageError(f"cannot write {path}: {str(error.strerror).lower()}") from error


def read(path: Path) -> KeptPlan:
    """Read one. Raises UsageError for a file that is none."""
    try:
        raw = path.read_bytes()
        form = msgspec.json.decode(raw, type=Form).sloth_plan
        if form != FORMAT:
            raise UsageError(f"{path} is a plan of form {form}, and this sloth reads form {FORMAT}")
        kept = msgspec.json.decode(raw, type=Written)
    except OSError as error:
        raise UsageError(f"cannot read {path}: {str(error.strerror).lower()}") from error
    except ValueError as error:
        hint = "`sloth plan -o FILE` makes plans"
        raise UsageError(f"{path} is neither a workflow file nor a plan", hint=hint) from error
    return KeptPlan(path, kept.made, _from_here(kept.asked, path.parent), kept.salt, kept.fingerprints)


def _asked(request: Request, folder: Path) -> Asked:
    """The request without any value; paths as from the plan's own folder, so that both can move together."""
    return Asked(
        file=_from(request.file, folder),
        inventory=tuple(_from(source, folder) for source in request.targets.inventory),
        values=tuple(_from(path, folder) for path in request.values),
        extra=tuple("@" + _from(item[1:], folder) for item in map(str.strip, request.extra) if item.startswith("@")),
        limit=request.targets.limit,
        workflow=request.workflow,
        tags=tuple(request.tags),
        skip_tags=tuple(request.skip_tags),
        start_at=request.start_at,
    )


def _from(path: str, folder: Path) -> str:
    """A path as from a folder; a list of hosts (`web1,web2,`) stays one."""
    return path if "," in path else os.path.relpath(user_path(path), folder)


def _from_here(asked: Asked, folder: Path) -> Asked:
    """The other way round."""

    def here(said: str) -> str:
        if said.startswith("@"):
            return "@" + here(said[1:])
        return said if "," in said else os.path.normpath(folder / said)

    return replace(
        asked,
        file=here(asked.file),
        inventory=tuple(map(here, asked.inventory)),
        values=tuple(map(here, asked.values)),
        extra=tuple(map(here, asked.extra)),
    )
