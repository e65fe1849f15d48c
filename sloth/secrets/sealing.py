"""One text under one key: AES-256-GCM, bound to what it stands for, so that it opens nowhere else.

A key is made of a passphrase by scrypt, or by HKDF of a key file that is random itself. How it was made stands in
a recipe beside what it encrypts. Recipes come out of files that others may have written, so they are limited.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import json
import os
from collections.abc import Mapping
from typing import Any

from msgspec import Struct

COST = 1 << 17
"""scrypt's N: with r = 8 a guess takes 128 MB and 0.3 s."""
_COSTS = tuple(1 << power for power in range(14, 21))
_BLOCK, _NONCE, _SALT = 8, 12, 16


class BadSeal(Exception):
    """It does not open: another key, another place than it was made for, or damage."""


class BadRecipe(Exception):
    """It tells no key."""


class Recipe(Struct, frozen=True):
    """How a key is made. cost: of scrypt; 0 for a key file, whose guesses need no price."""

    salt: bytes
    cost: int

    @classmethod
    def fresh(cls, *, is_random: bool, cost: int = COST) -> Recipe:
        """A recipe of its own salt. is_random: for a key file."""
        return cls(os.urandom(_SALT), 0 if is_random else cost)

    @classmethod
    def of_text(cls, text: str) -> Recipe:
        """Raises BadRecipe."""
        kind, _, rest = text.partition(":")
        cost, _, salt = rest.partition(":") if kind == "scrypt" else ("0", "", rest)
        try:
            found = cls(base64.b64decode(salt, validate=True), int(cost))
        except (ValueError, binascii.Error) as error:
            raise BadRecipe(text) from error
        known = found.cost in _COSTS if kind == "scrypt" else kind == "hkdf"
        if not known or len(found.salt) != _SALT:
            raise BadRecipe(text)
        return found

    def __str__(self) -> str:
        salt = base64.b64encode(self.salt).decode()
        return f"scrypt:{self.cost}:{salt}" if self.cost else f"hkdf:{salt}"

    def key(self, passphrase: bytes) -> bytes:
        """The key of a passphrase; this takes its time."""
        from cryptography.hazmat.primitives.hashes import SHA256
        from cryptography.hazmat.primitives.kdf.hkdf import HKDF
        from cryptography.hazmat.primitives.kdf.scrypt import Scrypt

        if self.cost:
            return Scrypt(salt=self.salt, length=32, n=self.cost, r=_BLOCK, p=1).derive(passphrase)
        return HKDF(algorithm=SHA256(), length=32, salt=self.salt, info=b"sloth secrets").derive(passphrase)


def seal(key: bytes, text: str, *bound: object) -> str:
    """Encrypt a text. bound: what it is of; the same has to be said to open it."""
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    nonce = os.urandom(_NONCE)
    return base64.b64encode(nonce + AESGCM(key).encrypt(nonce, text.encode(), canonical(bound))).decode()


def unseal(key: bytes, sealed: str, *bound: object) -> str:
    """The text. Raises BadSeal."""
    from cryptography.exceptions import InvalidTag
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    try:
        raw = base64.b64decode(sealed, validate=True)
        return AESGCM(key).decrypt(raw[:_NONCE], raw[_NONCE:], canonical(bound)).decode()
    except (InvalidTag, ValueError) as error:
        raise BadSeal from error


def signature(key: bytes, purpose: str, value: Mapping[str, Any], before: str = "") -> str:
    """Proof that whoever wrote the value knew the key. before: the signature that this one follows."""
    return hmac.new(key, canonical(["sloth", purpose, before, value]), hashlib.sha256).hexdigest()


def is_same(one: object, other: str) -> bool:
    """Compare signatures; where they differ does not show in the time that it takes."""
    return isinstance(one, str) and one.isascii() and hmac.compare_digest(one, other)


def canonical(value: object) -> bytes:
    """The bytes that stand for a value, whoever writes them."""
    return json.dumps(value, sort_keys=True, separators=(",", ":")).encode()
