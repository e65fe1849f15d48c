"""Vaults for tests: keys that cost little, passphrases that nobody types."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from pathlib import Path

from sloth.secrets.passphrase import KEY_BYTES, Passphrase, Passphrases, Source, parse
from sloth.secrets.vault import Author, Vault

CHEAP = 1 << 14


def passphrases(*typed: str) -> Passphrases:
    """What a person would type, in order."""
    answers = iter(typed)
    return Passphrases([parse("prompt")], lambda _: next(answers), {})


class KeyFile(Passphrases):
    """A key file, without the file. Keys of it need no derivation that takes its time."""

    def __init__(self) -> None:
        super().__init__([parse("key:/of/a/test")], _nobody, {})

    def read(self, source: Source, question: str) -> Passphrase:
        return Passphrase(source.label, b"k" * KEY_BYTES, is_random=True)


def of_environ(**environ: str) -> Passphrases:
    """Passphrases that stand in an environment, with the labels that are their names."""
    return Passphrases([parse(f"{name}@env:{name}") for name in environ], _nobody, dict(environ))


def vault(folder: Path, given: Passphrases | None = None, environment: str = "prod") -> Vault:
    """A vault whose author is ada, and whose clock counts."""
    counter = itertools.count(1)
    author = Author("ada@desk", lambda: f"2026-01-01T00:00:{next(counter):02}Z")
    return Vault(folder, environment, given or KeyFile(), author, CHEAP)


def told() -> list[str]:
    """Hears what a keyring opens."""
    return []


def _nobody(question: str) -> str:
    raise AssertionError(f"asked {question!r}")


def lines(path: Path) -> Sequence[bytes]:
    """A file's lines, with their ends."""
    return path.read_bytes().splitlines(keepends=True)
