"""Texts that Ansible Vault encrypted: AES256 of the formats 1.1 and 1.2.

    $ANSIBLE_VAULT;1.2;AES256;label
    hexadecimal lines of: hex(salt) newline hex(HMAC-SHA256) newline hex(ciphertext)

PBKDF2-SHA256 with 10,000 rounds makes 80 bytes of the passphrase: a key for AES-256-CTR, one for the HMAC, and the
counter's start.
"""

from __future__ import annotations

import hashlib
import hmac

from msgspec import Struct

from sloth.core.sealed import VAULT_HEADER

_ROUNDS = 10_000
_CIPHER = "AES256"
_VERSIONS = ("1.1", "1.2")


class BadVault(Exception):
    """No text of Ansible Vault that can be read; str() says why."""


class Envelope(Struct, frozen=True):
    """What such a text holds. label: the vault id that its author gave it, or an empty string."""

    label: str
    salt: bytes
    proof: bytes
    ciphertext: bytes

    def open(self, passphrase: bytes) -> bytes | None:
        """What was encrypted, or None with another passphrase."""
        made = hashlib.pbkdf2_hmac("sha256", passphrase, self.salt, _ROUNDS, 80)
        key, proof_key, start = made[:32], made[32:64], made[64:]
        if not hmac.compare_digest(hmac.new(proof_key, self.ciphertext, hashlib.sha256).digest(), self.proof):
            return None
        return _without_padding(_counter_mode(key, start, self.ciphertext))


def parse(text: str) -> Envelope:
    """Raises BadVault."""
    header, *lines = text.strip().splitlines()
    words = [word.strip() for word in header.split(";")]
    if words[0] != VAULT_HEADER or len(words) not in {3, 4}:
        raise BadVault("its first line is no header of Ansible Vault")
    if words[1] not in _VERSIONS or words[2] != _CIPHER:
        raise BadVault(f"it has the format {';'.join(words[1:3])}, and only 1.1 and 1.2 with {_CIPHER} are read")
    try:
        inner = bytes.fromhex("".join(line.strip() for line in lines))
        salt, proof, ciphertext = (bytes.fromhex(part.decode("ascii")) for part in inner.split(b"\n", 2))
    except ValueError as error:
        raise BadVault("it is damaged: what follows the header is not what Ansible Vault writes") from error
    return Envelope(words[3] if len(words) == 4 else "", salt, proof, ciphertext)


def _counter_mode(key: bytes, start: bytes, ciphertext: bytes) -> bytes:
    from cryptography.hazmat.primitives.ciphers import Cipher
    from cryptography.hazmat.primitives.ciphers.algorithms import AES
    from cryptography.hazmat.primitives.ciphers.modes import CTR

    decryptor = Cipher(AES(key), CTR(start)).decryptor()
    return decryptor.update(ciphertext) + decryptor.finalize()


def _without_padding(padded: bytes) -> bytes:
    """PKCS7's; the HMAC has vouched for it already."""
    count = padded[-1] if padded else 0
    if not 1 <= count <= 16 or padded[-count:] != bytes([count]) * count:
        raise BadVault("it is damaged: its padding is wrong")
    return padded[:-count]
