"""The file of one environment's secrets: what it holds, how it is checked, how it is replaced.

    {"format": 1, "environment": "prod", "recipe": how the key is made, "check": a known text under it,
     "trail_key": the key of the audit trail, sealed, "secrets": {name: {"version": 3, "values":
     [{"version", "set", "by", "sealed"}]}}, "last": the trail's entries of the last change, "mac": over all of it}

It is replaced as a whole: written beside, brought to the disk, renamed.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from msgspec import Struct

from sloth.core.errors import SecretsDamaged, SecretsError, WrongPassphrase
from sloth.secrets import sealing
from sloth.secrets.passphrase import Passphrase, Passphrases
from sloth.secrets.sealing import BadRecipe, BadSeal, Recipe

FORMAT = 1
KEPT = 10
"""Versions of one secret that are kept."""
_LIMIT = 64 << 20  # bytes of a file
_KNOWN = "sloth"

Document = dict[str, Any]


class Keys(Struct, frozen=True):
    """What an opened document is worked with. recipe and key: of its values; trail: of its audit trail."""

    recipe: Recipe
    key: bytes
    trail: str


def read(path: Path, environment: str) -> Document | None:
    """The document as it stands there, not yet verified; None when there is none."""
    try:
        with path.open("rb") as stream:
            raw = stream.read(_LIMIT + 1)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise SecretsError(f"cannot read the secrets: {str(error.strerror).lower()}", where=str(path)) from error
    try:
        document = json.loads(raw)
        check_shape(document)
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise damaged(path) from error
    if document["format"] != FORMAT:
        raise SecretsError(f"the secrets have the format {document['format']}, which this sloth does not know")
    if document["environment"] != environment:
        raise SecretsDamaged(f"these are the secrets of the environment {document['environment']!r}", where=str(path))
    return document  # type: ignore[no-any-return]  # of the shape that was just checked


def check_shape(document: Any) -> None:
    """Raises KeyError, TypeError or ValueError for what is no document at all."""
    if not isinstance(document["format"], int) or not isinstance(document["environment"], str):
        raise TypeError("format or environment")
    texts = [document[name] for name in ("recipe", "check", "trail_key", "mac")]
    for name, secret in document["secrets"].items():
        texts += [name, *(value[key] for value in secret["values"] for key in ("set", "by", "sealed"))]
        if not all(isinstance(value["version"], int) for value in [secret, *secret["values"]]):
            raise TypeError("version")
    texts += [entry["mac"] for entry in document["last"]]
    numbers = [entry["number"] for entry in document["last"]]
    if not all(isinstance(text, str) for text in texts) or not all(isinstance(number, int) for number in numbers):
        raise TypeError("a text or a number")


def damaged(path: Path) -> SecretsDamaged:
    """For whatever is not as we wrote it."""
    hint = "restore the file from a backup; nobody can tell what else was changed in it"
    return SecretsDamaged("the secrets are damaged, or somebody changed them", where=str(path), hint=hint)


def create(environment: str, passphrase: Passphrase, cost: int) -> tuple[Document, Keys]:
    """An empty one."""
    document: Document = {"format": FORMAT, "environment": environment, "secrets": {}, "last": []}
    recipe = Recipe.fresh(is_random=passphrase.is_random, cost=cost)
    keys = Keys(recipe, recipe.key(passphrase.value), os.urandom(32).hex())
    return document, keys


def unlock(document: Document, path: Path, passphrases: Passphrases) -> Keys:
    """The keys of a document, which is what its writer wrote. WrongPassphrase, SecretsDamaged."""
    environment = document["environment"]
    try:
        recipe = Recipe.of_text(document["recipe"])
    except BadRecipe as error:
        raise damaged(path) from error
    for passphrase in passphrases.of(environment):
        key = passphrases.key(recipe, passphrase)
        try:
            sealing.unseal(key, document["check"], "check", environment)
        except BadSeal:
            continue
        verify(document, key, path)
        return Keys(recipe, key, sealing.unseal(key, document["trail_key"], "trail", environment))
    hint = f"tried: {passphrases.described}; --passphrase tells where the right one is"
    raise WrongPassphrase(f"wrong passphrase for the secrets of {environment!r}", where=str(path), hint=hint)


def verify(document: Document, key: bytes, path: Path) -> None:
    """Raises SecretsDamaged when somebody else wrote it."""
    if not sealing.is_same(document["mac"], _mac(document, key)):
        raise damaged(path)


def _mac(document: Document, key: bytes) -> str:
    return sealing.signature(key, "document", {name: document[name] for name in document.keys() - {"mac"}})


def write(document: Document, keys: Keys, path: Path) -> None:
    """Put the document in the place of the one before, all or nothing."""
    environment = document["environment"]
    document["recipe"] = str(keys.recipe)
    document["check"] = sealing.seal(keys.key, _KNOWN, "check", environment)
    document["trail_key"] = sealing.seal(keys.key, keys.trail, "trail", environment)
    document["mac"] = _mac(document, keys.key)
    new = path.with_name(f".{path.name}.new")
    new.unlink(missing_ok=True)  # of a process that died; the lock is ours
    try:
        with os.fdopen(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as stream:
            stream.write(json.dumps(document, indent=1, sort_keys=True).encode())
            stream.flush()
            os.fsync(stream.fileno())
        new.replace(path)
    except OSError:
        new.unlink(missing_ok=True)
        raise
    sync_folder(path.parent)


def sync_folder(folder: Path) -> None:
    """Bring a rename to the disk."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def add_value(document: Document, keys: Keys, name: str, text: str, when: str, who: str) -> int:
    """A new version of a secret; its number. Numbers go on where a deleted secret ended."""
    secret = document["secrets"].setdefault(name, {"version": 0, "values": []})
    version = int(secret["version"]) + 1
    bound = ("value", document["environment"], name, version)
    value = {"version": version, "set": when, "by": who, "sealed": sealing.seal(keys.key, text, *bound)}
    secret["version"] = version
    secret["values"] = [*secret["values"], value][-KEPT:]
    return version


def open_value(document: Document, keys: Keys, name: str, value: Mapping[str, Any], path: Path) -> str:
    """The text of one version."""
    try:
        return sealing.unseal(keys.key, value["sealed"], "value", document["environment"], name, value["version"])
    except BadSeal as error:
        raise SecretsDamaged(
            f"the secret {name!r} does not open where it stands: it was moved or changed", where=str(path)
        ) from error


def sealed_anew(document: Document, keys: Keys, new: Keys, path: Path) -> None:
    """All values under another key."""
    for name, secret in document["secrets"].items():
        for value in secret["values"]:
            text = open_value(document, keys, name, value, path)
            bound = ("value", document["environment"], name, value["version"])
            value["sealed"] = sealing.seal(new.key, text, *bound)
