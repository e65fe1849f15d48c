"""The secrets of one environment: set, get, list, delete, rotate, and the trail of all that.

Three files: ENV.json (document.py), ENV.audit (trail.py) and ENV.lock, which keeps two processes from changing them
at once. A change is made when ENV.json has been replaced; its entry of the trail goes with it.
"""

from __future__ import annotations

import fcntl
import os
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from msgspec import Struct

from sloth.core.errors import SecretsError
from sloth.core.near import near
from sloth.core.places import private
from sloth.secrets import document as documents
from sloth.secrets import trail
from sloth.secrets.document import Document, Keys
from sloth.secrets.passphrase import Passphrase, Passphrases
from sloth.secrets.sealing import COST, Recipe
from sloth.secrets.trail import Entry

VALUE_LIMIT = 256 << 10
"""Characters of one secret."""
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]{0,127}")
_ENVIRONMENT = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}")


class Listed(Struct, frozen=True):
    """A secret without its value. set: when its latest version was. versions: those that are kept."""

    name: str
    version: int
    set: str
    by: str
    versions: Sequence[int]


class Author(Struct, frozen=True):
    """Who works with the secrets, and the clock of their machine."""

    who: str
    now: Callable[[], str]


class Vault:
    """One environment's secrets in a folder. cost: of the key's derivation, for a new key."""

    def __init__(
        self, folder: Path, environment: str, passphrases: Passphrases, author: Author, cost: int = COST
    ) -> None:
        if not _ENVIRONMENT.fullmatch(environment):
            raise SecretsError(f"{environment!r} is no name of an environment", hint="letters, digits, - and _")
        self.environment = environment
        self._folder = folder
        self.path = folder / f"{environment}.json"
        self._trail = folder / f"{environment}.audit"
        self._lock = folder / f"{environment}.lock"
        self._passphrases = passphrases
        self._author = author
        self._cost = cost
        self._keys: Keys | None = None

    def names(self) -> Sequence[Listed]:
        """All secrets; no passphrase is needed for their names, and so nobody vouches for them."""
        document = documents.read(self.path, self.environment)
        secrets = document["secrets"] if document else {}
        return [
            Listed(name, secret["version"], values[-1]["set"], values[-1]["by"], [one["version"] for one in values])
            for name, secret in sorted(secrets.items())
            if (values := secret["values"])
        ]

    def check_there(self, names: Sequence[str]) -> None:
        """Raises SecretsError for a name that no secret has."""
        document = documents.read(self.path, self.environment)
        if document is None:
            raise self._empty()
        for name in names:
            self._value(document, name, None)

    def key(self) -> tuple[Recipe, bytes] | None:
        """The key of the environment and how it is made; None while there are no secrets. It is derived once."""
        document = documents.read(self.path, self.environment)
        if document is None:
            return None
        keys = self._open(document)
        return keys.recipe, keys.key

    def get(self, name: str, version: int | None = None, *, what: str = "get", by: str = "") -> str:
        """A secret's value; that somebody saw it goes into the trail. by: the command or run that wants it."""
        check_name(name)
        with self._changing(what, by) as (document, keys, note):
            value = self._value(document, name, version)
            text = documents.open_value(document, keys, name, value, self.path)
            note(name, value["version"])
        return text

    def older(self, name: str) -> Sequence[str]:
        """The values that a secret had before, as far as they are kept: to be hidden, and for nobody to see."""
        with self._opened() as (document, keys):
            values = document["secrets"].get(name, {"values": []})["values"][:-1]
            return [documents.open_value(document, keys, name, value, self.path) for value in values]

    def put(self, values: Mapping[str, str], *, what: str = "set", by: str = "") -> Mapping[str, int]:
        """New versions of secrets, all or none; their numbers."""
        for name, text in values.items():
            check_name(name)
            check_value(name, text)
        made = {}
        with self._changing(what, by, create=True) as (document, keys, note):
            for name, text in sorted(values.items()):
                made[name] = documents.add_value(document, keys, name, text, self._author.now(), self._author.who)
                note(name, made[name])
        return made

    def delete(self, names: Sequence[str], *, by: str = "") -> None:
        """Forget secrets with all of their versions, all or none."""
        with self._changing("delete", by) as (document, _, note):
            for name in dict.fromkeys(names):
                check_name(name)
                self._value(document, name, None)
                document["secrets"][name]["values"] = []
                note(name, document["secrets"][name]["version"])

    def rotate(self, passphrase: Passphrase | None, *, by: str = "") -> int:
        """A new key, of another passphrase or of the same one; how many values were encrypted anew."""
        self.key()
        with self._opened() as (document, keys):
            passphrase = passphrase or self._fitting(keys)
            recipe = Recipe.fresh(is_random=passphrase.is_random, cost=self._cost)
            new = Keys(recipe, recipe.key(passphrase.value), keys.trail)
            documents.sealed_anew(document, keys, new, self.path)
            gone = [name for name, secret in document["secrets"].items() if not secret["values"]]
            for name in gone:  # what was sealed for them does not open under the new key
                del document["secrets"][name]
            self._note(document, keys, "rotate", by, [("", 0)])
            self._commit(document, new)
            return sum(len(secret["values"]) for secret in document["secrets"].values())

    def audit(self) -> Sequence[Entry]:
        """The trail, verified from its beginning to its end."""
        with self._opened() as (document, keys):
            return trail.verified(self._trail, keys.trail, document["last"])

    @contextmanager
    def _opened(self) -> Iterator[tuple[Document, Keys]]:
        """What there is, with its trail complete; nobody changes it meanwhile."""
        with self._locked():
            document = documents.read(self.path, self.environment)
            if document is None:
                raise self._empty()
            keys = self._open(document)
            trail.complete(self._trail, document["last"])
            yield document, keys

    # the road of a change

    @contextmanager
    def _changing(
        self, what: str, by: str, *, create: bool = False
    ) -> Iterator[tuple[Document, Keys, Callable[[str, int], None]]]:
        """A document to change; what was noted is signed, and all of it replaced, at the end."""
        if self.key() is None and create:  # now: nobody shall wait for our lock while a person types
            self._passphrases.first(self.environment)
        with self._locked():
            document = documents.read(self.path, self.environment)
            if document is None:
                if not create:
                    raise self._empty()
                passphrase = next(self._passphrases.of(self.environment))
                document, keys = documents.create(self.environment, passphrase, self._cost)
            else:
                keys = self._open(document)
                trail.complete(self._trail, document["last"])
            noted: list[tuple[str, int]] = []
            yield document, keys, lambda name, version: noted.append((name, version))
            self._note(document, keys, what, by, noted)
            self._commit(document, keys)

    def _note(self, document: Document, keys: Keys, what: str, by: str, noted: Sequence[tuple[str, int]]) -> None:
        """Sign what happens, after what happened before."""
        last, entries = (document["last"] or [{}])[-1], []
        for name, version in noted:
            last = trail.entry(keys.trail, last, self._author.now(), self._author.who, what, name, version, by)
            entries.append(last)
        document["last"] = entries

    def _commit(self, document: Document, keys: Keys) -> None:
        try:
            documents.write(document, keys, self.path)
        except OSError as error:
            raise SecretsError(
                f"cannot write the secrets: {str(error.strerror).lower()}; they are as they were", where=str(self.path)
            ) from error
        self._keys = keys
        trail.complete(self._trail, document["last"])

    def _open(self, document: Document) -> Keys:
        """The keys of the document; they are derived again only when its recipe has changed."""
        known = self._keys
        if known is None or str(known.recipe) != document["recipe"]:
            known = documents.unlock(document, self.path, self._passphrases)
        else:
            documents.verify(document, known.key, self.path)
        self._keys = known
        return known

    def _fitting(self, keys: Keys) -> Passphrase:
        """The passphrase that the keys were made of."""
        known = self._passphrases
        return next(one for one in known.of(self.environment) if known.key(keys.recipe, one) == keys.key)

    def _value(self, document: Document, name: str, version: int | None) -> Mapping[str, Any]:
        values = document["secrets"].get(name, {"values": []})["values"]
        if not values:
            known = [one for one, secret in document["secrets"].items() if secret["values"]]
            hint = near(name, known) or "`sloth secrets list` shows all"
            raise SecretsError(f"there is no secret {name!r} in the environment {self.environment!r}", hint=hint)
        found: Mapping[str, Any] | None = values[-1]
        if version is not None:
            found = next((value for value in values if value["version"] == version), None)
        if found is None:
            kept = ", ".join(str(value["version"]) for value in values)
            raise SecretsError(f"the secret {name!r} has no version {version}", hint=f"kept are {kept}")
        return found

    def others(self) -> list[str]:
        """The other environments that have secrets."""
        found = sorted(path.stem for path in self._folder.glob("*.json") if not path.name.startswith("."))
        return [name for name in found if name != self.environment]

    def _empty(self) -> SecretsError:
        hint = near(self.environment, self.others()) or (
            "`sloth secrets set NAME` sets the first; --environment names another environment"
        )
        return SecretsError(f"there are no secrets in the environment {self.environment!r}", hint=hint)

    @contextmanager
    def _locked(self) -> Iterator[None]:
        private(self._folder.parent, self._folder.name)
        try:
            descriptor = os.open(self._lock, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as error:
            problem = str(error.strerror).lower()
            raise SecretsError(f"cannot lock the secrets: {problem}", where=str(self._lock)) from error
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            yield
        finally:
            os.close(descriptor)


def check_name(name: str) -> None:
    """Raises SecretsError for what cannot be the name of a secret."""
    if not _NAME.fullmatch(name):
        hint = "letters, digits, _, - and ., beginning with a letter"
        raise SecretsError(f"{name!r} is no name of a secret", hint=hint)


def check_value(name: str, text: str) -> None:
    """Raises SecretsError for what cannot be the value of a secret."""
    if not text:
        raise SecretsError(f"the value of {name!r} is empty")
    if len(text) > VALUE_LIMIT:
        raise SecretsError(f"the value of {name!r} has more than {VALUE_LIMIT >> 10} KiB")
    if "\0" in text:
        raise SecretsError(f"the value of {name!r} has a null byte, which no text has", hint="encode it, as base64")
