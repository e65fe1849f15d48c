"""A plan that is kept, to be looked at and applied later: `sloth plan -o FILE`, `sloth apply FILE`.

The file says what was asked for and which tasks would run where, and has fingerprints of all that decided about it.
What it does not have is values: passwords are not in it, and what `-e` said has to be said again.
"""

from __future__ import annotations

import json
import os
import secrets
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

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
_CHOICE = ("workflow", "tags", "skip_tags", "start_at")
_OPTIONS = {"workflow": "--workflow", "tags": "-t", "skip_tags": "--skip-tags", "start_at": "--start-at-task"}


class KeptPlan(Struct, frozen=True):
    """What such a file says. made: by which sloth, when. asked: the request, with paths as from here."""

    path: Path
    made: Mapping[str, str]
    asked: Mapping[str, Any]
    salt: str
    prints: Fingerprints

    def request(self, given: Request, configured: Sequence[str]) -> Request:
        """What was asked for then, in the way that is asked for now. configured: the inventory of the settings.

        Raises UsageError for what only a new plan could follow.
        """
        self._refuse(given, configured)
        targets = replace(given.targets, inventory=tuple(self.asked["inventory"]), limit=self.asked["limit"])
        return replace(
            given,
            file=self.asked["file"],
            targets=targets,
            values=tuple(self.asked["values"]),
            extra=(*self.asked["extra"], *given.extra),
            **{name: _tuple(self.asked[name]) for name in _CHOICE},
        )

    def _refuse(self, given: Request, configured: Sequence[str]) -> None:
        wrong = [option for name, option in _OPTIONS.items() if getattr(given, name)]
        if given.values:
            wrong.append("--values")
        if given.targets.limit:
            wrong.append("-l")
        if list(given.targets.inventory) not in ([], list(configured), self.asked["inventory"]):
            wrong.append("-i")
        if wrong:
            raise UsageError(
                f"{self.path} is a plan: it says itself what {', '.join(wrong)} would say",
                hint="make another one with `sloth plan -o`",
            )

    def check(self, loaded: Loaded) -> None:
        """Raises PlanChanged, which tells all that differs, unless everything is as it was."""
        maker = self.made["sloth"]
        if maker != __version__:
            raise PlanChanged(f"{self.path} was made by sloth {maker}, and this is {__version__}", hint=_AGAIN)
        lines = fingerprints.differences(self.prints, fingerprints.of(loaded, self.salt))
        if lines:
            told = fingerprints.told(lines)
            raise PlanChanged(f"since {self.path} was made, at {self.made['at']}, this has changed:{told}", hint=_AGAIN)


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
    kept = {
        "sloth_plan": FORMAT,
        "made": {"sloth": __version__, "at": datetime.now(UTC).isoformat(timespec="seconds")},
        "asked": _asked(request, path.parent),
        "workflows": {
            plan.workflow.name: {host.host: list(host.tasks) for host in plan.hosts} for plan in loaded.plans
        },
        "salt": salt,
        "fingerprints": fingerprints.of(loaded, salt),
    }
    try:
        write(path, json.dumps(kept, indent=1) + "\n")
    except OSError as error:
        raise UsageError(f"cannot write {path}: {str(error.strerror).lower()}") from error


def read(path: Path) -> KeptPlan:
    """Read one. Raises UsageError for a file that is none."""
    try:
        kept = json.loads(path.read_bytes())
        if kept["sloth_plan"] != FORMAT:
            raise UsageError(f"{path} is a plan of form {kept['sloth_plan']}, and this sloth reads form {FORMAT}")
        asked = {**kept["asked"], **{key: _from_here(kept["asked"][key], path.parent) for key in _PATHS}}
        return KeptPlan(path, kept["made"], asked, kept["salt"], kept["fingerprints"])
    except OSError as error:
        raise UsageError(f"cannot read {path}: {str(error.strerror).lower()}") from error
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        hint = "`sloth plan -o FILE` makes plans"
        raise UsageError(f"{path} is neither a workflow file nor a plan", hint=hint) from error


_PATHS = ("file", "inventory", "values", "extra")


def _asked(request: Request, folder: Path) -> dict[str, object]:
    """The request without any value; paths as from the plan's own folder, so that both can move together."""
    return {
        "file": _from(request.file, folder),
        "inventory": [_from(source, folder) for source in request.targets.inventory],
        "values": [_from(path, folder) for path in request.values],
        "extra": ["@" + _from(item[1:], folder) for item in map(str.strip, request.extra) if item.startswith("@")],
        "limit": request.targets.limit,
        **{name: getattr(request, name) for name in _CHOICE},
    }


def _from(path: str, folder: Path) -> str:
    """A path as from a folder; a list of hosts (`web1,web2,`) stays one."""
    return path if "," in path else os.path.relpath(user_path(path), folder)


def _from_here(said: Any, folder: Path) -> Any:
    """The other way round."""
    if isinstance(said, list):
        return [_from_here(item, folder) for item in said]
    if "," in said:
        return said
    if said.startswith("@"):
        return "@" + _from_here(said[1:], folder)
    return os.path.normpath(folder / said)


def _tuple(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value
