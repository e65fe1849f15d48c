"""What a person asks the engine for, whichever front it came through."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Sequence
from typing import ClassVar

from msgspec import Struct, field

from sloth.core.discreet import Discreet
from sloth.core.errors import SecretsError


def nobody(question: str) -> str:
    """Asks nobody."""
    raise SecretsError(
        f"nobody can be asked for the {question.rstrip(': ')}",
        hint="--passphrase, or secrets.passphrase_from in sloth.toml, tells where it stands",
    )


class Unlocking(Struct, frozen=True):
    """How secrets are opened, should any be needed.

    environment: whose secrets. sources: of passphrases, as sloth/secrets/passphrase.py reads them.
    prompt(question): asks a person
    """

    environment: str = "default"
    sources: Sequence[str] = ()
    prompt: Callable[[str], str] = nobody


class Targets(Discreet, frozen=True):
    """Which hosts, and how to reach them; settings here win over those of the inventory.

    inventory: sources as given with -i (none: localhost). limit: a host pattern. pattern: one more, of whom a command
    is for; a host has to be in both. become_password and password are asked for by the front before the run.
    """

    unshown: ClassVar[frozenset[str]] = frozenset({"password", "become_password"})

    inventory: Sequence[str] = ()
    limit: str | None = None
    pattern: str | None = None
    user: str | None = None
    private_key: str | None = None
    connection: str | None = None
    password: str | None = None
    host_keys: str | None = None
    become: bool = False
    become_user: str | None = None
    become_method: str | None = None
    become_password: str | None = None
    connect_timeout: float | None = None
    unlocking: Unlocking = Unlocking()

    @property
    def patterns(self) -> list[str]:
        """The patterns that all have to match."""
        return [pattern for pattern in (self.pattern, self.limit) if pattern is not None]

    def settings(self) -> dict[str, object]:
        """What the command line says of connections, as inventory variables."""
        said = {
            "user": self.user,
            "private_key": self.private_key,
            "password": self.password,
            "host_keys": self.host_keys,
            "connection": self.connection,
            "become": self.become or None,
            "become_user": self.become_user,
            "become_method": self.become_method,
            "become_password": self.become_password,
            "connect_timeout": self.connect_timeout,
        }
        return {f"sloth_{name}": value for name, value in said.items() if value is not None}

    def __repr__(self) -> str:
        return f"Targets(inventory={self.inventory!r}, limit={self.limit!r})"  # passwords stay out of logs


class Request(Struct, frozen=True):
    """One apply or plan. values: paths of values files. extra: the words given with -e. lock_wait: seconds.

    verify: checks are what the run is for: with `check`, one that does not hold is a failure
    around: the folder whose roles and modules count, if not the file's own
    force_handlers: handlers run on a host even if one of its tasks failed. start_at: the name of the first task
    detach: hosts go on without us. seed: of shuffled orders; a run that is resumed meets its hosts in the same one
    """

    file: str
    targets: Targets = Targets()
    workflow: str | None = None
    tags: Sequence[str] = ()
    skip_tags: Sequence[str] = ()
    values: Sequence[str] = ()
    extra: Sequence[str] = ()
    check: bool = False
    diff: bool = False
    live: bool = False
    verify: bool = False
    forks: int = 50
    lock_wait: float = 0.0
    force_handlers: bool = False
    around: str | None = None
    start_at: str | None = None
    detach: bool = False
    seed: str = field(default_factory=lambda: secrets.token_hex(8))
