"""What opens sealed values of any kind: of the store, encrypted by sloth or by Ansible Vault.

Each passphrase is read once, each key derived once.
"""

from __future__ import annotations

import threading
from collections.abc import Callable

from sloth.core.errors import SecretsDamaged, SecretsError, WrongPassphrase
from sloth.core.sealed import Opener, Sealed
from sloth.secrets import ansible, strings
from sloth.secrets.ansible import BadVault
from sloth.secrets.passphrase import Passphrases
from sloth.secrets.sealing import COST, BadSeal, Recipe
from sloth.secrets.strings import BadString
from sloth.secrets.vault import Vault

Told = Callable[[str], object]


class Keyring:
    """The vault of the run's environment, and the passphrases.

    told(value): hears every value before anybody gets it. by: who uses it, for the audit trail
    """

    def __init__(self, vault: Vault, passphrases: Passphrases, told: Told, by: str = "", cost: int = COST) -> None:
        self._vault = vault
        self._passphrases = passphrases
        self._told = told
        self._by = by
        self._cost = cost
        self._named: dict[str, str] = {}
        self._opened: dict[tuple[str, str, str], str] = {}
        self._lock = threading.RLock()
        self._is_unlocked = False

    @property
    def opener(self) -> Opener:
        """For who reads inventories and variables."""
        return Opener(self.open, self.open_file)

    def unlock(self) -> None:
        """Find out now whether the passphrase of the store is right, if there are secrets in it."""
        with self._lock:
            if not self._is_unlocked:
                self._vault.key()
                self._is_unlocked = True

    def named(self, name: str) -> str:
        """A secret of the store. The trail says once a run that it was used."""
        with self._lock:
            if name not in self._named:
                value = self._vault.get(name, what="use", by=self._by)
                for one in (value, *self._vault.older(name)):  # what a host still has may be one of these
                    self._told(one)
                self._named[name] = value
            return self._named[name]

    def open(self, sealed: Sealed) -> str:
        """A value. SecretsError says where it stands and what is wrong with it."""
        with self._lock:
            known = self._opened.get((sealed.kind, sealed.text, sealed.key))
            return self._open(sealed) if known is None else known

    def _open(self, sealed: Sealed) -> str:
        try:
            value = self._value(sealed)
        except SecretsError as error:
            raise type(error)(str(error), where=sealed.where or error.where, hint=error.hint) from error
        self._told(value)
        self._opened[sealed.kind, sealed.text, sealed.key] = value
        return value

    def open_file(self, text: str, path: str) -> str:
        """What a file holds that Ansible Vault encrypted as a whole."""
        with self._lock:
            return self._of_ansible(text, path)

    def write(self, name: str, value: str) -> str:
        """A value encrypted for a variable of that name, in the environment of the vault."""
        recipe, key = self._vault.key() or self._fresh()
        try:
            return strings.write(key, recipe, self._vault.environment, name, value)
        except BadString as error:
            raise SecretsError(str(error), hint="letters, digits, _, - and .") from error

    def _fresh(self) -> tuple[Recipe, bytes]:
        passphrase = self._passphrases.first(self._vault.environment)
        recipe = Recipe.fresh(is_random=passphrase.is_random, cost=self._cost)
        return recipe, self._passphrases.key(recipe, passphrase)

    def _value(self, sealed: Sealed) -> str:
        match sealed.kind:
            case "file":
                return sealed.text
            case "named":
                return self.named(sealed.text)
            case "vault":
                return self._of_ansible(sealed.text, sealed.where)
        return self._of_string(sealed)

    def _of_string(self, sealed: Sealed) -> str:
        try:
            header = strings.parse(sealed.text)
        except BadString as error:
            raise SecretsDamaged(f"this encrypted value cannot be read: {error}", where=sealed.where) from error
        if sealed.key and sealed.key != header.name:
            message = f"this value was encrypted for {header.name}, and stands at {sealed.key}"
            hint = f"`sloth secrets encrypt-string {sealed.key}` makes one for it"
            raise SecretsDamaged(message, where=sealed.where, hint=hint)
        for passphrase in self._passphrases.of(header.environment):
            try:
                return header.open(self._passphrases.key(header.recipe, passphrase))
            except BadSeal:
                continue
        raise self._wrong("this encrypted value, or the value is damaged", sealed.where)

    def _of_ansible(self, text: str, where: str) -> str:
        try:
            envelope = ansible.parse(text)
            for passphrase in self._passphrases.of(envelope.label):
                found = envelope.open(passphrase.value)
                if found is not None:
                    return found.decode()
        except BadVault as error:
            raise SecretsDamaged(f"this text of Ansible Vault cannot be read: {error}", where=where) from error
        except UnicodeDecodeError as error:
            raise SecretsError("what Ansible Vault encrypted here is no UTF-8 text", where=where) from error
        label = f" (vault id {envelope.label})" if envelope.label else ""
        raise self._wrong(f"this text of Ansible Vault{label}, or the text is damaged", where)

    def _wrong(self, what: str, where: str) -> WrongPassphrase:
        hint = f"tried: {self._passphrases.described}; --passphrase tells where the right one is"
        return WrongPassphrase(f"wrong passphrase for {what}", where=where, hint=hint)
