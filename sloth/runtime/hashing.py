"""Sums of what must not be damaged, without OpenSSL, which takes longer to load than most hashing."""

import sys

from sloth.runtime.boot import Refused

MYPY = False
if MYPY:
    import hashlib


def digest(data: bytes) -> bytes:
    """The sha256 of data."""
    made = sha256()
    made.update(data)
    return made.digest()


def sha256() -> "hashlib._Hash":
    """A sum to update; hashlib itself brings in OpenSSL, which takes longer than most hashing."""
    # An import that fails is looked for anew for each file, which takes longer still: so the right one first.
    for name in ("_sha2" if sys.version_info >= (3, 12) else "_sha256", "hashlib"):
        try:
            return __import__(name).sha256()  # type: ignore[no-any-return]  # made by name
        except ImportError:
            continue
    raise Refused("python", sys.executable + " lacks the module hashlib")
