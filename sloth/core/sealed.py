"""Values of variables that are secret: named in the store of secrets, or encrypted where they stand.

They go through inventories and variables as they are. Only who may see the value opens one, with the function
that the engine gives it; whatever prints variables prints MASK.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, ClassVar, Literal

from msgspec import Struct

from sloth.core.discreet import Discreet

MASK = "********"
"""What is shown in place of a secret."""

SECRET_TAG, VAULT_TAG = "!secret", "!vault"
STRING_HEADER, VAULT_HEADER = "$SLOTH_SECRET", "$ANSIBLE_VAULT"
_JSON_VAULT = "__ansible_vault"
"""How Ansible writes an encrypted value in JSON."""

Kind = Literal["named", "string", "vault", "file"]


class Sealed(Discreet, frozen=True):
    """One secret value.

    kind: named (text is the name of a secret), string (text is encrypted by sloth), vault (by Ansible Vault), file
    (text is the value, out of a file that was encrypted as a whole). key: of the variable that has it, if it is known
    """

    unshown: ClassVar[frozenset[str]] = frozenset({"text"})

    kind: Kind
    text: str
    where: str = ""
    key: str = ""


Open = Callable[[Sealed], str]
"""The value of a sealed one; SecretsError when there is none to be had."""

OpenFile = Callable[[str, str], str]
"""(text of an encrypted file, its path) → the text in it; SecretsError."""


class Opener(Struct, frozen=True):
    """Who opens what is sealed."""

    value: Open
    file: OpenFile


def sealed(tag: str, text: str, where: str = "", key: str = "") -> Sealed | None:
    """What a tagged text means, or None for a text that its tag does not fit."""
    text = text.strip()
    if text.startswith(VAULT_HEADER):
        return Sealed("vault", text, where, key)
    if tag == VAULT_TAG or not text:
        return None
    return Sealed("string" if text.startswith(STRING_HEADER) else "named", text, where, key)


def of_table(value: Mapping[str, Any], where: str, key: str) -> Sealed | None:
    """A sealed value as TOML and JSON have it: `{ "!secret" = "name" }`. None for any other table."""
    if len(value) != 1:
        return None
    ((tag, text),) = value.items()
    if tag not in {SECRET_TAG, VAULT_TAG, _JSON_VAULT} or not isinstance(text, str):
        return None
    return sealed(VAULT_TAG if tag == _JSON_VAULT else tag, text, where, key)


def is_sealed(value: object) -> bool:
    """Whether a value is sealed, or has something sealed in it."""
    match value:
        case Sealed():
            return True
        case dict():
            return any(map(is_sealed, value.values()))
        case list():
            return any(map(is_sealed, value))
    return False


def plain_only(values: Mapping[str, object]) -> dict[str, object]:
    """The variables without those that have something sealed in them."""
    return {name: value for name, value in values.items() if not is_sealed(value)}


def opened(value: Any, open_: Open) -> Any:
    """The value with all that is sealed in it opened."""
    match value:
        case Sealed():
            return open_(value)
        case dict():
            return {name: opened(item, open_) for name, item in value.items()}
        case list():
            return [opened(item, open_) for item in value]
    return value


def masked(value: Any) -> Any:
    """The value as it may be shown."""
    return opened(value, lambda _: MASK)


def all_sealed(value: Any, where: str) -> Any:
    """Seal each text of a file that was encrypted as a whole."""
    match value:
        case str():
            return Sealed("file", value, where)
        case dict():
            return {name: all_sealed(item, where) for name, item in value.items()}
        case list():
            return [all_sealed(item, where) for item in value]
    return value
