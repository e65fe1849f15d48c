"""Every error that a person may see: what happened, where, and what to do about it.

    SlothError                      1   the root; nothing else is shown without a traceback
    ├── UsageError                  1   a wrong option or argument
    ├── PlanChanged                 1   a kept plan, or a run to resume, that does not hold any more
    ├── WorkflowError               1   a workflow file that cannot be loaded or planned
    ├── ModuleError                 1   a module of a project that cannot be used
    ├── InventoryError              1   an inventory, variables file or host pattern
    ├── SettingsError               1   sloth.toml and its environment variables
    ├── SecretsError                1   a secret, or the store of secrets, that cannot be used
    │   ├── WrongPassphrase         1   none of the passphrases opens it
    │   └── SecretsDamaged          1   it is not as sloth wrote it
    ├── OutputLost                  1   the results cannot be shown or written
    ├── AnswerError                 1   a question of a host that the controller cannot answer
    │   ├── LimitReached            1   a host has sent more than it may in one run
    │   └── TemplateError           1   a template that does not render
    ├── StoreError                  1   what is kept between runs cannot be read or written
    │   ├── StoreBusy               6   another process has been writing for too long
    │   └── RunBusy                 6   another process works on the run
    ├── StateError                  1   a name or value that state cannot hold
    │   └── StateConflict           2   the value is not the one that the caller expected
    ├── Unreachable                 3   no working session to a host
    │   ├── NameNotResolved, ConnectionRefused, ConnectTimeout, ConnectionLost
    │   ├── HostKeyUnknown, HostKeyChanged, AuthenticationFailed, BecomeFailed
    │   ├── NoPython, NoShell, CacheUnusable, NoLua
    │   └── NotBack
    ├── LockBusy                    6   another run works on the host, or someone else holds the lock
    └── LeaseLost                   6   a lock that was held is not held any more

Each class owns its exit code. `where` is `file:line` or `file:line:column`; `hint` is one
sentence that tells what to try.
"""

from __future__ import annotations


class SlothError(Exception):
    """The root. `str(error)` is the message alone; `where` and `hint` are shown beside it."""

    exit_code = 1

    def __init__(self, message: str, *, where: str = "", hint: str = "") -> None:
        super().__init__(message)
        self.where = where
        self.hint = hint


class UsageError(SlothError):
    """An option or argument that makes no sense."""


class PlanChanged(SlothError):
    """A kept plan, or a run that is to be resumed, that does not hold any more."""


class WorkflowError(SlothError):
    """A workflow file that cannot be loaded or planned."""


class ModuleError(SlothError):
    """A module of a project, or of a package, that cannot be used."""


class InventoryError(SlothError):
    """An inventory, a variables file or a host pattern that cannot be used."""


class SettingsError(SlothError):
    """A configuration file or environment variable that cannot be used."""


class SecretsError(SlothError):
    """A secret, or the store of secrets, that cannot be used."""


class WrongPassphrase(SecretsError):
    """None of the passphrases opens it."""


class SecretsDamaged(SecretsError):
    """A store, value or trail of secrets that is not as sloth wrote it."""


class OutputLost(SlothError):
    """The results cannot be shown or written, though the run went on."""


class AnswerError(SlothError):
    """A question of a host (a file, a template) that the controller cannot answer."""


class LimitReached(AnswerError):
    """A host has sent more than it may in one run."""


class TemplateError(AnswerError):
    """A template that does not parse or render."""


class StoreError(SlothError):
    """What is kept between runs cannot be read or written."""


class StoreBusy(StoreError):
    """Another process has been writing to the store for too long."""

    exit_code = 6


class RunBusy(StoreError):
    """Another process works on the run."""

    exit_code = 6


class StateError(SlothError):
    """A name or value that state cannot hold."""


class StateConflict(StateError):
    """The value is not the one that the caller expected. there: the entry as it is."""

    exit_code = 2

    def __init__(self, message: str, there: object) -> None:
        super().__init__(message)
        self.there = there


class Unreachable(SlothError):
    """No working session to a host. `kind` is a stable word for machines."""

    exit_code = 3
    kind = "unreachable"


class NameNotResolved(Unreachable):
    """The host's name has no address."""

    kind = "name_not_resolved"


class ConnectionRefused(Unreachable):
    """Nothing listens at the host's address and port."""

    kind = "refused"


class ConnectTimeout(Unreachable):
    """No answer within the connect timeout, or no hello after it."""

    kind = "timed_out"


class ConnectionLost(Unreachable):
    """The session ended before the host said goodbye."""

    kind = "connection_lost"


class HostKeyUnknown(Unreachable):
    """The host's key is in no known_hosts file."""

    kind = "host_key_unknown"


class HostKeyChanged(Unreachable):
    """The host shows another key than known_hosts has, or a revoked one."""

    kind = "host_key_changed"


class AuthenticationFailed(Unreachable):
    """The host accepts none of our keys and passwords."""

    kind = "authentication"


class BecomeFailed(Unreachable):
    """sudo or its like refused to make us another user."""

    kind = "become"


class NoPython(Unreachable):
    """The host has no Python 3 that can run the runtime."""

    kind = "no_python"


class NoShell(Unreachable):
    """The login shell ended or talked nonsense before the runtime could start."""

    kind = "no_shell"


class CacheUnusable(Unreachable):
    """Neither the cache directory nor memory can hold the bundle (disk full, read-only)."""

    kind = "cache"


class NoLua(Unreachable):
    """The host can load no Lua extension."""

    kind = "no_lua"


class NotBack(Unreachable):
    """The host was rebooted, and did not come back in time."""

    kind = "not_back"


class LockBusy(SlothError):
    """Another run works on the host, or someone else holds the lock."""

    exit_code = 6


class LeaseLost(SlothError):
    """A lock that was held is not held any more: it expired, or was taken away."""

    exit_code = 6
