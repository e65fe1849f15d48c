"""The sha256 of contents: by the quickest way to have it, which depends on how much there is."""

import os

from sloth.runtime.hashing import sha256

MYPY = False
if MYPY:
    import hashlib

CHUNK = 1 << 18
_LARGE = 1 << 20  # from here on OpenSSL, five times as fast, is worth the 3 ms that it takes to load


def sha256_of(size: int) -> "hashlib._Hash":
    """A sum to update, for about so many bytes."""
    if size < _LARGE:
        return sha256()
    import hashlib

    return hashlib.sha256()


def sum_beginning(fd: int, size: int) -> str:
    """The sha256 of the next `size` bytes of a descriptor; of fewer where it ends before."""
    summed = sha256_of(size)
    while size > 0:
        data = os.read(fd, min(size, CHUNK))
        if not data:
            break
        size -= len(data)
        summed.update(data)
    return summed.hexdigest()
