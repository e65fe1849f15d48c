"""Where the passphrases of secrets come from: `[LABEL@]SOURCE`, as in Ansible's --vault-id.

    prompt            a person types it
    fd:NUMBER         an open file descriptor, read to its end
    env:NAME          an environment variable, taken away before anything else is started
    command:WORDS     what a program prints
    key:PATH          a file of random bytes, for which no slow key derivation is needed
    PATH, file:PATH   a file

A label says which environment (or which Ansible vault id) it belongs to; without one it is tried for all. Each is
read once, when it is first needed.
"""

from __future__ import annotations

import os
import re
import shlex
import stat
import subprocess
from collections.abc import Callable, Iterator, MutableMapping, Sequence
from pathlib import Path
from typing import ClassVar

from msgspec import Struct

from sloth.core.discreet import Discreet
from sloth.core.errors import SecretsError
from sloth.core.userpath import user_path
from sloth.secrets.sealing import Recipe

LIMIT = 64 << 10
KEY_BYTES = 32
_KINDS = ("prompt", "fd", "env", "command", "key", "file")
_DESCRIPTOR = re.compile("[0-9]{1,9}")
_PATIENCE = 120.0  # seconds for a program: it may ask a person to touch a token


class Passphrase(Discreet, frozen=True):
    """One passphrase. is_random: out of a key file."""

    unshown: ClassVar[frozenset[str]] = frozenset({"value"})

    label: str
    value: bytes
    is_random: bool = False


class Source(Struct, frozen=True):
    """Where one comes from. written: as a person wrote it."""

    written: str
    label: str
    kind: str
    word: str


def parse(written: str) -> Source:
    """Raises SecretsError."""
    label, at, rest = written.partition("@")
    if not at or "/" in label or ":" in label:
        label, rest = "", written
    kind, colon, word = rest.partition(":")
    if rest == "prompt":
        return Source(written, label, "prompt", "")
    if not colon or kind not in _KINDS:
        kind, word = "file", rest
    if not word.strip() or (kind == "fd" and not _DESCRIPTOR.fullmatch(word)):
        hint = "sources are prompt, fd:NUMBER, env:NAME, command:WORDS, key:PATH, and the path of a file"
        raise SecretsError(f"{written!r} tells no place of a passphrase", hint=hint)
    return Source(written, label, kind, word)


class Passphrases:
    """All that this process was told of. prompt(text): asks a person; environ: what `env:` reads."""

    def __init__(
        self, sources: Sequence[Source], prompt: Callable[[str], str], environ: MutableMapping[str, str]
    ) -> None:
        self._sources = sources or [parse("prompt")]
        self._prompt = prompt
        self._environ = environ
        self._read: dict[str, Passphrase] = {}
        # now, before anything is started that would inherit them
        self._variables = {source.word: environ.pop(source.word, "") for source in sources if source.kind == "env"}
        self._keys: dict[tuple[str, bytes], bytes] = {}

    @property
    def described(self) -> str:
        """The sources, as people wrote them."""
        return ", ".join(source.written for source in self._sources)

    def of(self, label: str) -> Iterator[Passphrase]:
        """Those that may fit, the likeliest first; each is read only when the ones before it did not fit."""
        for source in self._ranked(label):
            yield self._get(source, label)

    def key(self, recipe: Recipe, passphrase: Passphrase) -> bytes:
        """The key that a recipe makes of a passphrase. To derive one takes its time: that is done once."""
        known = str(recipe), passphrase.value
        if known not in self._keys:
            self._keys[known] = recipe.key(passphrase.value)
        return self._keys[known]

    def first(self, label: str) -> Passphrase:
        """The one that a new key is made of; a person types it twice."""
        source = self._ranked(label)[0]
        found = self._get(source, label)
        self._check_again(source, found)
        return found

    def typed_anew(self, written: str) -> Passphrase:
        """The passphrase of another source, for a new key; a person types it twice."""
        source = parse(written)
        if source.kind == "env":
            self._variables[source.word] = self._environ.pop(source.word, "")
        found = self.read(source, "new passphrase of secrets: ")
        self._check_again(source, found)
        return found

    def _check_again(self, source: Source, found: Passphrase) -> None:
        if source.kind == "prompt" and self._prompt("the same again: ").encode().strip() != found.value:
            raise SecretsError("the two passphrases differ", hint="nothing was changed; type the same twice")

    def _ranked(self, label: str) -> list[Source]:
        return sorted(self._sources, key=lambda source: (source.label != label, source.label != ""))

    def _get(self, source: Source, label: str) -> Passphrase:
        if source.written not in self._read:
            whose = f" ({source.label or label})" if source.label or label else ""
            self._read[source.written] = self.read(source, f"passphrase of secrets{whose}: ")
        return self._read[source.written]

    def read(self, source: Source, question: str) -> Passphrase:
        """Read one. question: for a person, where one is asked."""
        match source.kind:
            case "prompt":
                raw = self._prompt(question).encode()
            case "fd":
                raw = _of_descriptor(int(source.word))
            case "env":
                raw = self._variables.get(source.word, "").encode("utf-8", "surrogateescape")
            case "command":
                raw = _of_command(source.word)
            case _:
                raw = _of_file(user_path(source.word))
        value = raw.strip() if raw.isascii() else raw
        if not value:
            raise SecretsError(f"the passphrase is empty: {source.written}")
        if len(value) > LIMIT:
            raise SecretsError(f"the passphrase has more than {LIMIT} bytes: {source.written}")
        if source.kind == "key" and len(value) < KEY_BYTES:
            hint = f"`(umask 077; openssl rand -base64 {KEY_BYTES} > {source.word})` makes one"
            raise SecretsError(f"a key file wants at least {KEY_BYTES} random bytes", where=source.word, hint=hint)
        return Passphrase(source.label, value, source.kind == "key")


def _of_descriptor(number: int) -> bytes:
    try:
        with os.fdopen(number, "rb") as stream:
            return stream.read(LIMIT + 1)
    except OSError as error:
        raise SecretsError(f"cannot read a passphrase from descriptor {number}: {error.strerror}") from error


def _of_command(line: str) -> bytes:
    try:
        words = shlex.split(line)
        done = subprocess.run(words, stdout=subprocess.PIPE, timeout=_PATIENCE, check=False)
    except ValueError as error:
        raise SecretsError(f"command:{line}: {str(error).lower()}", hint="close the quote") from error
    except OSError as error:
        raise SecretsError(f"cannot run {line!r} for a passphrase: {str(error.strerror).lower()}") from error
    except subprocess.TimeoutExpired as error:
        raise SecretsError(f"{line!r} gave no passphrase within {_PATIENCE:g} s") from error
    if done.returncode:
        raise SecretsError(f"{line!r} ended with {done.returncode}, and gave no passphrase")
    return done.stdout


def _of_file(path: Path) -> bytes:
    """What stands in a file that is its owner's alone."""
    try:
        with path.open("rb") as stream:
            mode = os.fstat(stream.fileno()).st_mode
            raw = stream.read(LIMIT + 1)
    except OSError as error:
        raise SecretsError(f"cannot read the passphrase: {str(error.strerror).lower()}", where=str(path)) from error
    if stat.S_ISREG(mode) and mode & 0o077:
        raise SecretsError("others may read this passphrase", where=str(path), hint=f"`chmod 600 {path}`")
    if raw.startswith(b"#!"):
        raise SecretsError("this is a program", where=str(path), hint=f"command:{path} reads what it prints")
    return raw
