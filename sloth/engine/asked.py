"""What a run was asked: the first line of its journal, from which it can be taken up again. It holds no password."""

from __future__ import annotations

import getpass
import os
import socket
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from msgspec import Struct, convert
from msgspec.structs import asdict, replace

from sloth.core.errors import StoreError
from sloth.core.userpath import user_path
from sloth.engine import withheld
from sloth.engine.request import Request, Targets, Unlocking
from sloth.store.journal import ATTACHED, HEADER, RESUMED

VERSION = 1


class Owner(Struct, frozen=True):
    """Who works on a run: a person at a machine, and the process there."""

    name: str
    machine: str
    pid: int

    @classmethod
    def me(cls) -> Owner:
        """This process."""
        return cls(getpass.getuser(), socket.gethostname(), os.getpid())

    def __str__(self) -> str:
        return f"{self.name}@{self.machine}"


class Asked(Struct, frozen=True):
    """inputs: fingerprints of what it depends on. following: the workflows of the file that come after this one.

    handlers: the names of the workflow's
    """

    run: str
    workflow: str
    request: Request
    inputs: Mapping[str, Mapping[str, str]]
    owner: Owner
    following: Sequence[str] = ()
    handlers: Sequence[str] = ()

    @property
    def mode(self) -> str:
        """In one word."""
        return "check" if self.request.check else "detached" if self.request.detach else "apply"

    def plain(self) -> dict[str, object]:
        """The first line of the journal."""
        targets = {name: value for name, value in asdict(self.request.targets).items() if name not in Targets.unshown}
        targets["unlocking"] = self.request.targets.unlocking.environment
        request = {**asdict(self.request), "targets": targets}
        return {"type": HEADER, "version": VERSION, **asdict(self), "request": request, "owner": asdict(self.owner)}

    def resumed(self, failed: bool, start: str | None) -> dict[str, object]:
        """The line that begins another life of the run."""
        more = {"owner": asdict(self.owner), "inputs": self.inputs}
        return {"type": RESUMED, **more, "failed": failed, "from": start}

    def attached(self) -> dict[str, object]:
        """The line behind which stands what a detached run has done by itself."""
        return {"type": ATTACHED, "owner": asdict(self.owner)}


def read(plain: Mapping[str, Any], run: str) -> Asked:
    """From the first line of the run's journal. Raises StoreError for one that is none of ours."""
    if plain.get("type") != HEADER or plain.get("version") != VERSION:
        raise StoreError(f"the journal of run {run} was not written by this version of sloth")
    try:
        request = dict(plain["request"])
        said = dict(request.pop("targets"))
        unlocking = Unlocking(str(said.pop("unlocking", Unlocking().environment)))
        targets = convert({**said, "unlocking": unlocking}, Targets)
        return Asked(
            run,
            str(plain["workflow"]),
            convert({**request, "targets": targets}, Request),
            convert(plain["inputs"], dict[str, dict[str, str]]),
            owner(plain["owner"]),
            [str(name) for name in plain.get("following") or ()],
            [str(name) for name in plain.get("handlers") or ()],
        )
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise StoreError(f"the journal of run {run} is damaged: {error!r}") from error


def owner(plain: Mapping[str, Any]) -> Owner:
    """From its plain form."""
    return Owner(str(plain["name"]), str(plain["machine"]), int(plain["pid"]))


def anchored(request: Request) -> Request:
    """The request as it is written down: with paths that mean the same from everywhere, without secrets of -e."""
    targets = request.targets
    return replace(
        request,
        file=str(Path(request.file).absolute()),
        around=None if request.around is None else str(Path(request.around).absolute()),
        values=tuple(str(Path(path).absolute()) for path in request.values),
        extra=withheld.words([_file_word(word) for word in request.extra]),
        targets=replace(
            targets,
            inventory=tuple(one if "," in one else str(Path(one).absolute()) for one in targets.inventory),
            limit=None if targets.limit is None else _file_word(targets.limit),
            pattern=None if targets.pattern is None else _file_word(targets.pattern),
            private_key=None if targets.private_key is None else str(user_path(targets.private_key).absolute()),
        ),
    )


def _file_word(word: str) -> str:
    """`@file` as an absolute path; anything else as it is."""
    return f"@{user_path(word[1:]).absolute()}" if word.startswith("@") else word
